import ClavigerStore
import Dispatch
import GRDB
import Synchronization

/// Reads a database through and finds damage.
enum IntegrityCheck {
    /// How thorough a check is.
    enum Depth {
        /// Every page and row, without comparing indexes to tables.
        case quick
        /// Indexes too; several times slower.
        case full
    }

    /// Checks through a connection that is already there.
    ///
    /// - Throws: `DatabaseError.corrupt`.
    static func run(_ connection: GRDB.Database, depth: Depth) throws {
        let sql =
            switch depth {
            case .quick: "PRAGMA quick_check(1)"
            case .full: "PRAGMA integrity_check(1)"
            }
        let answer = try StoreError.mapping { try String.fetchOne(connection, sql: sql) }
        guard answer == "ok" else {
            // The finding names pages and tables, never content.
            throw StoreError.corrupt(Self.oneLine(answer ?? "the integrity check gave no answer"))
        }
    }

    private static func oneLine(_ finding: String) -> String {
        let lines = finding.split(separator: "\n").filter { !$0.hasPrefix("***") }
        return lines.isEmpty ? finding : lines.joined(separator: "; ")
    }

    /// Checks a file through a connection of its own, for at most so long.
    ///
    /// - Returns: whether the check came to its end. It found no damage in either case.
    /// - Throws: `DatabaseError.corrupt`.
    static func run(path: String, depth: Depth, budget: Duration? = nil, stop: Interrupter? = nil) throws -> Bool {
        if let budget, budget <= .zero { return false }
        let retained = try DatabaseFile.retain(path)
        defer { retained.release() }
        // A read-only connection would leave the side files of WAL behind when it is the last.
        var configuration = SQLiteSettings.configuration(label: "claviger.check")
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = ON") }
        let connection = try StoreError.mapping { try DatabaseQueue(path: path, configuration: configuration) }
        defer { try? connection.close() }
        let interrupter = stop ?? Interrupter()
        guard interrupter.begin({ connection.interrupt() }) else { return false }
        defer { interrupter.end() }
        if let budget {
            let components = budget.components
            let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
            DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(nanoseconds))) {
                interrupter.interrupt()
            }
        }
        do {
            try connection.inDatabase { try Self.run($0, depth: depth) }
            return true
        } catch {
            if interrupter.wasInterrupted, !(error as? StoreError).isCorruption { return false }
            throw error
        }
    }
}

extension StoreError? {
    fileprivate var isCorruption: Bool {
        if case .corrupt = self { true } else { false }
    }
}

/// Stops a running statement from another thread; once it ended, an interruption has no effect.
final class Interrupter: Sendable {
    private struct State {
        var action: (@Sendable () -> Void)?
        var wasInterrupted = false
    }

    // The action runs under the lock: after `end` returned, nobody is inside the connection that is about to close.
    private let state = Mutex(State())

    var wasInterrupted: Bool { self.state.withLock(\.wasInterrupted) }

    /// Says how to interrupt; false when it was asked for before.
    func begin(_ action: @escaping @Sendable () -> Void) -> Bool {
        self.state.withLock { state in
            guard !state.wasInterrupted else { return false }
            state.action = action
            return true
        }
    }

    func end() {
        self.state.withLock { $0.action = nil }
    }

    func interrupt() {
        self.state.withLock { state in
            state.wasInterrupted = true
            state.action?()
        }
    }
}
