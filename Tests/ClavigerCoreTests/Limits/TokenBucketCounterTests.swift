import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Token buckets")
struct TokenBucketCounterTests {
    private static func limit(_ requests: Int, milliseconds: Int, burst: Int) throws -> RateLimit {
        try RateLimit(
            name: LimitName(parsing: "a"),
            requests: requests,
            window: .milliseconds(milliseconds),
            algorithm: .tokenBucket(burst: burst)
        )
    }

    private static func at(_ milliseconds: Int64) -> Uptime { Uptime(nanoseconds: milliseconds * 1_000_000) }

    @Test("a bucket of five that fills by one a second")
    func example() throws {
        let limit = try Self.limit(60, milliseconds: 60_000, burst: 5)
        var counter = TokenBucketCounter()
        #expect(counter.remaining(of: limit, at: Self.at(0)) == 5)
        counter.take(5, of: limit, at: Self.at(10_000))
        #expect(counter.remaining(of: limit, at: Self.at(10_999)) == 0)
        #expect(counter.whenAvailable(1, of: limit, at: Self.at(10_250)) == .milliseconds(750))
        #expect(counter.whenAvailable(5, of: limit, at: Self.at(10_250)) == .milliseconds(4750))
        #expect(counter.whenAvailable(6, of: limit, at: Self.at(10_250)) == nil)
        #expect(counter.whenAvailable(0, of: limit, at: Self.at(10_250)) == .zero)
        #expect(counter.resetsAfter(of: limit, at: Self.at(10_250)) == .milliseconds(4750))
        #expect(counter.canTake(1, of: limit, at: Self.at(11_000)))
        #expect(!counter.canTake(2, of: limit, at: Self.at(11_000)))
        #expect(!counter.canTake(.max, of: limit, at: Self.at(11_000)))
        #expect(counter.remaining(of: limit, at: Self.at(99_000)) == 5)
        #expect(counter.resetsAfter(of: limit, at: Self.at(99_000)) == .zero)
    }

    /// The debt in units of `1 / window` nanoseconds, with numbers so wide that nothing has to be divided.
    private struct Reference {
        var debt: Int128 = 0
        var since: Int64 = 0

        mutating func advance(_ limit: RateLimit, to now: Int64) {
            self.debt = max(0, self.debt - Int128(now - self.since) * Int128(limit.requests))
            self.since = now
        }

        /// The units left, rounded down.
        func remaining(_ limit: RateLimit) -> Int {
            let window = Int128(limit.windowNanoseconds)
            return max(0, limit.capacity - Int((self.debt + window - 1) / window))
        }

        /// The nanoseconds until the debt is at most `units`, rounded up.
        func wait(until units: Int, _ limit: RateLimit) -> Int64 {
            let surplus = max(0, self.debt - Int128(units) * Int128(limit.windowNanoseconds))
            return Int64((surplus + Int128(limit.requests) - 1) / Int128(limit.requests))
        }
    }

    @Test("exactly a debt that drains, without drift", arguments: 1...12)
    func reference(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let window = Int.random(in: 1000...90_000, using: &generator)
        let scale = [3, 100, 1_000_000_000][Int(seed % 3)]
        func sample(_ generator: inout SeededGenerator) throws -> RateLimit {
            try Self.limit(
                Int.random(in: 1...scale, using: &generator),
                milliseconds: window,
                burst: Int.random(in: 1...scale, using: &generator)
            )
        }
        var limit = try sample(&generator)
        var counter = TokenBucketCounter()
        var reference = Reference()
        var now: Int64 = 0
        for _ in 0..<500 {
            let unit = Int64(window) * 1_000_000 / Int64(limit.requests)
            switch Int.random(in: 0..<30, using: &generator) {
            case 0: now += Int64.random(in: 0...unit * Int64(limit.capacity) / 4 * 5, using: &generator)
            case 1: limit = try sample(&generator)
            case 2...5: break
            default: now += Int64.random(in: 0...unit * 2, using: &generator)
            }
            let moment = Uptime(nanoseconds: now)
            let cost = Int.random(in: 0...max(2, limit.capacity / 3), using: &generator)
            // The counter drains at the new pace since its last use, so the reference looks at a copy.
            var there = reference
            there.advance(limit, to: now)
            let remaining = there.remaining(limit)
            #expect(counter.remaining(of: limit, at: moment) == remaining, "seed \(seed)")
            #expect(counter.canTake(cost, of: limit, at: moment) == (cost <= remaining), "seed \(seed)")
            #expect(counter.resetsAfter(of: limit, at: moment) == .nanoseconds(there.wait(until: 0, limit)))
            let wait = counter.whenAvailable(cost, of: limit, at: moment)
            let needed = cost == 0 ? 0 : there.wait(until: max(0, limit.capacity - cost), limit)
            let expected = cost > limit.capacity ? nil : needed
            #expect(wait == expected.map { .nanoseconds($0) }, "seed \(seed)")
            if cost <= remaining {
                counter.take(cost, of: limit, at: moment)
                reference = there
                reference.debt += Int128(cost) * Int128(limit.windowNanoseconds)
            }
        }
    }

