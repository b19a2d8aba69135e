import ClavigerClient
import ClavigerCore

/// Finds out which server to call and with which key: flag, then environment, then profile, then the default.
struct ConnectionSettings {
    static let urlVariable = "CLAVIGER_URL"
    static let tokenVariable = "CLAVIGER_TOKEN"
    static let profileVariable = "CLAVIGER_PROFILE"

    private let options: ClientOptions
    private let environment: [String: String]

    init(_ options: ClientOptions, environment: [String: String]) {
        self.options = options
        // A variable that is set to nothing is not set.
        self.environment = environment.filter { !$0.value.isEmpty }
    }

    /// The settings of the client.
    ///
    /// - Parameter needsToken: Whether the call is one that needs a management key.
    func resolve(needsToken: Bool = true) throws -> ClavigerClient.Settings {
        let profile = try self.profile()
        let named = try (self.options.url ?? self.environment[Self.urlVariable]).map { try ServerURL(parsing: $0) }
        let url = named ?? profile?.url ?? .standard
        var token = needsToken ? try self.givenToken() : nil
        if token == nil, needsToken, let profile, let kept = profile.token {
            // A key goes to the server that it was kept for and to no other.
            guard url == profile.url else {
                throw CommandFailure.usage(
                    "The key of the profile \(profile.name) is for \(profile.url), not for \(url): give the right key "
                        + "with --token-file or CLAVIGER_TOKEN."
                )
            }
            token = kept
        }
        guard !needsToken || token != nil else {
            throw CommandFailure.usage(
                "There is no management key: put it in CLAVIGER_TOKEN, or give --token-file FILE. The first one is in "
                    + "the file first-management-key in the server's data folder."
            )
        }
        return ClavigerClient.Settings(
            url: url,
            token: token,
            authorityFile: self.options.caFile ?? profile?.authorityFile,
            allowsPlaintext: self.options.insecureHttp
        )
    }

    private func profile() throws -> Profile? {
        let wanted = self.options.profile ?? self.environment[Self.profileVariable]
        let store: ProfileStore
        do throws(ProfileError) {
            store = try ProfileStore(environment: self.environment)
        } catch {
            guard wanted != nil else { return nil }
            throw CommandFailure.usage("\(error)")
        }
        let profiles = try store.readForCommand()
        guard let name = wanted ?? profiles.current else { return nil }
        guard let profile = profiles[name] else {
            throw CommandFailure.usage(
                "There is no profile \(name.printable): `claviger profile list` shows those that there are."
            )
        }
        return profile
    }

    private func givenToken() throws -> SecretText? {
        if let file = self.options.tokenFile {
            return SecretText(try TokenInput.managementKey(from: file).text)
        }
        guard let text = self.environment[Self.tokenVariable] else { return nil }
        return SecretText(try TokenInput.checked(text, from: Self.tokenVariable).text)
    }
}

extension ProfileStore {
    /// Reads the profiles for a command, with its kind of error.
    func readForCommand() throws(CommandFailure) -> Profiles {
        do throws(ProfileError) {
            return try self.read()
        } catch {
            throw .usage("\(error)")
        }
    }

    /// Replaces the profiles for a command, with its kind of error.
    func writeForCommand(_ profiles: Profiles) throws(CommandFailure) {
        do throws(ProfileError) {
            try self.write(profiles)
        } catch {
            throw .refused("\(error)")
        }
    }
}
