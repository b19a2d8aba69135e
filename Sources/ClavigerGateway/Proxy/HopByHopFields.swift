import HTTPTypes

/// The fields that are for the next hop only (RFC 9110 section 7.6.1): never passed on, in either direction.
struct HopByHopFields {
    private static let always: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
        "proxy-authentication-info", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
    ]
    /// What `Connection` must not be able to take away: without them a request means something else behind the proxy
    /// than in front of it.
    private static let neverListed: Set<String> = ["host", "content-length", "content-type", "content-encoding"]

    /// What `Connection` lists besides, in lower case.
    private let listed: Set<String>

    /// Those of a message.
    init(of fields: HTTPFields) {
        var listed: Set<String> = []
        for line in fields[values: .connection] {
            for name in line.split(separator: ",") {
                listed.insert(name.trimmed.lowercased())
            }
        }
        self.listed = listed.subtracting(Self.neverListed)
    }

    func contains(_ name: HTTPField.Name) -> Bool {
        let name = name.canonicalName
        return Self.always.contains(name) || !self.listed.isEmpty && self.listed.contains(name)
    }

    /// Whether the client takes trailers: the one word of `TE` that is passed on.
    static func acceptsTrailers(_ fields: HTTPFields) -> Bool {
        guard let te = HTTPField.Name("TE") else { return false }
        return fields[values: te].contains { line in
            line.split(separator: ",").contains { $0.trimmed.lowercased() == "trailers" }
        }
    }

    /// Whether `Connection` asks for `option`, such as `upgrade`.
    static func connection(of fields: HTTPFields, has option: String) -> Bool {
        fields[values: .connection].contains { line in
            line.split(separator: ",").contains { $0.trimmed.lowercased() == option }
        }
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    var trimmed: Substring {
        func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }
        var text = self.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}
