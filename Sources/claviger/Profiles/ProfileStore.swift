import ClavigerClient
import ClavigerCore

/// Why the profiles cannot be used; the description says what to do.
enum ProfileError: Error, Hashable {
    case file(path: String, reason: String)
    case exposed(path: String, mode: UInt32)
    case malformed(path: String)
    case noHome
}

extension ProfileError: CustomStringConvertible {
    var description: String {
        switch self {
        case .file(let path, let reason): "The profiles in \(path) cannot be used: \(reason)."
        case .exposed(let path, let mode):
            "The profiles in \(path) can be read or changed by others (mode 0\(String(mode, radix: 8))): run "
                + "`chmod 600 \(path)`, and revoke the keys in it if somebody else uses this machine."
        case .malformed(let path):
            "The file \(path) does not hold profiles: move it away and add them again with `claviger profile add`."
        case .noHome: "There is no place for profiles: set HOME or XDG_CONFIG_HOME."
        }
    }
}

/// The profiles of this user, in `$XDG_CONFIG_HOME/claviger/profiles` (or `~/.config`), with mode 0600.
struct ProfileStore: Sendable {
    private static let sizeLimit = 1024 * 1024

    let path: String

    init(path: String) {
        self.path = path
    }

    /// The place that the environment says.
    ///
    /// A relative `XDG_CONFIG_HOME` does not count, as its specification says.
    init(environment: [String: String]) throws(ProfileError) {
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            self.path = folder + "/claviger/profiles"
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            self.path = home + "/.config/claviger/profiles"
        } else {
            throw .noHome
        }
    }

    /// Reads the profiles; none when there is no file.
    func read() throws(ProfileError) -> Profiles {
        let contents: [UInt8]
        do throws(SecretFileError) {
            contents = try SecretFile.read(self.path, atMost: Self.sizeLimit)
        } catch {
            switch error {
            case .missing: return Profiles()
            case .exposed(let mode): throw .exposed(path: self.path, mode: mode)
            case .notRegular: throw .file(path: self.path, reason: "it is not a regular file")
            case .foreignOwner: throw .file(path: self.path, reason: "it belongs to another user")
            case .tooLong: throw .malformed(path: self.path)
            case .exists: throw .file(path: self.path, reason: "it exists")
            case .failed(let reason): throw .file(path: self.path, reason: reason)
            }
        }
        guard let json = try? JSON.parse(contents), let profiles = Profiles(json) else {
            throw .malformed(path: self.path)
        }
        return profiles
    }

    /// Replaces the profiles, whole or not at all.
    func write(_ profiles: Profiles) throws(ProfileError) {
        let contents = Array((profiles.json.pretty + "\n").utf8)
        do throws(PrivateFileError) {
            try PrivateFile.replace(self.path, with: contents)
        } catch {
            throw .file(path: self.path, reason: error.reason)
        }
    }
}
