public import ClavigerCore
public import ClavigerVerifier

/// Storage as the use cases see it.
///
/// All of it is transactions; the workspace is part of every look-up.
public protocol AuthorityStore: Sendable {
    /// Reads one consistent snapshot.
    ///
    /// - Throws: what `body` throws, or a ``StoreFailure``.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (any AuthorityReading) throws -> T
    ) async throws -> T

    /// Runs one transaction. `afterCommit` runs on the writing thread after the commit, before this returns and before
    /// the next transaction, also when the waiting task was cancelled meanwhile.
    ///
    /// - Throws: what `body` throws, or a ``StoreFailure``; then nothing was changed.
    func write<T: Sendable>(
        _ body: @escaping @Sendable (any AuthorityWriting) throws -> T,
        afterCommit: @escaping @Sendable (T) -> Void
    ) async throws -> T
}

/// Why storage could not do what it was asked.
///
/// The text is for the log; it has no values in it.
public enum StoreFailure: Error, Hashable, Sendable {
    /// Nothing was changed, and trying again later may work: locked, closing, full, read-only.
    case unavailable(String)
    /// Another row has a value that must be unique.
    case duplicate(String)
    /// The database is not what was written.
    case damaged(String)
    /// Something else is broken.
    case broken(String)
}

/// A part of a list: what follows the element with the id `after`, at most `limit` elements.
public struct PageRequest: Hashable, Sendable {
    /// The id, or for audit events the index, of the last element of the page before.
    public var after: String?
    /// The most elements to give.
    public var limit: Int

    /// Makes a page request.
    public init(after: String? = nil, limit: Int) {
        self.after = after
        self.limit = limit
    }
}

/// Which keys to list.
public struct KeyFilter: Hashable, Sendable {
    /// An environment of an api.
    public struct Place: Hashable, Sendable {
        /// The api.
        public let apiID: API.ID
        /// The environment.
        public let environment: EnvironmentName

        /// Names a place.
        public init(apiID: API.ID, environment: EnvironmentName) {
            self.apiID = apiID
            self.environment = environment
        }
    }

    /// Of this api.
    public var api: API.ID?
    /// In this environment.
    public var environment: EnvironmentName?
    /// Of this consumer.
    public var consumer: Consumer.ID?
    /// In this state, time taken into account.
    public var state: KeyState.Name?
    /// With exactly this name.
    public var name: String?
    /// With a credential of this lookup id.
    public var lookupID: LookupID?
    /// In one of these places; nil means anywhere.
    public var places: [Place]?

    /// Makes a filter that lets everything through.
    public init() {}
}

/// Which audit events to list.
public struct AuditFilter: Hashable, Sendable {
    /// With this action, for example `key.revoke`.
    public var action: String?
    /// By this management key.
    public var actorID: String?
    /// On this target.
    public var targetID: String?
    /// Which ended so.
    public var outcome: AuditRecord.Outcome?
    /// On this key, or on a request for it.
    public var keyID: APIKey.ID?
    /// By somebody who came from this address.
    public var network: IPAddress?
    /// In this request.
    public var requestID: String?
    /// At or after this moment.
    public var from: Timestamp?
    /// Before this moment.
    public var to: Timestamp?

    /// Makes a filter that lets everything through.
    public init() {}
}

/// Which reports of leaks to list.
public struct LeakFilter: Hashable, Sendable {
    /// Of this key.
    public var key: APIKey.ID?
    /// With this source.
    public var source: String?
    /// Which ended so.
    public var outcome: LeakOutcome?

    /// Makes a filter that lets everything through.
    public init() {}
}

/// An answer that was given to a request with an idempotency key.
public struct StoredAnswer: Sendable {
    /// SHA-256 of the request's method, path and body.
    public var fingerprint: [UInt8]
    /// The answer, sealed.
    public var sealed: SealedValue
    /// When it was given.
    public var createdAt: Timestamp
    /// Until when it is kept, where that is longer than usual.
    public var keepUntil: Timestamp?

    /// Makes a stored answer.
    public init(fingerprint: [UInt8], sealed: SealedValue, createdAt: Timestamp, keepUntil: Timestamp? = nil) {
        self.fingerprint = fingerprint
        self.sealed = sealed
        self.createdAt = createdAt
        self.keepUntil = keepUntil
    }
}

