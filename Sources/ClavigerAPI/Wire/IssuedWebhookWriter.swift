@_spi(Plaintext) import ClavigerCore
import ClavigerService

extension IssuedWebhook {
    /// The endpoint with its secret: the one answer that the secret is in.
    var wire: JSON {
        [
            "webhook": self.endpoint.publicFields,
            "secret": .string(self.secret.withPlaintext { $0 }),
            "formerSecretEndsAt": self.formerEndsAt.map { .string($0.text) },
        ]
    }
}
