import ClavigerAPI
@_spi(Plaintext) public import ClavigerCore
public import ClavigerHTTP
public import ClavigerHashes
import ClavigerSQLite
public import ClavigerService
public import ClavigerStore
public import ClavigerVerifier
public import Hummingbird
import Logging
import Synchronization

/// A whole authority over a real SQLite database, with a clock that the test moves and randomness from a seed.
public struct TestAuthority: Sendable {
    /// The use cases.
    public let authority: Authority
    /// The database below them.
    public let database: any Database
    /// The roll-ups of recorded use.
    public let usageDatabase: any Database
    /// The clock.
    public let time: ManualTime
    /// The randomness.
    public let random: SeededRandom
    /// Everything that was logged, at level `trace`.
    public let log: RecordedLog
    /// What maintenance would do.
    public let maintenance: Maintenance
    /// What does jobs when they are due.
    public let scheduler: Scheduler
    /// What brings the journal to the access log.
    public let fold: UsageFold
    /// The journal.
    public let journal: UsageJournal
    /// The keyring in use.
    public let keyring: KeyringHolder
    /// The newest signed head of the audit log.
    public let auditHeads: AuditHeads
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The first management key's token, role `owner`.
    public let ownerToken: String
    /// Where the journal is, as long as somebody uses this.
    private let folder: TemporaryFolder

    /// Makes an authority.
    ///
    /// - Parameters:
    ///   - database: nil for a new one in memory.
    ///   - rootKey: nil for one from a seed.
    ///   - configuration: how much the verifier remembers.
    ///   - throttle: how much guessing is borne.
    ///   - detailRetention: for how long it is known who used a key.
    ///   - eventPolicy: where outgoing events may go.
    ///   - auditHeads: where the newest signed head of the audit log is.
    ///   - slowHasher: computes the slow hashes of imported keys.
    ///   - mostSlowHashesWaiting: how many may wait for their turn.
    public init(
        database: (any Database)? = nil,
        rootKey: RootKey? = nil,
        seed: UInt64 = 1,
        configuration: Verifier.Configuration = Verifier.Configuration(capacity: 10_000),
        throttle: GuessThrottle.Configuration = GuessThrottle.Configuration(),
        detailRetention: Duration = UsageRetention().detail,
        eventPolicy: EventPolicy = EventPolicy(),
        auditHeads: AuditHeads = AuditHeads(),
        slowHasher: any SlowHasher = SystemSlowHasher(),
        mostSlowHashesWaiting: Int = 64
    ) async throws {
        let time = ManualTime()
        let random = SeededRandom(seed: seed)
        let log = RecordedLog()
        let opened: any Database
        if let database { opened = database } else { opened = try await SQLiteDatabase.open(.memory) }
        let store = SQLAuthorityStore(opened, random: random)
        let delivered = Delivery()
        let key = rootKey ?? Self.rootKey
        let (keyring, workspace, _) = try await FirstStart(rootKey: key, time: time, random: random).run(store) {
            delivered.token = $0.withPlaintext { String(decoding: $0, as: UTF8.self) }
        }
        let rehashes = RehashQueue()
        let folder = try TemporaryFolder()
        let usageDatabases = try await SQLiteUsageDatabases.inMemory()
        let usage = SQLUsageStore(usageDatabases)
        // The smallest segments: tests make many journals.
        let (journal, _) = try UsageJournal.open(
            folder: folder.path + "/journal",
            after: try await store.read { try $0.newestCreditSequence() },
            random: random,
            configuration: UsageJournal.Configuration(segmentBytes: 1 << 16)
        )
        let ledger = CreditLedger(journal: CreditRecords(sink: journal, time: time))
        try await ledger.recover(from: journal, store, at: time.now())
        let fold = UsageFold(
            journal: journal,
            usage: usage,
            store: store,
            ledger: ledger,
            random: random,
            logger: log.logger()
        )
        let verifier = Verifier(
            source: SQLCredentialSource(opened),
            makeHasher: { keyring.makeHasher() },
            time: time,
            usage: journal,
            limiter: Limiter(random: random),
            ledger: ledger,
            throttle: GuessThrottle(configuration: throttle, random: random),
            rehashSink: rehashes,
            slowHashes: SlowHashQueue(
                slowHasher,
                random: random,
                atOnce: 2,
                mostWaiting: mostSlowHashesWaiting
            ),
            configuration: configuration
        )
        self.keyring = KeyringHolder(keyring)
        self.auditHeads = auditHeads
        let auditLog = try await AuditLog.open(
            store,
            keyring: self.keyring,
            workspace: workspace.id,
            base: nil,
            heads: auditHeads,
            time: time,
            logger: log.logger()
        )
        self.authority = Authority(
            store: store,
            verifier: verifier,
            keyring: self.keyring,
            time: time,
            random: random,
            usage: usage,
            fold: fold,
            auditLog: auditLog,
            detailRetention: detailRetention,
            eventPolicy: eventPolicy,
            logger: log.logger()
        )
        try await self.authority.loadForeignRules()
        self.maintenance = Maintenance(
            authority: self.authority,
            rehashes: rehashes,
            workspaceID: workspace.id,
            logger: log.logger()
        )
        self.scheduler = Scheduler(
            self.maintenance,
            configuration: Scheduler.Configuration(spread: .zero),
            logger: log.logger()
        )
        self.workspaceID = workspace.id
        self.database = opened
        self.usageDatabase = usageDatabases.usage
        self.fold = fold
        self.journal = journal
        self.folder = folder
        self.time = time
        self.random = random
        self.log = log
        self.ownerToken = delivered.token
    }

