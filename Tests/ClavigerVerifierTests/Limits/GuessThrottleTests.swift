import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import ClavigerVerifier

@Suite("Guessing")
struct GuessThrottleTests {
    private static func at(_ milliseconds: Int64) -> Uptime { Uptime(nanoseconds: milliseconds * 1_000_000) }

    private static func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(parsing: text))
    }

    @Test("a hundred bad tokens, then one each 0.6 seconds", arguments: ["192.0.2.1", "2001:db8::1"])
    func allowance(text: String) throws {
        let throttle = GuessThrottle(random: SeededRandom())
        let guesser = try Self.address(text)
        for _ in 0..<100 {
            #expect(throttle.shouldRefuse(guesser, at: Self.at(1000)) == nil)
            throttle.recordBad(guesser, at: Self.at(1000))
        }
        #expect(throttle.shouldRefuse(guesser, at: Self.at(1000)) == .milliseconds(600))
        #expect(throttle.shouldRefuse(guesser, at: Self.at(1599)) == .milliseconds(1))
        #expect(throttle.shouldRefuse(guesser, at: Self.at(1600)) == nil)
        throttle.recordBad(guesser, at: Self.at(1600))
        #expect(throttle.shouldRefuse(guesser, at: Self.at(1600)) == .milliseconds(600))
        #expect(throttle.guiltyNetworks(at: Self.at(1600)) == 1)
        #expect(throttle.guiltyNetworks(at: Self.at(61_600)) == 0)
        for _ in 0..<100 {
            #expect(throttle.shouldRefuse(guesser, at: Self.at(70_000)) == nil)
            throttle.recordBad(guesser, at: Self.at(70_000))
        }
    }

    @Test(
        "a network is one IPv4 address or an IPv6 /64",
        arguments: [
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true), ("2001:db8::1", "2001:db8::ffff:1:2:3", true),
            ("2001:db8::1", "2001:db8:0:1::1", false), ("0.0.0.1", "0:0:0:1::", false), ("0.0.0.0", "::", false),
        ]
    )
    func networks(one: String, other: String, isSame: Bool) throws {
        let throttle = GuessThrottle(random: SeededRandom())
        for _ in 0..<100 { throttle.recordBad(try Self.address(one), at: Self.at(0)) }
        #expect((throttle.shouldRefuse(try Self.address(other), at: Self.at(0)) != nil) == isSame)
    }

    @Test("valid traffic with some bad tokens is never refused")
    func sharedAddress() throws {
        let throttle = GuessThrottle(random: SeededRandom())
        let office = try Self.address("198.51.100.7")
        // Ten good tokens a second and three bad ones, for ten minutes: 180 bad ones a minute.
        for tick in 0..<6000 as Range<Int64> {
            let now = Self.at(tick * 100)
            #expect(throttle.shouldRefuse(office, at: now) == nil)
            throttle.recordGood(office, at: now)
            if tick % 10 < 3 { throttle.recordBad(office, at: now) }
        }
    }

    @Test("good tokens at most double what may be guessed")
    func washing() throws {
        let throttle = GuessThrottle(random: SeededRandom())
        let guesser = try Self.address("192.0.2.1")
        var bad = 0
        for millisecond in 0..<600_000 as Range<Int64> {
            let now = Self.at(millisecond)
            guard throttle.shouldRefuse(guesser, at: now) == nil else { continue }
            throttle.recordBad(guesser, at: now)
            bad += 1
            throttle.recordGood(guesser, at: now)
        }
        // Ten minutes, 100 each and 100 forgiven each, and both allowances once at the start.
        #expect(bad <= 2200 && bad >= 2000)
    }

    @Test("good tokens before the bad ones are no provision")
    func noProvision() throws {
        let throttle = GuessThrottle(random: SeededRandom())
        let guesser = try Self.address("192.0.2.1")
        for _ in 0..<10_000 { throttle.recordGood(guesser, at: Self.at(0)) }
        for _ in 0..<100 { throttle.recordBad(guesser, at: Self.at(0)) }
        #expect(throttle.shouldRefuse(guesser, at: Self.at(0)) != nil)
    }

    @Test("a flood that was under way locks for two windows at most")
    func flood() throws {
        let throttle = GuessThrottle(random: SeededRandom())
        let guesser = try Self.address("192.0.2.1")
        for _ in 0..<100_000 { throttle.recordBad(guesser, at: Self.at(5000)) }
        let wait = try #require(throttle.shouldRefuse(guesser, at: Self.at(5000)))
        #expect(wait == .milliseconds(60_600))
        #expect(throttle.shouldRefuse(guesser, at: Self.at(5000) + wait) == nil)
    }

    @Test("a flood of networks neither hurts others nor frees a guesser", arguments: 1...5)
    func filling(seed: UInt64) throws {
        let throttle = GuessThrottle(configuration: .init(networks: 4096), random: SeededRandom(seed: seed))
        var generator = SeededGenerator(seed: seed)
        let guesser = try Self.address("192.0.2.1")
        for _ in 0..<100 { throttle.recordBad(guesser, at: Self.at(0)) }
        for _ in 0..<50_000 {
            let stranger = UInt128.random(in: 0...(.max), using: &generator)
            throttle.recordBad(.v6(stranger | 1 << 127), at: Self.at(0))
        }
        #expect(throttle.shouldRefuse(guesser, at: Self.at(0)) != nil, "seed \(seed)")
        #expect(throttle.guiltyNetworks(at: Self.at(0)) <= 4096)
        var refused = 0
        for _ in 0..<50_000 {
            let innocent = IPAddress.v4(UInt32.random(in: 0..<0xc000_0000, using: &generator))
            refused += throttle.shouldRefuse(innocent, at: Self.at(0)) == nil ? 0 : 1
        }
        #expect(refused == 0, "seed \(seed)")
    }

    @Test("the table spreads networks evenly", arguments: 1...3)
    func spreading(seed: UInt64) {
        let throttle = GuessThrottle(configuration: .init(networks: 65_536), random: SeededRandom(seed: seed))
        for index in 0..<32_768 as Range<UInt32> {
            throttle.recordBad(.v4(0x0a00_0000 + index), at: Self.at(0))
        }
        // A table that is half full, of sets of eight: about 2 % find their set full if the hash is as good as random.
        #expect(throttle.guiltyNetworks(at: Self.at(0)) > 31_500, "seed \(seed)")
    }

    @Test("an uptime that seems to go back frees nothing")
    func goingBack() throws {
        let throttle = GuessThrottle(random: SeededRandom())
        let guesser = try Self.address("192.0.2.1")
        for _ in 0..<100 { throttle.recordBad(guesser, at: Self.at(10_000)) }
        #expect(throttle.shouldRefuse(guesser, at: Self.at(9000)) == .milliseconds(1600))
        throttle.recordBad(guesser, at: Self.at(9000))
        #expect(throttle.shouldRefuse(guesser, at: Self.at(10_000)) == .milliseconds(1200))
    }

    @Test("odd configurations do not break", arguments: [(0, 0), (-5, -1), (1, 1), (3, 100_000), (1_000_000_000, 1)])
    func configurations(allowance: Int, seconds: Int) throws {
        let throttle = GuessThrottle(
            configuration: .init(allowance: allowance, window: .seconds(seconds), networks: min(allowance, 1000)),
            random: SeededRandom()
        )
        let guesser = try Self.address("192.0.2.1")
        #expect(throttle.shouldRefuse(guesser, at: Self.at(0)) == nil)
        for _ in 0..<max(1, min(allowance, 1000)) { throttle.recordBad(guesser, at: Self.at(0)) }
        #expect((throttle.shouldRefuse(guesser, at: Self.at(0)) != nil) == (allowance <= 1000))
    }
}
