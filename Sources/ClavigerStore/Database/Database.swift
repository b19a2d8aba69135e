/// The storage port: a relational database that runs work in transactions, on its own threads.
///
/// The bodies are synchronous: a transaction never waits for anything but the database, and cannot be left open.
/// All drivers pass the same contract test.
public protocol Database: Sendable {
    /// Reads one consistent snapshot; writes that commit meanwhile are not seen.
    ///
    /// - Throws: what `body` throws, or a `DatabaseError`. A write inside `body` is refused.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T

    /// Runs one transaction: all of `body` is committed durably, or, when it throws, nothing of it.
    ///
    /// Transactions run one after another. Cancelling the waiting task does not tear a transaction that has begun.
    /// One that has not begun when its task is cancelled throws `CancellationError`, and nothing has run.
    ///
    /// - Parameters:
    ///   - body: the work.
    ///   - afterCommit: runs after the commit, on the same thread, before the next transaction begins and before this
    ///     call returns, also when the waiting task was cancelled meanwhile; never without a commit. It must be short
    ///     and must not use the database. It is where caches learn of a change (promise P4).
    /// - Throws: what `body` throws, or a `DatabaseError`.
    @discardableResult
    func write<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T,
        afterCommit: @escaping @Sendable (T) -> Void
    ) async throws -> T

    /// Waits for the running work and closes; whatever comes later throws `DatabaseError.unavailable`.
    func close() async throws
}

extension Database {
    /// Runs one transaction, with nothing to do after its commit.
    @discardableResult
    public func write<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await self.write(body, afterCommit: { _ in })
    }
}

/// What the body of a transaction does its work with; not to be used after the body returned.
public protocol DatabaseConnection {
    /// All rows of an answer.
    func rows(_ sql: SQL) throws -> [Row]

    /// The first row of an answer, if there is one.
    func row(_ sql: SQL) throws -> Row?

    /// Runs a statement and tells how many rows it changed itself, without those that its triggers changed.
    @discardableResult
    func execute(_ sql: SQL) throws -> Int

    /// Runs a statement once for each row of values, in place of those that it has, and tells how many rows it changed.
    ///
    /// ```swift
    /// try connection.execute("INSERT INTO meta (name, value) VALUES \(parameters: 2)", rows: rows)
    /// ```
    @discardableResult
    func execute(_ sql: SQL, rows: [[SQLValue]]) throws -> Int

    /// Reads an answer row by row, without holding all of it in memory.
    func forEach(_ sql: SQL, _ body: (Row) throws -> Void) throws
}

extension DatabaseConnection {
    /// Runs a statement once for each row of values; a driver that can prepare it once for all has its own.
    @discardableResult
    public func execute(_ sql: SQL, rows: [[SQLValue]]) throws -> Int {
        try rows.reduce(0) { try $0 + self.execute(sql.binding($1)) }
    }
}
