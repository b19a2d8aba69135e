/// What verification needs to know of one credential and its key, as of one moment.
///
/// Immutable; holds no plaintext.
///
/// A class, so that a million of them in the cache cost one reference each; api, consumer and scopes are shared between
/// snapshots.
public final class KeySnapshot: Sendable {
    /// What verification needs to know of an api.
    public final class API: Sendable {
        /// How permissions name the api.
        public let reference: ClavigerCore.API.Reference
        /// Whether its keys are management keys.
        public let isManagement: Bool
        /// Its endpoint rules; nil if it has none.
        public let rules: EndpointRules?

        /// Makes a snapshot of an api.
        public init(reference: ClavigerCore.API.Reference, isManagement: Bool, rules: EndpointRules? = nil) {
            self.reference = reference
            self.isManagement = isManagement
            self.rules = rules
        }
    }

    /// What verification needs to know of a consumer.
    public final class Consumer: Sendable {
        /// The consumer's id.
        public let id: ClavigerCore.Consumer.ID
        /// The name in the owner's own systems.
        public let externalID: String
        /// The metadata as JSON.
        public let metadata: [UInt8]

        /// Makes a snapshot of a consumer.
        public init(id: ClavigerCore.Consumer.ID, externalID: String, metadata: [UInt8]) {
            self.id = id
            self.externalID = externalID
            self.metadata = metadata
        }
    }

    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The key.
    public let keyID: APIKey.ID
    /// The credential.
    public let credentialID: Credential.ID
    /// The key's name.
    public let name: String
    /// The key's api.
    public let api: API
    /// The key's environment.
    public let environment: EnvironmentName
    /// The key's owner.
    public let consumer: Consumer
    /// The key's own scopes and those of its roles.
    public let scopes: ScopeSet
    /// The key's state, time left aside.
    public let state: KeyState.Name
    /// Where the credential is in the rotation.
    public let credentialState: Credential.State
    /// The stored form of the token.
    public let digest: KeyDigest
    /// What another system did to the token that ``digest`` was made of; nil where it was made of the token.
    public let foreign: ForeignCredential?
    /// Not usable before.
    public let notBefore: Timestamp?
    /// Not usable from this moment on.
    public let expiresAt: Timestamp?
    /// Whether the key is a secret.
    public let kind: KeyKind
    /// From where, when and by whom it may be used; nil for no restriction.
    public let restrictions: RestrictionCheck?
    /// What it may use up; nil for no limits.
    public let allowance: KeyAllowance?
    /// The metadata as JSON.
    public let metadata: [UInt8]

    /// Makes a snapshot.
    public init(
        workspaceID: Workspace.ID,
        keyID: APIKey.ID,
        credentialID: Credential.ID,
        name: String,
        api: API,
        environment: EnvironmentName,
        consumer: Consumer,
        scopes: ScopeSet,
        state: KeyState.Name,
        credentialState: Credential.State,
        digest: KeyDigest,
        foreign: ForeignCredential? = nil,
        notBefore: Timestamp?,
        expiresAt: Timestamp?,
        kind: KeyKind = .secret,
        restrictions: RestrictionCheck? = nil,
        allowance: KeyAllowance? = nil,
        metadata: [UInt8]
    ) {
        self.workspaceID = workspaceID
        self.keyID = keyID
        self.credentialID = credentialID
        self.name = name
        self.api = api
        self.environment = environment
        self.consumer = consumer
        self.scopes = scopes
        self.state = state
        self.credentialState = credentialState
        self.digest = digest
        self.foreign = foreign
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.kind = kind
        self.restrictions = restrictions
        self.allowance = allowance
        self.metadata = metadata
    }
}
