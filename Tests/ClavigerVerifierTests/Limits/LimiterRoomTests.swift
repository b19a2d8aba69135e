import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import ClavigerVerifier

@Suite("The limiter's memory")
struct LimiterRoomTests {
    private static func limit(_ name: String = "a", _ requests: Int = 10) throws -> RateLimit {
        try RateLimit(name: LimitName(parsing: name), requests: requests, window: .seconds(12))
    }

    private static func use(_ owner: Int, _ kind: CounterID.Kind = .key) throws -> LimitUse {
        LimitUse(try Self.limit(), of: kind, ["\(owner)"])
    }

    private static func at(_ seconds: Int64) -> Uptime { Uptime(nanoseconds: seconds * 1_000_000_000) }

    @Test("counters that count nothing any more are dropped, and no others")
    func sweeping() throws {
        let limiter = Limiter(random: SeededRandom())
        for owner in 0..<5000 where owner % 2 == 0 { _ = limiter.take([try Self.use(owner)], cost: 1, at: Self.at(0)) }
        for owner in 0..<5000 where owner % 2 == 1 { _ = limiter.take([try Self.use(owner)], cost: 1, at: Self.at(6)) }
        let kept = limiter.counts.counters
        #expect(limiter.sweep(at: Self.at(12)) == 0)
        var dropped = 0
        for _ in 0..<10 { dropped += limiter.sweep(at: Self.at(13), atMost: 6400) }
        #expect(dropped == 2500 && kept == 5000)
        #expect(limiter.counts.counters == 2500)
        #expect(limiter.counts.dropped == 2500)
        for owner in 0..<5000 {
            let decision = limiter.peek([try Self.use(owner)], cost: 0, at: Self.at(13))
            #expect(decision.outcomes[0].remaining == (owner % 2 == 0 ? 10 : 9))
        }
        for _ in 0..<10 { limiter.sweep(at: Self.at(19)) }
        #expect(limiter.counts.counters == 0)
    }

    @Test("a sweep goes on where it stopped")
    func incrementally() throws {
        let limiter = Limiter(random: SeededRandom())
        for owner in 0..<6400 { _ = limiter.take([try Self.use(owner)], cost: 1, at: Self.at(0)) }
        var calls = 0
        while limiter.counts.counters > 0, calls < 1000 {
            #expect(limiter.sweep(at: Self.at(13), atMost: 640) <= 640)
            calls += 1
        }
        // About 100 counters in each shard and 10 at a time.
        #expect(calls > 10 && calls < 20)
    }

    @Test("newcomers drop those that have gone, without a sweep")
    func atInsertion() throws {
        let limiter = Limiter(random: SeededRandom())
        for round in 0..<40 as Range<Int64> {
            for owner in 0..<500 {
                _ = limiter.take([try Self.use(Int(round) * 500 + owner)], cost: 1, at: Self.at(round * 13))
            }
        }
        #expect(limiter.counts.counters < 1500)
        #expect(limiter.counts.crowdedOut == 0)
    }

    @Test("when there is no room, newcomers are refused and nobody else is let off")
    func full() throws {
        let limiter = Limiter(configuration: .init(capacity: 640, adHocCapacity: 640), random: SeededRandom())
        var known: [LimitUse] = []
        var refused = 0
        for owner in 0..<3000 {
            let use = try Self.use(owner)
            let decision = limiter.take([use], cost: 10, at: Self.at(0))
            if decision.isAllowed {
                known.append(use)
            } else {
                refused += 1
                #expect(decision.outcomes[0].isCrowdedOut)
                #expect(decision.outcomes[0].remaining == 0)
                #expect(decision.retryAfter == .seconds(1))
            }
        }
        #expect(known.count == 640 && refused == 3000 - 640)
        #expect(limiter.counts.counters == 640)
        #expect(limiter.counts.crowdedOut == refused)
        for use in known {
            let decision = limiter.take([use], cost: 1, at: Self.at(1))
            #expect(!decision.isAllowed && !decision.outcomes[0].isCrowdedOut)
        }
        #expect(limiter.take([try Self.use(9999)], cost: 0, at: Self.at(1)).isAllowed)
        // Nothing of a refused decision is counted, also where another of its counters had room.
        let raised = LimitUse(try Self.limit("a", 100), of: .key, ["0"])
        let before = limiter.peek([raised], cost: 0, at: Self.at(1)).outcomes[0].remaining
        let together = limiter.take([raised, try Self.use(9999)], cost: 1, at: Self.at(1))
        #expect(!together.isAllowed)
        #expect(together.outcomes.map(\.isCrowdedOut) == [false, true])
        #expect(limiter.peek([raised], cost: 0, at: Self.at(1)).outcomes[0].remaining == before && before == 90)
        for owner in 5000..<5100 { _ = limiter.take([try Self.use(owner)], cost: 10, at: Self.at(13)) }
        #expect(limiter.counts.counters <= 640)
    }

    @Test("room that idle counters leave is found at once")
    func idleFirst() throws {
        let limiter = Limiter(configuration: .init(capacity: 640), random: SeededRandom())
        for owner in 0..<3000 { _ = limiter.take([try Self.use(owner)], cost: 1, at: Self.at(0)) }
        #expect(limiter.counts.counters == 640)
        var allowed = 0
        for owner in 3000..<3128 {
            allowed += limiter.take([try Self.use(owner)], cost: 1, at: Self.at(13)).isAllowed ? 1 : 0
        }
        #expect(allowed == 128)
    }

    @Test("invented identifiers do not take the room of keys")
    func adHoc() throws {
        let limiter = Limiter(configuration: .init(capacity: 6400), random: SeededRandom())
        for owner in 0..<20_000 { _ = limiter.take([try Self.use(owner, .adHoc)], cost: 1, at: Self.at(0)) }
        #expect(limiter.counts.adHocCounters == 3200)
        var allowed = 0
        for owner in 0..<1500 {
            allowed += limiter.take([try Self.use(owner)], cost: 1, at: Self.at(0)).isAllowed ? 1 : 0
        }
        #expect(allowed == 1500)
        #expect(limiter.counts.counters == 4700)
    }

    @Test("several newcomers come in together or not at all", arguments: 1...10)
    func together(seed: UInt64) throws {
        let limiter = Limiter(configuration: .init(capacity: 64 * 3), random: SeededRandom(seed: seed))
        for owner in 0..<400 {
            let uses = try ["a", "b", "c", "d", "e"].map {
                LimitUse(try Self.limit($0), of: .key, ["\(owner)"])
            }
            let before = limiter.counts.counters
            let decision = limiter.take(uses, cost: 1, at: Self.at(0))
            #expect(limiter.counts.counters == before + (decision.isAllowed ? 5 : 0), "seed \(seed)")
            #expect(decision.isAllowed != decision.outcomes.contains(where: \.isExceeded), "seed \(seed)")
            #expect(decision.outcomes.allSatisfy { $0.isCrowdedOut == $0.isExceeded }, "seed \(seed)")
        }
        #expect(limiter.counts.counters <= 64 * 3, "seed \(seed)")
    }
}
