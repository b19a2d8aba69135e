import ClavigerStore
import GRDB

/// How far a backup or a restore is.
public struct BackupProgress: Sendable, Hashable {
    /// Pages copied so far.
    public let completedPages: Int
    /// Pages in all.
    public let totalPages: Int
}

/// A copy that was written, read back and found equal to its original.
public struct Backup: Sendable, Hashable {
    /// The size of the file.
    public let bytes: Int64
    /// The version of its schema.
    public let schemaVersion: Int
    /// The rows of all tables.
    public let rows: Int

    /// Backs up a database file, also while a server uses it.
    ///
    /// The backup is consistent, has mode 0600, and gets its name only when it is complete, verified and on the disk.
    /// It holds no root key: without that key nobody can use it, nor restore a working server from it.
    ///
    /// - Parameters:
    ///   - source: the path of the database.
    ///   - target: the path of the backup.
    ///   - replacing: whether an existing file may be replaced.
    ///   - progress: called on another thread, every few megabytes.
    /// - Throws: `DatabaseError`; then there is no new file, and an old one is as it was.
    public static func create(
        of source: String,
        at target: String,
        replacing: Bool = false,
        progress: @escaping @Sendable (BackupProgress) -> Void = { _ in }
    ) async throws -> Backup {
        try await SQLiteDatabase.onThread {
            let source = try FileSystem.absolute(source)
            let migrator = Migrator(migrations: Migration.all)
            guard try DatabaseFile.inspect(source, supported: migrator.version) != .nothing else {
                throw StoreError.failed("There is no database at \(source). Give the data folder with --data.")
            }
            let retained = try DatabaseFile.retain(source)
            defer { retained.release() }
            return try StoreError.mapping {
                // Not read-only, so that SQLite may recover the log of a server that crashed.
                let queue = try DatabaseQueue(
                    path: source,
                    configuration: SQLiteSettings.configuration(label: "claviger.backup")
                )
                defer { try? queue.close() }
                return try queue.read { connection in
                    try Self.write(connection, at: target, replacing: replacing, migrator, progress)
                }
            }
        }
    }

    fileprivate static func write(
        _ source: GRDB.Database,
        at target: String,
        replacing: Bool,
        _ migrator: Migrator,
        _ progress: @escaping @Sendable (BackupProgress) -> Void
    ) throws -> Backup {
        let target = try FileSystem.absolute(target)
        let folder = FileSystem.folder(of: target)
        try FileSystem.requireWritableFolder(folder)
        if !replacing, try FileSystem.status(target) != nil {
            throw StoreError.failed("\(target) exists already and was left as it is. Choose another name.")
        }
        let draft = target + ".partial"
        let backup = try SnapshotCopy(migrator: migrator, progress: progress).copy(source, to: draft)
        do {
            if replacing {
                try FileSystem.rename(draft, to: target)
            } else {
                try FileSystem.publish(draft, as: target)
            }
            try FileSystem.sync(folder)
        } catch {
            FileSystem.remove(draft)
            throw error
        }
        return backup
    }
}

extension SQLiteDatabase {
    /// Backs up this database while it is used; see `Backup.create`.
    public func backup(
        to target: String,
        replacing: Bool = false,
        progress: @escaping @Sendable (BackupProgress) -> Void = { _ in }
    ) async throws -> Backup {
        try await self.reading { connection in
            try Backup.write(
                connection,
                at: target,
                replacing: replacing,
                Migrator(migrations: Migration.all),
                progress
            )
        }
    }
}
