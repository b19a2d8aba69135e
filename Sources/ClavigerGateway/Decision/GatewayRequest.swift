public import ClavigerCore
public import ClavigerVerifier
public import HTTPTypes

/// A client's request as a gateway tells of it.
public struct GatewayRequest: Sendable {
    /// The token; nil if the client sent none.
    public var token: PresentedToken?
    /// What is known of the request.
    public var context: ClientContext
    /// What the operator demands of the key besides the api's endpoint rules.
    public var scopes: ScopeQuery?
    /// What the operator lets the request cost; nil for what the endpoint rule says, or 1.
    public var cost: Int?

    /// Makes a request.
    public init(
        token: PresentedToken?,
        context: ClientContext,
        scopes: ScopeQuery? = nil,
        cost: Int? = nil
    ) {
        self.token = token
        self.context = context
        self.scopes = scopes
        self.cost = cost
    }

    /// The path of a request's target, without the query.
    ///
    /// Byte by byte, as a combining mark behind the `?` makes another character of it. What has a fragment stays whole:
    /// some servers take it for more of the path, and the endpoint rules refuse that.
    public static func path(of target: String) -> String {
        let isEnd: (UInt8) -> Bool = { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        guard let end = target.utf8.firstIndex(where: isEnd), target.utf8[end] == UInt8(ascii: "?") else {
            return target
        }
        return String(decoding: target.utf8[..<end], as: UTF8.self)
    }
}

/// The header fields that carry a client's credential.
///
/// They are taken out before the request goes on: an upstream has no use for a key, and must not be able to keep one.
public enum CredentialFields {
    /// The header `X-API-Key`.
    public static let apiKey = HTTPField.Name.known("X-API-Key")
    /// All of them.
    public static let all: [HTTPField.Name] = [.authorization, apiKey]
}

extension HTTPField.Name {
    /// A name that is written in this program.
    static func known(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is the name of a header field") }
        return field
    }
}
