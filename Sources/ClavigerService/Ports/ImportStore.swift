public import ClavigerCore

/// A rule by which imported keys are found, as it is stored.
public struct StoredForeignRule: Sendable {
    /// The id.
    public var id: ForeignRule.ID
    /// The tenant.
    public var workspaceID: Workspace.ID
    /// The rule.
    public var rule: ForeignRule
    /// The HMAC key that it needs, sealed.
    public var sealedKey: SealedValue?
    /// When it was first needed.
    public var createdAt: Timestamp

    /// Makes a stored rule.
    public init(
        id: ForeignRule.ID,
        workspaceID: Workspace.ID,
        rule: ForeignRule,
        sealedKey: SealedValue?,
        createdAt: Timestamp
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.rule = rule
        self.sealedKey = sealedKey
        self.createdAt = createdAt
    }

    var sealingContext: SealingContext {
        SealingContext(
            workspace: self.workspaceID.text,
            recordType: "foreign_rule",
            recordID: self.id.text,
            field: "hmac_key"
        )
    }
}

/// A key to be stored, and what another system did to its token.
public struct NewImportedKey: Sendable {
    /// The key.
    public var key: APIKey
    /// Its credential.
    public var credential: Credential
    /// What its digest is of; nil for the token.
    public var scheme: ForeignScheme?

    /// Makes a new key.
    public init(key: APIKey, credential: Credential, scheme: ForeignScheme?) {
        self.key = key
        self.credential = credential
        self.scheme = scheme
    }
}

/// A credential with the lookup id of a line: it can be the line's own, or another key's.
public struct KnownCredential: Sendable {
    /// The api of its key.
    public var apiID: API.ID
    /// The environment of its key.
    public var environment: EnvironmentName
    /// The stored digest; nil once it is erased.
    public var digest: KeyDigest?
    /// What another system did to the token that the digest is of, as it is stored; nil where it is the token's own.
    public var scheme: String?

    /// Makes a value.
    public init(apiID: API.ID, environment: EnvironmentName, digest: KeyDigest?, scheme: String?) {
        self.apiID = apiID
        self.environment = environment
        self.digest = digest
        self.scheme = scheme
    }
}

/// What can be read of imports in a transaction.
public protocol ImportReading {
    /// The rules of all workspaces.
    func foreignRules() throws -> [StoredForeignRule]
    func keyImport(_ id: KeyImport.ID, in workspace: Workspace.ID) throws -> KeyImport?
    func keyImport(
        named name: Label,
        of api: API.ID,
        _ environment: EnvironmentName,
        in workspace: Workspace.ID
    ) throws -> KeyImport?
    /// The lines that could not be taken, by their numbers.
    func refusals(of id: KeyImport.ID) throws -> [ImportRefusal]
    /// The consumers with these external ids, as far as there are any.
    func consumers(externalIDs: [Label], in workspace: Workspace.ID) throws -> [Consumer]
    /// The credentials with these lookup ids, as far as there are any.
    func known(among ids: [LookupID]) throws -> [LookupID: KnownCredential]
}

/// What can be changed of imports in a transaction.
public protocol ImportWriting: ImportReading {
    func insert(_ rule: StoredForeignRule) throws
    /// Stores the key of a rule sealed anew.
    func replace(_ sealedKey: SealedValue, for rule: ForeignRule.ID) throws
    func insert(_ keyImport: KeyImport) throws
    /// Stores how far it has come.
    func update(_ keyImport: KeyImport) throws
    /// Keeps refusals as long as the import has fewer than `most`.
    func insert(_ refusals: [ImportRefusal], of id: KeyImport.ID, most: Int) throws
    /// Stores many keys at once.
    func insert(_ keys: [NewImportedKey], of id: KeyImport.ID) throws
}
