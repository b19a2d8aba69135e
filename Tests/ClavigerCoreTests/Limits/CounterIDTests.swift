import Testing

@testable import ClavigerCore

@Suite("Counter ids")
struct CounterIDTests {
    private static func limit(
        _ name: String = "a",
        requests: Int = 1,
        seconds: Int = 1,
        algorithm: RateLimit.Algorithm = .slidingWindow
    ) throws -> RateLimit {
        try RateLimit(
            name: LimitName(parsing: name),
            requests: requests,
            window: .seconds(seconds),
            algorithm: algorithm
        )
    }

    @Test("the first half of the SHA-256 of every part with its length")
    func known() throws {
        // Computed with Python's hashlib over kind, algorithm, window, number of parts, and each text behind its length.
        let id = CounterID(.key, of: ["key_1"], limit: try Self.limit("burst", seconds: 60))
        #expect(id.high == 0xcee4_b4fd_dc38_8108)
        #expect(id.low == 0x7aa1_bd4f_0532_0d0f)
    }

    @Test("whatever makes a counter another one changes the id")
    func different() throws {
        let one = try Self.limit()
        let ids = [
            CounterID(.key, of: ["x"], limit: one), CounterID(.consumer, of: ["x"], limit: one),
            CounterID(.adHoc, of: ["x"], limit: one), CounterID(.key, of: ["y"], limit: one),
            CounterID(.key, of: [], limit: one), CounterID(.key, of: [""], limit: one),
            CounterID(.key, of: ["x", ""], limit: one), CounterID(.key, of: ["", "x"], limit: one),
            CounterID(.key, of: ["xa"], limit: one), CounterID(.key, of: ["x", "a"], limit: one),
            CounterID(.key, of: ["x"], limit: try Self.limit("b")),
            CounterID(.key, of: ["x"], limit: try Self.limit("xa")),
            CounterID(.key, of: ["x"], limit: try Self.limit(seconds: 2)),
            CounterID(.key, of: ["x"], limit: try Self.limit(algorithm: .tokenBucket(burst: 1))),
            CounterID(.key, of: ["\u{e9}"], limit: one), CounterID(.key, of: ["e\u{301}"], limit: one),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test("the numbers of a limit do not")
    func same() throws {
        let one = CounterID(.key, of: ["x"], limit: try Self.limit(requests: 1))
        #expect(one == CounterID(.key, of: ["x"], limit: try Self.limit(requests: 2)))
        let bucket = CounterID(.key, of: ["x"], limit: try Self.limit(algorithm: .tokenBucket(burst: 1)))
        #expect(bucket == CounterID(.key, of: ["x"], limit: try Self.limit(algorithm: .tokenBucket(burst: 2))))
    }

    @Test("only ad hoc counters are ad hoc", arguments: [CounterID.Kind.key, .consumer, .plan, .api, .adHoc])
    func adHoc(kind: CounterID.Kind) throws {
        let use = LimitUse(try Self.limit(), of: kind, ["x"])
        #expect(use.isAdHoc == (kind == .adHoc))
        #expect(use.counter == CounterID(kind, of: ["x"], limit: try Self.limit()))
    }
}
