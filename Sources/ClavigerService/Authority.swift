public import ClavigerCore
public import ClavigerVerifier
public import Logging

/// The use cases of Claviger.
///
/// Every one checks the caller, audits and acts, in one transaction.
///
/// Each area of use cases is an extension in a file of its own.
public final class Authority: Sendable {
    let store: any AuthorityStore
    /// Verification from memory.
    public let verifier: Verifier
    let keyring: KeyringHolder
    let time: any TimeSource
    let random: any RandomSource
    let logger: Logger
    let overrides: OverrideCache
    let routes: RouteCache
    let usage: any UsageStore
    let fold: UsageFold?
    /// Counts revocations by the network they come from.
    ///
    /// A table of its own: whoever is refused here is still welcome with a token.
    let revocations: GuessThrottle
    /// Counts bad tokens and rotations of those who ask about their own keys, by network; a table of its own too.
    let holders: GuessThrottle
    /// What went on record of introspections.
    let introspections = IntrospectionMarks()
    /// What went on record of keys that were ended and presented all the same.
    let endedKeyMarks = IntrospectionMarks()
    /// For how long it is known who used a key.
    let detailRetention: Duration
    /// The tree over the audit log; while it is not what was signed, nothing is changed.
    public let auditLog: AuditLog
    /// What went on record of readings of the audit log.
    let auditReadings = AuditReadings()
    /// What may be done with outgoing events.
    public let eventPolicy: EventPolicy
    /// What the parts that tell of events say to each other.
    public let events = EventHub()

    /// Makes the use cases over storage that has been set up.
    public init(
        store: any AuthorityStore,
        verifier: Verifier,
        keyring: KeyringHolder,
        time: any TimeSource,
        random: any RandomSource,
        usage: any UsageStore,
        fold: UsageFold?,
        auditLog: AuditLog,
        detailRetention: Duration = UsageRetention().detail,
        eventPolicy: EventPolicy = EventPolicy(),
        logger: Logger
    ) {
        self.store = store
        self.verifier = verifier
        self.keyring = keyring
        self.time = time
        self.random = random
        self.logger = logger
        self.usage = usage
        self.fold = fold
        self.auditLog = auditLog
        self.detailRetention = detailRetention
        self.eventPolicy = eventPolicy
        self.overrides = OverrideCache(store)
        self.routes = RouteCache()
        self.revocations = GuessThrottle(configuration: Self.revocationRate, random: random)
        self.holders = GuessThrottle(configuration: Self.holderRate, random: random)
    }

    /// Runs a change: the body checks and acts, the record is written, and all of it commits together or not at all.
    ///
    /// A denial is recorded by itself, as the transaction that it happened in is gone.
    func change<T: Sendable>(
        _ action: AuditAction,
        _ target: String?,
        by caller: Caller,
        once: Once<T>?,
        _ body: @escaping @Sendable (inout Change) throws -> T
    ) async throws -> Outcome<T> {
        let now = self.time.now()
        try self.auditLog.gate.check()
        do {
            return try await self.write(at: now) {
                [random, holder = self.keyring] tx -> (Outcome<T>, Verifier.Effects, EventHub.News) in
                // Made here, on the writing thread: a rotation that was committed before must count.
                let sealer = Sealer(keyring: holder.keyring, random: random)
                let answerID = once.map {
                    StoredAnswerID(workspaceID: caller.workspaceID, actorID: caller.keyID, idempotencyKey: $0.key)
                }
                let caller = try caller.current(tx, at: now)
                let fingerprint = once?.fingerprint(for: caller)
                if let fingerprint, let answerID, let answer = try tx.answer(answerID) {
                    guard answer.fingerprint == fingerprint else { throw Problem.idempotencyKeyReused }
                    let replayed = try sealer.open(answer.sealed, for: answerID.sealingContext)
                    var change = Change(tx, by: caller, at: now, random: random)
                    try change.record(AuditAction(action.target, "\(action.verb).replay"), target)
                    return (Outcome<T>.replayed(replayed), Verifier.Effects(), EventHub.News())
                }
                var change = Change(tx, by: caller, at: now, random: random)
                let result = try body(&change)
                guard change.hasRecord else { throw UnrecordedChange(action: action.text) }
                if let once, let answerID, let fingerprint {
                    let sealed = try sealer.seal(once.encode(result), for: answerID.sealingContext)
                    try tx.insert(
                        StoredAnswer(fingerprint: fingerprint, sealed: sealed, createdAt: now),
                        answerID
                    )
                }
                return (Outcome<T>.done(result), change.effects, change.news)
            } afterCommit: {
                self.takeIn($0.1, $0.2)
            }.0
        } catch let problem as Problem where problem.kind == .forbidden || problem.kind == .approvalRequired {
            try await self.recordDenial(of: action, target, by: caller, problem, at: now)
            throw problem
        }
    }

