import ClavigerCore
import ClavigerHTTP
public import ClavigerService
public import HTTPTypes

/// The answer to a gateway, as `design.md` section 8 has it.
public struct GatewayAnswer: Sendable {
    /// 200 lets the request pass; everything else is for the client.
    public let status: HTTPResponse.Status
    /// Who the client is, for the upstream: `X-Claviger-…`; empty unless the request may pass.
    public let identity: HTTPFields
    /// What the client is told: limits, how long to wait, how to authenticate, and the request's id.
    public let client: HTTPFields
    /// A problem document for the client; empty if the request may pass.
    public let body: [UInt8]
    /// What was decided; nil where nothing could be.
    public let admission: Admission?

    /// Whether the request may pass.
    public var passes: Bool { self.status == .ok }
}

/// The header fields that tell an upstream who the client is.
///
/// Whatever a client sends under these names is taken away, also where there is nothing to put in its place.
public enum IdentityFields {
    /// The key's id.
    public static let keyID = HTTPField.Name.known("X-Claviger-Key-Id")
    /// The consumer's id in the owner's own systems; characters beyond visible ASCII, and `%`, percent-encoded.
    public static let consumer = HTTPField.Name.known("X-Claviger-Consumer")
    /// The key's scopes, separated by spaces.
    public static let scopes = HTTPField.Name.known("X-Claviger-Scopes")
    /// The name of the key's plan, else of its consumer's.
    public static let plan = HTTPField.Name.known("X-Claviger-Plan")
    /// The key's environment.
    public static let environment = HTTPField.Name.known("X-Claviger-Environment")
    /// What all of them, and all to come, begin with, in lower case.
    public static let prefix = "x-claviger-"

    /// The fields of a key.
    static func of(_ key: KeySnapshot) -> HTTPFields {
        var fields = HTTPFields()
        fields.append(HTTPField(name: Self.keyID, value: key.keyID.text))
        fields.append(HTTPField(name: Self.consumer, value: Self.encoded(key.consumer.externalID)))
        fields.append(
            HTTPField(name: Self.scopes, value: key.scopes.scopes.map(\.text).joined(separator: " "))
        )
        if let plan = key.allowance?.plan { fields.append(HTTPField(name: Self.plan, value: plan.text)) }
        fields.append(HTTPField(name: Self.environment, value: key.environment.text))
        return fields
    }

    /// Text that may hold any character, as a field's value (RFC 9110 section 5.5 leaves only ASCII dependable).
    static func encoded(_ text: String) -> String {
        let isPlain: (UInt8) -> Bool = { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "%") }
        guard !text.utf8.allSatisfy(isPlain) else { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
