/// What somebody asks others to agree to: a key, or more for a key that there is.
public struct KeyRequest: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "req"
    /// The id of a request.
    public typealias ID = Identifier<KeyRequest>

    /// What is asked for.
    public enum Subject: Hashable, Sendable {
        /// A new key.
        case newKey
        /// A change of a key, as the key was in its version.
        case change(of: APIKey.ID, version: Int)
    }

    /// Where a request stands.
    public enum State: String, CaseIterable, Sendable {
        case pending
        /// Enough have agreed; the key waits for its requester.
        case approved
        /// The key was made, and its token given to the requester.
        case collected
        /// The change was made.
        case applied
        case denied, withdrawn, expired

        /// Whether it ends when its time is over.
        public var isOpen: Bool { self == .pending || self == .approved }
    }

    /// Why somebody asks, in their words.
    public struct About: Hashable, Sendable {
        /// What the key is for.
        public var purpose: String
        /// The system that will use it.
        public var system: String?
        /// What kinds of data it reaches.
        public var dataClasses: [String]
        /// Why it is needed.
        public var justification: String
        /// Where it is written down elsewhere.
        public var ticket: String?

        /// Makes a reason.
        public init(
            purpose: String,
            system: String? = nil,
            dataClasses: [String] = [],
            justification: String,
            ticket: String? = nil
        ) {
            self.purpose = purpose
            self.system = system
            self.dataClasses = dataClasses
            self.justification = justification
            self.ticket = ticket
        }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// What is asked for.
    public var subject: Subject
    /// The api of the key.
    public let apiID: API.ID
    /// The environment of the key.
    public let environment: EnvironmentName
    /// Who owns the key.
    public let consumerID: Consumer.ID
    /// Whether the key is a secret.
    public let kind: KeyKind
    /// The key as it is to be.
    public var wanted: APIKey.Attributes
    /// How long the key is to live from the moment that it is made; nil where ``wanted`` has its end.
    public var wantedLife: Duration?
    /// What a change does, field by field, for whoever decides; empty for a new key.
    public var changes: JSONObject
    /// Which parts of a change let the key do more.
    public var widening: [KeyWidening]
    /// Why.
    public var about: About
    /// The management key that asked.
    public let requestedBy: APIKey.ID
    /// Its owner.
    public let requesterConsumerID: Consumer.ID
    /// Where it stands, time left aside.
    public var state: State
    /// When, and by which management key, it came there.
    public var stateAt: Timestamp
    /// The management key that brought it there; nil for Claviger itself.
    public var stateBy: APIKey.ID?
    /// When it ends if nobody does anything.
    public var endsAt: Timestamp
    /// The key that was made of it, or is changed.
    public var keyID: APIKey.ID?
    /// Set where the key was made without approval.
    public var breakGlass: BreakGlass?
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// Counts changes of what is asked for: approvals are for one version; the ETag.
    public var version: Int

    /// Makes a request value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        subject: Subject,
        apiID: API.ID,
        environment: EnvironmentName,
        consumerID: Consumer.ID,
        kind: KeyKind,
        wanted: APIKey.Attributes,
        wantedLife: Duration?,
        changes: JSONObject = JSONObject(),
        widening: [KeyWidening] = [],
        about: About,
        requestedBy: APIKey.ID,
        requesterConsumerID: Consumer.ID,
        state: State,
        stateAt: Timestamp,
        stateBy: APIKey.ID?,
        endsAt: Timestamp,
        keyID: APIKey.ID?,
        breakGlass: BreakGlass? = nil,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        version: Int
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.subject = subject
        self.apiID = apiID
        self.environment = environment
        self.consumerID = consumerID
        self.kind = kind
        self.wanted = wanted
        self.wantedLife = wantedLife
        self.changes = changes
        self.widening = widening
        self.about = about
        self.requestedBy = requestedBy
        self.requesterConsumerID = requesterConsumerID
        self.state = state
        self.stateAt = stateAt
        self.stateBy = stateBy
        self.endsAt = endsAt
        self.keyID = keyID
        self.breakGlass = breakGlass
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }

    /// The state with time taken into account.
    public func state(at now: Timestamp) -> State {
        self.state.isOpen && self.endsAt <= now ? .expired : self.state
    }

    /// The latest moment at which the key's life can end if it is approved at `now`; nil for never.
    public func latestEnd(ofKeyApprovedAt now: Timestamp, _ rules: ApprovalRules) -> Timestamp? {
        self.wantedLife.map { now + rules.collectWithin + $0 } ?? self.wanted.expiresAt
    }
}
