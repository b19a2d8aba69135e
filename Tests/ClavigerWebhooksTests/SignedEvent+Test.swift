import ClavigerCore
import ClavigerTestSupport

@testable import ClavigerService

extension SignedEvent {
    /// An event with nothing in it.
    static func test(to url: String) throws -> SignedEvent {
        let time = ManualTime()
        let random = SeededRandom()
        return SignedEvent(
            Identifier(at: time.now(), from: random),
            "{}",
            to: try WebhookURL(parsing: url),
            secrets: [WebhookSecret(from: random)],
            at: time.now()
        )
    }
}
