/// A place outside that is told of events.
public struct WebhookEndpoint: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "whe"
    /// The id of an endpoint.
    public typealias ID = Identifier<WebhookEndpoint>

    /// Whether anything is sent.
    public enum State: String, CaseIterable, Sendable {
        case enabled
        /// Nothing is sent: what was waiting goes on waiting, and what happens meanwhile is not kept for it.
        case disabled
    }

    /// What administrators say of an endpoint.
    public struct Attributes: Hashable, Sendable {
        /// Where events go.
        public var url: WebhookURL
        /// A word about the endpoint.
        public var description: String?
        /// The types of events that it is told of; empty for all.
        public var types: [EventType]
        /// Whether anything is sent.
        public var state: State

        /// Makes attributes.
        public init(
            url: WebhookURL,
            description: String? = nil,
            types: [EventType] = [],
            state: State = .enabled
        ) {
            self.url = url
            self.description = description
            self.types = types
            self.state = state
        }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// What administrators say of it.
    public var attributes: Attributes
    /// Since when no delivery has succeeded; nil when the last one did.
    public var failingSince: Timestamp?
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// Counts changes; the ETag.
    public var version: Int

    /// Makes an endpoint value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        attributes: Attributes,
        failingSince: Timestamp? = nil,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        version: Int
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.attributes = attributes
        self.failingSince = failingSince
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }

    /// The types that it is told of; none while it is disabled.
    public var wanted: EventTypes {
        guard self.attributes.state == .enabled else { return [] }
        return EventTypes(self.attributes.types.isEmpty ? EventType.selectable : self.attributes.types)
    }
}
