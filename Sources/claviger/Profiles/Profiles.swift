import ClavigerClient
@_spi(Plaintext) import ClavigerCore

/// All profiles and which one is used when nobody says.
struct Profiles: Sendable {
    private(set) var all: [Profile] = []
    private(set) var current: String?
    /// The plaintext keys, which only go into the file.
    private var tokens: [String: KeyToken] = [:]

    init() {}

    /// Reads the file's JSON; nil when it has another shape.
    init?(_ json: JSON) {
        guard let members = json["profiles"]?.object else { return nil }
        for (name, value) in members.members {
            guard
                Profile.isName(name), let text = value["url"]?.string, let url = try? ServerURL(parsing: text)
            else { return nil }
            var profile = Profile(name: name, url: url, authorityFile: value["caFile"]?.string)
            if let text = value["token"]?.string {
                guard let token = try? KeyToken(parsing: text) else { return nil }
                self.tokens[name] = token
                profile.token = SecretText(text)
                profile.tokenStart = token.publicStart
            }
            self.all.append(profile)
        }
        self.current = json["current"]?.string.flatMap { name in members[name] == nil ? nil : name }
    }

    /// What the file holds.
    var json: JSON {
        let members = self.all.map { profile -> (String, JSON) in
            let token = self.tokens[profile.name].map { token in
                token.withPlaintext { JSON.string(String(decoding: $0, as: UTF8.self)) }
            }
            let value: JSON = [
                "url": .string(profile.url.text), "token": token, "caFile": profile.authorityFile.map { .string($0) },
            ]
            return (profile.name, value)
        }
        return ["current": self.current.map { .string($0) }, "profiles": .object(JSONObject(members))]
    }

    subscript(name: String) -> Profile? {
        self.all.first { $0.name == name }
    }

    /// Adds a profile, or replaces the one of the same name.
    ///
    /// The first one becomes the current one.
    mutating func add(_ name: String, url: ServerURL, token: KeyToken?, authorityFile: String?) {
        var profile = Profile(name: name, url: url, authorityFile: authorityFile)
        if let token {
            profile.token = token.withPlaintext { SecretText(String(decoding: $0, as: UTF8.self)) }
            profile.tokenStart = token.publicStart
        }
        self.tokens[name] = token
        self.all.removeAll { $0.name == name }
        self.all.append(profile)
        self.current = self.current ?? name
    }

    /// Makes a profile the current one.
    mutating func use(_ name: String) {
        self.current = name
    }

    /// Forgets a profile and its key.
    mutating func remove(_ name: String) {
        self.all.removeAll { $0.name == name }
        self.tokens[name] = nil
        if self.current == name { self.current = nil }
    }
}

// The tokens redact themselves; the mirror keeps a dump short.
extension Profiles: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: ["names": self.all.map(\.name)]) }
}
