import ClavigerStore
import GRDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Copies a database into a new file, page by page, from one snapshot, and verifies the copy.
///
/// Writers go on meanwhile: the source is read inside one read transaction, so later commits neither show in the copy
/// nor make it start again.
struct SnapshotCopy {
    /// 4 MiB of pages at a time, then the progress is told.
    private static let pagesPerStep: CInt = 1024

    let migrator: Migrator
    let progress: @Sendable (BackupProgress) -> Void

    /// Copies `source`, which is inside a read transaction, to a file that did not exist or is left over.
    func copy(_ source: GRDB.Database, to path: String) throws -> Backup {
        let descriptor = try FileSystem.create(path, truncating: false)
        // Keeps a second backup to the same name from writing into the same file.
        defer { FileSystem.close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw StoreError.unavailable("Another claviger is writing \(path). Wait for it, or use another name.")
        }
        do {
            guard ftruncate(descriptor, 0) == 0 else { throw FileSystem.error("write", path) }
            let counts = try Self.rowCounts(source)
            try self.copyPages(of: source, to: path)
            guard fsync(descriptor) == 0 else { throw FileSystem.error("write", path) }
            let version = try self.verify(path, counts: counts)
            let length = try FileSystem.length(path) ?? 0
            return Backup(bytes: length, schemaVersion: version, rows: counts.values.reduce(0, +))
        } catch {
            FileSystem.remove(path)
            throw error
        }
    }

    private func copyPages(of source: GRDB.Database, to path: String) throws {
        var configuration = SQLiteSettings.configuration(label: "claviger.copy")
        configuration.prepareDatabase { connection in
            // A copy that fails is deleted, so it needs no journal; it is synced once, when it is complete.
            try connection.execute(sql: "PRAGMA journal_mode = OFF")
            try connection.execute(sql: "PRAGMA synchronous = OFF")
        }
        let target = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? target.close() }
        try target.writeWithoutTransaction { target in
            try source.backup(to: target, pagesPerStep: Self.pagesPerStep) { step in
                self.progress(
                    BackupProgress(
                        completedPages: step.totalPageCount - step.remainingPageCount,
                        totalPages: step.totalPageCount
                    )
                )
            }
            // The copied header says WAL, with which even reading creates files beside the backup.
            try target.execute(sql: "PRAGMA journal_mode = DELETE")
        }
    }

    /// Reads the copy through and compares it to what the snapshot had.
    private func verify(_ path: String, counts: [String: Int]) throws -> Int {
        let configuration = SQLiteSettings.configuration(label: "claviger.verify", readonly: true)
        let copy = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? copy.close() }
        return try copy.read { connection in
            try IntegrityCheck.run(connection, depth: .full)
            let application = try Int32.fetchOne(connection, sql: "PRAGMA application_id")
            let version = try Migrator.version(of: connection)
            guard application == SQLiteSettings.applicationID, (1...self.migrator.version).contains(version) else {
                throw StoreError.corrupt("the copy does not have the header of a Claviger database")
            }
            guard try Self.rowCounts(connection) == counts else {
                throw StoreError.corrupt("the copy does not have all rows of the original")
            }
            return version
        }
    }

    private static func rowCounts(_ connection: GRDB.Database) throws -> [String: Int] {
        let tables = try String.fetchAll(
            connection,
            sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        var counts: [String: Int] = [:]
        for table in tables {
            counts[table] = try Int.fetchOne(connection, sql: "SELECT count(*) FROM \(table.quotedDatabaseIdentifier)")
        }
        return counts
    }
}
