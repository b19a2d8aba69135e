public import ClavigerCore
import Synchronization

/// Verifies tokens from memory; the store is asked only for what is not there.
///
/// Whoever changes a key calls ``apply(_:)`` after the commit and before acknowledging the change: from then on no
/// verification sees the old state (promise P4). A store read that began before the change is not kept.
public final class Verifier: Sendable {
    /// How much the verifier remembers.
    public struct Configuration: Sendable {
        /// Credentials in memory.
        public var capacity: Int
        /// Unknown lookup ids in memory.
        public var negativeCapacity: Int
        /// How long an unknown lookup id is remembered.
        public var negativeLifetime: Duration
        /// What happens to a verification that cannot go on record.
        public var whenUnrecorded: UnrecordedPolicy
        /// Whether a verification is answered only when its record outlives a power cut.
        public var waitsForDisk: Bool

        /// Makes a configuration.
        public init(
            capacity: Int = 2_000_000,
            negativeCapacity: Int = 65_536,
            negativeLifetime: Duration = .seconds(5),
            whenUnrecorded: UnrecordedPolicy = .refuse,
            waitsForDisk: Bool = false
        ) {
            self.capacity = capacity
            self.negativeCapacity = negativeCapacity
            self.negativeLifetime = negativeLifetime
            self.whenUnrecorded = whenUnrecorded
            self.waitsForDisk = waitsForDisk
        }
    }

    /// What happens to a verification that cannot go on record, because the journal has no room.
    public enum UnrecordedPolicy: String, CaseIterable, Sendable {
        /// It fails.
        case refuse
        /// It is answered, and the gap is counted; keys with credits are refused all the same.
        case answer
    }

    /// What a committed change means for the memory.
    public struct Effects: Sendable {
        /// Credentials whose snapshots are out of date.
        public var changed: [LookupID] = []
        /// Credentials that are new.
        public var added: [LookupID] = []
        /// Whether everything is out of date.
        public var changedEverything = false
        /// Accounts whose policy or balance has been set.
        public var accounts: [AccountState] = []
        /// Makes the new hasher after the pepper has been rotated.
        public var makeHasher: (@Sendable () -> TokenHasher)?
        /// By which rules imported keys are found, where that has changed.
        public var foreignRules: ForeignRules?

        /// Makes effects that change nothing.
        public init() {}
    }

    private static let shardCount = 64

    /// Each shard is touched only under its own lock, and nothing is called while it is held.
    let shards: [Shard]
    private let source: any CredentialSource
    let time: any TimeSource
    let rehashSink: (any RehashSink)?
    /// Computes the slow hashes of imported keys; nil where there cannot be any.
    let slowHashes: SlowHashQueue?
    /// Read for tokens that are not ours only; nothing is called while it is held.
    private let foreignRules = Mutex<ForeignRules?>(nil)
    private let sharing = SnapshotSharing()
    /// Numbers the loads of the filter.
    private let filterLoads = Atomic<UInt64>(0)
    private let configuration: Configuration
    let usage: any UsageSink
    let throttle: GuessThrottle
    /// Counts against limits.
    public let limiter: Limiter
    /// Holds the credit accounts.
    public let ledger: CreditLedger

    final class Shard: Sendable {
        let state: Mutex<CacheShard>

        init(_ state: sending CacheShard) {
            self.state = Mutex(state)
        }
    }

    /// Makes a verifier with nothing in memory.
    ///
    /// `makeHasher` is called once for each shard.
    ///
    /// - Parameters:
    ///   - usage: where verifications go on record.
    ///   - ledger: the accounts as they were recovered.
    public init(
        source: any CredentialSource,
        makeHasher: () -> TokenHasher,
        time: any TimeSource,
        usage: any UsageSink,
        limiter: Limiter,
        ledger: CreditLedger,
        throttle: GuessThrottle,
        rehashSink: (any RehashSink)? = nil,
        slowHashes: SlowHashQueue? = nil,
        configuration: Configuration = Configuration()
    ) {
        self.source = source
        self.time = time
        self.usage = usage
        self.limiter = limiter
        self.ledger = ledger
        self.throttle = throttle
        self.rehashSink = rehashSink
        self.slowHashes = slowHashes
        self.configuration = configuration
        self.shards = (0..<Self.shardCount).map { _ in
            Shard(
                CacheShard(
                    capacity: configuration.capacity / Self.shardCount,
                    negativeCapacity: configuration.negativeCapacity / Self.shardCount,
                    pipeline: VerificationPipeline(hasher: makeHasher())
                )
            )
        }
    }

