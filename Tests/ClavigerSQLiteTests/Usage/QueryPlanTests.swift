import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerVerifier
import Synchronization
import Testing

/// A wrong plan gives right answers, only a thousand times later.
@Suite("Query plans of the access log")
struct QueryPlanTests {
    private typealias Fixture = UsageFixture

    private let fixture: UsageFixture
    private let plans: PlanRecorder
    private let store: SQLUsageStore

    init() async throws {
        self.fixture = try await UsageFixture()
        self.plans = PlanRecorder(self.fixture.databases)
        self.store = SQLUsageStore(self.plans)
        let last = try await self.fixture.append((0..<100).map { _ in UsageFixture.record() }, step: 1 << 19)
        try await self.fixture.store.rollUp(through: last)
    }

    @Test("Entries are found through the blocks and read in order", arguments: [true, false], [true, false])
    func entries(ofKey: Bool, newestFirst: Bool) async throws {
        var filter = AccessLogFilter()
        if ofKey { filter.keyID = Fixture.key } else { filter.code = 0 }
        filter.from = Fixture.day.start
        filter.to = Fixture.day.next.start
        if newestFirst {
            _ = try await self.store.entries(filter, in: Fixture.workspace, after: nil, limit: 10)
        } else {
            try await self.store.forEachEntry(filter, in: Fixture.workspace) { _ in }
        }
        let plan = self.plans.all
        #expect(plan.contains { $0.hasPrefix("SEARCH blocks USING INTEGER PRIMARY KEY") }, "\(plan)")
        #expect(
            plan.contains {
                $0.hasPrefix(
                    ofKey
                        ? "SEARCH entries USING INDEX entries_of_key (block=? AND key_id=?"
                        : "SEARCH entries USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
                )
            },
            "\(plan)"
        )
        #expect(!plan.contains { $0.contains("TEMP B-TREE") || $0.contains("AUTOMATIC") }, "\(plan)")
    }

    @Test("Entries of a consumer are found by their index")
    func consumers() async throws {
        var filter = AccessLogFilter()
        filter.consumerID = Fixture.consumer
        _ = try await self.store.entries(filter, in: Fixture.workspace, after: nil, limit: 10)
        #expect(self.plans.all.contains { $0.contains("entries_of_consumer (block=? AND consumer_id=?") })
    }

    @Test("The uses of a credential are found by the index of its key")
    func credentials() async throws {
        let credential = Credential.ID(bits: 1)
        let (key, since) = (Fixture.key, Fixture.day.start)
        _ = try await self.store.uses(of: credential, of: key, since: since, in: Fixture.workspace)
        _ = try await self.store.lastUse(of: credential, of: key, since: since, in: Fixture.workspace)
        let searches = self.plans.all.filter { $0.hasPrefix("SEARCH entries") }
        #expect(searches.count == 2)
        #expect(searches.allSatisfy { $0.contains("entries_of_key (block=? AND key_id=?") }, "\(searches)")
    }

    @Test("Paths and networks are counted in one walk", arguments: [UsageDimension.path, .network])
    func top(dimension: UsageDimension) async throws {
        let (from, to) = (Fixture.day.start, Fixture.day.next.start)
        _ = try await self.store.top(dimension, from: from, to: to, limit: 10, in: Fixture.workspace)
        let plan = self.plans.all
        #expect(plan.contains { $0.hasPrefix("SEARCH entries USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)") })
        #expect(!plan.contains { $0.contains("AUTOMATIC") }, "\(plan)")
    }

    @Test("Counts of a key are looked up in each step")
    func series() async throws {
        var filter = UsageFilter(resolution: .minute, from: Fixture.day.start, to: Fixture.day.next.start)
        filter.keyID = Fixture.key
        _ = try await self.store.usage(filter, in: Fixture.workspace)
        let plan = self.plans.all
        #expect(
            plan.contains {
                $0.hasPrefix("SEARCH counts USING PRIMARY KEY (start=? AND workspace_id=? AND key_id=?")
            },
            "\(plan)"
        )
        filter.keyID = nil
        filter.consumerID = Fixture.consumer
        _ = try await self.store.usage(filter, in: Fixture.workspace)
        #expect(self.plans.all.contains { $0.contains("usage_minutes_of_consumer (start=? AND workspace_id=?") })
    }
}

/// Lends databases that note how each answer is found.
private final class PlanRecorder: UsageDatabases {
    private let databases: SQLiteUsageDatabases
    private let plans = Plans()

    init(_ databases: SQLiteUsageDatabases) {
        self.databases = databases
    }

    /// The steps of all plans so far.
    var all: [String] { self.plans.steps.withLock(\.self) }

    var usage: any Database { Recording(database: self.databases.usage, plans: self.plans) }
    var days: [UTCDay] { get async throws { try await self.databases.days } }

    func withDay<T: Sendable>(
        _ day: UTCDay,
        creating: Bool,
        _ body: @Sendable (any Database) async throws -> T
    ) async throws -> T? {
        try await self.databases.withDay(day, creating: creating) { database in
            try await body(Recording(database: database, plans: self.plans))
        }
    }

    func location(of day: UTCDay) -> String { self.databases.location(of: day) }
    func removeDay(_ day: UTCDay) async throws { try await self.databases.removeDay(day) }
    func syncDays() async throws { try await self.databases.syncDays() }
    func close() async throws { try await self.databases.close() }

    final class Plans: Sendable {
        let steps = Mutex<[String]>([])
    }

    struct Recording: Database {
        let database: any Database
        let plans: Plans

        func read<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
            try await self.database.read { try body(Connection(connection: $0, plans: self.plans)) }
        }

        func write<T: Sendable>(
            _ body: @escaping @Sendable (any DatabaseConnection) throws -> T,
            afterCommit: @escaping @Sendable (T) -> Void
        ) async throws -> T {
            try await self.database.write(body, afterCommit: afterCommit)
        }

        func close() async throws { try await self.database.close() }
    }

    struct Connection: DatabaseConnection {
        let connection: any DatabaseConnection
        let plans: Plans

        private func note(_ sql: SQL) throws {
            let steps = try self.connection.rows("EXPLAIN QUERY PLAN \(sql: sql)")
                .map { try $0.value("detail", as: String.self) }
            self.plans.steps.withLock { $0 += steps }
        }

        func rows(_ sql: SQL) throws -> [Row] {
            try self.note(sql)
            return try self.connection.rows(sql)
        }

        func row(_ sql: SQL) throws -> Row? {
            try self.note(sql)
            return try self.connection.row(sql)
        }

        func execute(_ sql: SQL) throws -> Int { try self.connection.execute(sql) }

        func forEach(_ sql: SQL, _ body: (Row) throws -> Void) throws {
            try self.note(sql)
            try self.connection.forEach(sql, body)
        }
    }
}
