import ClavigerStore
import GRDB

// Both modules have a `DatabaseError`; in this target they go by these names.
typealias StoreError = ClavigerStore.DatabaseError
typealias EngineError = GRDB.DatabaseError

extension StoreError {
    /// Runs work on the engine and turns its errors into the port's; other errors pass.
    ///
    /// The engine's error has the statement and its bound values in it and must not get further than this.
    static func mapping<T>(_ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch let error as EngineError {
            throw StoreError(error)
        }
    }

    /// Another process has the lock.
    static let locked = StoreError.unavailable(
        "Another process holds the database locked. Find it (`fuser` on the database file), stop it, and try again."
    )

    /// The error of the port that stands for an error of the engine.
    init(_ error: EngineError) {
        // SQLite's own messages name tables, columns and syntax, never values.
        let message = error.message ?? "no message"
        let code = error.extendedResultCode.rawValue
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self = .locked
        case .SQLITE_FULL:
            self = .full
        case .SQLITE_READONLY:
            self = .readOnly
        case .SQLITE_CORRUPT:
            self = .corrupt(message)
        case .SQLITE_NOTADB:
            self = .foreign("The database file is not an SQLite database.")
        case .SQLITE_CANTOPEN:
            self = .failed(
                "The database file cannot be opened. Check that it exists and that this user may read and write it and its folder."
            )
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_CORRUPTFS:
            self = .corrupt("the file system reports damage")
        case .SQLITE_IOERR:
            self = .failed(
                "The disk did not do what the database asked (SQLite code \(code)). Look for disk errors in the system log."
            )
        case .SQLITE_CONSTRAINT:
            self = .constraint(ConstraintViolation(code: error.extendedResultCode, message: message))
        default:
            self = .failed("The database refused: \(message) (SQLite code \(code)).")
        }
    }
}

extension ConstraintViolation {
    /// Reads the violated rule out of SQLite's message, whose shapes have been the same since 3.8 (2013).
    init(code: ResultCode, message: String) {
        let detail = message.split(separator: ": ", maxSplits: 1).dropFirst().first.map(String.init) ?? message
        switch code {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID:
            self = .unique(columns: detail.split(separator: ",").map { $0.drop { $0 == " " } }.map(String.init))
        case .SQLITE_CONSTRAINT_FOREIGNKEY:
            self = .foreignKey
        case .SQLITE_CONSTRAINT_CHECK:
            self = .check(detail)
        case .SQLITE_CONSTRAINT_NOTNULL:
            self = .notNull(column: detail)
        case .SQLITE_CONSTRAINT_TRIGGER:
            self = .refused(message)
        default:
            self = .other(message)
        }
    }
}
