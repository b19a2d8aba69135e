import ClavigerCore
import Crypto
import HTTPTypes
import Hummingbird

/// Who may ask the adapters.
///
/// They take a proxy's word for where a request comes from and what it asks for; whoever could ask could say anything.
public enum GatewayAccess: Sendable {
    /// Everybody who can connect: the address is on this machine only, or the proxy has proved to hold a certificate.
    case connection
    /// Whoever knows a secret, in `X-Claviger-Gateway-Secret`.
    case secret(GatewaySecret)
    /// Nobody: the address can be reached from other machines, and there is no secret.
    case nobody

    private static let field = HTTPField.Name.known("X-Claviger-Gateway-Secret")

    /// Refuses a request from somebody who may not ask.
    func check(_ request: Request) throws(Problem) {
        switch self {
        case .connection: return
        case .secret(let secret):
            let values = request.headers[values: Self.field]
            guard values.count == 1, secret.matches(values[0]) else {
                throw Problem(.unauthorized, "Send the gateway's secret as X-Claviger-Gateway-Secret.")
            }
        case .nobody:
            throw Problem(
                .forbidden,
                "Gateways may ask here only with a secret: set gateway.secretFile, or give them an address of their own."
            )
        }
    }
}

/// The secret that gateways share with this server; only its digest is kept.
public struct GatewaySecret: Sendable {
    /// The least number of characters.
    public static let shortest = 32

    private let digest: SHA256Digest

    /// Takes the text of a file; nil unless it is one line of at least 32 visible ASCII characters.
    public init?(_ bytes: [UInt8]) {
        var line = bytes[...]
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard (Self.shortest...1024).contains(line.count), line.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        self.digest = SHA256.hash(data: line)
    }

    /// Whether a text is the secret; swift-crypto compares digests in constant time.
    func matches(_ text: String) -> Bool {
        SHA256.hash(data: Array(text.utf8)) == self.digest
    }
}

extension GatewaySecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text that may be shown.
    public var description: String { "GatewaySecret(redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// Has no children: reflecting shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
