public import ClavigerCore

/// The secret of an endpoint as it is stored.
public struct StoredWebhookSecret: Sendable {
    /// Counts the secrets of the endpoint.
    public var number: Int
    /// The secret, sealed.
    public var sealed: SealedValue
    /// When it was made.
    public var createdAt: Timestamp
    /// Until when it signs; nil for the current one.
    public var endsAt: Timestamp?

    /// Makes a stored secret.
    public init(number: Int, sealed: SealedValue, createdAt: Timestamp, endsAt: Timestamp? = nil) {
        self.number = number
        self.sealed = sealed
        self.createdAt = createdAt
        self.endsAt = endsAt
    }
}

/// Names the secret of an endpoint.
public struct WebhookSecretID: Hashable, Sendable {
    /// The tenant.
    public var workspaceID: Workspace.ID
    /// The endpoint.
    public var endpointID: WebhookEndpoint.ID
    /// Counts the secrets of the endpoint.
    public var number: Int

    /// Makes a name.
    public init(workspaceID: Workspace.ID, endpointID: WebhookEndpoint.ID, number: Int) {
        self.workspaceID = workspaceID
        self.endpointID = endpointID
        self.number = number
    }

    var sealingContext: SealingContext {
        SealingContext(
            workspace: self.workspaceID.text,
            recordType: "webhook_endpoint",
            recordID: self.endpointID.text,
            field: "secret",
            recordVersion: Int64(self.number)
        )
    }
}

/// A delivery that may be sent now, with what is sent.
public struct DueDelivery: Sendable {
    /// The delivery.
    public var delivery: Delivery
    /// The body.
    public var body: String

    /// Makes a due delivery.
    public init(delivery: Delivery, body: String) {
        self.delivery = delivery
        self.body = body
    }
}

/// What can be read of outgoing events in a transaction.
public protocol EventReading {
    func webhookEndpoint(_ id: WebhookEndpoint.ID, in workspace: Workspace.ID) throws -> WebhookEndpoint?
    func webhookEndpoints(in workspace: Workspace.ID, page: PageRequest) throws -> [WebhookEndpoint]
    /// Every endpoint that is enabled, of one workspace or of all.
    func enabledWebhookEndpoints(in workspace: Workspace.ID?) throws -> [WebhookEndpoint]
    func webhookEndpointCount(in workspace: Workspace.ID) throws -> Int
    /// The secrets of an endpoint, the newest first.
    func webhookSecrets(of endpoint: WebhookEndpoint.ID) throws -> [StoredWebhookSecret]

    func delivery(_ id: Delivery.ID, of endpoint: WebhookEndpoint.ID) throws -> Delivery?
    /// Deliveries to an endpoint, the newest first; pages are cut by the number that comes with each.
    func deliveries(
        of endpoint: WebhookEndpoint.ID,
        state: Delivery.State?,
        page: PageRequest
    ) throws -> [(number: Int64, delivery: Delivery)]
    /// Deliveries to an endpoint that is not held back, whose turn and time have come and that nobody is sending.
    func dueDeliveries(to endpoint: WebhookEndpoint.ID, at now: Timestamp, limit: Int) throws -> [DueDelivery]

    /// The keys whose time ends after one moment and until another, and that time alone ends, by their place.
    func keys(
        endingAfter start: Timestamp,
        until end: Timestamp,
        after place: KeysWatch.Place?,
        in workspace: Workspace.ID,
        limit: Int
    ) throws -> [APIKey]
    /// How far the ends of keys have been told of; nil if they have never been looked for.
    func keysWatch() throws -> KeysWatch?
}

/// What can be changed of outgoing events in a transaction.
public protocol EventWriting: EventReading {
    func insert(_ endpoint: WebhookEndpoint) throws
    func update(_ endpoint: WebhookEndpoint) throws
    /// Removes an endpoint with its secrets and deliveries.
    func delete(_ endpoint: WebhookEndpoint.ID, in workspace: Workspace.ID) throws
    func insert(_ secret: StoredWebhookSecret, of endpoint: WebhookEndpoint.ID) throws
    /// Says until when a secret signs.
    func end(secret number: Int, of endpoint: WebhookEndpoint.ID, at moment: Timestamp) throws
    func deleteSecrets(of endpoint: WebhookEndpoint.ID, endedAt now: Timestamp) throws

    /// Stores an event with its deliveries; each is blocked or not as ``Delivery/isBlocked`` says.
    func insert(_ event: OutgoingEvent, _ deliveries: [Delivery]) throws
    /// Whether a delivery about the subject is still to be made to the endpoint.
    func hasPending(about subject: String, to endpoint: WebhookEndpoint.ID) throws -> Bool
    /// The same for one type of event.
    func hasPending(_ type: EventType, about subject: String, to endpoint: WebhookEndpoint.ID) throws -> Bool
    /// Marks a delivery as being sent, so that nobody else sends it before `end`.
    func lease(_ delivery: Delivery.ID, until end: Timestamp) throws
    /// Takes the marks of a server that is gone from all deliveries.
    func releaseLeases() throws
    /// Stores how far a delivery has come, and ends its lease; of one that is finished, the next about its subject gets
    /// its turn.
    func settle(_ delivery: Delivery) throws
    /// Says that an endpoint answers, or since when it does not, and until when at least nothing is sent to it.
    func note(_ endpoint: WebhookEndpoint.ID, failingSince: Timestamp?, heldUntil: Timestamp?) throws
    /// Makes a delivery that is finished pending again, in its old place among those about its subject.
    func replay(_ delivery: Delivery, at now: Timestamp) throws
    /// The same for all dead ones; tells how many.
    func replayDead(of endpoint: WebhookEndpoint.ID, at now: Timestamp) throws -> Int
    /// Forgets deliveries that were finished before a moment, and events that nobody waits for; tells how many.
    func deleteDeliveries(_ state: Delivery.State, finishedBefore moment: Timestamp, limit: Int) throws -> Int

    /// Secrets that are sealed under another key version, in an order of their own; nil for one that cannot be read.
    func webhookSecrets(
        sealedOtherThan version: Int,
        after place: WebhookSecretID?,
        limit: Int
    ) throws -> [(id: WebhookSecretID, sealed: SealedValue?)]
    func replace(_ sealed: SealedValue, for id: WebhookSecretID) throws

    func setKeysWatch(_ watch: KeysWatch) throws
}
