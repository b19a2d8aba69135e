import GRDB

/// How connections are set up, in one place, so that all of them are alike.
enum SQLiteSettings {
    /// Marks a file as Claviger's: the four letters `CLAV`, in SQLite's header field for applications.
    static let applicationID: Int32 = 0x434C_4156

    /// How many snapshot reads run side by side.
    static let readers = 4

    /// How many seconds a connection waits for another process's lock.
    static let busyTimeout = 5.0

    /// What every connection has in common.
    static func configuration(
        label: String,
        readonly: Bool = false,
        busyTimeout: Double = Self.busyTimeout
    ) -> Configuration {
        var configuration = Configuration()
        configuration.label = label
        configuration.readonly = readonly
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(busyTimeout)
        configuration.maximumReaderCount = Self.readers
        configuration.persistentReadOnlyConnections = true
        configuration.publicStatementArguments = false
        configuration.prepareDatabase { connection in
            // A schema that someone else wrote cannot call functions with side effects.
            try connection.execute(sql: "PRAGMA trusted_schema = OFF")
            // Notices damaged pages when they are read, not when they have spread.
            try connection.execute(sql: "PRAGMA cell_size_check = ON")
            // An erased digest is overwritten, not only unlinked.
            try connection.execute(sql: "PRAGMA secure_delete = ON")
            // No plaintext index or sort in a folder that is not ours.
            try connection.execute(sql: "PRAGMA temp_store = MEMORY")
            try connection.execute(sql: "PRAGMA cache_size = -8192")
            // SQLite would build an index for a single join, and with it read a day of the access log again for each
            // of its blocks.
            try connection.execute(sql: "PRAGMA automatic_index = OFF")
        }
        return configuration
    }

    /// When a commit has to be on the disk.
    enum Durability: Sendable {
        /// Before it is acknowledged.
        case everyCommit
        /// When someone asks for it; a power cut takes the last commits away, and harms no others.
        case whenSynced
    }

    /// What the writing connection of a file has on top.
    ///
    /// GRDB sets `synchronous = NORMAL` when it turns on WAL, after `prepareDatabase`: with that, a power cut could
    /// lose acknowledged changes (promise P5).
    static func makeDurable(_ connection: GRDB.Database, _ durability: Durability = .everyCommit) throws {
        switch durability {
        case .everyCommit: try connection.execute(sql: "PRAGMA synchronous = FULL")
        case .whenSynced: try connection.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        // A page that many changes touch is copied from the log into the file once for all of them: every 16 MiB, not
        // every 4.
        try connection.execute(sql: "PRAGMA wal_autocheckpoint = 4096")
        // What a large change has touched is not written out, and read again, before it is committed.
        try connection.execute(sql: "PRAGMA cache_size = -32768")
        try connection.execute(sql: "PRAGMA journal_size_limit = 67108864")
    }
}