    /// Does everything that the server does by itself, whether its time has come or not.
    public func runInBackground() async throws {
        try await self.maintenance.runOnce()
        let store = SQLAuthorityStore(self.database, random: self.random)
        let now = self.time.now()
        try await store.write { tx in
            let known = try tx.jobs()
            for name in Job.Name.allCases {
                guard var job = known.first(where: { $0.name == name }) else {
                    try tx.insert(Job(name, nextDueAt: now))
                    continue
                }
                job.requestedAt = now
                guard try tx.store(job, ifLeased: job.lease) else { throw JobFailed(description: name.rawValue) }
            }
        } afterCommit: {
        }
        try await self.scheduler.runOnce()
        for job in try await store.read({ try $0.jobs() }) {
            if let failure = job.failure { throw JobFailed(description: "\(job.name): \(failure)") }
        }
    }

    /// A job did not do what it has to.
    public struct JobFailed: Error, CustomStringConvertible {
        /// Which, and why.
        public let description: String
    }

    /// A root key for tests.
    public static let rootKey: RootKey = {
        guard let key = RootKey(bytes: (0..<32).map { UInt8($0) }) else {
            preconditionFailure("32 bytes are a root key")
        }
        return key
    }()

    /// The caller with the first management key.
    public func owner() async throws -> Caller {
        try await self.caller(self.ownerToken)
    }

    /// The caller with a management key.
    public func caller(_ token: String) async throws -> Caller {
        guard
            let caller = try await self.authority.authenticate(
                PresentedToken(token),
                network: IPAddress(parsing: "192.0.2.1"),
                requestID: "req_test"
            )
        else { throw NotACaller() }
        return caller
    }

    /// A token is not one of a management key that can be used.
    public struct NotACaller: Error {}

    /// All calls of the server, as the real one registers them.
    public func registry(
        isSecure: Bool = false,
        trustedProxies: TrustedProxies = TrustedProxies(),
        answerLifetime: Duration = .zero,
        gitHubKeys: GitHubKeys? = nil
    ) -> EndpointRegistry {
        var registry = EndpointRegistry(
            authority: self.authority,
            requestIDs: RequestIDs(random: self.random),
            trustedProxies: trustedProxies,
            isSecure: isSecure,
            logger: self.log.logger()
        )
        ManagementAPI(authority: self.authority, answerLifetime: answerLifetime, gitHubKeys: gitHubKeys).register(
            in: &registry
        )
        OperationsAPI(authority: self.authority, metrics: PrometheusExporter()).register(in: &registry)
        return registry
    }

    /// The server's application, for `HummingbirdTesting`.
    ///
    /// - Parameter gitHubKeys: nil if GitHub's reports are not taken.
    public func application(gitHubKeys: GitHubKeys? = nil) -> some ApplicationProtocol {
        Application(
            responder: self.registry(gitHubKeys: gitHubKeys).buildResponder(),
            logger: self.log.logger()
        )
    }
}

private final class Delivery: Sendable {
    private let state = Mutex("")

    var token: String {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }
}
