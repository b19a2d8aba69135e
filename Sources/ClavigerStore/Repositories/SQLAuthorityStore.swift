public import ClavigerCore
public import ClavigerService

/// The storage of the use cases on a relational database.
public struct SQLAuthorityStore: AuthorityStore {
    private let database: any Database
    private let random: any RandomSource

    /// Makes storage over an open database.
    ///
    /// - Parameter random: salts what is personal in the audit log.
    public init(_ database: any Database, random: any RandomSource) {
        self.database = database
        self.random = random
    }

    /// Reads one consistent snapshot.
    public func read<T: Sendable>(
        _ body: @escaping @Sendable (any AuthorityReading) throws -> T
    ) async throws -> T {
        try await Self.translating {
            try await self.database.read { try body(SQLTransaction(connection: $0)) }
        }
    }

    /// Runs one transaction.
    public func write<T: Sendable>(
        _ body: @escaping @Sendable (any AuthorityWriting) throws -> T,
        afterCommit: @escaping @Sendable (T) -> Void
    ) async throws -> T {
        try await Self.translating {
            try await self.database.write(
                { try body(SQLTransaction(connection: $0, random: self.random)) },
                afterCommit: afterCommit
            )
        }
    }

    /// Turns the driver's errors into the port's; everything else passes.
    static func translating<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as DatabaseError {
            switch error {
            case .unavailable, .full, .readOnly: throw StoreFailure.unavailable(error.description)
            case .corrupt: throw StoreFailure.damaged(error.description)
            case .constraint(.unique): throw StoreFailure.duplicate(error.description)
            default: throw StoreFailure.broken(error.description)
            }
        }
    }
}

/// One transaction.
///
/// Its queries are in the extensions beside this file, by what they are about.
struct SQLTransaction {
    let connection: any DatabaseConnection
    /// Nil in those that only read.
    let random: (any RandomSource)?

    init(connection: any DatabaseConnection, random: (any RandomSource)? = nil) {
        self.connection = connection
        self.random = random
    }
}

extension SQLTransaction: AuthorityWriting {
    func workspace(named name: ResourceName) throws -> Workspace? {
        try self.connection.row("SELECT id, name, created_at FROM workspaces WHERE name = \(name)").map {
            Workspace(id: try $0.value("id"), name: try $0.value("name"), createdAt: try $0.value("created_at"))
        }
    }

    func insert(_ workspace: Workspace) throws {
        try self.connection.execute(
            """
            INSERT INTO workspaces (id, name, created_at)
            VALUES (\(workspace.id), \(workspace.name), \(workspace.createdAt))
            """
        )
    }

    /// Whether a query has a row.
    func exists(_ sql: SQL) throws -> Bool {
        try self.connection.row("SELECT EXISTS (\(sql: sql)) AS found")?.value("found") ?? false
    }

    /// The number that a query of one row with the column `count` gives.
    func count(_ sql: SQL) throws -> Int {
        try self.connection.row(sql)?.value("count") ?? 0
    }
}
