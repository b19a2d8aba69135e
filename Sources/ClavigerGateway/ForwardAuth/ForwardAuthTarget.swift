/// The address that a proxy calls: `/gateway/<adapter>/<api>/<environment>`, for Envoy with the original target behind.
///
/// It is taken apart byte by byte and never decoded or normalised: for Envoy, what follows is the client's, and has to
/// reach the endpoint rules as the client wrote it.
struct ForwardAuthTarget: Hashable {
    /// What all such addresses begin with.
    static let prefix = "/gateway/"

    let adapter: ForwardAuthAdapter
    /// The id or name of the api, as the operator wrote it.
    let api: String
    let environment: String
    /// What stands behind the environment: of Envoy the original target, of the others the operator's query.
    let rest: String

    /// Reads a request target; nil for one that is no such address.
    init?(_ target: String) {
        let bytes = target.utf8
        guard bytes.starts(with: Self.prefix.utf8) else { return nil }
        var rest = bytes.dropFirst(Self.prefix.utf8.count)
        var parts: [String] = []
        for _ in 0..<3 {
            let part = rest.prefix { !"/?#".utf8.contains($0) }
            guard !part.isEmpty else { return nil }
            parts.append(String(decoding: part, as: UTF8.self))
            rest = rest[part.endIndex...]
            guard parts.count < 3 else { break }
            guard rest.popFirst() == UInt8(ascii: "/") else { return nil }
        }
        guard let adapter = ForwardAuthAdapter(rawValue: parts[0]) else { return nil }
        switch adapter {
        case .envoy:
            guard rest.first == UInt8(ascii: "/") else { return nil }
        case .nginx, .traefik, .caddy, .haproxy:
            guard rest.isEmpty || rest.first == UInt8(ascii: "?") else { return nil }
        }
        self.adapter = adapter
        self.api = parts[1]
        self.environment = parts[2]
        self.rest = String(decoding: rest, as: UTF8.self)
    }
}
