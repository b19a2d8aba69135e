import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import ClavigerVerifier

@Suite("The limiter")
struct LimiterTests {
    private static func limit(
        _ name: String,
        _ requests: Int,
        seconds: Int = 12,
        algorithm: RateLimit.Algorithm = .slidingWindow
    ) throws -> RateLimit {
        try RateLimit(
            name: LimitName(parsing: name),
            requests: requests,
            window: .seconds(seconds),
            algorithm: algorithm
        )
    }

    private static func use(_ name: String, _ requests: Int, owner: String = "x") throws -> LimitUse {
        LimitUse(try Self.limit(name, requests), of: .key, [owner])
    }

    private static func at(_ seconds: Int64) -> Uptime { Uptime(nanoseconds: seconds * 1_000_000_000) }

    @Test("one limit: what is left, when it comes back, when it bites")
    func one() throws {
        let limiter = Limiter(random: SeededRandom())
        let uses = [try Self.use("a", 10)]
        let first = limiter.take(uses, cost: 4, at: Self.at(0))
        #expect(first.isAllowed)
        #expect(
            Array(first.outcomes) == [
                LimitOutcome(
                    name: try LimitName(parsing: "a"),
                    limit: 10,
                    window: .seconds(12),
                    remaining: 6,
                    resetsAfter: .seconds(13)
                )
            ]
        )
        let refused = limiter.take(uses, cost: 7, at: Self.at(3))
        #expect(!refused.isAllowed)
        #expect(refused.outcomes[0].isExceeded)
        #expect(refused.outcomes[0].remaining == 6)
        #expect(refused.outcomes[0].retryAfter == .seconds(10))
        #expect(refused.retryAfter == .seconds(10))
        #expect(limiter.take(uses, cost: 6, at: Self.at(3)).isAllowed)
        #expect(!limiter.take(uses, cost: 1, at: Self.at(3)).isAllowed)
    }

    @Test("more than the limit is refused for good, and nothing at all is always allowed")
    func costs() throws {
        let limiter = Limiter(random: SeededRandom())
        let uses = [try Self.use("a", 10)]
        for cost in [11, Int.max] {
            let decision = limiter.take(uses, cost: cost, at: Self.at(0))
            #expect(!decision.isAllowed)
            #expect(decision.outcomes[0].isBeyondLimit)
            #expect(decision.outcomes[0].remaining == 10)
            #expect(decision.retryAfter == nil)
        }
        #expect(limiter.counts.counters == 0)
        _ = limiter.take(uses, cost: 10, at: Self.at(0))
        let beyond = limiter.take(uses, cost: 11, at: Self.at(0))
        #expect(beyond.outcomes[0].isBeyondLimit)
        for cost in [0, -1, Int.min] {
            let decision = limiter.take(uses, cost: cost, at: Self.at(0))
            #expect(decision.isAllowed)
            #expect(!decision.outcomes[0].isExceeded)
            #expect(decision.outcomes[0].remaining == 0)
        }
        #expect(limiter.take([], cost: 5, at: Self.at(0)) == .unlimited)
    }

    @Test("a peek tells the same and uses nothing")
    func peeking() throws {
        let limiter = Limiter(random: SeededRandom())
        let uses = [try Self.use("a", 10), try Self.use("b", 5)]
        for cost in [3, 2, 1, 0] {
            let before = limiter.peek(uses, cost: 0, at: Self.at(0))
            let peeked = limiter.peek(uses, cost: cost, at: Self.at(0))
            #expect(limiter.peek(uses, cost: 0, at: Self.at(0)) == before)
            let taken = limiter.take(uses, cost: cost, at: Self.at(0))
            #expect(peeked.isAllowed == taken.isAllowed)
            #expect(taken.outcomes[1].remaining == peeked.outcomes[1].remaining - (taken.isAllowed ? cost : 0))
            #expect(taken.retryAfter == peeked.retryAfter)
        }
        #expect(limiter.peek(uses, cost: 1, at: Self.at(0)).retryAfter == .seconds(13))
    }

    @Test("a counter that two limits share counts once and has to fit both")
    func shared() throws {
        let limiter = Limiter(random: SeededRandom())
        let uses = [try Self.use("a", 10), try Self.use("a", 4)]
        #expect(uses[0].counter == uses[1].counter)
        let decision = limiter.take(uses, cost: 3, at: Self.at(0))
        #expect(decision.outcomes.map(\.remaining) == [7, 1])
        let refused = limiter.take(uses, cost: 2, at: Self.at(0))
        #expect(!refused.isAllowed)
        #expect(refused.outcomes.map(\.isExceeded) == [false, true])
        limiter.giveBack(uses, cost: 3, takenAt: Self.at(0), at: Self.at(0))
        #expect(limiter.peek(uses, cost: 0, at: Self.at(0)).outcomes.map(\.remaining) == [10, 4])
    }

    @Test("new numbers keep what was used; a new window or algorithm starts anew")
    func changing() throws {
        let limiter = Limiter(random: SeededRandom())
        func remaining(_ limit: RateLimit) -> Int {
            limiter.peek([LimitUse(limit, of: .key, ["x"])], cost: 0, at: Self.at(1)).outcomes[0].remaining
        }
        _ = limiter.take([try Self.use("a", 10)], cost: 8, at: Self.at(0))
        #expect(remaining(try Self.limit("a", 100)) == 92)
        #expect(remaining(try Self.limit("a", 5)) == 0)
        #expect(remaining(try Self.limit("a", 10, seconds: 13)) == 10)
        #expect(remaining(try Self.limit("a", 10, algorithm: .tokenBucket(burst: 10))) == 10)
        #expect(remaining(try Self.limit("a", 10)) == 2)
    }

    @Test("an uptime that seems to go back frees nothing and locks nothing")
    func goingBack() throws {
        let limiter = Limiter(random: SeededRandom())
        let uses = [try Self.use("a", 2)]
        #expect(limiter.take(uses, cost: 1, at: Self.at(100)).isAllowed)
        #expect(limiter.take(uses, cost: 1, at: Self.at(80)).isAllowed)
        #expect(!limiter.take(uses, cost: 1, at: Self.at(20)).isAllowed)
        #expect(!limiter.take(uses, cost: 1, at: Self.at(112)).isAllowed)
        #expect(limiter.take(uses, cost: 2, at: Self.at(113)).isAllowed)
    }

    @Test("the same decisions as counters that are never dropped", arguments: 1...8)
    func reference(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let limiter = Limiter(configuration: .init(capacity: 64 * 40), random: SeededRandom(seed: seed))
        var counters: [CounterID: LimitCounter] = [:]
        var now: Int64 = 0
        let names = ["a", "b", "c", "d", "e", "f"]
        for step in 0..<500 {
            switch Int.random(in: 0..<30, using: &generator) {
            case 0: now += Int64.random(in: 0...60_000_000_000, using: &generator)
            case 1: limiter.sweep(at: Uptime(nanoseconds: now))
            default: now += Int64.random(in: 0...1_000_000_000, using: &generator)
            }
            let moment = Uptime(nanoseconds: now)
            let uses = try names.shuffled(using: &generator).prefix(Int.random(in: 1...5, using: &generator)).map {
                // The pace of buckets stays: a counter that has been empty is dropped at the pace it was last seen at.
                let bucket = RateLimit.Algorithm.tokenBucket(burst: Int.random(in: 1...9, using: &generator))
                let isBucket = $0 < "c"
                let requests = isBucket ? 7 : Int.random(in: 1...9, using: &generator)
                let limit = try Self.limit($0, requests, algorithm: isBucket ? bucket : .slidingWindow)
                return LimitUse(limit, of: .key, ["\(Int.random(in: 0..<3, using: &generator))"])
            }
            let cost = Int.random(in: 0...4, using: &generator)
            let decision = limiter.take(uses, cost: cost, at: moment)
            let fits = uses.map { use in
                cost == 0
                    || (counters[use.counter] ?? LimitCounter(for: use.limit))
                        .remaining(of: use.limit, at: moment) >= cost
            }
            let isAllowed = fits.allSatisfy { $0 }
            #expect(decision.isAllowed == isAllowed, "seed \(seed), step \(step)")
            #expect(decision.outcomes.map(\.isExceeded) == fits.map { !$0 }, "seed \(seed), step \(step)")
            if isAllowed {
                for use in uses {
                    counters[use.counter, default: LimitCounter(for: use.limit)].take(cost, of: use.limit, at: moment)
                }
            }
            for (use, outcome) in zip(uses, decision.outcomes) {
                let counter = counters[use.counter] ?? LimitCounter(for: use.limit)
                #expect(outcome.name == use.limit.name)
                #expect(outcome.limit == use.limit.capacity)
                #expect(outcome.remaining == counter.remaining(of: use.limit, at: moment), "seed \(seed), step \(step)")
                #expect(outcome.resetsAfter == counter.resetsAfter(of: use.limit, at: moment), "seed \(seed)")
                let wait = outcome.isExceeded ? counter.whenAvailable(cost, of: use.limit, at: moment) : nil
                #expect(outcome.retryAfter == wait, "seed \(seed), step \(step)")
            }
        }
    }
}
