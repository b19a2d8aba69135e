/// The user, service or customer that owns keys.
public struct Consumer: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "con"
    /// The id of a consumer.
    public typealias ID = Identifier<Consumer>

    /// What a consumer is.
    public enum Kind: String, CaseIterable, Sendable {
        case user, service, customer
    }

    /// What administrators may say of a consumer.
    public struct Attributes: Hashable, Sendable {
        /// The name in the owner's own systems, unique in the workspace.
        public var externalID: Label
        /// What the consumer is.
        public var kind: Kind
        /// A name for people.
        public var name: Label?
        /// How much its keys may use together.
        public var allowance: Allowance
        /// What the owner's own systems say.
        public var metadata: Metadata

        /// Makes attributes.
        public init(
            externalID: Label,
            kind: Kind,
            name: Label? = nil,
            allowance: Allowance = .unlimited,
            metadata: Metadata = .empty
        ) {
            self.externalID = externalID
            self.kind = kind
            self.name = name
            self.allowance = allowance
            self.metadata = metadata
        }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// What administrators may say of it.
    public var attributes: Attributes
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// Counts changes; the ETag.
    public var version: Int

    /// Makes a consumer value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        attributes: Attributes,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        version: Int
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.attributes = attributes
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }
}
