public import ClavigerCore
import Synchronization

/// Counts uses against limits: exactly, in memory, for many threads at once.
///
/// Several limits are one decision: all of them are used, or none. Each counter is in one of 64 shards with a lock of
/// its own, chosen by a secret, so that nobody can aim at one. A decision takes the locks of its shards in ascending
/// order, asks every limit on the way in and counts on the way out; nobody sees one limit used and another not.
///
/// A counter that two limits of one decision share counts once, and has to fit both.
///
/// Memory is bounded. When all counters are in use, those that count nothing any more are dropped; if there are none,
/// a use that needs a new counter is refused for a second (``LimitOutcome/isCrowdedOut``), because dropping one that
/// counts would give its owner a fresh allowance, and not counting would give the newcomer an unlimited one. Counters
/// of identifiers that callers make up (``CounterID/Kind/adHoc``) have a share of their own, so that a flood of
/// invented identifiers crowds out other newcomers of that kind, and never a key, a consumer or an api.
///
/// Time is the uptime, so that setting the clock neither frees nor locks anybody.
public final class Limiter: Sendable {
    /// How much the limiter remembers.
    public struct Configuration: Hashable, Sendable {
        /// Counters in memory.
        public var capacity: Int
        /// How many of them may be of identifiers that callers make up.
        public var adHocCapacity: Int

        /// Makes a configuration; half of the counters may be ad hoc unless it says otherwise.
        public init(capacity: Int = 4_000_000, adHocCapacity: Int? = nil) {
            self.capacity = capacity
            self.adHocCapacity = adHocCapacity ?? capacity / 2
        }
    }

    /// What the limiter holds and has done, for metrics.
    public struct Counts: Hashable, Sendable {
        /// Counters in memory, also those that count nothing any more and have not been dropped yet.
        public var counters = 0
        /// How many of them are ad hoc.
        public var adHocCounters = 0
        /// Counters dropped because they counted nothing any more.
        public var dropped = 0
        /// Uses refused because there was no room for a counter.
        public var crowdedOut = 0
    }

    private static let shardCount = 64

    /// Each shard is touched only under its own lock.
    ///
    /// While one is held, only locks of shards behind it are taken.
    private let shards: [Shard]
    private let secret: (UInt64, UInt64)

    private final class Shard: Sendable {
        let state: Mutex<CounterShard>

        init(_ state: sending CounterShard) {
            self.state = Mutex(state)
        }
    }

    /// Makes a limiter that has counted nothing.
    public init(configuration: Configuration = Configuration(), random: any RandomSource) {
        self.secret = (random.word(), random.word() | 1)
        self.shards = (0..<Self.shardCount).map { _ in
            Shard(
                CounterShard(
                    capacity: max(1, configuration.capacity / Self.shardCount),
                    adHocCapacity: max(1, configuration.adHocCapacity / Self.shardCount)
                )
            )
        }
    }

    /// Uses all limits, or none if one of them does not allow it.
    ///
    /// - Parameters:
    ///   - uses: the limits and where they are counted.
    ///   - cost: what is used of each. Nothing at all (or less) is always allowed and only tells what is left. More
    ///     than a limit has is refused for good, see ``LimitOutcome/isBeyondLimit``.
    ///   - now: the uptime.
    public func take(_ uses: [LimitUse], cost: Int, at now: Uptime) -> LimitDecision {
        self.decide(uses, cost, now, mayTake: true)
    }

    /// What ``take(_:cost:at:)`` would decide, and what there is now; uses nothing.
    public func peek(_ uses: [LimitUse], cost: Int, at now: Uptime) -> LimitDecision {
        self.decide(uses, cost, now, mayTake: false)
    }

    /// Takes back what was used at `moment`, as when a later step of the same verification refuses.
    ///
    /// A sliding window takes it back whole; a bucket takes back what has not drained since.
    public func giveBack(_ uses: [LimitUse], cost: Int, takenAt moment: Uptime, at now: Uptime) {
        guard cost > 0 else { return }
        for position in uses.indices where Self.isFirst(position, uses) {
            let use = uses[position]
            self.shards[self.shard(of: use.counter)].state.withLock { shard in
                let now = shard.advance(to: now)
                shard.giveBack(use, cost, takenAt: moment, at: now)
            }
        }
    }

