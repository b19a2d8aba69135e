import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import ClavigerVerifier
import Synchronization
import Testing

@Suite("Access log")
struct AccessLogTests {
    private typealias Fixture = UsageFixture

    @Test("An entry comes back as it was recorded")
    func roundTrip() async throws {
        let fixture = try await Fixture()
        var record = Fixture.record(cost: .max)
        record.credentialID = .max
        record.lookupID = LookupID("0123456789ab")
        record.clientAddress = .v6(UInt128.max)
        record.method = "GET"
        record.origin = "https://app.example.com"
        record.userAgent = "curl/8 \u{0} Zoë"
        record.upstreamStatus = 404
        record.latencyMicros = .max
        let bare = UsageRecord(time: Fixture.morning, code: 255, source: .gateway)
        var strange = bare
        strange.workspaceID = Fixture.workspace.bits
        try await fixture.append([record, strange])
        let page = try await fixture.store.entries(
            AccessLogFilter(),
            in: Fixture.workspace,
            after: nil,
            limit: 10
        )
        // No database takes a NUL in a text.
        record.userAgent = "curl/8 \u{FFFD} Zoë"
        #expect(page.entries == [AccessLogEntry(strange, sequence: 2000), AccessLogEntry(record, sequence: 1000)])
        #expect(page.next == nil)
    }

    @Test("Appending again changes nothing")
    func twice() async throws {
        let fixture = try await Fixture()
        try await fixture.append([Fixture.record(), Fixture.record(after: .seconds(1))])
        try await fixture.append([Fixture.record(code: .revoked), Fixture.record(), Fixture.record()])
        #expect(try await fixture.sequences() == [3000, 2000, 1000])
        let first = try await fixture.store.entries(AccessLogFilter(), in: Fixture.workspace, after: nil, limit: 9)
        #expect(first.entries.last?.code == VerificationCode.valid.number)
    }

    @Test("Records go to the day of their time, in whatever order they come")
    func days() async throws {
        let fixture = try await Fixture()
        let midnight = Fixture.day.next.start - Fixture.morning
        try await fixture.append([
            Fixture.record(after: midnight - .milliseconds(2)), Fixture.record(after: midnight),
            Fixture.record(after: midnight - .milliseconds(1)), Fixture.record(after: midnight + .milliseconds(1)),
        ])
        #expect(try await fixture.databases.days == [Fixture.day, Fixture.day.next])
        #expect(try fixture.folder.names().contains("access-log"))
        #expect(try fixture.folder.mode(of: "access-log") == 0o700)
        #expect(try fixture.folder.mode(of: "access-log/2026-11-21.db") == 0o600)
        // The later day first, and in a day the order of the journal.
        #expect(try await fixture.sequences(limit: 1) == [4000, 2000, 3000, 1000])
        let walked = Mutex<[UInt64]>([])
        try await fixture.store.forEachEntry(AccessLogFilter(), in: Fixture.workspace) { part in
            walked.withLock { $0 += part.map(\.position.sequence) }
        }
        #expect(walked.withLock(\.self) == [1000, 3000, 2000, 4000])
        var filter = AccessLogFilter()
        filter.from = Fixture.day.next.start
        #expect(try await fixture.sequences(filter) == [4000, 2000])
        filter.from = nil
        filter.to = Fixture.day.next.start
        #expect(try await fixture.sequences(filter) == [3000, 1000])
    }

    /// One entry of each kind, and a filter that only some of them meet.
    private static func filters() throws -> [(AccessLogFilter, [UInt64])] {
        func filter(_ change: (inout AccessLogFilter) -> Void) -> AccessLogFilter {
            var filter = AccessLogFilter()
            change(&filter)
            return filter
        }
        let slash24 = try CIDR(parsing: "192.0.2.0/24")
        let slash31 = try CIDR(parsing: "192.0.2.8/31")
        let v6 = try CIDR(parsing: "2001:db8::/32")
        let anyV4 = try CIDR(parsing: "0.0.0.0/0")
        let anyV6 = try CIDR(parsing: "::/0")
        let staging = try EnvironmentName(parsing: "staging")
        return [
            (filter { _ in }, [6000, 5000, 4000, 3000, 2000, 1000]),
            (filter { $0.keyID = Fixture.key }, [6000, 4000, 3000, 1000]),
            (filter { $0.keyID = Fixture.otherKey }, [2000]),
            (filter { $0.keyID = APIKey.ID(bits: 7) }, []),
            (filter { $0.consumerID = Fixture.consumer }, [6000, 4000, 1000]),
            (filter { $0.consumerID = Fixture.otherConsumer }, [3000, 2000]),
            (filter { ($0.keyID, $0.consumerID) = (Fixture.key, Fixture.otherConsumer) }, [3000]),
            (filter { $0.apiID = Fixture.api }, [6000, 4000, 3000, 2000, 1000]),
            (filter { $0.code = VerificationCode.revoked.number }, [4000]),
            (filter { $0.code = VerificationCode.malformed.number }, [5000]),
            (filter { $0.environment = staging }, [6000]),
            (filter { $0.network = slash24 }, [3000, 2000, 1000]),
            (filter { $0.network = slash31 }, [2000]),
            (filter { $0.network = v6 }, [4000]),
            (filter { $0.network = anyV4 }, [5000, 3000, 2000, 1000]),
            (filter { $0.network = anyV6 }, [4000]),
            (filter { $0.from = Fixture.morning + .seconds(3) }, [6000, 5000, 4000]),
            (filter { $0.to = Fixture.morning + .seconds(3) }, [3000, 2000, 1000]),
            (filter { ($0.from, $0.to) = (Fixture.morning + .seconds(2), Fixture.morning + .seconds(3)) }, [3000]),
            (filter { ($0.keyID, $0.from) = (Fixture.key, Fixture.morning + .seconds(2)) }, [6000, 4000, 3000]),
        ]
    }

