import ClavigerStore
import GRDB

/// Puts a backup in the place of a database.
public struct Restore: Sendable, Hashable {
    /// What was restored.
    public let backup: Backup
    /// Where the former database is now, if there was one.
    public let former: String?

    /// Restores a backup; the server must be stopped.
    ///
    /// The backup is copied beside the database and verified before anything is changed. The former database is kept
    /// as `claviger.db.before-restore-1` (or the next free number), with its log. The last step is one rename.
    ///
    /// - Parameters:
    ///   - backup: the path of the backup.
    ///   - target: the path of the database; its folder is locked meanwhile.
    ///   - progress: called on another thread, every few megabytes.
    /// - Throws: `DatabaseError`; then the database is as it was.
    public static func run(
        from backup: String,
        to target: String,
        progress: @escaping @Sendable (BackupProgress) -> Void = { _ in }
    ) async throws -> Restore {
        try await SQLiteDatabase.onThread {
            let backup = try FileSystem.absolute(backup)
            let target = try FileSystem.absolute(target)
            let folder = FileSystem.folder(of: target)
            let migrator = Migrator(migrations: Migration.all)
            guard try DatabaseFile.inspect(backup, supported: migrator.version) != .nothing else {
                throw StoreError.failed("There is no backup at \(backup), or it is empty.")
            }
            let lock = try DirectoryLock(folder: folder)
            defer { lock.release() }

            let draft = target + ".restoring"
            let copied = try Self.copy(backup, to: draft, migrator, progress)
            do {
                let former = try Self.setAside(target)
                do {
                    try FileSystem.rename(draft, to: target)
                } catch {
                    former?.putBack()
                    throw error
                }
                try FileSystem.sync(folder)
                return Restore(backup: copied, former: former?.name)
            } catch {
                FileSystem.remove(draft)
                throw error
            }
        }
    }

    private static func copy(
        _ backup: String,
        to draft: String,
        _ migrator: Migrator,
        _ progress: @escaping @Sendable (BackupProgress) -> Void
    ) throws -> Backup {
        let retained = try DatabaseFile.retain(backup)
        defer { retained.release() }
        return try StoreError.mapping {
            let configuration = SQLiteSettings.configuration(label: "claviger.restore", readonly: true)
            let queue = try DatabaseQueue(path: backup, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { connection in
                try SnapshotCopy(migrator: migrator, progress: progress).copy(connection, to: draft)
            }
        }
    }

    /// A former database under its new name; its file also has the old name still, until that is replaced.
    private struct Former {
        let target: String
        let name: String
        var hasSecondName = false
        var hasLog = false

        func putBack() {
            if self.hasLog {
                try? FileSystem.rename(self.name + "-wal", to: self.target + "-wal")
            }
            if self.hasSecondName {
                FileSystem.remove(self.name)
            }
        }
    }

    /// Gives the former database a second name and takes its log away from the first.
    private static func setAside(_ target: String) throws -> Former? {
        // Best with the log written back into it; a damaged database keeps its log beside it.
        Self.writeBackLog(of: target)
        let hasDatabase = try FileSystem.length(target) != nil
        let logLength = try FileSystem.length(target + "-wal") ?? 0

        var number = 1
        while try FileSystem.length("\(target).before-restore-\(number)") != nil
            || FileSystem.length("\(target).before-restore-\(number)-wal") != nil
        {
            number += 1
        }
        var former = Former(target: target, name: "\(target).before-restore-\(number)")
        do {
            if hasDatabase {
                try FileSystem.link(target, as: former.name)
                former.hasSecondName = true
            }
            // Under its old name SQLite would replay it into the restored database.
            if logLength > 0 {
                try FileSystem.rename(target + "-wal", to: former.name + "-wal")
                former.hasLog = true
            }
            FileSystem.remove(target + "-wal", target + "-shm")
            return hasDatabase || former.hasLog ? former : nil
        } catch {
            former.putBack()
            throw error
        }
    }

    private static func writeBackLog(of target: String) {
        // A foreign or newer file must stay as it is.
        let supported = Migrator(migrations: Migration.all).version
        guard case .database = try? DatabaseFile.inspect(target, supported: supported),
            let retained = try? DatabaseFile.retain(target)
        else { return }
        defer { retained.release() }
        let configuration = SQLiteSettings.configuration(label: "claviger.former")
        guard let queue = try? DatabaseQueue(path: target, configuration: configuration) else { return }
        defer { try? queue.close() }
        _ = try? queue.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    }
}
