import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import ClavigerVerifier
import Testing

@Suite("Roll-ups of use")
struct RollUpTests {
    private typealias Fixture = UsageFixture

    /// Random use over some hours around midnight, of some keys and two workspaces, with refusals.
    private static func use(_ count: Int, seed: UInt64) -> [UsageRecord] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            let isKnown = Int.random(in: 0..<5, using: &generator) > 0
            return Fixture.record(
                after: .milliseconds(Int.random(in: 0...(40 * 3_600_000), using: &generator)),
                key: isKnown ? APIKey.ID(bits: UInt128(Int.random(in: 1...6, using: &generator))) : nil,
                consumer: isKnown ? [Fixture.consumer, Fixture.otherConsumer].randomElement(using: &generator) : nil,
                workspace: Int.random(in: 0..<4, using: &generator) == 0 ? Fixture.otherWorkspace : Fixture.workspace,
                code: isKnown ? [.valid, .revoked].randomElement(using: &generator) ?? .valid : .malformed,
                address: "192.0.2.\(Int.random(in: 1...4, using: &generator))",
                path: "/v1/\(Int.random(in: 1...4, using: &generator))",
                cost: .random(in: 0...10, using: &generator)
            )
        }
    }

    private func series(_ records: [UsageRecord], _ filter: UsageFilter, in workspace: Workspace.ID) -> [UsagePoint] {
        var points: [[Int64]: UsagePoint] = [:]
        for record in records where record.workspaceID == workspace.bits {
            let start = filter.resolution.start(of: record.time)
            guard start >= filter.resolution.start(of: filter.from), start < filter.to,
                filter.keyID.map({ $0.bits == record.keyID }) ?? true,
                filter.consumerID.map({ $0.bits == record.consumerID }) ?? true,
                filter.apiID.map({ $0.bits == record.apiID }) ?? true
            else { continue }
            let code = filter.byCode ? record.code : nil
            let place = [start.milliseconds, Int64(code ?? 0)]
            var point = points[place] ?? UsagePoint(start: start, code: code, count: 0, cost: 0)
            point.count += 1
            point.cost += Int64(record.cost)
            points[place] = point
        }
        return points.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    @Test("Series are those of a straightforward count", arguments: [1, 2, 3] as [UInt64])
    func series(seed: UInt64) async throws {
        let fixture = try await Fixture()
        let records = Self.use(2000, seed: seed)
        var generator = SeededGenerator(seed: seed &+ 99)
        var done = 0
        var last: UInt64 = 0
        while done < records.count {
            let count = Int.random(in: 1...400, using: &generator)
            let part = Array(records[done..<min(done + count, records.count)])
            last = try await fixture.append(part, from: UInt64(done + 1) * 100_000, step: 100_000)
            if Bool.random(using: &generator) { try await fixture.store.rollUp(through: last) }
            done += part.count
        }
        try await fixture.store.rollUp(through: last)
        #expect(try await fixture.store.rolledUpSequence() == last)
        for resolution in UsageResolution.allCases {
            for byCode in [true, false] {
                for (from, to) in [
                    (Timestamp.earliest, Timestamp.latest),
                    (Fixture.morning + .seconds(4000), Fixture.morning + .seconds(90_000)),
                    (Fixture.morning + .seconds(7200), Fixture.morning + .seconds(7200)),
                ] {
                    var filter = UsageFilter(resolution: resolution, from: from, to: to, byCode: byCode)
                    var filters = [filter]
                    filter.keyID = APIKey.ID(bits: 3)
                    filters.append(filter)
                    filter.consumerID = Fixture.consumer
                    filters.append(filter)
                    filter.keyID = nil
                    filters.append(filter)
                    filter.apiID = Fixture.api
                    filters.append(filter)
                    for filter in filters {
                        for workspace in [Fixture.workspace, Fixture.otherWorkspace] {
                            let expected = self.series(records, filter, in: workspace)
                            #expect(try await fixture.store.usage(filter, in: workspace) == expected)
                        }
                    }
                }
            }
        }
    }

    @Test("Counting twice, and after a crash between any two steps, counts once", arguments: [1, 2, 3] as [UInt64])
    func crashes(seed: UInt64) async throws {
        let records = Self.use(600, seed: seed)
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: seed)
        var folded = 0
        var fixture = try await Fixture(folder)
        while folded < records.count {
            let count = min(Int.random(in: 1...100, using: &generator), records.count - folded)
            let part = Array(records[folded..<folded + count])
            let first = UInt64(folded + 1) * 10_000
            let last = first + UInt64(count - 1) * 10_000
            let steps = Int.random(in: 0...3, using: &generator)
            if steps > 0 { try await fixture.append(part, from: first, step: 10_000) }
            if steps > 1 { try await fixture.store.rollUp(through: last) }
            if steps > 2 {
                folded += count
            } else {
                // What was in memory is gone; the journal still has the part, and it is folded again, a larger one.
                fixture = try await Fixture(folder)
            }
        }
        #expect(try await fixture.store.newestSequence() == 10_000 * UInt64(records.count))
        let filter = UsageFilter(resolution: .day, from: .earliest, to: .latest, byCode: true)
        for workspace in [Fixture.workspace, Fixture.otherWorkspace] {
            #expect(try await fixture.store.usage(filter, in: workspace) == self.series(records, filter, in: workspace))
            let entries = try await fixture.sequences(in: workspace, limit: 200)
            #expect(entries.count == records.count { $0.workspaceID == workspace.bits })
        }
    }

    @Test("A crash after the first entry of a day, before anything is counted, forgets no day")
    func crashOnANewDay() async throws {
        let folder = try TemporaryFolder()
        let first = try await Fixture(folder)
        try await first.append([Fixture.record(), Fixture.record(after: .seconds(86_400))])
        let second = try await Fixture(folder)
        #expect(try await second.store.newestSequence() == 2000)
        // The journal has lost its place, and the next record is of a third day.
        try await second.append([Fixture.record(after: .seconds(2 * 86_400))], from: 3000)
        try await second.store.rollUp(through: 3000)
        #expect(try await second.counts().map(\.count) == [1, 1, 1])
    }

    @Test("Large gaps in the numbers are stepped over")
    func gaps() async throws {
        let fixture = try await Fixture()
        try await fixture.append([Fixture.record()])
        let far = UInt64(Int64.max) - 5000
        let last = try await fixture.append([Fixture.record(), Fixture.record()], from: far)
        try await fixture.store.rollUp(through: last)
        #expect(try await fixture.counts().map(\.count) == [3])
        #expect(try await fixture.sequences() == [far + 1000, far, 1000])
    }

    @Test("Many records are counted in several transactions")
    func steps() async throws {
        let fixture = try await Fixture()
        let last = try await fixture.append((0..<50).map { _ in Fixture.record() }, step: 1 << 24)
        try await fixture.store.rollUp(through: last)
        #expect(try await fixture.counts().map(\.count) == [50])
    }

    @Test("The last use of a key is its last success, with address and user agent")
    func lastUses() async throws {
        let fixture = try await Fixture()
        var used = Fixture.record(after: .seconds(10), address: "2001:db8::5")
        used.userAgent = "curl/8"
        try await fixture.append([
            Fixture.record(), used, Fixture.record(after: .seconds(20), code: .revoked),
            Fixture.record(key: Fixture.otherKey, code: .revoked),
            Fixture.record(after: .seconds(30), workspace: Fixture.otherWorkspace),
        ])
        try await fixture.store.rollUp(through: 5000)
        let keys = [Fixture.key, Fixture.otherKey]
        let expected = LastUse(
            time: used.time,
            clientAddress: used.clientAddress,
            userAgent: "curl/8"
        )
        #expect(try await fixture.store.lastUses(of: keys, in: Fixture.workspace) == [Fixture.key: expected])
        #expect(try await fixture.store.lastUses(of: [], in: Fixture.workspace).isEmpty)
        // One that was late does not take the place of a later one.
        try await fixture.append([Fixture.record(after: .seconds(5))], from: 6000)
        try await fixture.store.rollUp(through: 6000)
        #expect(try await fixture.store.lastUses(of: keys, in: Fixture.workspace) == [Fixture.key: expected])
    }

    @Test("Refusals are counted by network and code, IPv6 by its first 64 bits")
    func refusals() async throws {
        let fixture = try await Fixture()
        try await fixture.append([
            Fixture.record(code: .valid, address: "192.0.2.1"),
            Fixture.record(key: nil, code: .malformed, address: "192.0.2.1"),
            Fixture.record(key: nil, code: .malformed, address: "192.0.2.1"),
            Fixture.record(after: .seconds(7200), code: .revoked, address: "192.0.2.1"),
            Fixture.record(key: nil, code: .malformed, address: "2001:db8::1"),
            Fixture.record(key: nil, code: .malformed, address: "2001:db8::ffff:1"),
            Fixture.record(key: nil, code: .malformed, address: "2001:db8::1:2:3:4"),
            Fixture.record(key: nil, code: .malformed, address: "2001:db8:0:1::1"),
            Fixture.record(key: nil, code: .notFound, address: nil),
            Fixture.record(key: nil, workspace: Fixture.otherWorkspace, code: .malformed, address: "192.0.2.1"),
        ])
        try await fixture.store.rollUp(through: 10_000)
        let (from, to) = (Fixture.morning, Fixture.morning + .seconds(86_400))
        let found = try await fixture.store.refusals(from: from, to: to, limit: 10, in: Fixture.workspace)
        func line(_ network: String?, _ code: VerificationCode, _ count: Int64) throws -> RefusalCount {
            RefusalCount(network: try network.map { try CIDR(parsing: $0) }, code: code.number, count: count)
        }
        #expect(
            try Set(found) == [
                line("192.0.2.1/32", .malformed, 2), line("192.0.2.1/32", .revoked, 1),
                line("2001:db8::/64", .malformed, 3), line("2001:db8:0:1::/64", .malformed, 1),
                line(nil, .notFound, 1),
            ]
        )
        #expect(try found.first == line("2001:db8::/64", .malformed, 3))
        let hour = try await fixture.store.refusals(
            from: from + .seconds(3600),
            to: to,
            limit: 1,
            in: Fixture.workspace
        )
        #expect(try hour == [line("192.0.2.1/32", .revoked, 1)])
    }

    @Test("The largest users are those of a straightforward count", arguments: UsageDimension.allCases)
    func top(dimension: UsageDimension) async throws {
        let fixture = try await Fixture()
        let records = Self.use(3000, seed: 5)
        try await fixture.store.rollUp(through: fixture.append(records))
        let whole = (Fixture.day.start, Fixture.day.next.next.next.start)
        let part = (UsageResolution.hour.start(of: Fixture.morning + .seconds(7200)), Fixture.day.next.start)
        for (from, to) in [whole, part] {
            var sums: [TopUsage.Subject: TopUsage] = [:]
            for record in records
            where record.workspaceID == Fixture.workspace.bits && record.time >= from && record.time < to {
                let subject: TopUsage.Subject? =
                    switch dimension {
                    case .key: record.keyID.map { .key(APIKey.ID(bits: $0)) }
                    case .consumer: record.consumerID.map { .consumer(Consumer.ID(bits: $0)) }
                    case .network: try record.clientAddress.map { .network(try CIDR(parsing: "\($0)/32")) }
                    case .path: record.path.map { .path($0) }
                    case .code: .code(record.code)
                    }
                guard let subject else { continue }
                sums[subject, default: TopUsage(subject: subject, count: 0, cost: 0)].count += 1
                sums[subject]?.cost += Int64(record.cost)
            }
            let found = try await fixture.store.top(dimension, from: from, to: to, limit: 100, in: Fixture.workspace)
            #expect(Set(found) == Set(sums.values))
            #expect(found.map(\.count) == found.map(\.count).sorted(by: >))
            let two = try await fixture.store.top(dimension, from: from, to: to, limit: 2, in: Fixture.workspace)
            #expect(two.map(\.count) == Array(found.map(\.count).prefix(2)))
        }
    }

    @Test("Each kind is kept as long as it may be, and no day goes that is not counted")
    func retention() async throws {
        let fixture = try await Fixture()
        let days = 24
        try await fixture.append((0..<days).map { Fixture.record(after: .seconds($0 * 86_400), code: .revoked) })
        let now = Fixture.morning + .seconds(days * 86_400)
        let retention = UsageRetention(
            detail: .seconds(6 * 86_400),
            rollUps: .seconds(12 * 86_400),
            minutes: .seconds(3 * 86_400)
        )
        #expect(try await fixture.store.enforceRetention(retention, at: now).days == [])
        try await fixture.store.rollUp(through: 15_000)
        #expect(try await fixture.store.enforceRetention(retention, at: now).days.count == 15)
        try await fixture.store.rollUp(through: 24_000)
        let removed = try await fixture.store.enforceRetention(retention, at: now)
        #expect(removed.days.count == 3)
        #expect(try await fixture.databases.days.first == UTCDay(now - .seconds(6 * 86_400)))
        #expect(try await fixture.sequences(limit: 100).count == 6)
        #expect(try await fixture.counts(.day).count == 12)
        #expect(try await fixture.counts(.hour).count == 12)
        #expect(try await fixture.counts(.minute).count == 3)
        let refused = try await fixture.store.refusals(
            from: .earliest,
            to: .latest,
            limit: 10,
            in: Fixture.workspace
        )
        #expect(refused.map(\.count) == [6])
        #expect(try await fixture.store.enforceRetention(retention, at: now) == RemovedUsage(days: [], rollUps: 0))
        // A day that is gone can come again: the clock was wrong.
        try await fixture.append([Fixture.record()], from: 90_000)
        #expect(try await fixture.sequences(limit: 100).last == 90_000)
    }
}
