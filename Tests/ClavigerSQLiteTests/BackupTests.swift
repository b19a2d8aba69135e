import ClavigerStore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import ClavigerSQLite

@Suite("Backup and restore")
struct BackupTests {
    private let folder: TemporaryFolder
    private let path: String
    private let target: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = self.folder.file("claviger.db")
        self.target = self.folder.file("backup.db")
    }

    private static func set(_ name: String, _ value: String) -> ClavigerStore.SQL {
        "INSERT INTO meta (name, value) VALUES (\(name), \(value))"
    }

    private func names(in path: String) async throws -> [String] {
        let database = try await SQLiteDatabase.open(.file(path))
        let names = try await database.read { connection in
            try connection.rows("SELECT name FROM meta ORDER BY name").map { try $0.value("name", as: String.self) }
        }
        try await database.close()
        return names
    }

    private func create(_ names: String...) async throws {
        let database = try await SQLiteDatabase.open(.file(self.path))
        try await database.write { connection in
            for name in names { try connection.execute(Self.set(name, "v")) }
        }
        try await database.close()
    }

    @Test("A backup taken while others write is one moment of the database", arguments: [true, false])
    func whileWriting(throughServer: Bool) async throws {
        let database = try await SQLiteDatabase.open(.file(self.path))
        let stop = Mutex(false)
        let writer = Task {
            var number = 0
            while !stop.withLock({ $0 }) {
                number += 1
                let (name, value) = ("\(number)", String(repeating: "x", count: 2000))
                // Both or none, in any snapshot.
                try await database.write { connection in
                    try connection.execute(Self.set("a\(name)", value))
                    try connection.execute(Self.set("b\(name)", value))
                }
            }
            return number
        }
        for round in 0..<5 {
            let file = self.folder.file("backup-\(round).db")
            let steps = Mutex<[BackupProgress]>([])
            let note: @Sendable (BackupProgress) -> Void = { step in steps.withLock { $0.append(step) } }
            let backup =
                throughServer
                ? try await database.backup(to: file, progress: note)
                : try await Backup.create(of: self.path, at: file, progress: note)
            #expect(backup.schemaVersion == Migration.all.count)
            let last = try #require(steps.withLock { $0.last })
            #expect(last.completedPages == last.totalPages)
            #expect(try self.folder.mode(of: "backup-\(round).db") == 0o600)
            let length = try self.folder.contents()["backup-\(round).db"]?.count
            #expect(length.map(Int64.init) == backup.bytes)
        }
        stop.withLock { $0 = true }
        #expect(try await writer.value > 0)
        try await database.close()
        #expect(try self.folder.names().filter { $0.hasPrefix("backup") && !$0.hasSuffix(".db") } == [])
        for round in 0..<5 {
            let names = try await self.names(in: self.folder.file("backup-\(round).db"))
            #expect(names.filter { $0.hasPrefix("a") }.count == names.filter { $0.hasPrefix("b") }.count)
        }
    }

    @Test("An existing file stays unless it may be replaced")
    func existingTarget() async throws {
        try await self.create("one")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: self.target))
        await #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try await Backup.create(of: self.path, at: self.target)
        }
        #expect(try self.folder.contents()["backup.db"] == Data("mine".utf8))
        _ = try await Backup.create(of: self.path, at: self.target, replacing: true)
        #expect(try await self.names(in: self.target) == ["one"])
        #expect(try self.folder.names() == ["claviger.db", "backup.db"])
    }

    @Test("A backup of a damaged database fails and leaves no file")
    func damagedSource() async throws {
        let database = try await SQLiteDatabase.open(.file(self.path))
        try await database.write { connection in
            for number in 0..<500 {
                try connection.execute(Self.set("\(number)", String(repeating: "x", count: 300)))
            }
        }
        try await database.close()
        let length = try #require(try self.folder.contents()["claviger.db"]).count
        try self.folder.damage("claviger.db", at: UInt64(length / 4096 - 2) * 4096)
        let error = await #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try await Backup.create(of: self.path, at: self.target)
        }
        guard case .corrupt = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try self.folder.names() == ["claviger.db"])
    }

    @Test("There is nothing to back up")
    func noSource() async throws {
        await #expect(throws: ClavigerStore.DatabaseError.self) {
            _ = try await Backup.create(of: self.path, at: self.target)
        }
        #expect(try self.folder.names().isEmpty)
    }

    @Test("A restore brings the backup back and keeps the former database, each time")
    func restores() async throws {
        try await self.create("one")
        _ = try await Backup.create(of: self.path, at: self.target)
        try await self.create("two")
        let first = try await Restore.run(from: self.target, to: self.path)
        #expect(first.former == self.path + ".before-restore-1")
        #expect(try await self.names(in: self.path) == ["one"])
        #expect(try await self.names(in: self.path + ".before-restore-1") == ["one", "two"])
        let second = try await Restore.run(from: self.target, to: self.path)
        #expect(second.former == self.path + ".before-restore-2")
        #expect(try self.folder.mode(of: "claviger.db") == 0o600)
        let expected: Set = [
            "backup.db", "claviger.db", "claviger.db.before-restore-1", "claviger.db.before-restore-2",
            "claviger.lock",
        ]
        #expect(try self.folder.names() == expected)
    }

    @Test("A restore into an empty folder")
    func restoresIntoNothing() async throws {
        try await self.create("one")
        _ = try await Backup.create(of: self.path, at: self.target)
        try FileManager.default.removeItem(atPath: self.path)
        let restore = try await Restore.run(from: self.target, to: self.path)
        #expect(restore.former == nil)
        #expect(try await self.names(in: self.path) == ["one"])
    }

    @Test("The log of a crashed server goes with the former database, not into the restored one")
    func staleLog() async throws {
        try await self.create("one")
        _ = try await Backup.create(of: self.path, at: self.target)
        // What a crash leaves: a database and a log with a change that is only there.
        let database = try await SQLiteDatabase.open(.file(self.path))
        try await database.write { try $0.execute(Self.set("two", "v")) }
        let crashed = try self.folder.contents()
        try await database.close()
        for name in ["claviger.db", "claviger.db-wal"] {
            try #require(crashed[name]).write(to: URL(fileURLWithPath: self.folder.file(name)))
        }
        _ = try await Restore.run(from: self.target, to: self.path)
        #expect(try await self.names(in: self.path) == ["one"])
        #expect(try await self.names(in: self.path + ".before-restore-1") == ["one", "two"])
    }

    @Test("The log of a damaged database is kept beside it")
    func damagedFormer() async throws {
        try await self.create("one")
        _ = try await Backup.create(of: self.path, at: self.target)
        try Data("garbage".utf8).write(to: URL(fileURLWithPath: self.path))
        try Data("log".utf8).write(to: URL(fileURLWithPath: self.path + "-wal"))
        _ = try await Restore.run(from: self.target, to: self.path)
        #expect(try await self.names(in: self.path) == ["one"])
        let contents = try self.folder.contents()
        #expect(contents["claviger.db.before-restore-1"] == Data("garbage".utf8))
        #expect(contents["claviger.db.before-restore-1-wal"] == Data("log".utf8))
    }

    @Test("While a server runs, or from a bad backup, a restore changes nothing")
    func refusals() async throws {
        try await self.create("one")
        _ = try await Backup.create(of: self.path, at: self.target)

        func expectRefusal(from backup: String) async throws {
            var before = try self.folder.contents()
            await #expect(throws: ClavigerStore.DatabaseError.self) {
                _ = try await Restore.run(from: backup, to: self.path)
            }
            var after = try self.folder.contents()
            before["claviger.lock"] = nil
            after["claviger.lock"] = nil
            #expect(before == after)
        }

        let lock = try DirectoryLock(folder: self.folder.path)
        try await expectRefusal(from: self.target)
        lock.release()

        try await expectRefusal(from: self.folder.file("missing.db"))
        try Data("text".utf8).write(to: URL(fileURLWithPath: self.folder.file("text.db")))
        try await expectRefusal(from: self.folder.file("text.db"))

        let newer = self.folder.file("newer.db")
        let migrations = Migration.all + [Migration(number: 99, name: "next", sql: "SELECT 1;")]
        try await SQLiteDatabase.open(.file(newer), migrations: migrations).close()
        try await expectRefusal(from: newer)

        let pages = try #require(try self.folder.contents()["backup.db"]).count / 4096
        try self.folder.damage("backup.db", at: UInt64(pages / 2) * 4096, count: 2000)
        try await expectRefusal(from: self.target)
    }
}
