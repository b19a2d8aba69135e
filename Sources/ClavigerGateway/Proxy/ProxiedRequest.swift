import ClavigerCore
import ClavigerHTTP
import HTTPTypes

/// A request that can be passed on: one that means the same to the proxy and to the upstream.
struct ProxiedRequest {
    let method: HTTPRequest.Method
    let authority: String
    let target: ForwardedTarget
    let framing: RequestFraming
    let forwarding: ForwardingFields
    let clientContext: ClientContext
    let asksForWebSocket: Bool
    let expectsInvitation: Bool

    private static let host = HTTPField.Name.known("Host")
    private static let origin = HTTPField.Name.known("Origin")
    private static let referrer = HTTPField.Name.known("Referer")
    private static let expect = HTTPField.Name.known("Expect")
    private static let upgrade = HTTPField.Name.known("Upgrade")

    init(
        _ head: HTTPRequest,
        isHTTP1: Bool,
        peer: IPAddress?,
        trustedProxies: TrustedProxies,
        isSecure: Bool
    ) throws(Problem) {
        let fields = head.headerFields
        guard head.method != .connect, head.method != .trace else {
            throw Problem(.methodNotAllowed, "This gateway passes on neither CONNECT nor TRACE.")
        }
        self.method = head.method
        self.authority = try Self.authority(of: head)
        do throws(FieldError) {
            self.target = try ForwardedTarget(parsing: head.path ?? "")
        } catch {
            throw Problem(.invalidRequest, "The path \(error.message).")
        }
        // HTTP/2 has no field that says whether there is a body; these methods have none (RFC 9110 section 9.3).
        let hasNone = [.get, .head, .delete, .options].contains(head.method)
        self.framing = try RequestFraming(fields, mayHaveBodyUnannounced: !isHTTP1 && !hasNone)
        let peerIsTrusted = peer.map { trustedProxies.contains($0) } ?? false
        let client = peer.flatMap { peer in
            trustedProxies.clientAddress(
                peer: peer,
                forwarded: fields[values: ForwardingFields.forwarded],
                xForwardedFor: fields[values: ForwardingFields.xForwardedFor]
            )
        }
        // A client could make itself unknown so, and then guess tokens that are counted for nobody.
        guard client != nil || peer == nil else {
            throw Problem(
                .invalidRequest,
                """
                Forwarded and X-Forwarded-For tell of different clients. The proxy in front of this one must remove \
                the one that it does not write.
                """
            )
        }
        self.forwarding = ForwardingFields(
            peer: peer,
            client: client,
            peerIsTrusted: peerIsTrusted,
            scheme: isSecure ? "https" : "http",
            authority: self.authority
        )
        self.clientContext = ClientContext(
            ip: client,
            method: head.method.rawValue,
            path: self.target.path.text,
            origin: fields[Self.origin],
            referrer: fields[Self.referrer],
            userAgent: fields[.userAgent]
        )
        self.asksForWebSocket =
            isHTTP1 && head.method == .get && self.framing == .none
            && HopByHopFields.connection(of: fields, has: "upgrade")
            && fields[Self.upgrade]?.lowercased() == "websocket"
        self.expectsInvitation = fields[Self.expect]?.lowercased() == "100-continue"
    }

    /// The host that the client asks for, which a request names once (RFC 9112 section 3.2).
    private static func authority(of head: HTTPRequest) throws(Problem) -> String {
        let allowed = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: ".-_~:[]".utf8.contains(byte)
            }
        }
        guard let authority = head.authority, (1...255).contains(authority.utf8.count),
            authority.utf8.allSatisfy(allowed),
            head.headerFields[values: Self.host].allSatisfy({ _ in false })
        else { throw Problem(.invalidRequest, "The request must name one host.") }
        return authority
    }
}