    @Test("the generic cell rate algorithm decides alike", arguments: 1...10)
    func cellRate(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let limit = try Self.limit(10, milliseconds: 10_000, burst: Int.random(in: 1...9, using: &generator))
        // ITU-T I.371: increment of one second, tolerance of burst − 1 seconds.
        let increment: Int64 = 1_000_000_000
        let tolerance = increment * Int64(limit.capacity - 1)
        var arrival: Int64 = 0
        var counter = TokenBucketCounter()
        var now: Int64 = 0
        for _ in 0..<1000 {
            now += Int64.random(in: 0...2_000_000_000, using: &generator)
            let conforms = now >= arrival - tolerance
            #expect(counter.canTake(1, of: limit, at: Uptime(nanoseconds: now)) == conforms, "seed \(seed)")
            if conforms {
                arrival = max(arrival, now) + increment
                counter.take(1, of: limit, at: Uptime(nanoseconds: now))
            }
        }
    }

    @Test("what is given back at once counts as never used")
    func givingBack() throws {
        let limit = try Self.limit(10, milliseconds: 10_000, burst: 20)
        var counter = TokenBucketCounter()
        counter.take(3, of: limit, at: Self.at(500))
        counter.take(10, of: limit, at: Self.at(700))
        counter.giveBack(10, of: limit, takenAt: Self.at(700), at: Self.at(700))
        #expect(counter.resetsAfter(of: limit, at: Self.at(700)) == .milliseconds(2800))
        counter.giveBack(1000, of: limit, takenAt: Self.at(700), at: Self.at(700))
        #expect(counter.remaining(of: limit, at: Self.at(700)) == 20)
        counter.giveBack(-5, of: limit, takenAt: Self.at(700), at: Self.at(700))
        #expect(counter.remaining(of: limit, at: Self.at(700)) == 20)
    }

    @Test("giving back late never leaves less debt than without the use", arguments: 1...8)
    func givingBackLate(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let limit = try Self.limit(7, milliseconds: 10_000, burst: 30)
        var counter = TokenBucketCounter()
        var without = TokenBucketCounter()
        var now: Int64 = 0
        var owed: (moment: Uptime, cost: Int)?
        for _ in 0..<1000 {
            now += Int64.random(in: 0...3_000_000_000, using: &generator)
            let moment = Uptime(nanoseconds: now)
            if let use = owed {
                if Bool.random(using: &generator) {
                    counter.giveBack(use.cost, of: limit, takenAt: use.moment, at: moment)
                    owed = nil
                }
            } else {
                let cost = Int.random(in: 0...10, using: &generator)
                counter.take(cost, of: limit, at: moment)
                owed = (moment, cost)
            }
            let cost = Int.random(in: 0...2, using: &generator)
            counter.take(cost, of: limit, at: moment)
            without.take(cost, of: limit, at: moment)
            let debt = counter.resetsAfter(of: limit, at: moment)
            #expect(debt >= without.resetsAfter(of: limit, at: moment), "seed \(seed)")
        }
    }

    @Test("an uptime that seems to go back drains nothing")
    func goingBack() throws {
        let limit = try Self.limit(10, milliseconds: 10_000, burst: 10)
        var counter = TokenBucketCounter()
        counter.take(5, of: limit, at: Self.at(40_000))
        #expect(counter.remaining(of: limit, at: Self.at(10_000)) == 5)
        counter.take(5, of: limit, at: Self.at(39_000))
        #expect(counter.remaining(of: limit, at: Self.at(40_000)) == 0)
        counter.take(0, of: limit, at: Self.at(39_000))
        #expect(counter.remaining(of: limit, at: Self.at(41_000)) == 1)
    }

    @Test(
        "nothing overflows",
        arguments: [Int64.min, -1, 0, .max / 2, .max],
        [
            (1, 1000, 1), (1, 2_678_400_000, 1_000_000_000), (1_000_000_000, 1000, 1_000_000_000),
            (1_000_000_000, 2_678_400_000, 1_000_000_000), (1_000_000_000, 1000, 1),
        ]
    )
    func extremes(nanoseconds: Int64, size: (Int, Int, Int)) throws {
        let limit = try Self.limit(size.0, milliseconds: size.1, burst: size.2)
        let now = Uptime(nanoseconds: nanoseconds)
        var counter = TokenBucketCounter()
        counter.take(limit.capacity, of: limit, at: now)
        #expect(counter.remaining(of: limit, at: now) == 0)
        #expect(counter.resetsAfter(of: limit, at: now) > .zero)
        for _ in 0..<6 { counter.take(.max, of: limit, at: now) }
        #expect(counter.remaining(of: limit, at: now) == 0)
        #expect(counter.whenAvailable(limit.capacity, of: limit, at: now) ?? .zero > .zero)
        _ = counter.remaining(of: limit, at: Uptime(nanoseconds: .max))
        counter.giveBack(.max, of: limit, takenAt: now, at: now)
        #expect(counter.remaining(of: limit, at: now) == limit.capacity)
    }
}
