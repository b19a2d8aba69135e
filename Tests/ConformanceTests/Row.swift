import ClavigerCore

/// One line of the table: what is tried, and what has to come of it.
struct Row: Sendable {
    let name: String
    private let usual: String
    private let except: [Proxy: String]
    let observe: @Sendable (Stand, Keys, Proxy) async throws -> String

    init(
        _ name: String,
        _ usual: String,
        except: [Proxy: String] = [:],
        _ observe: @escaping @Sendable (Stand, Keys, Proxy) async throws -> String
    ) {
        self.name = name
        self.usual = usual
        self.except = except
        self.observe = observe
    }

    func expected(_ proxy: Proxy) -> String { self.except[proxy] ?? self.usual }
}

/// Rows about one thing.
struct Section: Sendable {
    let title: String
    let rows: [Row]
}

extension Exchange.Answer {
    /// What the client can tell: the status, and for a refusal the problem's type and what it is asked for.
    var outcome: String {
        guard self.status != 200 else { return "200" }
        var words = ["\(self.status)"]
        let prefix = "urn:claviger:problem:"
        if self.values("Content-Type") == ["application/problem+json"], let type = self.json["type"]?.string,
            type.hasPrefix(prefix)
        {
            words.append(String(type.dropFirst(prefix.count)))
            guard self.json["status"]?.integer == Int64(self.status) else { return "\(self.status) with \(self.body)" }
        }
        for challenge in self.values("WWW-Authenticate") { words.append("`\(challenge)`") }
        return words.joined(separator: " ")
    }

    /// What the application saw; throws if the request did not get there.
    func seen() throws -> EchoUpstream.Seen {
        guard self.values("X-Echo") == ["yes"], let seen = EchoUpstream.Seen(self.json) else {
            throw Unexpected("the request did not reach the application: \(self.status) \(self.body)")
        }
        return seen
    }
}
