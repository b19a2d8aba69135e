import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerVerifier
import Foundation

/// A data folder with recorded use, and records to put into it.
struct UsageFixture {
    static let workspace = Workspace.ID(bits: 1)
    static let otherWorkspace = Workspace.ID(bits: 2)
    static let api = API.ID(bits: 10)
    static let key = APIKey.ID(bits: 100)
    static let otherKey = APIKey.ID(bits: 101)
    static let consumer = Consumer.ID(bits: 1000)
    static let otherConsumer = Consumer.ID(bits: 1001)
    /// 2026-11-21T06:40:00Z.
    static let morning = Timestamp(milliseconds: 1_795_243_200_000)
    static let day = UTCDay(morning)

    let folder: TemporaryFolder
    let databases: SQLiteUsageDatabases
    let store: SQLUsageStore

    /// Opens a folder; the same one again is a server that was started again.
    init(_ folder: TemporaryFolder? = nil) async throws {
        self.folder = try folder ?? TemporaryFolder()
        self.databases = try await SQLiteUsageDatabases.open(folder: self.folder.path)
        self.store = SQLUsageStore(self.databases)
    }

    /// The use of a key, so long after `morning`.
    static func record(
        after: Duration = .zero,
        key: APIKey.ID? = Self.key,
        consumer: Consumer.ID? = Self.consumer,
        workspace: Workspace.ID? = Self.workspace,
        code: VerificationCode = .valid,
        address: String? = "192.0.2.7",
        path: String? = "/v1/invoices",
        cost: UInt32 = 1
    ) -> UsageRecord {
        var record = UsageRecord(
            time: Self.morning + after,
            code: code.number,
            source: .verify,
            cost: cost,
            requestID: "req"
        )
        record.workspaceID = workspace?.bits
        record.apiID = key == nil ? nil : Self.api.bits
        record.keyID = key?.bits
        record.consumerID = consumer?.bits
        record.environment = key == nil ? nil : "production"
        record.clientAddress = address.flatMap { IPAddress(parsing: $0) }
        record.path = path
        return record
    }

    /// Appends records with the numbers 1,000, 2,000 and so on, each a thousand after the one before.
    @discardableResult
    func append(_ records: [UsageRecord], from first: UInt64 = 1000, step: UInt64 = 1000) async throws -> UInt64 {
        let batch = records.enumerated().map { (sequence: first + UInt64($0) * step, record: $1) }
        try await self.store.append(batch)
        return batch.last?.sequence ?? first
    }

    /// All use of a workspace in whole days.
    func counts(
        _ resolution: UsageResolution = .day,
        in workspace: Workspace.ID = Self.workspace
    ) async throws
        -> [UsagePoint]
    {
        try await self.store.usage(
            UsageFilter(resolution: resolution, from: .earliest, to: .latest),
            in: workspace
        )
    }

    /// The numbers of all entries that meet a filter, page by page.
    func sequences(
        _ filter: AccessLogFilter = AccessLogFilter(),
        in workspace: Workspace.ID = Self.workspace,
        limit: Int = 3
    ) async throws -> [UInt64] {
        var sequences: [UInt64] = []
        var position: AccessLogPosition?
        repeat {
            let page = try await self.store.entries(filter, in: workspace, after: position, limit: limit)
            sequences += page.entries.map(\.position.sequence)
            position = page.next
        } while position != nil
        return sequences
    }
}

extension TemporaryFolder {
    /// The names in a folder of this one.
    func names(_ folder: String) throws -> Set<String> {
        try Set(FileManager.default.contentsOfDirectory(atPath: self.file(folder)))
    }
}
