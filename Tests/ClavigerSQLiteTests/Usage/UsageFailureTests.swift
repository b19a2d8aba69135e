import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerVerifier
import Foundation
import Testing

@Suite("Access log, when things go wrong")
struct UsageFailureTests {
    private typealias Fixture = UsageFixture

    /// Two days that are counted and closed.
    private func twoDays() async throws -> TemporaryFolder {
        let fixture = try await Fixture()
        let last = try await fixture.append(
            (0..<2000).map { Fixture.record(after: .seconds($0 % 2 * 86_400), path: "/v1/invoices/\($0)") },
            step: 1000
        )
        try await fixture.store.rollUp(through: last)
        try await fixture.databases.close()
        return fixture.folder
    }

    private func filter(_ day: UTCDay) -> AccessLogFilter {
        var filter = AccessLogFilter()
        filter.from = day.start
        filter.to = day.next.start
        return filter
    }

    @Test("A damaged day is named in one error, and the other days stay readable", arguments: [0, 100, 20_000])
    func damage(offset: UInt64) async throws {
        let folder = try await self.twoDays()
        try folder.damage("access-log/2026-11-21.db", at: offset, count: 40_000)
        let fixture = try await Fixture(folder)
        let error = await #expect(throws: StoreFailure.self) {
            try await fixture.sequences(self.filter(Fixture.day), limit: 1000)
        }
        guard case .broken(let message) = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(message.contains("access-log/2026-11-21.db"))
        #expect(message.contains("2026-11-21"))
        #expect(try await fixture.sequences(self.filter(Fixture.day.next), limit: 1000).count == 1000)
        #expect(try await fixture.counts().map(\.count) == [1000, 1000])
    }

    @Test("A damaged day that is not known to be counted stays, and keeps no other from being removed")
    func damagedAndOld() async throws {
        let folder = try await self.twoDays()
        try folder.damage("access-log/2026-11-21.db", at: 0, count: 4096)
        let fixture = try await Fixture(folder)
        let later = Fixture.morning + .seconds(100 * 86_400)
        let error = await #expect(throws: StoreFailure.self) {
            try await fixture.store.enforceRetention(UsageRetention(), at: later)
        }
        #expect("\(String(describing: error))".contains("access-log/2026-11-21.db"))
        #expect(try await fixture.databases.days == [Fixture.day])
        // The operator moves it away.
        try FileManager.default.removeItem(atPath: folder.file("access-log/2026-11-21.db"))
        #expect(try await fixture.store.enforceRetention(UsageRetention(), at: later).days == [])
    }

    @Test("A damaged day that is counted can grow old and is removed")
    func damagedAndCounted() async throws {
        let folder = try await self.twoDays()
        var fixture = try await Fixture(folder)
        // Two more days: only the last two may still get entries.
        let last = try await fixture.append(
            [Fixture.record(after: .seconds(2 * 86_400)), Fixture.record(after: .seconds(3 * 86_400))],
            from: 3_000_000
        )
        try await fixture.store.rollUp(through: last)
        try await fixture.databases.close()
        try folder.damage("access-log/2026-11-21.db", at: 0, count: 4096)
        fixture = try await Fixture(folder)
        let removed = try await fixture.store.enforceRetention(
            UsageRetention(detail: .seconds(86_400)),
            at: Fixture.morning + .seconds(2 * 86_400)
        )
        #expect(removed.days == [Fixture.day])
    }

    @Test("A file that is no day is left alone")
    func otherFiles() async throws {
        let folder = try await self.twoDays()
        for name in ["notes.txt", "2026-13-01.db", "2026-11-21.db.bak"] {
            _ = FileManager.default.createFile(atPath: folder.file("access-log/" + name), contents: Data("x".utf8))
        }
        let fixture = try await Fixture(folder)
        #expect(try await fixture.databases.days == [Fixture.day, Fixture.day.next])
        #expect(try await fixture.sequences(limit: 5000).count == 2000)
    }

    @Test("A folder that cannot be made is a clear error")
    func folders() async throws {
        let folder = try TemporaryFolder()
        _ = FileManager.default.createFile(atPath: folder.file("access-log"), contents: Data())
        let error = await #expect(throws: DatabaseError.self) {
            try await SQLiteUsageDatabases.open(folder: folder.path)
        }
        #expect(error?.description.contains("access-log is not a folder") == true)
    }

    @Test("A day of another database is refused by its name")
    func foreignDay() async throws {
        let folder = try await self.twoDays()
        let other = try await SQLiteDatabase.open(.file(folder.file("other.db")))
        try await other.close()
        try FileManager.default.removeItem(atPath: folder.file("access-log/2026-11-21.db"))
        try FileManager.default.moveItem(
            atPath: folder.file("other.db"),
            toPath: folder.file("access-log/2026-11-21.db")
        )
        let fixture = try await Fixture(folder)
        let error = await #expect(throws: StoreFailure.self) {
            try await fixture.sequences(self.filter(Fixture.day))
        }
        #expect("\(String(describing: error))".contains("access-log/2026-11-21.db"))
    }

    @Test("A full disk refuses the batch and keeps what was there; with room again, everything is taken")
    func fullDisk() async throws {
        let fixture = try await Fixture()
        try await fixture.append([Fixture.record()])
        try await fixture.databases.limitPages(of: Fixture.day, to: 40)
        let batch = (0..<5000).map { Fixture.record(path: "/v1/invoices/\($0)") }
        let error = await #expect(throws: StoreFailure.self) { try await fixture.append(batch, from: 2000) }
        guard case .unavailable(let message) = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(message.contains("full"))
        #expect(try await fixture.sequences() == [1000])
        #expect(try await fixture.store.newestSequence() == 1000)
        try await fixture.databases.limitPages(of: Fixture.day, to: 1_000_000)
        let last = try await fixture.append(batch, from: 2000)
        try await fixture.store.rollUp(through: last)
        #expect(try await fixture.counts().map(\.count) == [5001])
    }
}

extension SQLiteUsageDatabases {
    /// Makes a day's file as large as it may be, as a full disk would.
    fileprivate func limitPages(of day: UTCDay, to pages: Int) async throws {
        _ = try await self.withDay(day, creating: false) { database in
            try await database.write { connection in
                // A pragma takes no bound value.
                try connection.execute(pages == 40 ? "PRAGMA max_page_count = 40" : "PRAGMA max_page_count = 1000000")
            }
        }
    }
}
