/// A named set of rate limits and credits on many keys or consumers; changing it changes all of them.
public struct Plan: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "plan"
    /// The id of a plan.
    public typealias ID = Identifier<Plan>

    /// Whether the keys of a plan can be used.
    public enum State: String, CaseIterable, Sendable {
        case active
        /// Every key that has the plan, itself or through its consumer, is suspended.
        case suspended
    }

    /// What administrators may say of a plan.
    public struct Attributes: Hashable, Sendable {
        /// A word about the plan.
        public var description: String?
        /// The limits that each holder of the plan has.
        public var limits: RateLimits
        /// The credits that each holder of the plan has.
        public var credits: CreditPolicy?

        /// Makes attributes.
        public init(description: String? = nil, limits: RateLimits = .none, credits: CreditPolicy? = nil) {
            self.description = description
            self.limits = limits
            self.credits = credits
        }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The name; it never changes.
    public let name: ResourceName
    /// What administrators may say of it.
    public var attributes: Attributes
    /// Whether its keys can be used.
    public var state: State
    /// Since when it has given credits.
    public var creditsSince: Timestamp
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// Counts changes; the ETag.
    public var version: Int

    /// Makes a plan value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        name: ResourceName,
        attributes: Attributes,
        state: State,
        creditsSince: Timestamp,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        version: Int
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.name = name
        self.attributes = attributes
        self.state = state
        self.creditsSince = creditsSince
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }
}
