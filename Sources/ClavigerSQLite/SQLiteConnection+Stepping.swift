import ClavigerStore
import GRDB
import GRDBSQLite

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

// Values go to SQLite and come from it without the engine's own forms of them between: where very many small statements
// run, as when the journal is folded and when changes are recorded, those take a third of the time.
extension SQLiteConnection {
    /// Binds copies of values to a statement that is at its beginning.
    func bind(_ values: [SQLValue], to statement: Statement) throws {
        for (index, value) in values.enumerated() {
            try self.check(Self.bind(value, to: statement, at: CInt(index + 1)))
        }
    }

    /// Runs to the next row and answers true, or to the end, from where the statement can begin again.
    func step(_ statement: Statement) throws -> Bool {
        switch sqlite3_step(statement.sqliteStatement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            try self.check(sqlite3_reset(statement.sqliteStatement))
            return false
        default: throw self.lastError
        }
    }

    /// Leaves the statement, which stays prepared, without values.
    func release(_ statement: Statement) {
        sqlite3_reset(statement.sqliteStatement)
        sqlite3_clear_bindings(statement.sqliteStatement)
    }

    /// A copy of a value of the row that the statement is at.
    static func value(of statement: Statement, at column: CInt) -> SQLValue {
        let pointer = statement.sqliteStatement
        switch sqlite3_column_type(pointer, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(pointer, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(pointer, column))
        case SQLITE_TEXT:
            guard let bytes = sqlite3_column_text(pointer, column) else { return .text("") }
            let count = Int(sqlite3_column_bytes(pointer, column))
            return .text(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            // Without bytes there is no address.
            guard let bytes = sqlite3_column_blob(pointer, column) else { return .blob([]) }
            return .blob(Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(pointer, column)))))
        default: return .null
        }
    }

    private func check(_ code: CInt) throws {
        guard code == SQLITE_OK else { throw self.lastError }
    }

    private var lastError: EngineError {
        let connection = self.database.sqliteConnection
        return EngineError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: sqlite3_errmsg(connection).map { String(cString: $0) }
        )
    }

    /// Binds a copy of a value.
    private static func bind(_ value: SQLValue, to statement: Statement, at index: CInt) throws -> CInt {
        // SQLite's mark for memory that it has to copy.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        let pointer = statement.sqliteStatement
        switch value {
        case .null:
            return sqlite3_bind_null(pointer, index)
        case .integer(let integer):
            return sqlite3_bind_int64(pointer, index, integer)
        case .real(let real):
            return sqlite3_bind_double(pointer, index, real)
        case .text(var text):
            return try text.withUTF8 { bytes in
                guard let base = bytes.baseAddress else { return sqlite3_bind_text(pointer, index, "", 0, copied) }
                guard memchr(base, 0, bytes.count) == nil else {
                    throw StoreError.failed("A text with a NUL character cannot be stored.")
                }
                return base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text(pointer, index, $0, CInt(bytes.count), copied)
                }
            }
        case .blob(let bytes):
            // Without bytes there may be no address, which would be null.
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(pointer, index, 0) }
            return bytes.withUnsafeBytes { sqlite3_bind_blob(pointer, index, $0.baseAddress, CInt($0.count), copied) }
        }
    }
}