    @Test("Each filter lets through what it says, forwards and backwards", arguments: [1, 2, 100])
    func filters(limit: Int) async throws {
        let fixture = try await Fixture()
        var staging = Fixture.record(after: .seconds(5), address: nil)
        staging.environment = "staging"
        // Each in a block of its own.
        try await fixture.append([
            Fixture.record(),
            Fixture.record(
                after: .seconds(1),
                key: Fixture.otherKey,
                consumer: Fixture.otherConsumer,
                address: "192.0.2.9"
            ),
            Fixture.record(after: .seconds(2), consumer: Fixture.otherConsumer, address: "192.0.2.255"),
            Fixture.record(after: .seconds(3), code: .revoked, address: "2001:db8::1"),
            Fixture.record(after: .seconds(4), key: nil, consumer: nil, code: .malformed, address: "10.0.0.1"),
            staging,
        ])
        for (filter, expected) in try Self.filters() {
            #expect(try await fixture.sequences(filter, limit: limit) == expected, "\(filter)")
            let walked = Mutex<[UInt64]>([])
            try await fixture.store.forEachEntry(filter, in: Fixture.workspace) { part in
                walked.withLock { $0 += part.map(\.position.sequence) }
            }
            #expect(walked.withLock(\.self) == expected.reversed(), "\(filter)")
            #expect(try await fixture.sequences(filter, in: Fixture.otherWorkspace).isEmpty)
        }
    }

    @Test("No workspace sees another's entries, nor those of none")
    func workspaces() async throws {
        let fixture = try await Fixture()
        try await fixture.append([
            Fixture.record(), Fixture.record(workspace: Fixture.otherWorkspace), Fixture.record(workspace: nil),
        ])
        #expect(try await fixture.sequences() == [1000])
        #expect(try await fixture.sequences(in: Fixture.otherWorkspace) == [2000])
        let walked = Mutex<[UInt64]>([])
        try await fixture.store.forEachUse(of: Fixture.key, since: .earliest, in: Fixture.otherWorkspace) { part in
            walked.withLock { $0 += part.map(\.position.sequence) }
        }
        #expect(walked.withLock(\.self) == [2000])
    }

    @Test(
        "Pages have every entry once, over blocks and days, while others are added",
        arguments: [1, 2, 3] as [UInt64]
    )
    func paging(seed: UInt64) async throws {
        let fixture = try await Fixture()
        var generator = SeededGenerator(seed: seed)
        var sequence: UInt64 = 1
        var expected: [AccessLogPosition] = []
        var batch: [(sequence: UInt64, record: UsageRecord)] = []
        for index in 0..<300 {
            sequence += UInt64.random(in: 1...3_000_000, using: &generator)
            // Out of order by some seconds, over the border of a day.
            let after = Duration.seconds(17 * 3600 + index * 12 + Int.random(in: -30...30, using: &generator))
            let key = Bool.random(using: &generator) ? Fixture.key : Fixture.otherKey
            let record = Fixture.record(after: after, key: key)
            batch.append((sequence, record))
            if key == Fixture.key { expected.append(AccessLogEntry(record, sequence: sequence).position) }
        }
        try await fixture.store.append(batch)
        expected.sort(by: >)
        var filter = AccessLogFilter()
        filter.keyID = Fixture.key
        var found: [AccessLogPosition] = []
        var position: AccessLogPosition?
        repeat {
            let limit = Int.random(in: 1...20, using: &generator)
            let page = try await fixture.store.entries(filter, in: Fixture.workspace, after: position, limit: limit)
            #expect(page.entries.count <= limit)
            found += page.entries.map(\.position)
            position = page.next.flatMap { AccessLogPosition(text: $0.text) }
            sequence += 10
            try await fixture.append([Fixture.record(after: .seconds(19 * 3600))], from: sequence)
        } while position != nil
        #expect(found == expected)
        #expect(try await fixture.databases.days.count == 2)
    }

