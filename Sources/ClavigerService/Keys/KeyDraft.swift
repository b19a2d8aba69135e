public import ClavigerCore

/// What somebody wants a new key to be.
public struct KeyDraft: Sendable {
    /// How the draft names the consumer.
    public enum Owner: Hashable, Sendable {
        case id(Consumer.ID)
        case externalID(Label)
    }

    /// The api.
    public var api: Reference<API>
    /// The environment.
    public var environment: EnvironmentName
    /// The consumer.
    public var owner: Owner
    /// Whether it is to be a secret.
    public var kind: KeyKind
    /// Its plan.
    public var plan: Reference<Plan>?
    /// The rest.
    public var attributes: APIKey.Attributes
    /// Why and until when it is made without the approval that it needs; nil for most.
    public var breakGlass: BreakGlass?
    /// Where the draft stands in the request, as a JSON pointer: empty, or `/keys/3`.
    public var pointer: String

    /// Makes a draft.
    public init(
        api: Reference<API>,
        environment: EnvironmentName,
        owner: Owner,
        kind: KeyKind = .secret,
        plan: Reference<Plan>? = nil,
        attributes: APIKey.Attributes,
        pointer: String = ""
    ) {
        self.api = api
        self.environment = environment
        self.owner = owner
        self.kind = kind
        self.plan = plan
        self.attributes = attributes
        self.pointer = pointer
    }
}

/// What somebody wants changed of a key.
public struct KeyPatch: Sendable {
    /// The name.
    public var name: Edit<Label> = .keep
    /// The scopes.
    public var scopes: Edit<[Scope]> = .keep
    /// The roles.
    public var roles: Edit<[ResourceName]> = .keep
    /// Not usable before.
    public var notBefore: Edit<Timestamp> = .keep
    /// Not usable from this moment on.
    public var expiresAt: Edit<Timestamp> = .keep
    /// From where, when and by whom it may be used; a whole value, as its parts mean little without each other.
    public var restrictions: Edit<Restrictions> = .keep
    /// The limits, and the credits, which begin anew.
    public var allowance = AllowancePatch()
    /// The plan by id or name, where it is set.
    public var plan: Edit<Reference<Plan>> = .keep
    /// A merge patch for the metadata.
    public var metadata: Edit<JSONObject> = .keep

    /// Makes a patch that changes nothing.
    public init() {}
}

/// A new key with its token, which exists here and in the answer, and nowhere else.
public struct IssuedKey: Sendable {
    /// The key.
    public let key: APIKey
    /// Its token.
    public let token: KeyToken
}

/// A key as of a moment, which its state depends on.
public struct KeyReading: Sendable {
    /// The key.
    public let value: APIKey
    /// As of when.
    public let readAt: Timestamp
}