    /// Decides about a token, counts the use and puts it on record.
    ///
    /// - Parameters:
    ///   - token: as the client sent it.
    ///   - query: what the caller wants of the key.
    ///   - recording: what goes on record besides the outcome.
    ///   - isVisible: whether the caller may know of a key; a key that is not visible is not found.
    /// - Throws: ``UseFailure``, or what the store throws when it cannot answer; then nothing is used up.
    public func verify(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        recording: UseRecording,
        isVisible: (KeySnapshot) -> Bool
    ) async throws -> Verdict {
        try await self.verifyOnRecord(token, query, recording: recording, isVisible: isVisible).verdict
    }

    /// The same, with what names the record; nil where the use could not go on record and was answered all the same.
    public func verifyOnRecord(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        recording: UseRecording,
        isVisible: (KeySnapshot) -> Bool
    ) async throws -> (verdict: Verdict, record: RecordedUse?) {
        let use = UseInProgress(
            recording: recording,
            query: token.redacted(query),
            lookupID: token.lookupID,
            now: self.time.now(),
            begin: self.time.uptime(),
            time: self.time,
            sink: self.usage
        )
        var meter = UseMeter(limiter: self.limiter, ledger: self.ledger, use: use)
        var trace = NoTrace()
        let verdict = try await self.decide(
            token,
            query,
            at: use.now,
            use.begin,
            reporter: recording.reporter,
            isVisible: isVisible,
            meter: &meter,
            trace: &trace
        )
        let sequence: UInt64
        if let written = meter.sequence {
            sequence = written
        } else {
            do throws(JournalFull) {
                sequence = try meter.use.write(verdict)
            } catch {
                guard self.configuration.whenUnrecorded == .answer else {
                    meter.giveBack()
                    throw UseFailure.journalFull(error)
                }
                return (verdict, nil)
            }
        }
        try await self.waitIfDurable(sequence)
        return (verdict, RecordedUse(number: sequence, time: use.now))
    }

    /// Adds to the record of a decision how the protected service answered.
    ///
    /// - Throws: when the journal has no room; the journal counts the gap.
    public func noteUpstream(_ status: UInt16, of use: RecordedUse) throws(JournalFull) {
        var record = UsageRecord(time: use.time, code: VerificationCode.valid.number, source: .upstream)
        record.upstreamStatus = status
        record.about = use.number
        _ = try self.usage.append(record)
    }

    /// Waits until a record outlives a power cut, where that was asked for.
    public func waitIfDurable(_ sequence: UInt64) async throws {
        if self.configuration.waitsForDisk { try await self.usage.waitUntilDurable(sequence) }
    }

    /// Decides about the token of somebody who calls this server; that uses nothing up.
    ///
    /// - Parameters:
    ///   - reporter: who says where the token came from; 0 where this server saw it.
    ///   - countsSlow: whether wrong tokens count that make this server compute slow hashes.
    public func authenticate(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        reporter: UInt64 = 0,
        countsSlow: Bool = true,
        isVisible: (KeySnapshot) -> Bool
    ) async throws -> Verdict {
        var meter = NoMeter()
        var trace = NoTrace()
        return try await self.decide(
            token,
            query,
            at: self.time.now(),
            self.time.uptime(),
            reporter: reporter,
            countsSlow: countsSlow,
            isVisible: isVisible,
            meter: &meter,
            trace: &trace
        )
    }

    /// The decision of ``verify(_:_:recording:isVisible:)`` with every step.
    ///
    /// Uses nothing up and puts nothing on record.
    public func explain(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        reporter: UInt64 = 0,
        isVisible: (KeySnapshot) -> Bool
    ) async throws -> (verdict: Verdict, steps: [VerificationTraceEntry]) {
        let now = self.time.now()
        let uptime = self.time.uptime()
        var meter = PeekMeter(limiter: self.limiter, ledger: self.ledger, now: now, uptime: uptime)
        var trace = RecordedTrace()
        let verdict = try await self.decide(
            token,
            query,
            at: now,
            uptime,
            reporter: reporter,
            isVisible: isVisible,
            meter: &meter,
            trace: &trace
        )
        return (verdict, trace.complete())
    }