    /// Looks at some counters and drops those that count nothing any more; to be called now and then.
    ///
    /// It goes on where the last call stopped.
    ///
    /// - Parameter limit: how many counters to look at; about a millisecond for the default.
    /// - Returns: how many were dropped.
    @discardableResult
    public func sweep(at now: Uptime, atMost limit: Int = 65_536) -> Int {
        let share = max(1, limit / Self.shardCount)
        var dropped = 0
        for shard in self.shards {
            dropped += shard.state.withLock { state in
                let now = state.advance(to: now)
                return state.dropIdle(atMost: share, at: now)
            }
        }
        return dropped
    }

    /// What the limiter holds and has done.
    public var counts: Counts {
        var counts = Counts()
        for shard in self.shards {
            shard.state.withLock { state in
                counts.counters += state.count
                counts.adHocCounters += state.adHocCount
                counts.dropped += state.dropped
                counts.crowdedOut += state.crowdedOut
            }
        }
        return counts
    }

    /// A decision on its way through the shards.
    private struct Round {
        var isAllowed = true
        var outcomes: LimitOutcomes
    }

    private func decide(_ uses: [LimitUse], _ cost: Int, _ now: Uptime, mayTake: Bool) -> LimitDecision {
        var round = Round(outcomes: LimitOutcomes(count: uses.count))
        if uses.count == 1 {
            self.decideOne(uses[0], cost, now, mayTake: mayTake, &round)
        } else {
            var wanted: UInt64 = 0
            for position in uses.indices { wanted |= 1 << UInt64(self.shard(of: uses[position].counter)) }
            self.enter(wanted, uses, cost, now, mayTake: mayTake, &round)
        }
        return LimitDecision(isAllowed: round.isAllowed, outcomes: round.outcomes)
    }

    private func decideOne(_ use: LimitUse, _ cost: Int, _ now: Uptime, mayTake: Bool, _ round: inout Round) {
        self.shards[self.shard(of: use.counter)].state.withLock { shard in
            let now = shard.advance(to: now)
            let (isAllowed, outcome) = shard.decide(use, cost, mayTake: mayTake, at: now)
            round.isAllowed = isAllowed
            round.outcomes.set(outcome, at: 0)
        }
    }

    /// Enters the shards whose bits are set, lowest first.
    private func enter(
        _ wanted: UInt64,
        _ uses: [LimitUse],
        _ cost: Int,
        _ now: Uptime,
        mayTake: Bool,
        _ round: inout Round
    ) {
        guard wanted != 0 else { return }
        let number = wanted.trailingZeroBitCount
        self.shards[number].state.withLock { shard in
            let now = shard.advance(to: now)
            var newcomers = 0
            for position in uses.indices where self.shard(of: uses[position].counter) == number { newcomers += 1 }
            for position in uses.indices where self.shard(of: uses[position].counter) == number {
                let canTake = shard.canTake(uses[position], cost, newcomers: newcomers, at: now)
                round.isAllowed = round.isAllowed && canTake
            }
            self.enter(wanted & (wanted - 1), uses, cost, now, mayTake: mayTake, &round)
            let isTaken = round.isAllowed && mayTake
            if isTaken {
                for position in uses.indices
                where self.shard(of: uses[position].counter) == number && Self.isFirst(position, uses) {
                    shard.take(uses[position], cost, at: now)
                }
            }
            for position in uses.indices where self.shard(of: uses[position].counter) == number {
                round.outcomes.set(
                    shard.outcome(uses[position], cost, wasTaken: isTaken, newcomers: newcomers, at: now),
                    at: position
                )
            }
        }
    }

    /// Whether no earlier use has the same counter.
    private static func isFirst(_ position: Int, _ uses: [LimitUse]) -> Bool {
        for earlier in 0..<position where uses[earlier].counter == uses[position].counter { return false }
        return true
    }

    private func shard(of id: CounterID) -> Int {
        // The id's bits are as good as random, but whoever invents identifiers can try until they suit.
        Int(truncatingIfNeeded: ((id.high ^ self.secret.0) &* self.secret.1) >> 58)
    }
}
