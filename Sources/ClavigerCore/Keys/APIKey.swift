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
    public let start: String
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
        version: Int
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
    }

    /// Whether the key's time is over at `now`.
    public func isExpired(at now: Timestamp) -> Bool {
        self.attributes.expiresAt.map { $0 <= now } ?? false
    }

    /// The state with time taken into account: a pending, active or suspended key whose time is over is `expired`.
    public func state(at now: Timestamp) -> KeyState.Name {
        switch self.state {
        case .pending, .active, .suspended: self.isExpired(at: now) ? .expired : self.state.name
        case .revoked, .compromised, .destroyed: self.state.name
        }
    }
}

/// One secret version of a key.
public struct Credential: Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "cred"
    /// The id of a credential.
    public typealias ID = Identifier<Credential>

    /// Where a credential is in the rotation of its key.
    public enum State: Hashable, Sendable {
        case current
        /// In grace: usable until `endsAt`.
        case retiring(endsAt: Timestamp)
        case retired
    }

    /// The id.
    public let id: ID
    /// The key whose secret it is.
    public let keyID: APIKey.ID
    /// The public part of its token.
    public let lookupID: LookupID
    /// The stored form of its token; nil once the key is destroyed.
    public var digest: KeyDigest?
    /// Where it is in the rotation.
    public var state: State
    /// When it was made.
    public let createdAt: Timestamp

    /// Makes a credential value.
    public init(
        id: ID,
        keyID: APIKey.ID,
        lookupID: LookupID,
        digest: KeyDigest?,
        state: State,
        createdAt: Timestamp
    ) {
        self.id = id
        self.keyID = keyID
        self.lookupID = lookupID
        self.digest = digest
        self.state = state
        self.createdAt = createdAt
    }
}
