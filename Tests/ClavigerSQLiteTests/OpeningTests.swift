import ClavigerStore
import ClavigerTestSupport
import Foundation
import GRDB
import Testing

@testable import ClavigerSQLite

@Suite("Opening a database file")
struct OpeningTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = self.folder.file("claviger.db")
    }

    /// Expects a refusal that leaves every byte of the folder as it is.
    private func expectRefusal(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ matches: (ClavigerStore.DatabaseError) -> Bool
    ) async throws {
        let before = try self.folder.contents()
        let error = await #expect(throws: ClavigerStore.DatabaseError.self, sourceLocation: sourceLocation) {
            _ = try await SQLiteDatabase.open(.file(self.path))
        }
        if let error {
            #expect(matches(error), "\(error)", sourceLocation: sourceLocation)
            #expect(!error.description.isEmpty, sourceLocation: sourceLocation)
        }
        #expect(try self.folder.contents() == before, sourceLocation: sourceLocation)
    }

    private func create(_ rows: Int = 0) async throws {
        let database = try await SQLiteDatabase.open(.file(self.path))
        try await database.write { connection in
            for number in 0..<rows {
                let value = String(repeating: "v", count: 200)
                try connection.execute("INSERT INTO meta (name, value) VALUES (\("name-\(number)"), \(value))")
            }
        }
        try await database.close()
    }

    @Test("A new file is private, marked, and leaves nothing beside it when closed")
    func creates() async throws {
        try await self.create()
        #expect(try self.folder.names() == ["claviger.db"])
        #expect(try self.folder.mode(of: "claviger.db") == 0o600)
        let header = try Data(contentsOf: URL(fileURLWithPath: self.path)).prefix(100)
        #expect(Array(header[68..<72]) == Array("CLAV".utf8))
        #expect(Array(header[60..<64]) == [0, 0, 0, UInt8(Migration.all.count)])
    }

    @Test("Side files are private too, and the settings are those promised")
    func settings() async throws {
        let database = try await SQLiteDatabase.open(.file(self.path))
        for name in try self.folder.names() {
            #expect(try self.folder.mode(of: name) == 0o600)
        }
        func setting(_ sql: ClavigerStore.SQL) async throws -> SQLValue? {
            try await database.write { try $0.row(sql)?.value(String(sql.description.dropFirst(7))) }
        }
        #expect(try await setting("PRAGMA journal_mode") == .text("wal"))
        #expect(try await setting("PRAGMA synchronous") == .integer(2))
        #expect(try await setting("PRAGMA foreign_keys") == .integer(1))
        #expect(try await setting("PRAGMA trusted_schema") == .integer(0))
        #expect(try await setting("PRAGMA secure_delete") == .integer(1))
        try await database.close()
    }

    @Test("What was written is there after opening again, and migrations do not run twice")
    func reopens() async throws {
        try await self.create(3)
        let database = try await SQLiteDatabase.open(.file(self.path))
        #expect(database.startCheck == .complete)
        #expect(database.schemaVersion == Migration.all.count)
        #expect(try await database.read { try $0.rows("SELECT name FROM meta").count } == 3)
        try await database.close()
    }

    @Test("An empty file is a new database")
    func emptyFile() async throws {
        try Data().write(to: URL(fileURLWithPath: self.path))
        try await self.create()
        #expect(try self.folder.mode(of: "claviger.db") == 0o600)
    }

    @Test("A newer schema is refused untouched")
    func newerSchema() async throws {
        try await self.create()
        let newer =
            Migration.all + [
                Migration(number: Migration.all.count + 1, name: "next", sql: "CREATE TABLE next (id TEXT) STRICT;")
            ]
        let database = try await SQLiteDatabase.open(.file(self.path), migrations: newer)
        #expect(database.schemaVersion == newer.count)
        try await database.close()
        try await self.expectRefusal { $0 == .newerSchema(found: newer.count, supported: Migration.all.count) }
    }

    @Test("A migration shows in the header while the database is still open")
    func migrationShowsInHeader() async throws {
        try await self.create()
        let newer =
            Migration.all + [
                Migration(number: Migration.all.count + 1, name: "next", sql: "CREATE TABLE next (id TEXT) STRICT;")
            ]
        let database = try await SQLiteDatabase.open(.file(self.path), migrations: newer)
        let header = try Data(contentsOf: URL(fileURLWithPath: self.path)).prefix(100)
        #expect(Array(header[60..<64]) == [0, 0, 0, UInt8(newer.count)])
        try await database.close()
    }

    @Test("A migration that fails leaves the former schema")
    func failingMigration() async throws {
        try await self.create(1)
        let broken =
            Migration.all + [
                Migration(
                    number: Migration.all.count + 1,
                    name: "broken",
                    sql: "CREATE TABLE half (id TEXT) STRICT; INSERT INTO nowhere VALUES (1);"
                )
            ]
        await #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try await SQLiteDatabase.open(.file(self.path), migrations: broken)
        }
        let database = try await SQLiteDatabase.open(.file(self.path))
        #expect(try await database.read { try $0.rows("SELECT name FROM meta").count } == 1)
        try await database.close()
    }

    @Test(
        "A file that is not a database is refused untouched",
        arguments: ["x", "SQLite format 3", String(repeating: "not a database ", count: 1000)]
    )
    func notADatabase(content: String) async throws {
        try Data(content.utf8).write(to: URL(fileURLWithPath: self.path))
        try await self.expectRefusal { if case .foreign = $0 { true } else { false } }
    }

    @Test("A database of another application is refused untouched, also one in WAL mode")
    func foreignDatabase() async throws {
        do {
            let other = try DatabasePool(path: self.path)
            try await other.write { try $0.execute(sql: "CREATE TABLE theirs (id)") }
            try other.close()
        }
        try await self.expectRefusal { if case .foreign = $0 { true } else { false } }
    }

    @Test("A folder in the place of the file, and a missing folder")
    func wrongPlaces() async throws {
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: false)
        await #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try await SQLiteDatabase.open(.file(self.path))
        }
        let error = await #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try await SQLiteDatabase.open(.file(self.folder.file("missing/claviger.db")))
        }
        #expect(error?.description.contains("does not exist") == true)
        let noFolder = await #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try await SQLiteDatabase.open(.file(self.folder.file("claviger.db/x/y")))
        }
        #expect(noFolder != nil)
    }

    #if os(Linux)
    // /sys refuses new files to everyone, root included, so that this needs no mount and no other user.
    @Test("A folder that cannot be written is refused with what to check")
    func readOnlyFolder() async throws {
        let error = await #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try await SQLiteDatabase.open(.file("/sys/claviger.db"))
        }
        #expect(error?.description.contains("permission denied") == true || error == .readOnly)
        #expect(throws: ClavigerStore.DatabaseError.self) { _ = try DirectoryLock(folder: "/sys") }
    }
    #endif

    @Test("A log without its database is not replayed into a new one")
    func logWithoutDatabase() async throws {
        try Data(repeating: 1, count: 5000).write(to: URL(fileURLWithPath: self.path + "-wal"))
        try await self.expectRefusal { if case .corrupt = $0 { true } else { false } }
    }

    @Test("Damage in a page is found at the start")
    func damagedPage() async throws {
        try await self.create(500)
        let length = try #require(try self.folder.contents()["claviger.db"]).count
        for page in stride(from: length / 4096 - 10, to: length / 4096, by: 1) {
            try self.folder.damage("claviger.db", at: UInt64(page * 4096))
        }
        try await self.expectRefusal { if case .corrupt = $0 { true } else { false } }
    }

    @Test("When the time is up the check is partial, and the whole check finds the damage")
    func laterCheck() async throws {
        try await self.create(20000)
        let length = try #require(try self.folder.contents()["claviger.db"]).count
        try self.folder.damage("claviger.db", at: UInt64(length / 4096 - 2) * 4096)
        let database = try await SQLiteDatabase.open(.file(self.path), checkBudget: .zero)
        #expect(database.startCheck == .partial)
        let error = await #expect(throws: ClavigerStore.DatabaseError.self) { try await database.checkIntegrity() }
        guard case .corrupt = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("claviger restore") == true)
        try await database.close()
    }

    @Test("The whole check passes on a sound database, in a file and in memory")
    func soundCheck() async throws {
        try await self.create(100)
        for location in [SQLiteDatabase.Location.file(self.path), .memory] {
            let database = try await SQLiteDatabase.open(location)
            try await database.checkIntegrity()
            try await database.close()
        }
    }

    @Test("A missing trigger, a surplus table and a changed table are refused")
    func changedSchema() async throws {
        let changes = [
            "DROP TRIGGER audit_events_no_delete",
            "CREATE TRIGGER extra AFTER INSERT ON meta BEGIN DELETE FROM keys; END",
            "ALTER TABLE meta ADD COLUMN extra TEXT",
        ]
        for change in changes {
            try await self.create()
            do {
                let queue = try DatabaseQueue(path: self.path)
                try await queue.write { try $0.execute(sql: change) }
                try queue.close()
            }
            let error = await #expect(throws: ClavigerStore.DatabaseError.self) {
                _ = try await SQLiteDatabase.open(.file(self.path))
            }
            guard case .corrupt = error else {
                Issue.record("\(change): \(String(describing: error))")
                continue
            }
            try FileManager.default.removeItem(atPath: self.path)
        }
    }

    @Test("A lock of another connection is waited for, and then an error that says so")
    func busy() async throws {
        try await self.create()
        let database = try await SQLiteDatabase.open(.file(self.path), busyTimeout: 0.05, migrations: Migration.all)
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: self.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let insert: ClavigerStore.SQL = "INSERT INTO meta (name, value) VALUES ('a', 'b')"
        let error = await #expect(throws: ClavigerStore.DatabaseError.self) {
            try await database.write { try $0.execute(insert) }
        }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await database.read { try $0.rows("SELECT name FROM meta").isEmpty })
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await database.write { try $0.execute(insert) } == 1)
        try other.close()
        try await database.close()
    }

    @Test("Changes that queue up behind another connection's lock are all refused when the first has waited in vain")
    func busyQueue() async throws {
        try await self.create()
        let database = try await SQLiteDatabase.open(.file(self.path), busyTimeout: 0.3, migrations: Migration.all)
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: self.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let insert: ClavigerStore.SQL = "INSERT INTO meta (name, value) VALUES ('a', 'b')"
        // Released only when they are done, so that every one of them finds the lock.
        let begun = ContinuousClock.now
        let refusals = await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        try await database.write { try $0.execute(insert) }
                        return false
                    } catch ClavigerStore.DatabaseError.unavailable {
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(refusals == 20)
        // One after the other would take 20 × 0.3 s; a task may be late and find the queue empty again.
        #expect(ContinuousClock.now - begun < .seconds(4))
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await database.write { try $0.execute(insert) } == 1)
        try other.close()
        try await database.close()
    }

    @Test("A full disk refuses the change whole, and reading goes on")
    func full() async throws {
        let database = try await SQLiteDatabase.open(.file(self.path))
        // SQLite answers the same for its own page limit as for the disk's.
        try await database.writer.writeWithoutTransaction { connection in
            let pages = try Int.fetchOne(connection, sql: "PRAGMA page_count") ?? 0
            try connection.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
        }
        let value = String(repeating: "x", count: 3000)
        let error = await #expect(throws: ClavigerStore.DatabaseError.self) {
            try await database.write { connection in
                for number in 0..<50 {
                    try connection.execute("INSERT INTO meta (name, value) VALUES (\("\(number)"), \(value))")
                }
            }
        }
        #expect(error == .full)
        #expect(try await database.read { try $0.rows("SELECT name FROM meta").isEmpty })
        try await database.write { try $0.execute("INSERT INTO meta (name, value) VALUES ('a', 'b')") }
        try await database.close()
    }

    @Test("A change that goes on after a full disk leaves nothing behind either")
    func fullAndIgnored() async throws {
        let database = try await SQLiteDatabase.open(.file(self.path))
        try await database.writer.writeWithoutTransaction { connection in
            let pages = try Int.fetchOne(connection, sql: "PRAGMA page_count") ?? 0
            try connection.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
        }
        let value = String(repeating: "x", count: 3000)
        await #expect(throws: ClavigerStore.DatabaseError.self) {
            try await database.write { connection in
                // SQLite has rolled back by itself with the first that fails; what comes then has no transaction.
                for number in 0..<50 {
                    _ = try? connection.execute("INSERT INTO meta (name, value) VALUES (\("\(number)"), \(value))")
                }
                try connection.execute("INSERT INTO meta (name, value) VALUES ('last', 'x')")
            }
        }
        #expect(try await database.read { try $0.rows("SELECT name FROM meta").isEmpty })
        try await database.close()
    }
}

