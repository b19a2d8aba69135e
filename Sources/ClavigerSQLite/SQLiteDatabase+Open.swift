public import ClavigerStore
import GRDB

extension SQLiteDatabase {
    /// What a database is for, and with it its tables and what is asked of its file.
    public enum Schema: Sendable, Hashable, CaseIterable {
        /// Everything that administrators set, and the audit log.
        case authority
        /// One day of the access log.
        ///
        /// A commit does not wait for the disk: the journal keeps what it has until the file was synced. Nor is the
        /// file read through when it is opened, which happens again and again: damage shows when a page is read.
        case accessLogDay
        /// The roll-ups of use.
        case usage

        var migrations: [Migration] {
            switch self {
            case .authority: Migration.all
            case .accessLogDay: Migration.accessLogDay
            case .usage: Migration.usage
            }
        }

        var durability: SQLiteSettings.Durability {
            self == .accessLogDay ? .whenSynced : .everyCommit
        }

        var isChecked: Bool { self != .accessLogDay }
    }

    /// Opens a database, creates it when there is none, and brings it to this binary's schema.
    ///
    /// What is refused (a file of another application, of a newer version, damaged at first sight) is left as it is.
    /// For a file, hold the folder's `DirectoryLock`.
    ///
    /// - Parameters:
    ///   - location: where it lives.
    ///   - schema: what it is for.
    ///   - checkBudget: how long the integrity check may take before it is left to `checkIntegrity()`.
    ///   - admission: looks at an existing database, of whatever schema version, before anything in it is changed. What
    ///     it throws stops the opening.
    /// - Throws: `DatabaseError`, or what `admission` throws.
    public static func open(
        _ location: Location,
        schema: Schema = .authority,
        checkBudget: Duration = .milliseconds(500),
        admission: (@Sendable (any DatabaseConnection) throws -> Void)? = nil
    ) async throws -> SQLiteDatabase {
        try await Self.open(
            location,
            checkBudget: schema.isChecked ? checkBudget : .zero,
            admission: admission,
            migrations: schema.migrations,
            durability: schema.durability
        )
    }

    /// Opens with other migrations or less patience, for tests.
    static func open(
        _ location: Location,
        checkBudget: Duration = .milliseconds(500),
        busyTimeout: Double = SQLiteSettings.busyTimeout,
        admission: (@Sendable (any DatabaseConnection) throws -> Void)? = nil,
        migrations: [Migration],
        durability: SQLiteSettings.Durability = .everyCommit
    ) async throws -> SQLiteDatabase {
        try await Self.onThread {
            let migrator = Migrator(migrations: migrations)
            return switch location {
            case .memory: try Self.openMemory(migrator)
            case .file(let path):
                try Self.openFile(
                    FileSystem.absolute(path),
                    migrator,
                    durability,
                    checkBudget,
                    busyTimeout,
                    admission
                )
            }
        }
    }

    private static func openMemory(_ migrator: Migrator) throws -> SQLiteDatabase {
        try StoreError.mapping {
            let queue = try DatabaseQueue(configuration: SQLiteSettings.configuration(label: "claviger.memory"))
            try queue.inDatabase { _ = try migrator.migrate($0) }
            return SQLiteDatabase(
                writer: queue,
                path: nil,
                retained: nil,
                check: .complete,
                version: migrator.version
            )
        }
    }

    private static func openFile(
        _ path: String,
        _ migrator: Migrator,
        _ durability: SQLiteSettings.Durability,
        _ budget: Duration,
        _ busyTimeout: Double,
        _ admission: (@Sendable (any DatabaseConnection) throws -> Void)?
    ) throws -> SQLiteDatabase {
        try FileSystem.requireWritableFolder(FileSystem.folder(of: path))
        var check = StartCheck.complete
        switch try DatabaseFile.inspect(path, supported: migrator.version) {
        case .nothing:
            try Self.create(path, migrator)
        case .database:
            guard FileSystem.isWritable(path) else { throw FileSystem.error("write", path) }
            if let admission { try Self.admit(path, admission) }
            check = try IntegrityCheck.run(path: path, depth: .quick, budget: budget) ? .complete : .partial
        }

        let retained = try DatabaseFile.retain(path)
        return try StoreError.mapping {
            let configuration = SQLiteSettings.configuration(label: "claviger", busyTimeout: busyTimeout)
            let pool = try DatabasePool(path: path, configuration: configuration)
            do {
                try pool.writeWithoutTransaction { connection in
                    try SQLiteSettings.makeDurable(connection, durability)
                    let applied = try migrator.migrate(connection)
                    try migrator.verifySchema(of: connection)
                    if !applied.isEmpty {
                        // So that the file's own header tells the new version to an older binary.
                        try connection.checkpoint(.truncate)
                    }
                }
            } catch {
                try? pool.close()
                throw error
            }
            return SQLiteDatabase(
                writer: pool,
                path: path,
                retained: retained,
                check: check,
                version: migrator.version
            )
        }
    }

    /// Lets the caller look at a database through a connection that cannot write.
    private static func admit(_ path: String, _ admission: (any DatabaseConnection) throws -> Void) throws {
        let retained = try DatabaseFile.retain(path)
        defer { retained.release() }
        var configuration = SQLiteSettings.configuration(label: "claviger.admission")
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = ON") }
        let queue = try StoreError.mapping { try DatabaseQueue(path: path, configuration: configuration) }
        defer { try? queue.close() }
        try queue.inDatabase { try admission(SQLiteConnection(database: $0, mayWrite: false)) }
    }

    /// Makes a new database under another name, so that a file with the final name is always complete.
    private static func create(_ path: String, _ migrator: Migrator) throws {
        // SQLite would replay the log of a database that is gone into the new one.
        if let length = try FileSystem.length(path + "-wal"), length > 0 {
            throw StoreError.corrupt("\(path) is gone, but its log \(path)-wal is still there")
        }
        let draft = path + ".new"
        FileSystem.remove(draft, draft + "-journal", path + "-wal", path + "-shm")
        let descriptor = try FileSystem.create(draft, truncating: true)
        FileSystem.close(descriptor)
        do {
            try StoreError.mapping {
                let configuration = SQLiteSettings.configuration(label: "claviger.new")
                let queue = try DatabaseQueue(path: draft, configuration: configuration)
                defer { try? queue.close() }
                try queue.inDatabase { _ = try migrator.migrate($0) }
            }
            try FileSystem.sync(draft)
            // An empty file of that name is not worth keeping; anything else was refused before.
            try FileSystem.rename(draft, to: path)
            try FileSystem.sync(FileSystem.folder(of: path))
        } catch {
            FileSystem.remove(draft, draft + "-journal")
            throw error
        }
    }
}
