import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Sliding windows")
struct SlidingWindowCounterTests {
    private static func limit(_ requests: Int, milliseconds: Int) throws -> RateLimit {
        try RateLimit(name: LimitName(parsing: "a"), requests: requests, window: .milliseconds(milliseconds))
    }

    private static func at(_ milliseconds: Int64) -> Uptime { Uptime(nanoseconds: milliseconds * 1_000_000) }

    @Test("a window of twelve seconds, second by second")
    func example() throws {
        let limit = try Self.limit(10, milliseconds: 12_000)
        var counter = SlidingWindowCounter()
        counter.take(4, of: limit, at: Self.at(500))
        counter.take(6, of: limit, at: Self.at(3000))
        #expect(counter.remaining(of: limit, at: Self.at(3000)) == 0)
        // Used at 0.5 s, free at 12.5 s at the earliest: the sub-window that ends at 13 s gives it back.
        #expect(counter.whenAvailable(4, of: limit, at: Self.at(3000)) == .seconds(10))
        #expect(counter.whenAvailable(5, of: limit, at: Self.at(3000)) == .seconds(13))
        #expect(counter.resetsAfter(of: limit, at: Self.at(3000)) == .seconds(13))
        #expect(counter.remaining(of: limit, at: Self.at(12_999)) == 0)
        #expect(counter.remaining(of: limit, at: Self.at(13_000)) == 4)
        #expect(counter.remaining(of: limit, at: Self.at(15_999)) == 4)
        #expect(counter.remaining(of: limit, at: Self.at(16_000)) == 10)
        #expect(counter.resetsAfter(of: limit, at: Self.at(16_000)) == .zero)
        #expect(counter.resetsAfter(of: limit, at: Self.at(99_000)) == .zero)
        #expect(counter.whenAvailable(0, of: limit, at: Self.at(3000)) == .zero)
        #expect(counter.whenAvailable(10, of: limit, at: Self.at(16_000)) == .zero)
        #expect(counter.whenAvailable(11, of: limit, at: Self.at(16_000)) == nil)
        #expect(!counter.canTake(11, of: limit, at: Self.at(16_000)))
        #expect(!counter.canTake(.max, of: limit, at: Self.at(3000)))
    }

    /// The promises, checked over the list of all that was used: nothing of how the counter works is in here.
    private struct Uses {
        var list: [(moment: Int64, cost: Int)] = []

        func sum(since moment: Int64) -> Int {
            self.list.reversed().prefix { $0.moment >= moment }.reduce(0) { $0 + $1.cost }
        }
    }

    @Test("never more than allowed in any window, never less than after one more sub-window", arguments: 1...12)
    func promises(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        // Windows that twelve does not divide, too.
        let window = Int.random(in: 1000...20_000, using: &generator)
        var limit = try Self.limit(Int.random(in: 1...50, using: &generator), milliseconds: window)
        let span = Int64(window) * 1_000_000
        let late = span + (span + 11) / 12
        var counter = SlidingWindowCounter()
        var uses = Uses()
        var now = Int64.random(in: 0...span * 3, using: &generator)
        for _ in 0..<500 {
            switch Int.random(in: 0..<40, using: &generator) {
            case 0: now += Int64.random(in: 0...span * 3, using: &generator)
            case 1: now += span
            case 2: limit = try Self.limit(Int.random(in: 1...50, using: &generator), milliseconds: window)
            case 3...10: break
            default: now += Int64.random(in: 0...span / 20, using: &generator)
            }
            let moment = Uptime(nanoseconds: now)
            let cost = Int.random(in: 0...(Bool.random(using: &generator) ? 2 : 20), using: &generator)
            let remaining = counter.remaining(of: limit, at: moment)
            let least = max(0, limit.requests - uses.sum(since: now - late))
            let most = max(0, limit.requests - uses.sum(since: now - span))
            #expect(remaining >= least && remaining <= most, "seed \(seed)")
            let canTake = counter.canTake(cost, of: limit, at: moment)
            #expect(canTake == (cost <= remaining), "seed \(seed)")
            let reset = (moment + counter.resetsAfter(of: limit, at: moment))
            #expect(counter.remaining(of: limit, at: reset) == limit.requests, "seed \(seed)")
            #expect(reset.nanoseconds <= now + late, "seed \(seed)")
            if uses.sum(since: now - span) > 0 {
                let before = Uptime(nanoseconds: reset.nanoseconds - 1)
                let used = uses.sum(since: now - late)
                #expect(used >= limit.requests || counter.remaining(of: limit, at: before) < limit.requests)
            }
            if let wait = counter.whenAvailable(cost, of: limit, at: moment) {
                let then = moment + wait
                #expect(counter.canTake(cost, of: limit, at: then), "seed \(seed)")
                #expect((wait == .zero) == canTake, "seed \(seed)")
                let before = Uptime(nanoseconds: then.nanoseconds - 1)
                #expect(canTake || !counter.canTake(cost, of: limit, at: before), "seed \(seed)")
            } else {
                #expect(cost > limit.requests, "seed \(seed)")
            }
            if canTake {
                counter.take(cost, of: limit, at: moment)
                uses.list.append((now, cost))
                #expect(uses.sum(since: now - span) <= max(limit.requests, uses.sum(since: now - span) - cost))
            }
        }
    }

