public import ClavigerStore
import Dispatch
import GRDB
import Synchronization

/// SQLite behind the `Database` port.
///
/// A file is opened in WAL mode with `synchronous = FULL`: one writing connection on its own thread, and a few for
/// snapshot reads beside it. A database in memory has one connection for everything.
///
/// ```swift
/// let lock = try DirectoryLock(folder: folder)
/// let database = try await SQLiteDatabase.open(.file(folder + "/claviger.db"))
/// ```
public final class SQLiteDatabase: ClavigerStore.Database {
    /// Where a database lives.
    public enum Location: Sendable, Hashable {
        /// In a file, which is created when it does not exist.
        case file(String)
        /// In memory, until it is closed.
        case memory
    }

    /// What the check at the start had time for.
    public enum StartCheck: Sendable, Hashable {
        /// Everything was read and is sound.
        case complete
        /// The time was up. What was read is sound; `checkIntegrity()` reads everything.
        case partial
    }

    /// What the check at the start had time for.
    public let startCheck: StartCheck

    /// The version of the schema, after the migrations that opening has applied.
    public let schemaVersion: Int

    let path: String?
    let writer: any DatabaseWriter
    private let gate = AccessGate()
    /// How many transactions have waited in vain for another process's lock.
    private let timeouts = Mutex(0)
    private let retained: DatabaseFile.Retained?

    init(writer: any DatabaseWriter, path: String?, retained: DatabaseFile.Retained?, check: StartCheck, version: Int) {
        self.writer = writer
        self.path = path
        self.retained = retained
        self.startCheck = check
        self.schemaVersion = version
    }

    /// Reads one consistent snapshot.
    public func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await self.reading { try body(SQLiteConnection(database: $0, mayWrite: false)) }
    }

    /// Reads one consistent snapshot through the engine's own connection.
    func reading<T: Sendable>(_ body: @escaping @Sendable (GRDB.Database) throws -> T) async throws -> T {
        try Task.checkCancellation()
        try self.gate.enter()
        return try await withCheckedThrowingContinuation { continuation in
            self.writer.asyncRead { opening in
                let result = Result {
                    try StoreError.mapping { try body(opening.get()) }
                }
                self.gate.leave()
                continuation.resume(with: result)
            }
        }
    }

    /// Runs one transaction; see the port.
    @discardableResult
    public func write<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T,
        afterCommit: @escaping @Sendable (T) -> Void
    ) async throws -> T {
        try self.gate.enter()
        let ticket = TransactionTicket()
        let timeouts = self.timeouts.withLock { $0 }
        // Not GRDB's `write`, which interrupts a transaction when the task that waits for it is cancelled.
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                self.writer.asyncWriteWithoutTransaction { database in
                    let result = Result { () throws -> T in
                        guard ticket.begin() else { throw CancellationError() }
                        // It has queued while the lock was waited for: another wait of its own would make all those
                        // behind it later and later.
                        guard self.timeouts.withLock({ $0 }) == timeouts else { throw StoreError.locked }
                        let value = try self.countingTimeouts { try Self.transaction(on: database, body) }
                        afterCommit(value)
                        return value
                    }
                    self.gate.leave()
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            ticket.cancel()
        }
    }

    /// Waits for what is under way and closes.
    public func close() async throws {
        await self.gate.close()
        // Closing writes the log back into the file.
        try await Self.onThread {
            try StoreError.mapping { try self.writer.close() }
            self.path.map(Self.tidy)
            self.retained?.release()
        }
    }

    /// Reads the whole database and finds damage; for a database whose `startCheck` is `partial`, in the background.
    ///
    /// Uses a connection of its own, so that it takes none from the readers. Stops when its task is cancelled.
    /// While it runs, the write-ahead log cannot shrink.
    ///
    /// - Throws: `DatabaseError.corrupt`.
    public func checkIntegrity() async throws {
        try self.gate.enter()
        defer { self.gate.leave() }
        guard let path = self.path else {
            try await self.writer.read { try IntegrityCheck.run($0, depth: .quick) }
            return
        }
        let stop = Interrupter()
        let isComplete = try await withTaskCancellationHandler {
            try await Self.onThread { try IntegrityCheck.run(path: path, depth: .quick, stop: stop) }
        } onCancel: {
            stop.interrupt()
        }
        guard isComplete else { throw CancellationError() }
    }

    /// Writes the log back and removes the side files.
    ///
    /// The pool closes its writer before its readers, and those may not do this when they are the last.
    private static func tidy(_ path: String) {
        let configuration = SQLiteSettings.configuration(label: "claviger.close")
        guard let queue = try? DatabaseQueue(path: path, configuration: configuration) else { return }
        _ = try? queue.inDatabase { try Migrator.version(of: $0) }
        try? queue.close()
    }

    private func countingTimeouts<T>(_ transaction: () throws -> T) throws -> T {
        do {
            return try transaction()
        } catch let error as StoreError where error == .locked {
            self.timeouts.withLock { $0 += 1 }
            throw error
        }
    }

    private static func transaction<T>(
        on database: GRDB.Database,
        _ body: (any DatabaseConnection) throws -> T
    ) throws -> T {
        try StoreError.mapping {
            var value: T?
            try database.inTransaction(.immediate) {
                value = try body(SQLiteConnection(database: database, mayWrite: true))
                return .commit
            }
            guard let value else { throw StoreError.failed("The transaction gave no result.") }
            return value
        }
    }

    /// Runs blocking work outside the threads of Swift's concurrency.
    static func onThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try work() })
            }
        }
    }
}
