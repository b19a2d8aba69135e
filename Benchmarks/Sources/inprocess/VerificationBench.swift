import Bench
@_spi(Plaintext) import ClavigerCore
import ClavigerService
import ClavigerVerifier

/// What one verification costs: parse, checksum, look-up, HMAC and decision.
struct VerificationBench: Sendable {
    private static let rounds = 5
    private static let samples = 200_000

    let verifier: Verifier
    let tokens: [[UInt8]]
    let seconds: Double

    init(workbench: Workbench, tokens: [[UInt8]], seconds: Double) {
        self.verifier = workbench.authority.verifier
        self.tokens = tokens
        self.seconds = seconds
    }

    /// The first verification of a key, which reads it from the database.
    func coldKeys() async throws {
        var times: [Int64] = []
        for token in self.sample(min(5_000, self.tokens.count / 2)) {
            let begin = Measuring.nanoseconds()
            let verdict = try await self.verify(token)
            times.append(Measuring.nanoseconds() - begin)
            guard verdict.isValid else { throw BenchmarkFailure("a key that should be valid is \(verdict.code)") }
        }
        Measuring.report("cold.median_us", Double(times.percentile(0.5)) / 1000)
        Measuring.report("cold.p99_us", Double(times.percentile(0.99)) / 1000)
    }

    /// Brings all keys into the cache.
    func fill() async throws {
        let begin = Measuring.nanoseconds()
        try await withThrowingTaskGroup { group in
            for part in 0..<8 {
                group.addTask {
                    for index in stride(from: part, to: self.tokens.count, by: 8) {
                        _ = try await self.verify(self.tokens[index])
                    }
                }
            }
            try await group.waitForAll()
        }
        Measuring.report("fill.seconds", Double((Measuring.nanoseconds() - begin) / 10_000_000) / 100)
        Measuring.report("cached.credentials", self.verifier.counts.credentials)
    }

    /// One verification at a time, of keys in random order, the look at the clock included.
    func latency() async throws {
        var times: [Int64] = []
        times.reserveCapacity(Self.samples)
        for token in self.sample(Self.samples) {
            let begin = Measuring.nanoseconds()
            let verdict = try await self.verify(token)
            times.append(Measuring.nanoseconds() - begin)
            guard verdict.isValid else { throw BenchmarkFailure("a key that should be valid is \(verdict.code)") }
        }
        Measuring.report("verify.median_ns", times.percentile(0.5))
        Measuring.report("verify.p99_ns", times.percentile(0.99))
    }

    /// The median of the medians of five rounds, in nanoseconds.
    func medians() async throws -> Int64 {
        var medians: [Int64] = []
        for _ in 0..<Self.rounds {
            var times: [Int64] = []
            times.reserveCapacity(Self.samples)
            for token in self.sample(Self.samples) {
                let begin = Measuring.nanoseconds()
                let verdict = try await self.verify(token)
                times.append(Measuring.nanoseconds() - begin)
                guard verdict.isValid else { throw BenchmarkFailure("a key that should be valid is \(verdict.code)") }
            }
            medians.append(times.percentile(0.5))
        }
        return medians.percentile(0.5)
    }

    /// Verifications per second on one and on two threads, alternately.
    ///
    /// Of all keys, of a thousand, and of a single one, which both threads want at once. `machine` is arithmetic that
    /// shares nothing, and so what the machine itself gains by its second core.
    func throughput() async throws {
        let works: [(String, @Sendable (Int) -> [[UInt8]])] = [
            ("all", { _ in self.sample(Self.samples) }),
            ("few", { _ in (0..<Self.samples).map { Self.copy(self.tokens[$0 % min(1000, self.tokens.count)]) } }),
            ("one", { _ in (0..<1000).map { _ in Self.copy(self.tokens[0]) } }),
        ]
        for (name, tokens) in works {
            let tokens = (0..<2).map(tokens)
            try await self.compare(name) { thread, end in try await self.verifyUntil(end, tokens[thread]) }
        }
        try await self.compare("machine") { _, end in Self.calculateUntil(end) }
    }