    /// Runs a change that no management key asked for.
    func change<By: Author, T: Sendable>(
        _ action: AuditAction,
        as author: By,
        _ body: @escaping @Sendable (inout ChangeBy<By>) throws -> T
    ) async throws -> T {
        let now = self.time.now()
        try self.auditLog.gate.check()
        return try await self.write(at: now) { [random] tx -> (T, Verifier.Effects, EventHub.News) in
            var change = ChangeBy(tx, by: author, at: now, random: random)
            let result = try body(&change)
            guard change.hasRecord else { throw UnrecordedChange(action: action.text) }
            return (result, change.effects, change.news)
        } afterCommit: {
            self.takeIn($0.1, $0.2)
        }.0
    }

    /// Runs a transaction that has a record; that it cannot be written goes on record later.
    private func write<T: Sendable>(
        at now: Timestamp,
        _ body: @escaping @Sendable (any AuthorityWriting) throws -> T,
        afterCommit: @escaping @Sendable (T) -> Void
    ) async throws -> T {
        do {
            return try await self.store.write(body, afterCommit: afterCommit)
        } catch let failure as StoreFailure {
            if case .unavailable = failure { self.auditLog.gate.noteRefusal(at: now) }
            throw failure
        }
    }

    /// Makes the memory of this server follow what was committed, before it is acknowledged (promise P4).
    private func takeIn(_ effects: Verifier.Effects, _ news: EventHub.News) {
        if effects.changedEverything {
            self.overrides.forget()
            self.routes.forget()
        }
        self.verifier.apply(effects)
        for account in effects.accounts { self.events.forget(account.id) }
        self.events.announce(news)
    }

    /// Reads on behalf of a caller; a denial is recorded.
    func read<T: Sendable>(
        _ action: AuditAction,
        _ target: String?,
        by caller: Caller,
        _ body: @escaping @Sendable (any AuthorityReading, Caller) throws -> T
    ) async throws -> T {
        let now = self.time.now()
        do {
            return try await self.store.read { tx in try body(tx, try caller.current(tx, at: now)) }
        } catch let problem as Problem where problem.kind == .forbidden {
            try await self.recordDenial(of: action, target, by: caller, problem, at: self.time.now())
            throw problem
        }
    }

    /// The moment that answers count from.
    public var now: Timestamp { self.time.now() }

    /// Whether storage answers at all.
    public func isStorageReachable() async -> Bool {
        (try? await self.store.read { _ in }) != nil
    }

    func recordDenial(
        of action: AuditAction,
        _ target: String?,
        by caller: Caller,
        _ problem: Problem,
        at now: Timestamp
    ) async throws {
        let record = AuditRecord(
            id: Identifier(at: now, from: self.random),
            workspaceID: caller.workspaceID,
            at: now,
            actor: caller.actor,
            action: action.text,
            target: AuditRecord.Target(kind: action.target.rawValue, id: target),
            outcome: .denied,
            reason: problem.neededScope ?? problem.detail,
            before: nil,
            after: nil,
            requestID: caller.requestID
        )
        try await self.write(at: now, { try $0.append(record) }, afterCommit: { _ in })
    }
}

/// A use case changed something and forgot to say so; nothing was committed.
struct UnrecordedChange: Error {
    let action: String
}

extension Problem {
    static let idempotencyKeyReused = Problem(
        .idempotencyKeyReused,
        """
        This Idempotency-Key was used in the last 24 hours for another request, or before your permissions changed. \
        Use a new one.
        """
    )

    /// Refuses when the client's idea of the version is out of date.
    static func checkVersion(_ expected: Int?, is actual: Int) throws(Problem) {
        guard let expected, expected != actual else { return }
        throw Problem(
            .preconditionFailed,
            "It has been changed meanwhile: If-Match does not fit its ETag. Get it again and repeat the change."
        )
    }
}
