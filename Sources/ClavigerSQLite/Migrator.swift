import ClavigerStore
import GRDB

/// One step of the schema.
struct Migration: Sendable {
    /// What SQLite's `user_version` is after it; counted from 1 without gaps.
    let number: Int
    let name: String
    let sql: String

    init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }

    init(number: Int, name: String, resource: [UInt8]) {
        self.init(number: number, name: name, sql: String(decoding: resource, as: UTF8.self))
    }

    /// All migrations of the main database that this binary knows, in order.
    ///
    /// Released ones are never edited.
    static let all: [Migration] = [
        Migration(number: 1, name: "initial", resource: PackageResources.m0001_initial_sql),
        Migration(number: 2, name: "events", resource: PackageResources.m0002_events_sql),
        Migration(number: 3, name: "leaks", resource: PackageResources.m0003_leaks_sql),
        Migration(number: 4, name: "rotation", resource: PackageResources.m0004_rotation_sql),
        Migration(number: 5, name: "policies", resource: PackageResources.m0005_policies_sql),
        Migration(number: 6, name: "requests", resource: PackageResources.m0006_requests_sql),
        Migration(number: 7, name: "bulk", resource: PackageResources.m0007_bulk_sql),
        Migration(number: 8, name: "imports", resource: PackageResources.m0008_imports_sql),
        Migration(number: 9, name: "jobs", resource: PackageResources.m0009_jobs_sql),
        Migration(number: 10, name: "lives", resource: PackageResources.m0010_lives_sql),
        Migration(number: 11, name: "log", resource: PackageResources.m0011_log_sql),
        Migration(number: 12, name: "values", resource: PackageResources.m0012_values_sql),
    ]

    /// Those of a day of the access log.
    static let accessLogDay: [Migration] = [
        Migration(number: 1, name: "initial", resource: PackageResources.d0001_initial_sql)
    ]

    /// Those of the roll-ups.
    static let usage: [Migration] = [
        Migration(number: 1, name: "initial", resource: PackageResources.u0001_initial_sql),
        Migration(number: 2, name: "networks", resource: PackageResources.u0002_networks_sql),
        Migration(number: 3, name: "origin", resource: PackageResources.u0003_origin_sql),
    ]
}

/// Brings a database to the schema of this binary.
///
/// The version is SQLite's `user_version`: it is transactional, and it can be read from the header of a file
/// without opening it as a database.
struct Migrator: Sendable {
    let migrations: [Migration]

    /// The version that this binary's schema has.
    var version: Int { self.migrations.last?.number ?? 0 }

    /// Applies what is missing, each migration in its own transaction, and returns the numbers of those applied.
    @discardableResult
    func migrate(_ connection: GRDB.Database) throws -> [Int] {
        let found = try Self.version(of: connection)
        guard found <= self.version else {
            throw StoreError.newerSchema(found: found, supported: self.version)
        }
        let missing = self.migrations.filter { $0.number > found }
        for migration in missing {
            try connection.inTransaction(.immediate) {
                try connection.execute(sql: migration.sql)
                // Pragmas take no bound values; these are numbers of this program.
                try connection.execute(sql: "PRAGMA application_id = \(SQLiteSettings.applicationID)")
                try connection.execute(sql: "PRAGMA user_version = \(migration.number)")
                return .commit
            }
        }
        return missing.map(\.number)
    }

    /// The number of the last migration that was applied.
    static func version(of connection: GRDB.Database) throws -> Int {
        try Int.fetchOne(connection, sql: "PRAGMA user_version") ?? 0
    }

    /// Refuses a schema that the migrations do not make: a missing table, or a trigger that someone took away.
    func verifySchema(of connection: GRDB.Database) throws {
        let configuration = SQLiteSettings.configuration(label: "claviger.schema")
        let reference = try DatabaseQueue(configuration: configuration)
        let expected = try reference.inDatabase { connection in
            try self.migrate(connection)
            return try Self.schema(of: connection)
        }
        let found = try Self.schema(of: connection)
        if let missing = expected.keys.filter({ found[$0] == nil }).min() {
            throw StoreError.corrupt("\(missing) is missing")
        }
        if let surplus = found.keys.filter({ expected[$0] == nil }).min() {
            throw StoreError.corrupt("\(surplus) is not part of schema version \(self.version)")
        }
        if let changed = expected.keys.filter({ found[$0] != expected[$0] }).min() {
            throw StoreError.corrupt("\(changed) is not as schema version \(self.version) defines it")
        }
    }

    /// The definitions in a database by what they define, without SQLite's own tables.
    private static func schema(of connection: GRDB.Database) throws -> [String: String] {
        let rows = try GRDB.Row.fetchAll(
            connection,
            sql: "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        return Dictionary(
            rows.map { row -> (String, String) in
                let kind: String = row[0]
                let name: String = row[1]
                let definition: String? = row[2]
                return ("\(kind) \(name)", definition ?? "")
            },
            uniquingKeysWith: { first, _ in first }
        )
    }
}
