import ClavigerCore
import HTTPTypes

/// Tells the upstream for whom the proxy asks: `Forwarded` (RFC 7239), `X-Forwarded-…`, `X-Real-IP` and `Via`.
///
/// What a trusted proxy in front says is kept and added to; what anybody else says is replaced.
struct ForwardingFields {
    static let forwarded = HTTPField.Name.known("Forwarded")
    static let xForwardedFor = HTTPField.Name.known("X-Forwarded-For")
    static let xForwardedProto = HTTPField.Name.known("X-Forwarded-Proto")
    static let xForwardedHost = HTTPField.Name.known("X-Forwarded-Host")
    static let xRealIP = HTTPField.Name.known("X-Real-IP")
    static let via = HTTPField.Name.known("Via")
    /// The name of this proxy in `Via`.
    static let pseudonym = "claviger"

    /// The other end of the connection; nil for a Unix socket.
    let peer: IPAddress?
    /// The client, seen through trusted proxies.
    let client: IPAddress?
    let peerIsTrusted: Bool
    let scheme: String
    let authority: String

    /// Whether a field, with its name in lower case, is one that says for whom somebody asks.
    static func contains(_ name: String) -> Bool {
        name == "forwarded" || name == "x-real-ip" || name.hasPrefix("x-forwarded-")
    }

    /// What takes the place of the client's fields.
    func fields(replacing old: HTTPFields) -> HTTPFields {
        var fields = HTTPFields()
        if self.peerIsTrusted {
            for field in old where Self.contains(field.name.canonicalName) && field.name != Self.xRealIP {
                fields.append(field)
            }
        }
        let peer = self.peer?.description
        self.append(peer ?? "unknown", Self.xForwardedFor, to: &fields)
        if fields[Self.xForwardedProto] == nil { fields[Self.xForwardedProto] = self.scheme }
        if fields[Self.xForwardedHost] == nil { fields[Self.xForwardedHost] = self.authority }
        if let client { fields[Self.xRealIP] = client.description }
        self.append(self.element(peer), Self.forwarded, to: &fields)
        return fields
    }

    private func append(_ value: String, _ name: HTTPField.Name, to fields: inout HTTPFields) {
        let before = fields[name]
        fields[name] = before.map { "\($0), \(value)" } ?? value
    }

    /// An element of `Forwarded`; an IPv6 address and an authority need quotes.
    private func element(_ peer: String?) -> String {
        let node = peer.map { $0.contains(":") ? "\"[\($0)]\"" : $0 } ?? "unknown"
        return "for=\(node);host=\"\(self.authority)\";proto=\(self.scheme)"
    }

    /// `Via` with this proxy added.
    static func via(_ old: HTTPFields) -> String {
        (old[Self.via].map { "\($0), " } ?? "") + "1.1 \(Self.pseudonym)"
    }
}
