import ClavigerCore
import ClavigerTestSupport
import Synchronization
import Testing

@testable import ClavigerVerifier

@Suite("The limiter under many threads")
struct LimiterConcurrencyTests {
    private static let clients = 32

    private static func use(
        _ name: String,
        _ requests: Int,
        _ algorithm: RateLimit.Algorithm = .slidingWindow
    ) throws -> LimitUse {
        let limit = try RateLimit(
            name: LimitName(parsing: name),
            requests: requests,
            window: .seconds(12),
            algorithm: algorithm
        )
        return LimitUse(limit, of: .key, ["x"])
    }

    @Test("32 clients get exactly what there is, window after window", arguments: [1, 2, 3] as [UInt64])
    func exact(seed: UInt64) async throws {
        let limiter = Limiter(random: SeededRandom(seed: seed))
        let sliding = [try Self.use("a", 1000)]
        let bucket = [try Self.use("b", 1000, .tokenBucket(burst: 777))]
        for window in 0..<5 as Range<Int64> {
            let now = Uptime(nanoseconds: window * 13_000_000_000)
            let granted = await withTaskGroup(of: (Int, Int).self) { group in
                for _ in 0..<Self.clients {
                    group.addTask {
                        var granted = (0, 0)
                        for _ in 0..<100 {
                            granted.0 += limiter.take(sliding, cost: 1, at: now).isAllowed ? 1 : 0
                            granted.1 += limiter.take(bucket, cost: 1, at: now).isAllowed ? 1 : 0
                        }
                        return granted
                    }
                }
                return await group.reduce(into: (0, 0)) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
            }
            #expect(granted == (1000, 777), "seed \(seed), window \(window)")
        }
    }

    /// A clock that moves by three milliseconds each time it is read, and the moments at which something was allowed.
    private final class History: Sendable {
        private let clock = Atomic<Int64>(0)
        private let log = Mutex<[Int64]>([])

        var moments: [Int64] { self.log.withLock { $0.sorted() } }

        func tick() -> Int64 { self.clock.add(3_000_000, ordering: .relaxed).newValue }

        func add(_ moment: Int64) { self.log.withLock { $0.append(moment) } }
    }

    @Test("exact while the clock moves and somebody sweeps", arguments: [1, 2] as [UInt64])
    func moving(seed: UInt64) async throws {
        let limiter = Limiter(random: SeededRandom(seed: seed))
        let uses = [try Self.use("a", 50)]
        let history = History()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.clients {
                group.addTask {
                    for _ in 0..<300 {
                        let now = history.tick()
                        if limiter.take(uses, cost: 1, at: Uptime(nanoseconds: now)).isAllowed {
                            history.add(now)
                        }
                        if now % 7 == 0 { limiter.sweep(at: Uptime(nanoseconds: now)) }
                    }
                }
            }
        }
        let moments = history.moments
        // A client that was late is counted at the time of one that overtook it: at most 32 readings of the clock.
        let window: Int64 = 12_000_000_000 - 33 * 3_000_000
        var first = 0
        for last in moments.indices {
            while moments[last] - moments[first] > window { first += 1 }
            #expect(last - first + 1 <= 50, "seed \(seed)")
        }
        #expect(moments.count >= 100)
    }

    @Test("all limits or none, whoever comes between", arguments: [1, 2, 3] as [UInt64])
    func allOrNothing(seed: UInt64) async throws {
        let limiter = Limiter(random: SeededRandom(seed: seed))
        let names = (0..<8).map { "n\($0)" }
        let limits = try names.map { try Self.use($0, $0 == "n0" ? 500 : 2000) }
        let used = await withTaskGroup(of: [Int].self) { group in
            for client in 0..<Self.clients {
                group.addTask {
                    var generator = SeededGenerator(seed: seed * 100 + UInt64(client))
                    var used = [Int](repeating: 0, count: limits.count)
                    for _ in 0..<300 {
                        let chosen = Array(limits.indices.shuffled(using: &generator).prefix(3))
                        let uses = chosen.map { limits[$0] }
                        let now = Uptime(nanoseconds: 0)
                        guard limiter.take(uses, cost: 1, at: now).isAllowed else { continue }
                        if Bool.random(using: &generator) {
                            for index in chosen { used[index] += 1 }
                        } else {
                            limiter.giveBack(uses, cost: 1, takenAt: now, at: now)
                        }
                    }
                    return used
                }
            }
            return await group.reduce(into: [Int](repeating: 0, count: limits.count)) { sum, used in
                for index in used.indices { sum[index] += used[index] }
            }
        }
        for (index, limit) in limits.enumerated() {
            let left = limiter.peek([limit], cost: 0, at: Uptime(nanoseconds: 0)).outcomes[0].remaining
            #expect(left == limit.limit.requests - used[index], "seed \(seed), \(names[index])")
        }
        #expect(used[0] <= 500)
    }

    @Test("a refused decision leaves no trace that others can see", arguments: [1, 2] as [UInt64])
    func noTrace(seed: UInt64) async throws {
        let limiter = Limiter(random: SeededRandom(seed: seed))
        let closed = try Self.use("closed", 1)
        #expect(limiter.take([closed], cost: 1, at: Uptime(nanoseconds: 0)).isAllowed)
        let open = try (0..<16).map { try Self.use("open\($0)", 1) }
        let seen = await withTaskGroup(of: Int.self) { group in
            for client in 0..<Self.clients {
                group.addTask {
                    var wrong = 0
                    for step in 0..<200 {
                        let one = open[(client + step) % open.count]
                        let now = Uptime(nanoseconds: 0)
                        if limiter.take([one, closed], cost: 1, at: now).isAllowed { wrong += 1 }
                        if limiter.peek([one], cost: 1, at: now).outcomes[0].remaining != 1 { wrong += 1 }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(seen == 0, "seed \(seed)")
    }
}
