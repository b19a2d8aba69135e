/// The durable identity behind tokens: who may do what, for how long.
///
/// Its secrets are ``Credential``s.
public struct APIKey: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "key"
    /// The id of a key.
    public typealias ID = Identifier<APIKey>

    /// What administrators may say of a key after it was made.
    public struct Attributes: Hashable, Sendable {
        /// A name for people.
        public var name: Label
        /// What the key may do by itself.
        public var scopes: [Scope]
        /// The names of its roles, whose scopes it has too.
        public var roles: [ResourceName]
        /// Not usable before.
        public var notBefore: Timestamp?
        /// Not usable from this moment on.
        public var expiresAt: Timestamp?
        /// From where, when and by whom it may be used.
        public var restrictions: Restrictions
        /// How much it may use.
        public var allowance: Allowance
        /// What the owner's own systems say.
        public var metadata: Metadata

        /// Makes attributes.
        public init(
            name: Label,
            scopes: [Scope] = [],
            roles: [ResourceName] = [],
            notBefore: Timestamp? = nil,
            expiresAt: Timestamp? = nil,
            restrictions: Restrictions = .none,
            allowance: Allowance = .unlimited,
            metadata: Metadata = .empty
        ) {
            self.name = name
            self.scopes = scopes
            self.roles = roles
            self.notBefore = notBefore
            self.expiresAt = expiresAt
            self.restrictions = restrictions
            self.allowance = allowance
            self.metadata = metadata
        }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The api that it opens.
    public let apiID: API.ID
    /// The one environment that it belongs to.
    public let environment: EnvironmentName
    /// Who owns it; it changes when its owner leaves and another takes over.
    public var consumerID: Consumer.ID
    /// Whether it is a secret.
    public let kind: KeyKind
    /// The public beginning of its current token, up to and with the lookup id.
    public var start: String
    /// What administrators may say of it.
    public var attributes: Attributes
    /// Where it is in its life, time left aside.
    public var state: KeyState
    /// When it was made.
    public let createdAt: Timestamp
    /// The management key that made it; nil for the first one.
    public let createdBy: APIKey.ID?
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// Counts changes; the ETag.
    public var version: Int
    /// How long the policies let it live, counted from when it was made; nil where none says so.
    public var longestLife: Duration?
    /// By when somebody has asked for a new credential; a rotation takes it away.
    public var rotateBy: Timestamp?

    /// Makes a key value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        apiID: API.ID,
        environment: EnvironmentName,
        consumerID: Consumer.ID,
        kind: KeyKind = .secret,
        start: String,
        attributes: Attributes,
        state: KeyState,
        createdAt: Timestamp,
        createdBy: APIKey.ID?,
        updatedAt: Timestamp,
        version: Int,
        longestLife: Duration? = nil,
        rotateBy: Timestamp? = nil
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.apiID = apiID
        self.environment = environment
        self.consumerID = consumerID
        self.kind = kind
        self.start = start
        self.attributes = attributes
        self.state = state
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.updatedAt = updatedAt
        self.version = version
        self.longestLife = longestLife
        self.rotateBy = rotateBy
    }

    /// When the key's time is over: when it says so itself, or when the policies do, whichever is first.
    public var endsAt: Timestamp? {
        APIKey.end(self.attributes.expiresAt, createdAt: self.createdAt, longestLife: self.longestLife)
    }

    /// When the time of a key is over.
    public static func end(_ expiresAt: Timestamp?, createdAt: Timestamp, longestLife: Duration?) -> Timestamp? {
        guard let longestLife else { return expiresAt }
        let end = createdAt + longestLife
        return min(expiresAt ?? end, end)
    }

    /// Whether the key's time is over at `now`.
    public func isExpired(at now: Timestamp) -> Bool {
        self.endsAt.map { $0 <= now } ?? false
    }

    /// The state with time taken into account: a pending, active or suspended key whose time is over is `expired`.
    public func state(at now: Timestamp) -> KeyState.Name {
        switch self.state {
        case .pending, .active, .suspended: self.isExpired(at: now) ? .expired : self.state.name
        case .revoked, .compromised, .destroyed: self.state.name
        }
    }
}