/// Names a stored answer.
public struct StoredAnswerID: Hashable, Sendable {
    /// The tenant.
    public var workspaceID: Workspace.ID
    /// The management key that asked.
    public var actorID: APIKey.ID
    /// The idempotency key it gave.
    public var idempotencyKey: String

    /// Makes a name.
    public init(workspaceID: Workspace.ID, actorID: APIKey.ID, idempotencyKey: String) {
        self.workspaceID = workspaceID
        self.actorID = actorID
        self.idempotencyKey = idempotencyKey
    }

    var sealingContext: SealingContext {
        SealingContext(
            workspace: self.workspaceID.text,
            recordType: "idempotency",
            recordID: "\(self.actorID.text)/\(self.idempotencyKey)",
            field: "answer"
        )
    }
}

/// What can be read in a transaction.
public protocol AuthorityReading: EventReading, CredentialReading, PolicyReading, RequestReading, CampaignReading,
    BulkReading, HygieneReading, ImportReading, JobReading, AuditReading
{
    func workspace(named name: ResourceName) throws -> Workspace?

    func api(_ id: API.ID, in workspace: Workspace.ID) throws -> API?
    func api(named name: ResourceName, in workspace: Workspace.ID) throws -> API?
    func apis(in workspace: Workspace.ID) throws -> [API]
    /// Whether an api, also a deleted one, has this name or prefix.
    func isTaken(apiName: ResourceName, in workspace: Workspace.ID) throws -> Bool
    func isTaken(prefix: TokenPrefix) throws -> Bool

    func consumer(_ id: Consumer.ID, in workspace: Workspace.ID) throws -> Consumer?
    func consumer(externalID: Label, in workspace: Workspace.ID) throws -> Consumer?
    /// Whether there is or was this consumer.
    func hasEverBeen(_ consumer: Consumer.ID, in workspace: Workspace.ID) throws -> Bool
    func consumers(
        in workspace: Workspace.ID,
        externalID: Label?,
        kind: Consumer.Kind?,
        page: PageRequest
    ) throws -> [Consumer]

    func role(_ id: Role.ID, in workspace: Workspace.ID) throws -> Role?
    func role(named name: ResourceName, in workspace: Workspace.ID) throws -> Role?
    func roles(in workspace: Workspace.ID, page: PageRequest) throws -> [Role]
    /// Whether a role, also a deleted one, has this name.
    func isTaken(roleName: ResourceName, in workspace: Workspace.ID) throws -> Bool

    func plan(_ id: Plan.ID, in workspace: Workspace.ID) throws -> Plan?
    func plan(named name: ResourceName, in workspace: Workspace.ID) throws -> Plan?
    func plans(in workspace: Workspace.ID, page: PageRequest) throws -> [Plan]
    /// Whether a plan, also a deleted one, has this name.
    func isTaken(planName: ResourceName, in workspace: Workspace.ID) throws -> Bool
    /// Whether keys that are not destroyed, or consumers, have it.
    func isInUse(_ plan: Plan.ID, in workspace: Workspace.ID) throws -> Bool

    func limitOverride(_ id: LimitOverride.ID, in workspace: Workspace.ID) throws -> LimitOverride?
    func limitOverrides(
        in workspace: Workspace.ID,
        namespace: LimitNamespace?,
        page: PageRequest
    ) throws -> [LimitOverride]

    func key(_ id: APIKey.ID, in workspace: Workspace.ID) throws -> APIKey?
    func keys(_ filter: KeyFilter, in workspace: Workspace.ID, page: PageRequest, at now: Timestamp) throws -> [APIKey]
    func credentials(of key: APIKey.ID, in workspace: Workspace.ID) throws -> [Credential]
    /// Whether keys that are not destroyed use it.
    func isInUse(_ api: API.ID, environment: EnvironmentName?, in workspace: Workspace.ID) throws -> Bool
    func isInUse(_ consumer: Consumer.ID, in workspace: Workspace.ID) throws -> Bool
    func isInUse(_ role: Role.ID, in workspace: Workspace.ID) throws -> Bool
    /// Whether keys of the api, not destroyed, have the role.
    func isInUse(_ role: Role.ID, onKeysOf api: API.ID, in workspace: Workspace.ID) throws -> Bool
    /// The scopes that publishable keys of the api have, destroyed ones left aside.
    func scopesOfPublishableKeys(of api: API.ID, in workspace: Workspace.ID) throws -> [Scope]
    func lookupIDs(ofKey key: APIKey.ID, in workspace: Workspace.ID) throws -> [LookupID]
    func lookupIDs(ofConsumer consumer: Consumer.ID, in workspace: Workspace.ID) throws -> [LookupID]
    func lookupIDs(withRole role: Role.ID, in workspace: Workspace.ID) throws -> [LookupID]

    /// Reports of leaks, the newest first.
    func leakReports(_ filter: LeakFilter, in workspace: Workspace.ID, page: PageRequest) throws -> [LeakReport]

    /// The account of a key or a consumer as it was stored or begins; nil if it has no credits, or there is none.
    func creditAccount(_ id: AccountID) throws -> AccountState?
    /// The largest number of a record that accounts or reservations know of; 0 when there is none.
    func newestCreditSequence() throws -> UInt64
    /// The reservations that are open, and those whose lease ends at `moment` or later.
    func reservations(openOrEndingAfter moment: Timestamp) throws -> [Reservation]

    func keyringEntries() throws -> [KeyringEntry]
    func credentialCount() throws -> Int
    /// Credentials whose digest has another pepper than `version`.
    func credentialCount(withPepperOtherThan version: Int) throws -> Int
}