    /// The way of every token: parse, attempts, look-up, and the pipeline.
    private func decide<Meter: VerificationMeter, Trace: VerificationTrace>(
        _ presented: PresentedToken,
        _ query: VerificationQuery,
        at now: Timestamp,
        _ uptime: Uptime,
        reporter: UInt64,
        countsSlow: Bool = true,
        isVisible: (KeySnapshot) -> Bool,
        meter: inout Meter,
        trace: inout Trace
    ) async throws -> Verdict {
        let token: KeyToken
        switch presented.parsed {
        case .success(let parsed): token = parsed
        case .failure(let error):
            if let foreign = presented.foreign, let rules = self.foreignRules.withLock({ $0 }) {
                trace.add(.parse, .passed) { "not a token of ours; keys were imported, so it is looked for" }
                if let refusal = self.attempts(query, uptime, reporter, as: Meter.self, &trace) { return refusal }
                let verdict = try await self.decideForeign(
                    foreign,
                    rules,
                    query,
                    at: now,
                    for: SlowHashAsker(query.context.ip, reporter: reporter, isCounted: countsSlow),
                    isVisible: isVisible,
                    meter: &meter,
                    trace: &trace
                )
                self.count(verdict, query, uptime, reporter, as: Meter.self)
                return verdict
            }
            trace.add(.parse, .failed) { error.explanation }
            // Its shape says enough: nothing is saved by asking the throttle. One that waits as told is not counted.
            if Meter.self == UseMeter.self, let ip = query.context.ip,
                self.throttle.shouldRefuse(ip, reporter: reporter, at: uptime) == nil
            {
                self.throttle.recordBad(ip, reporter: reporter, at: uptime)
            }
            return .malformed
        }
        trace.add(.parse, .passed) { "a token with the lookup id \(token.lookupID)" }
        if let refusal = self.attempts(query, uptime, reporter, as: Meter.self, &trace) { return refusal }

        let (snapshot, pipeline) = try await self.lookUp(token.lookupID, at: now)
        let verdict = try pipeline.decide(
            token,
            snapshot,
            query,
            at: now,
            isVisible: isVisible,
            meter: &meter,
            trace: &trace
        )
        self.count(verdict, query, uptime, reporter, as: Meter.self)
        if verdict.isValid, let key = verdict.key, let digest = pipeline.rehashed(token, key) {
            self.rehashSink?.rehashed(key.credentialID, token.lookupID, digest)
        }
        return verdict
    }

    /// The hasher of some shard, where there is no lookup id to choose one by.
    var anyHasher: TokenHasher { self.shards[0].state.withLock { $0.pipeline.hasher } }

    func lookUp(
        _ lookupID: LookupID,
        at now: Timestamp
    ) async throws -> (KeySnapshot?, VerificationPipeline) {
        let shard = self.shard(of: lookupID)
        let (found, pipeline) = shard.state.withLock { ($0.find(lookupID, at: now), $0.pipeline) }
        switch found {
        case .snapshot(let known): return (known, pipeline)
        case .absent: return (nil, pipeline)
        case .miss(let epoch):
            let loaded = try await self.source.credential(for: lookupID, sharing: self.sharing)
            // Before anybody finds the snapshot; an account that is there already knows better what is left.
            for account in loaded?.accounts ?? [] { self.ledger.load(account) }
            let until = now + self.configuration.negativeLifetime
            // The pepper may have been rotated meanwhile, and the digest made anew with it.
            return shard.state.withLock { shard in
                // All who show an imported token at once have one snapshot: the first to compute its hash does it for all.
                if loaded?.snapshot.foreign != nil, case .snapshot(let known) = shard.find(lookupID, at: now) {
                    return (known, shard.pipeline)
                }
                let isCurrent = shard.keep(
                    loaded?.snapshot,
                    for: lookupID,
                    askedAt: epoch,
                    negativeUntil: until
                )
                // Under the lock, so that no change of the policy can come in between and be undone.
                if isCurrent { for account in loaded?.accounts ?? [] { self.ledger.replace(account) } }
                return (loaded?.snapshot, shard.pipeline)
            }
        }
    }

    /// Takes in what a committed change means, before the change is acknowledged.
    public func apply(_ effects: Effects) {
        for account in effects.accounts { self.ledger.replace(account) }
        for id in effects.added { self.shard(of: id).state.withLock { $0.expect(id) } }
        for id in effects.changed { self.shard(of: id).state.withLock { $0.forget(id) } }
        if effects.changedEverything { self.sharing.forgetAll() }
        for shard in self.shards where effects.changedEverything { shard.state.withLock { $0.forgetAll() } }
        if let rules = effects.foreignRules { self.foreignRules.withLock { $0 = rules.rules.isEmpty ? nil : rules } }
        if let makeHasher = effects.makeHasher {
            for shard in self.shards {
                let pipeline = VerificationPipeline(hasher: makeHasher())
                shard.state.withLock { $0.pipeline = pipeline }
            }
        }
    }

    /// Reads all lookup ids, so that unknown ones are refused without asking the store from then on.
    ///
    /// Ids that are added while it runs are not missed: they are committed after it began, and ``apply(_:)`` brings
    /// them. Of two loads that overlap, only the later one counts.
    public func loadFilter(expecting count: Int) async throws {
        let load = self.filterLoads.wrappingAdd(1, ordering: .relaxed).newValue
        for shard in self.shards {
            shard.state.withLock { $0.startFilter(load, capacity: max(count * 2, 65_536) / Self.shardCount) }
        }
        try await self.source.forEachLookupID { id in self.shard(of: id).state.withLock { $0.addToFilter(id) } }
        for shard in self.shards { shard.state.withLock { $0.completeFilter(load) } }
    }

    private func shard(of id: LookupID) -> Shard {
        self.shards[Int(id.mixed >> 58)]
    }
}