    @Test("what is given back counts as never used", arguments: 1...8)
    func givingBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let window = Int.random(in: 1000...5000, using: &generator)
        let limit = try Self.limit(20, milliseconds: window)
        let span = Int64(window) * 1_000_000
        var counter = SlidingWindowCounter()
        var twin = SlidingWindowCounter()
        var owed: [(moment: Uptime, cost: Int)] = []
        var now: Int64 = 0
        for _ in 0..<200 {
            now += Int64.random(in: 0...span / 8, using: &generator)
            let moment = Uptime(nanoseconds: now)
            if Bool.random(using: &generator), let last = owed.popLast() {
                counter.giveBack(last.cost, of: limit, takenAt: last.moment)
            }
            let cost = Int.random(in: 1...3, using: &generator)
            if Bool.random(using: &generator) {
                counter.take(cost, of: limit, at: moment)
                owed.append((moment, cost))
            } else {
                counter.take(cost, of: limit, at: moment)
                twin.take(cost, of: limit, at: moment)
            }
            var settled = counter
            for use in owed { settled.giveBack(use.cost, of: limit, takenAt: use.moment) }
            #expect(settled.remaining(of: limit, at: moment) == twin.remaining(of: limit, at: moment), "seed \(seed)")
            #expect(settled.resetsAfter(of: limit, at: moment) == twin.resetsAfter(of: limit, at: moment))
        }
    }

    @Test("more than was used cannot be given back")
    func givingBackTooMuch() throws {
        let limit = try Self.limit(10, milliseconds: 12_000)
        var counter = SlidingWindowCounter()
        counter.take(3, of: limit, at: Self.at(5000))
        counter.giveBack(1000, of: limit, takenAt: Self.at(6000))
        #expect(counter.remaining(of: limit, at: Self.at(6000)) == 10)
        counter.take(3, of: limit, at: Self.at(50_000))
        counter.giveBack(3, of: limit, takenAt: Self.at(5000))
        counter.giveBack(-3, of: limit, takenAt: Self.at(50_000))
        #expect(counter.remaining(of: limit, at: Self.at(50_000)) == 7)
    }

    @Test("an uptime that seems to go back frees nothing and locks nothing")
    func goingBack() throws {
        let limit = try Self.limit(10, milliseconds: 12_000)
        var counter = SlidingWindowCounter()
        counter.take(5, of: limit, at: Self.at(40_000))
        #expect(counter.remaining(of: limit, at: Self.at(10_000)) == 5)
        counter.take(5, of: limit, at: Self.at(39_000))
        #expect(counter.remaining(of: limit, at: Self.at(39_500)) == 0)
        #expect(counter.remaining(of: limit, at: Self.at(52_999)) == 0)
        #expect(counter.remaining(of: limit, at: Self.at(53_000)) == 10)
        counter.giveBack(5, of: limit, takenAt: Self.at(39_000))
        #expect(counter.remaining(of: limit, at: Self.at(40_000)) == 5)
    }

    @Test("fewer requests keep what was used, more requests too")
    func changing() throws {
        var counter = SlidingWindowCounter()
        counter.take(8, of: try Self.limit(10, milliseconds: 12_000), at: Self.at(0))
        #expect(counter.remaining(of: try Self.limit(5, milliseconds: 12_000), at: Self.at(0)) == 0)
        #expect(counter.whenAvailable(1, of: try Self.limit(5, milliseconds: 12_000), at: Self.at(0)) == .seconds(13))
        #expect(counter.remaining(of: try Self.limit(100, milliseconds: 12_000), at: Self.at(0)) == 92)
    }

    @Test(
        "nothing overflows",
        arguments: [Int64.min, -1, 0, .max / 2, .max - 1, .max],
        [(1, 1000), (1_000_000_000, 2_678_400_000)]
    )
    func extremes(nanoseconds: Int64, size: (Int, Int)) throws {
        let limit = try Self.limit(size.0, milliseconds: size.1)
        let now = Uptime(nanoseconds: nanoseconds)
        var counter = SlidingWindowCounter()
        counter.take(limit.requests, of: limit, at: now)
        #expect(counter.remaining(of: limit, at: now) == 0)
        let wait = try #require(counter.whenAvailable(1, of: limit, at: now))
        #expect(wait > .zero && wait <= limit.window * 13 / 12 + .nanoseconds(1))
        for _ in 0..<6 { counter.take(.max, of: limit, at: now) }
        #expect(counter.remaining(of: limit, at: now) == 0)
        counter.giveBack(.max, of: limit, takenAt: now)
        #expect(counter.remaining(of: limit, at: now) == limit.requests)
    }
}