/// What can be changed in a transaction.
public protocol AuthorityWriting: AuthorityReading, EventWriting, CredentialWriting, PolicyWriting, RequestWriting,
    CampaignWriting, BulkWriting, ImportWriting, JobWriting, AuditWriting
{
    func insert(_ workspace: Workspace) throws
    func insert(_ api: API) throws
    func update(_ api: API) throws
    func delete(_ api: API.ID, in workspace: Workspace.ID, at now: Timestamp) throws
    func insert(_ consumer: Consumer) throws
    func update(_ consumer: Consumer) throws
    func delete(_ consumer: Consumer.ID, in workspace: Workspace.ID, at now: Timestamp) throws
    /// Erases the names and the metadata of a deleted consumer and of its keys.
    func erase(_ consumer: Consumer.ID, in workspace: Workspace.ID) throws
    func insert(_ role: Role) throws
    func update(_ role: Role) throws
    func delete(_ role: Role.ID, in workspace: Workspace.ID, at now: Timestamp) throws
    func insert(_ plan: Plan) throws
    func update(_ plan: Plan) throws
    func delete(_ plan: Plan.ID, in workspace: Workspace.ID, at now: Timestamp) throws
    func insert(_ override: LimitOverride) throws
    func update(_ override: LimitOverride) throws
    func delete(_ override: LimitOverride.ID, in workspace: Workspace.ID) throws
    func insert(_ key: APIKey, _ credential: Credential) throws
    func update(_ key: APIKey) throws
    /// Erases the digests of a destroyed key.
    func eraseDigests(of key: APIKey.ID, in workspace: Workspace.ID) throws
    /// Stores a digest of a token over one with an older pepper or one of another system's hash, which is gone then.
    ///
    /// Leaves one alone that is as new, or erased. Tells whether it stored.
    func store(_ digest: KeyDigest, for credential: Credential.ID) throws -> Bool

    /// Keeps a report; leaves it out where the same has been reported of the same credential.
    func insert(_ report: LeakReport) throws

    func answer(_ id: StoredAnswerID) throws -> StoredAnswer?
    func insert(_ answer: StoredAnswer, _ id: StoredAnswerID) throws
    /// Keeps the answers to an actor that are kept for longer than usual until a moment at least.
    func keepAnswers(to actor: APIKey.ID, until end: Timestamp, in workspace: Workspace.ID) throws
    /// Forgets answers that were given before a moment, and those that had to be kept until now.
    func deleteAnswers(before: Timestamp, at now: Timestamp) throws -> Int
    /// Stored answers that are sealed under another key version.
    func answers(sealedOtherThan version: Int, limit: Int) throws -> [(StoredAnswerID, StoredAnswer)]
    func replace(_ sealed: SealedValue, for id: StoredAnswerID) throws

    /// Stores accounts and reservations as of a record of the journal.
    func store(_ snapshot: CreditSnapshot) throws
    /// Forgets reservations that were settled and whose lease ended before `moment`.
    func deleteReservations(settledBefore moment: Timestamp) throws -> Int

    func insert(_ entry: KeyringEntry) throws
    /// Makes the current version of a purpose a retired one.
    func retireCurrentKey(for purpose: KeyPurpose) throws
}
