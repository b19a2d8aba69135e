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
        try self.execute(sql, rows: [sql.binds])
    }

    @discardableResult
    func execute(_ sql: ClavigerStore.SQL, rows: [[SQLValue]]) throws -> Int {
        guard !rows.isEmpty else { return 0 }
        return try StoreError.mapping {
            let statement = try self.statement(for: sql)
            defer { self.release(statement) }
            let parameters = sql.binds.count
            var changes = 0
            for row in rows {
                guard row.count == parameters else {
                    throw StoreError.failed("A row does not have as many values as its statement.")
                }
                try self.bind(row, to: statement)
                let before = self.database.totalChangesCount
                while try self.step(statement) {}
                // SQLite keeps the count of the last change when a statement changes nothing by its nature.
                changes += self.database.totalChangesCount == before ? 0 : self.database.changesCount
            }
            return changes
        }
    }

    func statement(for sql: ClavigerStore.SQL) throws -> Statement {
        try self.checked(self.database.cachedStatement(sql: sql.text { _ in "?" }))
    }

    private func checked(_ statement: Statement) throws -> Statement {
        guard self.mayWrite || statement.isReadonly else {
            throw StoreError.failed("A read transaction cannot change the database.")
        }
        // SQLite rolls back by itself when a disk is full or broken; what came after would be a transaction of its own.
        guard !self.mayWrite || self.database.isInsideTransaction else {
            throw StoreError.failed("The transaction has been rolled back.")
        }
        return statement
    }

    /// Steps through an answer until `body` returns false.
    private func read(
        _ statement: Statement,
        _ sql: ClavigerStore.SQL,
        _ body: (ClavigerStore.Row) throws -> Bool
    ) throws {
        defer { self.release(statement) }
        try self.bind(sql.binds, to: statement)
        let columns = ClavigerStore.Row.Columns(statement.columnNames)
        let count = statement.columnCount
        while try self.step(statement) {
            let values = (0..<count).map { Self.value(of: statement, at: CInt($0)) }
            guard try body(ClavigerStore.Row(columns: columns, values: values)) else { return }
        }
    }
}