    @Test("A page that nothing meets looks at a part of the log and goes on")
    func boundedPages() async throws {
        let fixture = try await Fixture()
        // 1,300 blocks with an entry each; a page looks at 512 of them.
        try await fixture.append(
            (0..<1300).map { Fixture.record(code: $0 == 0 || $0 == 1299 ? .revoked : .valid) },
            step: 1 << 20
        )
        var filter = AccessLogFilter()
        filter.code = VerificationCode.revoked.number
        let page = try await fixture.store.entries(filter, in: Fixture.workspace, after: nil, limit: 5)
        #expect(page.entries.count == 1)
        #expect(page.next != nil)
        #expect(try await fixture.sequences(filter) == [1000 + 1299 << 20, 1000])
        let walked = Mutex(0)
        try await fixture.store.forEachEntry(filter, in: Fixture.workspace) { part in
            walked.withLock { $0 += part.count }
        }
        #expect(walked.withLock(\.self) == 2)
    }

    @Test("More days than may be open can be read")
    func manyDays() async throws {
        let fixture = try await Fixture()
        try await fixture.append((0..<30).map { Fixture.record(after: .seconds($0 * 86_400)) })
        #expect(try await fixture.databases.days.count == 30)
        let expected = (1...30).reversed().map { UInt64($0) * 1000 }
        #expect(try await fixture.sequences(limit: 100) == expected)
        // Two side files for each open day.
        #expect(try fixture.folder.names("access-log").filter { $0.hasSuffix("-wal") }.count <= 8)
        async let first = fixture.sequences(limit: 7)
        async let second = fixture.sequences(limit: 100)
        let both = try await (first, second)
        #expect(both.0 == expected && both.1 == expected)
    }

    @Test("A day that is being removed waits for who reads it, and is gone for all others")
    func removalWaits() async throws {
        let fixture = try await Fixture()
        try await fixture.append([Fixture.record(), Fixture.record(after: .seconds(86_400))])
        let (reading, proceed) = (Signal(), Signal())
        let reader = Task {
            try await fixture.databases.withDay(Fixture.day, creating: false) { database in
                reading.send()
                await proceed.wait()
                return try await database.read { try $0.rows("SELECT sequence FROM entries").count }
            }
        }
        await reading.wait()
        let removal = Task { try await fixture.databases.removeDay(Fixture.day) }
        // The removal has begun when others do not get the day any more.
        while try await fixture.databases.withDay(Fixture.day, creating: true, { _ in true }) != nil {
            await Task.yield()
        }
        #expect(try await fixture.sequences() == [2000])
        proceed.send()
        #expect(try await reader.value == 1)
        try await removal.value
        #expect(try await fixture.databases.days == [Fixture.day.next])
        #expect(try fixture.folder.names("access-log").filter { $0.hasPrefix("2026-11-21") }.isEmpty)
        try await fixture.append([Fixture.record()], from: 3000)
        #expect(try await fixture.sequences() == [2000, 3000])
    }

    @Test("Syncing can be done at any time")
    func sync() async throws {
        let fixture = try await Fixture()
        try await fixture.store.sync()
        try await fixture.append((0..<12).map { Fixture.record(after: .seconds($0 * 86_400)) })
        try await fixture.store.sync()
        try await fixture.store.sync()
        #expect(try await fixture.sequences(limit: 100).count == 12)
        try await fixture.databases.close()
        await #expect(throws: StoreFailure.self) { try await fixture.store.rolledUpSequence() }
    }

    @Test("Everything works in memory, too")
    func memory() async throws {
        let databases = try await SQLiteUsageDatabases.inMemory()
        let store = SQLUsageStore(databases)
        try await store.append((0..<20).map { (UInt64($0) + 1, Fixture.record(after: .seconds($0 * 86_400))) })
        try await store.rollUp(through: 20)
        try await store.sync()
        let page = try await store.entries(AccessLogFilter(), in: Fixture.workspace, after: nil, limit: 100)
        #expect(page.entries.count == 20)
        let removed = try await store.enforceRetention(
            UsageRetention(detail: .seconds(5 * 86_400)),
            at: Fixture.morning + .seconds(20 * 86_400)
        )
        #expect(removed.days.count == 15)
        #expect(try await databases.days.count == 5)
    }
}