    private func compare(
        _ name: String,
        _ work: @escaping @Sendable (_ thread: Int, _ end: Int64) async throws -> Int
    ) async throws {
        var one: [Double] = []
        var two: [Double] = []
        for _ in 0..<Self.rounds {
            one.append(try await self.perSecond(threads: 1, work))
            two.append(try await self.perSecond(threads: 2, work))
        }
        Measuring.report("throughput.\(name).one", Int(one.median))
        Measuring.report("throughput.\(name).two", Int(two.median))
        Measuring.report("throughput.\(name).ratio", (zip(two, one).map(/).median * 100).rounded() / 100)
    }

    private func perSecond(
        threads: Int,
        _ work: @escaping @Sendable (_ thread: Int, _ end: Int64) async throws -> Int
    ) async throws -> Double {
        let begin = Measuring.nanoseconds()
        let end = begin + Int64(self.seconds * 1e9)
        let count = try await withThrowingTaskGroup { group in
            for thread in 0..<threads { group.addTask { try await work(thread, end) } }
            return try await group.reduce(0, +)
        }
        return Double(count) / (Double(Measuring.nanoseconds() - begin) / 1e9)
    }

    private func verifyUntil(_ end: Int64, _ tokens: [[UInt8]]) async throws -> Int {
        let verifier = self.verifier
        let query = VerificationQuery()
        var count = 0
        while Measuring.nanoseconds() < end {
            for index in count..<(count + 1000) {
                let token = PresentedToken(tokens[index % tokens.count])
                _ = try await verifier.verify(token, query, isVisible: { _ in true })
            }
            count += 1000
        }
        return count
    }

    private static func calculateUntil(_ end: Int64) -> Int {
        var count = 0
        var value: UInt64 = 1
        while Measuring.nanoseconds() < end, value != 0 {
            // Xorshift (Marsaglia 2003): each step needs the one before, so that nothing can be left out.
            for _ in 0..<100_000 {
                value ^= value << 13
                value ^= value >> 7
                value ^= value << 17
            }
            count += 100_000
        }
        return count
    }

    /// What tokens cost that are not ours, and whether they push out those that are.
    func floods() async throws {
        let random = SystemRandom()
        let prefix = try TokenPrefix(parsing: "pay")
        let valid = self.sample(Self.samples)
        let unknown = (0..<Self.samples).map { _ in
            KeyToken(prefix: prefix, tag: .live, from: random).withPlaintext { $0 }
        }
        // As long as a token, with a letter changed: the shape is right and the checksum is not.
        let mistyped = valid.map { token in
            var token = token
            token[token.count - 20] =
                token[token.count - 20] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
            return token
        }
        let noise = (0..<Self.samples).map { _ in random.bytes(72) }
        let before = self.verifier.counts.credentials
        var costs: [String: [Double]] = [:]
        for _ in 0..<Self.rounds {
            for (name, tokens) in [("valid", valid), ("unknown", unknown), ("mistyped", mistyped), ("noise", noise)] {
                let begin = Measuring.processorNanoseconds()
                for token in tokens { _ = try await self.verify(token) }
                costs[name, default: []].append(Double(Measuring.processorNanoseconds() - begin) / Double(tokens.count))
            }
        }
        for (name, values) in costs.sorted(by: { $0.key < $1.key }) {
            Measuring.report("flood.\(name)_cpu_ns", Int(values.median))
        }
        Measuring.report("flood.evicted", before - self.verifier.counts.credentials)
    }

    private func verify(_ token: [UInt8]) async throws -> Verdict {
        try await self.verifier.verify(PresentedToken(token), VerificationQuery(), isVisible: { _ in true })
    }

    /// Tokens in random order.
    private func sample(_ count: Int) -> [[UInt8]] {
        (0..<count).map { _ in Self.copy(self.tokens[Int.random(in: 0..<self.tokens.count)]) }
    }

    /// Bytes of their own, as those of a request are, which no other thread counts references to.
    private static func copy(_ token: [UInt8]) -> [UInt8] {
        token.map { $0 }
    }
}
