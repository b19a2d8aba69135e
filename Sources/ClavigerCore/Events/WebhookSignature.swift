import Crypto
import Foundation

/// The signature of a delivery by the Standard Webhooks specification, symmetric scheme `v1`.
///
/// HMAC-SHA256 over `id.timestamp.body`. The timestamp is that of the attempt, so that a receiver can refuse what is old.
public enum WebhookSignature {
    /// The value of `webhook-signature`: one signature for each secret, with a space between.
    public static func header(id: String, timestamp: Int64, body: String, secrets: [WebhookSecret]) -> String {
        secrets.map { Self.signature(id, timestamp, body, $0) }.joined(separator: " ")
    }

    /// Whether one of the signatures in a header was made with the secret; compares in constant time.
    public static func isValid(
        _ header: String,
        id: String,
        timestamp: Int64,
        body: String,
        secret: WebhookSecret
    ) -> Bool {
        header.split(separator: " ").contains { part in
            guard part.hasPrefix("v1,"), let code = Data(base64Encoded: String(part.dropFirst(3))) else { return false }
            return HMAC<SHA256>.isValidAuthenticationCode(
                code,
                authenticating: Self.signed(id, timestamp, body),
                using: secret.key
            )
        }
    }

    private static func signature(_ id: String, _ timestamp: Int64, _ body: String, _ secret: WebhookSecret) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Self.signed(id, timestamp, body), using: secret.key)
        return "v1,\(Data(code).base64EncodedString())"
    }

    private static func signed(_ id: String, _ timestamp: Int64, _ body: String) -> Data {
        Data("\(id).\(timestamp).\(body)".utf8)
    }
}
