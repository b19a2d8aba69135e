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

        /// Makes a configuration.
        public init(
            capacity: Int = 2_000_000,
            negativeCapacity: Int = 65_536,
            negativeLifetime: Duration = .seconds(5)
        ) {
            self.capacity = capacity
            self.negativeCapacity = negativeCapacity
            self.negativeLifetime = negativeLifetime
        }
    }

    /// What a committed change means for the memory.
    public struct Effects: Sendable {
        /// Credentials whose snapshots are out of date.
        public var changed: [LookupID] = []
        /// Credentials that are new.
        public var added: [LookupID] = []
        /// Whether everything is out of date.
        public var changedEverything = false
        /// Makes the new hasher after the pepper has been rotated.
        public var makeHasher: (@Sendable () -> TokenHasher)?

        /// Makes effects that change nothing.
        public init() {}
    }

    private static let shardCount = 64

    /// Each shard is touched only under its own lock, and nothing is called while it is held.
    private let shards: [Shard]
    private let source: any CredentialSource
    private let time: any TimeSource
    private let rehashSink: (any RehashSink)?
    private let sharing = SnapshotSharing()
    /// Numbers the loads of the filter.
    private let filterLoads = Atomic<UInt64>(0)
    private let negativeLifetime: Duration

    private final class Shard: Sendable {
        let state: Mutex<CacheShard>

        init(_ state: sending CacheShard) {
            self.state = Mutex(state)
        }
    }

    /// Makes a verifier with nothing in memory.
    ///
    /// `makeHasher` is called once for each shard.
    public init(
        source: any CredentialSource,
        makeHasher: () -> TokenHasher,
        time: any TimeSource,
        rehashSink: (any RehashSink)? = nil,
        configuration: Configuration = Configuration()
    ) {
        self.source = source
        self.time = time
        self.rehashSink = rehashSink
        self.negativeLifetime = configuration.negativeLifetime
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

    /// Decides about a token.
    ///
    /// - Parameters:
    ///   - token: as the client sent it.
    ///   - query: what the caller wants of the key.
    ///   - isVisible: whether the caller may know of a key; a key that is not visible is not found.
    /// - Throws: only when the store cannot answer.
    public func verify(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        isVisible: (KeySnapshot) -> Bool
    ) async throws -> Verdict {
        var trace = NoTrace()
        return try await self.verify(token, query, isVisible: isVisible, trace: &trace)
    }

    /// Decides about a token and tells every step.
    ///
    /// Uses nothing up.
    public func explain(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        isVisible: (KeySnapshot) -> Bool
    ) async throws -> (verdict: Verdict, steps: [VerificationTraceEntry]) {
        var trace = RecordedTrace()
        let verdict = try await self.verify(token, query, isVisible: isVisible, trace: &trace)
        return (verdict, trace.complete())
    }

    private func verify(
        _ presented: PresentedToken,
        _ query: VerificationQuery,
        isVisible: (KeySnapshot) -> Bool,
        trace: inout some VerificationTrace
    ) async throws -> Verdict {
        let token: KeyToken
        switch presented.parsed {
        case .success(let parsed): token = parsed
        case .failure(let error):
            trace.add(.parse, .failed) { error.explanation }
            return .malformed
        }
        let now = self.time.now()
        let shard = self.shard(of: token.lookupID)
        var (found, pipeline) = shard.state.withLock { ($0.find(token.lookupID, at: now), $0.pipeline) }
        let snapshot: KeySnapshot?
        switch found {
        case .snapshot(let known): snapshot = known
        case .absent: snapshot = nil
        case .miss(let epoch):
            snapshot = try await self.source.snapshot(for: token.lookupID, sharing: self.sharing)
            let until = now + self.negativeLifetime
            // The pepper may have been rotated meanwhile, and the digest made anew with it.
            pipeline = shard.state.withLock {
                $0.keep(snapshot, for: token.lookupID, askedAt: epoch, negativeUntil: until)
                return $0.pipeline
            }
        }
        let verdict = pipeline.decide(token, snapshot, query, at: now, isVisible: isVisible, trace: &trace)
        if verdict.isValid, let key = verdict.key, let digest = pipeline.rehashed(token, key) {
            self.rehashSink?.rehashed(key.credentialID, token.lookupID, digest)
        }
        return verdict
    }

    /// Takes in what a committed change means, before the change is acknowledged.
    public func apply(_ effects: Effects) {
        for id in effects.added { self.shard(of: id).state.withLock { $0.expect(id) } }
        for id in effects.changed { self.shard(of: id).state.withLock { $0.forget(id) } }
        for shard in self.shards where effects.changedEverything { shard.state.withLock { $0.forgetAll() } }
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

    /// Whether so many ids were added that the filter should be loaded again.
    public var isFilterOverfull: Bool {
        self.shards.contains { $0.state.withLock { $0.isFilterOverfull } }
    }

    /// How many credentials and unknown ids are in memory.
    public var counts: (credentials: Int, unknown: Int) {
        self.shards.reduce(into: (0, 0)) { sum, shard in
            shard.state.withLock {
                sum.0 += $0.count
                sum.1 += $0.negativeCount
            }
        }
    }

    private func shard(of id: LookupID) -> Shard {
        self.shards[Int(id.mixed >> 58)]
    }
}
