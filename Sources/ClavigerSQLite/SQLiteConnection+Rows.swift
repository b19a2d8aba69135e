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

extension SQLiteConnection {
    /// Runs a statement once for each row of values.
    ///
    /// Folding the journal spends its time here, so the values go to SQLite without the engine's own forms of them
    /// between: that takes a third of the time.
    @discardableResult
    func execute(_ sql: ClavigerStore.SQL, rows: [[SQLValue]]) throws -> Int {
        guard !rows.isEmpty else { return 0 }
        return try StoreError.mapping {
            let statement = try self.statement(for: sql)
            let parameters = sql.binds.count
            defer { self.release(statement) }
            var changes = 0
            for row in rows {
                guard row.count == parameters else {
                    throw StoreError.failed("A row does not have as many values as its statement.")
                }
                for (index, value) in row.enumerated() {
                    try self.check(Self.bind(value, to: statement, at: CInt(index + 1)))
                }
                let before = self.database.totalChangesCount
                try self.run(statement)
                changes += self.database.totalChangesCount == before ? 0 : self.database.changesCount
            }
            return changes
        }
    }

    private func run(_ statement: Statement) throws {
        var code = SQLITE_ROW
        while code == SQLITE_ROW {
            code = sqlite3_step(statement.sqliteStatement)
        }
        guard code == SQLITE_DONE else {
            let error = self.lastError
            sqlite3_reset(statement.sqliteStatement)
            throw error
        }
        try self.check(sqlite3_reset(statement.sqliteStatement))
    }

    /// Leaves the statement, which stays prepared, without values.
    private func release(_ statement: Statement) {
        sqlite3_reset(statement.sqliteStatement)
        sqlite3_clear_bindings(statement.sqliteStatement)
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