@Suite("The lock of a data folder")
struct DirectoryLockTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    @Test("A second taker is told which process has it; it is free again after release")
    func excludes() throws {
        let lock = try DirectoryLock(folder: self.folder.path)
        let error = #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try DirectoryLock(folder: self.folder.path)
        }
        guard case .unavailable(let message) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(message.contains("process \(ProcessInfo.processInfo.processIdentifier)"))
        lock.release()
        try DirectoryLock(folder: self.folder.path).release()
        #expect(try self.folder.mode(of: DirectoryLock.fileName) == 0o600)
    }

    @Test("Another process that has the lock keeps this one out")
    func otherProcess() async throws {
        let done = self.folder.file("done")
        let process = try ChildProcess(
            "flock",
            [
                "--exclusive", self.folder.file(DirectoryLock.fileName), "sh", "-c",
                "echo held; while [ ! -e '\(done)' ]; do sleep 0.02; done",
            ],
            folder: self.folder.path
        )
        while process.isRunning, process.outputText.isEmpty { await Task.yield() }
        #expect(throws: ClavigerStore.DatabaseError.self) { _ = try DirectoryLock(folder: self.folder.path) }
        try Data().write(to: URL(fileURLWithPath: done))
        await process.wait()
        try DirectoryLock(folder: self.folder.path).release()
    }
}
