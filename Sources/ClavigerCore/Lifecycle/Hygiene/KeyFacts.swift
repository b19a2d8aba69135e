/// What is known of a live key that says whether it is kept well; no more, as a million of them pass by.
public struct KeyFacts: Hashable, Sendable {
    /// The key.
    public var id: APIKey.ID
    /// The api that it opens.
    public var apiID: API.ID
    /// The one environment that it belongs to.
    public var environment: EnvironmentName
    /// Who owns it.
    public var consumerID: Consumer.ID
    /// Whether it is a secret.
    public var kind: KeyKind
    /// A name for people.
    public var name: String
    /// Whether it was suspended, so that nobody can use it.
    public var isSuspended: Bool
    /// Whether its uses are recorded: those of management keys are not.
    public var isUseRecorded: Bool
    /// What the key may do by itself.
    public var scopes: [Scope]
    /// When it was made.
    public var createdAt: Timestamp
    /// Not usable before.
    public var notBefore: Timestamp?
    /// Not usable from this moment on: what the key says itself, or what the policies say if that is earlier.
    public var expiresAt: Timestamp?
    /// Whether something restricts from where, when or by whom it is used, its environment included.
    public var isRestricted: Bool
    /// Whether its owner's metadata names somebody who can be asked.
    public var hasContact: Bool
    /// When its current secret was made.
    public var credentialCreatedAt: Timestamp
    /// Whether its current secret is stored in a form that new ones no longer get.
    public var hasLegacyHash: Bool
    /// When it was last used; nil for never.
    public var lastUsedAt: Timestamp?
    /// From where it was last used.
    public var lastAddress: IPAddress?
    /// From about how many networks it was used in the last four weeks.
    public var networks: Int
    /// The scopes that no recorded use needed; nil where that was not looked for or cannot be known.
    public var unusedScopes: [Scope]?

    /// Makes the facts of a key.
    public init(
        id: APIKey.ID,
        apiID: API.ID,
        environment: EnvironmentName,
        consumerID: Consumer.ID,
        kind: KeyKind,
        name: String,
        isSuspended: Bool = false,
        isUseRecorded: Bool = true,
        scopes: [Scope] = [],
        createdAt: Timestamp,
        notBefore: Timestamp? = nil,
        expiresAt: Timestamp? = nil,
        isRestricted: Bool,
        hasContact: Bool,
        credentialCreatedAt: Timestamp,
        hasLegacyHash: Bool,
        lastUsedAt: Timestamp? = nil,
        lastAddress: IPAddress? = nil,
        networks: Int = 0,
        unusedScopes: [Scope]? = nil
    ) {
        self.id = id
        self.apiID = apiID
        self.environment = environment
        self.consumerID = consumerID
        self.kind = kind
        self.name = name
        self.isSuspended = isSuspended
        self.isUseRecorded = isUseRecorded
        self.scopes = scopes
        self.createdAt = createdAt
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.isRestricted = isRestricted
        self.hasContact = hasContact
        self.credentialCreatedAt = credentialCreatedAt
        self.hasLegacyHash = hasLegacyHash
        self.lastUsedAt = lastUsedAt
        self.lastAddress = lastAddress
        self.networks = networks
        self.unusedScopes = unusedScopes
    }
}
