public import ClavigerCore

/// A request that tells an endpoint of an event, signed.
public struct SignedEvent: Sendable {
    /// Where it goes.
    public let url: WebhookURL
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    public let headers: [(name: String, value: String)]
    /// The JSON.
    public let body: String

    /// Signs an event for one attempt.
    init(_ id: OutgoingEvent.ID, _ body: String, to url: WebhookURL, secrets: [WebhookSecret], at now: Timestamp) {
        let timestamp = now.milliseconds / 1000
        self.url = url
        self.body = body
        self.headers = [
            ("webhook-id", id.text), ("webhook-timestamp", String(timestamp)),
            (
                "webhook-signature",
                WebhookSignature.header(id: id.text, timestamp: timestamp, body: body, secrets: secrets)
            ),
        ]
    }
}

/// What became of a request.
public enum SendResult: Hashable, Sendable {
    /// An answer came; `retryAfter` is its header as it stands.
    case answered(status: Int, retryAfter: String?)
    /// None came.
    case failed(Delivery.Failure)
}

/// Sends requests to endpoints.
public protocol EventSender: Sendable {
    /// Sends one request and waits for the answer, within a time of its own.
    func send(_ event: SignedEvent) async -> SendResult
}
