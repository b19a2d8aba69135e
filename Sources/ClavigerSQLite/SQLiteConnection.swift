import ClavigerStore
import Foundation
import GRDB

/// One SQLite connection inside a transaction, as the port sees it.
struct SQLiteConnection: DatabaseConnection {
    let database: GRDB.Database
    let mayWrite: Bool

    func rows(_ sql: ClavigerStore.SQL) throws -> [ClavigerStore.Row] {
        try StoreError.mapping {
            var rows: [ClavigerStore.Row] = []
            try self.read(self.statement(for: sql), sql) { row in
                rows.append(row)
                return true
            }
            return rows
        }
    }

    func row(_ sql: ClavigerStore.SQL) throws -> ClavigerStore.Row? {
        try StoreError.mapping {
            var first: ClavigerStore.Row?
            try self.read(self.statement(for: sql), sql) { row in
                first = row
                return false
            }
            return first
        }
    }

    func forEach(_ sql: ClavigerStore.SQL, _ body: (ClavigerStore.Row) throws -> Void) throws {
        try StoreError.mapping {
            // Not a cached statement: `body` may run the same text, which would restart this one.
            let statement = try self.database.makeStatement(sql: sql.text { _ in "?" })
            try self.read(self.checked(statement), sql) { row in
                try body(row)
                return true
            }
        }
    }

    @discardableResult
    func execute(_ sql: ClavigerStore.SQL) throws -> Int {
        try StoreError.mapping {
            let statement = try self.statement(for: sql)
            let before = self.database.totalChangesCount
            try statement.execute(arguments: self.arguments(of: sql))
            // SQLite keeps the count of the last change when a statement changes nothing by its nature.
            return self.database.totalChangesCount == before ? 0 : self.database.changesCount
        }
    }

    func statement(for sql: ClavigerStore.SQL) throws -> Statement {
        try self.checked(self.database.cachedStatement(sql: sql.text { _ in "?" }))
    }

    private func checked(_ statement: Statement) throws -> Statement {
        guard self.mayWrite || statement.isReadonly else {
            throw StoreError.failed("A read transaction cannot change the database.")
        }
        return statement
    }

    private func arguments(of sql: ClavigerStore.SQL) throws -> StatementArguments {
        try StatementArguments(sql.binds.map { try DatabaseValue($0) })
    }

    /// Steps through an answer until `body` returns false.
    private func read(
        _ statement: Statement,
        _ sql: ClavigerStore.SQL,
        _ body: (ClavigerStore.Row) throws -> Bool
    ) throws {
        let cursor = try GRDB.Row.fetchCursor(statement, arguments: self.arguments(of: sql))
        let columns = ClavigerStore.Row.Columns(statement.columnNames)
        let count = statement.columnCount
        while let row = try cursor.next() {
            let values = (0..<count).map { SQLValue(row[$0] as DatabaseValue) }
            guard try body(ClavigerStore.Row(columns: columns, values: values)) else { return }
        }
    }
}

extension DatabaseValue {
    /// The engine's form of a value of the port.
    init(_ value: SQLValue) throws {
        switch value {
        case .null:
            self = .null
        case .integer(let integer):
            self = integer.databaseValue
        case .real(let real):
            self = real.databaseValue
        case .text(let text):
            // SQLite would end the text there, and PostgreSQL refuses it: neither may happen unnoticed.
            guard !text.utf8.contains(0) else {
                throw StoreError.failed("A text with a NUL character cannot be stored.")
            }
            self = text.databaseValue
        case .blob(let bytes):
            self = Data(bytes).databaseValue
        }
    }
}

extension SQLValue {
    /// The port's form of a value of the engine.
    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let integer): self = .integer(integer)
        case .double(let real): self = .real(real)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob([UInt8](data))
        }
    }
}
