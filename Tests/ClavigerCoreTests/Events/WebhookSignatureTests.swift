@_spi(Plaintext) import ClavigerCore
import ClavigerTestSupport
import Testing

@Suite struct WebhookSignatureTests {
    private static let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let body = #"{"test": 2432232314}"#

    /// The known answer of the Standard Webhooks specification and of Svix's libraries.
    @Test func knownAnswer() throws {
        let secret = try #require(WebhookSecret(parsing: Self.text))
        let header = WebhookSignature.header(id: Self.id, timestamp: 1_614_265_330, body: Self.body, secrets: [secret])
        #expect(header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func twoSecretsAreTwoSignaturesAndEachIsValid() throws {
        let first = try #require(WebhookSecret(parsing: Self.text))
        let second = WebhookSecret(from: SeededRandom(seed: 2))
        let header = WebhookSignature.header(id: Self.id, timestamp: 1, body: Self.body, secrets: [first, second])
        #expect(header.split(separator: " ").count == 2)
        for secret in [first, second] {
            #expect(WebhookSignature.isValid(header, id: Self.id, timestamp: 1, body: Self.body, secret: secret))
            #expect(!WebhookSignature.isValid(header, id: Self.id, timestamp: 2, body: Self.body, secret: secret))
            #expect(!WebhookSignature.isValid(header, id: "msg_1", timestamp: 1, body: Self.body, secret: secret))
            #expect(!WebhookSignature.isValid(header, id: Self.id, timestamp: 1, body: "{}", secret: secret))
        }
        let other = WebhookSecret(from: SeededRandom(seed: 3))
        #expect(!WebhookSignature.isValid(header, id: Self.id, timestamp: 1, body: Self.body, secret: other))
    }

    @Test func aSecretIsReadAsItIsWrittenAndShowsItselfNowhereElse() throws {
        let secret = WebhookSecret(from: SeededRandom())
        let text = secret.withPlaintext { $0 }
        #expect(text.hasPrefix("whsec_"))
        #expect(WebhookSecret(parsing: text)?.withPlaintext { $0 } == text)
        for shown in [
            "\(secret)", String(reflecting: secret), String(describing: [secret]), "\(Mirror(reflecting: secret))",
        ] {
            #expect(!shown.contains(text.dropFirst(6)))
        }
    }

    @Test(arguments: ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_!!!!", "whsec_AAAA"])
    func whatIsNoSecretIsRefused(text: String) {
        #expect(WebhookSecret(parsing: text) == nil)
    }
}
