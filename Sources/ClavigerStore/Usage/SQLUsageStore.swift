import ClavigerCore
public import ClavigerService
public import ClavigerVerifier
import Synchronization

/// Recorded use in relational databases: one for each day of the access log, and one for the roll-ups.
///
/// What is counted, and how far, is in one transaction of the roll-ups. A day knows nothing of that: to append again
/// what it has changes nothing.
public final class SQLUsageStore: UsageStore {
    let databases: any UsageDatabases

    /// The days that are noted in `open_days`, as far as this process knows; only what folds touches it.
    let openDays = Mutex<Set<UTCDay>>([])

    /// Makes a store over open databases.
    public init(_ databases: any UsageDatabases) {
        self.databases = databases
    }

    /// Adds records to the access log.
    public func append(_ batch: [(sequence: UInt64, record: UsageRecord)]) async throws {
        try await SQLAuthorityStore.translating {
            let days = Set(batch.lazy.map { UTCDay($0.record.time) })
            for day in days.sorted() {
                // Nearly always it is one day, and nothing has to be copied.
                let records = days.count == 1 ? batch : batch.filter { UTCDay($0.record.time) == day }
                try await self.noteOpen(day)
                try await self.withDay(day, creating: true) { database in
                    try await database.write { connection in
                        try Self.insert(records.filter { $0.record.source != .upstream }, connection)
                        // A record comes after the one that it adds to, and so at the latest with it.
                        try Self.complete(records.filter { $0.record.source == .upstream }, connection)
                    }
                }
            }
        }
    }

    /// Waits until everything that was appended is on the disk.
    public func sync() async throws {
        try await SQLAuthorityStore.translating { try await self.databases.syncDays() }
    }

    /// The largest number of a record that the store knows of.
    public func newestSequence() async throws -> UInt64 {
        try await SQLAuthorityStore.translating {
            var newest = try await self.databases.usage.read(Self.position)
            for day in try await self.databases.usage.read(Self.noted) {
                let last = try await self.withDay(day) { try await $0.read(Self.lastSequence) }
                newest = max(newest, last.flatMap(\.self) ?? 0)
            }
            return newest
        }
    }

    /// The number of the last record that is counted.
    public func rolledUpSequence() async throws -> UInt64 {
        try await SQLAuthorityStore.translating { try await self.databases.usage.read(Self.position) }
    }

    /// Works on a day, with errors that name its file.
    ///
    /// - Returns: nil when there is no such day.
    @discardableResult
    func withDay<T: Sendable>(
        _ day: UTCDay,
        creating: Bool = false,
        _ body: @Sendable (any Database) async throws -> T
    ) async throws -> T? {
        do {
            return try await self.databases.withDay(day, creating: creating, body)
        } catch let error as DatabaseError {
            let location = self.databases.location(of: day)
            switch error {
            case .corrupt(let message):
                throw StoreFailure.broken(
                    """
                    The access log of \(day) is damaged: \(message). The file is \(location); move it and the files \
                    beside it away, and restart. Other days and all counts are not touched.
                    """
                )
            case .foreign(let message), .failed(let message):
                throw StoreFailure.broken("The access log of \(day) in \(location) cannot be used: \(message)")
            case .unavailable, .full, .readOnly, .newerSchema, .constraint:
                throw error
            }
        }
    }

    // MARK: What the databases say

    static func position(_ connection: any DatabaseConnection) throws -> UInt64 {
        try connection.row("SELECT sequence FROM progress WHERE id = 1")?.value("sequence", as: Sequence64.self).number
            ?? 0
    }

    /// The days that may have entries which are not counted.
    static func noted(_ connection: any DatabaseConnection) throws -> [UTCDay] {
        try connection.rows("SELECT day FROM open_days ORDER BY day").map { try $0.value("day") }
    }

    static func lastSequence(_ connection: any DatabaseConnection) throws -> UInt64? {
        try connection.row("SELECT max(sequence) AS sequence FROM entries")?
            .value("sequence", as: Sequence64?.self)?.number
    }

    // MARK: Writing

    /// Notes a day before it gets its first entry, so that none is forgotten when counting begins after a crash.
    private func noteOpen(_ day: UTCDay) async throws {
        guard !self.openDays.withLock({ $0.contains(day) }) else { return }
        try await self.databases.usage.write {
            try $0.execute("INSERT INTO open_days (day) VALUES (\(day)) ON CONFLICT (day) DO NOTHING")
        }
        self.openDays.withLock { _ = $0.insert(day) }
    }

    /// Adds to entries how the protected service answered.
    private static func complete(
        _ records: [(sequence: UInt64, record: UsageRecord)],
        _ connection: any DatabaseConnection
    ) throws {
        guard !records.isEmpty else { return }
        try connection.execute(
            "UPDATE entries SET upstream_status = \(parameters: 1) WHERE sequence = \(parameters: 1)",
            rows: records.compactMap { _, record in
                guard let about = record.about, let status = record.upstreamStatus else { return nil }
                return [.integer(Int64(status)), Sequence64(about).sqlValue]
            }
        )
    }

    private static func insert(
        _ records: [(sequence: UInt64, record: UsageRecord)],
        _ connection: any DatabaseConnection
    ) throws {
        try connection.execute(
            """
            INSERT INTO entries (\(sql: AccessLogRow.columns)) VALUES \(parameters: AccessLogRow.width)
            ON CONFLICT (sequence) DO NOTHING
            """,
            rows: records.map { AccessLogRow.values($0.record, $0.sequence) }
        )
        // One for each run of records of a block, which is mostly one for each block.
        var runs: [(block: Int64, first: Timestamp, last: Timestamp)] = []
        for (sequence, record) in records {
            let block = AccessLogRow.block(of: sequence)
            guard let run = runs.last, run.block == block else {
                runs.append((block, record.time, record.time))
                continue
            }
            runs[runs.count - 1] = (block, min(run.first, record.time), max(run.last, record.time))
        }
        try connection.execute(
            """
            INSERT INTO blocks (block, first_at, last_at) VALUES \(parameters: 3)
            ON CONFLICT (block) DO UPDATE SET
                first_at = CASE WHEN excluded.first_at < blocks.first_at THEN excluded.first_at
                    ELSE blocks.first_at END,
                last_at = CASE WHEN excluded.last_at > blocks.last_at THEN excluded.last_at ELSE blocks.last_at END
            """,
            rows: runs.map { [.integer($0.block), $0.first.sqlValue, $0.last.sqlValue] }
        )
    }
}
