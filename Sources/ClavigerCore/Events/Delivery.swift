/// One event on its way to one endpoint.
public struct Delivery: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "dlv"
    /// The id of a delivery.
    public typealias ID = Identifier<Delivery>

    /// How far it has come.
    public enum State: String, CaseIterable, Sendable {
        /// It waits for its turn, for its next attempt, or for an answer.
        case pending
        /// The receiver has answered with 2xx.
        case delivered
        /// Every attempt has failed; it can be replayed.
        case dead
    }

    /// Why an attempt failed.
    ///
    /// The raw value is in answers and stored; nothing that the receiver said is.
    public enum Failure: String, CaseIterable, Sendable {
        case nameNotFound = "name_not_found"
        /// The name leads to an address that may not be connected to.
        case addressNotAllowed = "address_not_allowed"
        /// The URL is `http`, which is not allowed.
        case plaintextNotAllowed = "plaintext_not_allowed"
        case connectionFailed = "connection_failed"
        /// The certificate is not trusted or is for another name, or no TLS was spoken.
        case encryptionFailed = "encryption_failed"
        case timedOut = "timed_out"
        /// What came back is not HTTP, or not all of it.
        case brokenAnswer = "broken_answer"
        /// The answer was a redirect, which is not followed.
        case redirected
        /// The answer was not 2xx.
        case refused
        /// The endpoint's secret cannot be opened.
        case cannotSign = "cannot_sign"
    }

    /// The last attempt.
    public struct Attempt: Hashable, Sendable {
        /// When it was made.
        public var at: Timestamp
        /// The status of the answer, if there was one.
        public var status: Int?
        /// Why it failed; nil if it did not.
        public var failure: Failure?

        /// Makes an attempt.
        public init(at: Timestamp, status: Int?, failure: Failure?) {
            self.at = at
            self.status = status
            self.failure = failure
        }
    }

    /// The id.
    public let id: ID
    /// Where it goes.
    public let endpointID: WebhookEndpoint.ID
    /// What is delivered.
    public let eventID: OutgoingEvent.ID
    /// The type of the event.
    public let type: EventType
    /// What the event is about.
    public let subject: String
    /// When the event happened.
    public let eventAt: Timestamp
    /// How far it has come.
    public var state: State
    /// Whether an earlier event about the same subject has to arrive first.
    public var isBlocked: Bool
    /// How often it was tried.
    public var attempts: Int
    /// When it is tried next, where it is pending.
    public var nextAt: Timestamp
    /// The last attempt.
    public var last: Attempt?
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was delivered or given up.
    public var finishedAt: Timestamp?

    /// Makes a delivery value.
    public init(
        id: ID,
        endpointID: WebhookEndpoint.ID,
        eventID: OutgoingEvent.ID,
        type: EventType,
        subject: String,
        eventAt: Timestamp,
        state: State,
        isBlocked: Bool,
        attempts: Int,
        nextAt: Timestamp,
        last: Attempt?,
        createdAt: Timestamp,
        finishedAt: Timestamp?
    ) {
        self.id = id
        self.endpointID = endpointID
        self.eventID = eventID
        self.type = type
        self.subject = subject
        self.eventAt = eventAt
        self.state = state
        self.isBlocked = isBlocked
        self.attempts = attempts
        self.nextAt = nextAt
        self.last = last
        self.createdAt = createdAt
        self.finishedAt = finishedAt
    }
}
