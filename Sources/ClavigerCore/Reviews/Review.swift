/// A campaign: somebody looks at keys one by one and says which stay as they are.
public struct Review: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "rev"
    /// The id of a campaign.
    public typealias ID = Identifier<Review>
    /// The most keys of one campaign.
    public static let mostItems = 10_000

    /// Which keys are looked at.
    public struct Filter: Hashable, Sendable {
        /// Keys of this api; nil for all.
        public var api: API.ID?
        /// Keys of environments with this name; nil for all.
        public var environment: EnvironmentName?
        /// Management keys only, or no management keys; nil for both.
        public var isManagement: Bool?

        /// Makes a filter.
        public init(api: API.ID? = nil, environment: EnvironmentName? = nil, isManagement: Bool? = nil) {
            self.api = api
            self.environment = environment
            self.isManagement = isManagement
        }
    }

    /// Who looks at the keys, besides those who manage reviews.
    public struct Reviewers: Hashable, Sendable {
        /// Whether the management keys of a key's consumer look at it.
        public var areOwners: Bool
        /// Management keys that look at all keys.
        public var keys: [APIKey.ID]

        /// Makes reviewers.
        public init(areOwners: Bool = false, keys: [APIKey.ID] = []) {
            self.areOwners = areOwners
            self.keys = keys
        }
    }

    /// What becomes of keys that nobody has looked at in time.
    public enum AtDeadline: String, CaseIterable, Sendable {
        case suspend, nothing
    }

    /// Where a campaign stands.
    public enum State: String, CaseIterable, Sendable {
        case open
        /// The deadline is over; it waits for being signed off.
        case due
        case closed
        /// Somebody ended it before anything came of it.
        case cancelled
    }

    /// Who vouches for a campaign that is over.
    public struct SignOff: Hashable, Sendable {
        /// The management key.
        public var by: APIKey.ID
        /// When.
        public var at: Timestamp
        /// What is to be said of it.
        public var comment: String

        /// Makes a sign-off.
        public init(by: APIKey.ID, at: Timestamp, comment: String) {
            self.by = by
            self.at = at
            self.comment = comment
        }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// A name for people.
    public let name: Label
    /// Which keys are looked at.
    public let filter: Filter
    /// Who looks at them.
    public let reviewers: Reviewers
    /// What becomes of keys that nobody has looked at in time.
    public let atDeadline: AtDeadline
    /// The deadline.
    public let dueAt: Timestamp
    /// How often there is such a campaign; nil for once.
    public let every: Duration?
    /// When the next one begins; nil once it has, and where there is none.
    public var repeatsAt: Timestamp?
    /// When the next reminder is due.
    public var remindAt: Timestamp?
    /// Where it stands.
    public var state: State
    /// The campaign before it in a series.
    public let follows: ID?
    /// When it began.
    public let createdAt: Timestamp
    /// The management key that began it, or its series.
    public let createdBy: APIKey.ID
    /// Who vouches for it.
    public var signOff: SignOff?

    /// Makes a campaign value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        name: Label,
        filter: Filter,
        reviewers: Reviewers,
        atDeadline: AtDeadline,
        dueAt: Timestamp,
        every: Duration?,
        repeatsAt: Timestamp?,
        remindAt: Timestamp?,
        state: State,
        follows: ID?,
        createdAt: Timestamp,
        createdBy: APIKey.ID,
        signOff: SignOff? = nil
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.name = name
        self.filter = filter
        self.reviewers = reviewers
        self.atDeadline = atDeadline
        self.dueAt = dueAt
        self.every = every
        self.repeatsAt = repeatsAt
        self.remindAt = remindAt
        self.state = state
        self.follows = follows
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.signOff = signOff
    }

    /// How long before the deadline somebody is reminded.
    public static let noticePeriods: [Duration] = [.seconds(7 * 86_400), .seconds(86_400)]

    /// The first reminder after a moment; nil when there is none any more.
    public static func reminder(after now: Timestamp, dueAt: Timestamp) -> Timestamp? {
        Self.noticePeriods.map { dueAt - $0 }.filter { $0 > now }.min()
    }

    /// When the next campaign of a series begins: the first of its moments after `now`, however many were missed.
    public static func nextRepetition(of start: Timestamp, every: Duration, after now: Timestamp) -> Timestamp {
        let step = max(every.wholeMilliseconds, 1)
        let passed = max(0, (now.milliseconds - start.milliseconds) / step)
        return start + .milliseconds((passed + 1) * step)
    }
}

/// One key of a campaign.
public struct ReviewItem: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "rvi"
    /// The id of an item.
    public typealias ID = Identifier<ReviewItem>

    /// What was decided.
    public enum Decision: String, CaseIterable, Sendable {
        case keep, reduce, revoke
        /// Nobody decided in time, and the key was suspended.
        case suspend
        /// Nobody decided in time, and nothing happened.
        case none

        /// What a reviewer can say.
        public static let selectable: [Decision] = [.keep, .reduce, .revoke]
    }

    /// Where an item stands.
    public enum State: String, CaseIterable, Sendable {
        case open, decided
        /// Nobody decided in time.
        case lapsed
    }

    /// The id.
    public let id: ID
    /// The campaign.
    public let reviewID: Review.ID
    /// The key.
    public let keyID: APIKey.ID
    /// Its owner.
    public let consumerID: Consumer.ID
    /// Where it stands.
    public var state: State
    /// What was decided; nil while it is open.
    public var decision: Decision?
    /// When.
    public var decidedAt: Timestamp?
    /// By which management key; nil where nobody did in time.
    public var decidedBy: APIKey.ID?
    /// Why.
    public var comment: String

    /// Makes an item.
    public init(
        id: ID,
        reviewID: Review.ID,
        keyID: APIKey.ID,
        consumerID: Consumer.ID,
        state: State = .open,
        decision: Decision? = nil,
        decidedAt: Timestamp? = nil,
        decidedBy: APIKey.ID? = nil,
        comment: String = ""
    ) {
        self.id = id
        self.reviewID = reviewID
        self.keyID = keyID
        self.consumerID = consumerID
        self.state = state
        self.decision = decision
        self.decidedAt = decidedAt
        self.decidedBy = decidedBy
        self.comment = comment
    }
}
