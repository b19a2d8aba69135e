/// What policies look at of a key, one that is there or one that is to be made.
public struct PolicySubject: Sendable {
    /// The name.
    public var name: String
    /// What its owner is; nil where that is not known.
    public var ownerKind: Consumer.Kind?
    /// Its own scopes.
    public var scopes: [Scope]
    /// The scopes that it has through its roles.
    public var roleScopes: [Scope]
    /// Its own restrictions.
    public var restrictions: Restrictions
    /// What its owner's systems say.
    public var metadata: JSONObject
    /// When it was, or is, made.
    public var createdAt: Timestamp
    /// When its time is over, as far as it says itself.
    public var expiresAt: Timestamp?

    /// Makes a subject.
    public init(
        name: String,
        ownerKind: Consumer.Kind?,
        scopes: [Scope],
        roleScopes: [Scope] = [],
        restrictions: Restrictions = .none,
        metadata: JSONObject = JSONObject(),
        createdAt: Timestamp,
        expiresAt: Timestamp? = nil
    ) {
        self.name = name
        self.ownerKind = ownerKind
        self.scopes = scopes
        self.roleScopes = roleScopes
        self.restrictions = restrictions
        self.metadata = metadata
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// What policies look at of a key with these attributes.
    public init(
        _ attributes: APIKey.Attributes,
        owner: Consumer.Kind?,
        roleScopes: [Scope],
        createdAt: Timestamp
    ) {
        self.init(
            name: attributes.name.text,
            ownerKind: owner,
            scopes: attributes.scopes,
            roleScopes: roleScopes,
            restrictions: attributes.restrictions,
            metadata: attributes.metadata.object,
            createdAt: createdAt,
            expiresAt: attributes.expiresAt
        )
    }
}

/// Takes what is wrong: the pointer into the key, the name of the rule, and the message.
typealias PolicyRefusal = (_ pointer: String, _ rule: String, _ message: String) -> Void

/// The parts of a key that rules look at; what none looks at need not be read.
public struct PolicyNeeds: OptionSet, Hashable, Sendable {
    /// One bit for each part.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// What the owner is.
    public static let owner = PolicyNeeds(rawValue: 1)
    /// The metadata.
    public static let metadata = PolicyNeeds(rawValue: 2)
    /// The restrictions.
    public static let restrictions = PolicyNeeds(rawValue: 4)
    /// The scopes, those of the roles included.
    public static let scopes = PolicyNeeds(rawValue: 8)
    /// Everything.
    public static let all: PolicyNeeds = [.owner, .metadata, .restrictions, .scopes]
}
