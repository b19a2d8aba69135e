import ClavigerSQLite
import ClavigerStore
import Testing

@Suite("A statement for many rows")
struct ManyRowsTests {
    private static let insert: SQL = "INSERT INTO t (id, v) VALUES \(parameters: 2) ON CONFLICT (id) DO NOTHING"

    private func database() async throws -> SQLiteDatabase {
        let database = try await SQLiteDatabase.open(.memory)
        try await database.write { _ = try $0.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v ANY) STRICT") }
        return database
    }

    @Test("Every kind of value arrives as it is, also an empty one")
    func values() async throws {
        let values: [SQLValue] = [
            .null, .integer(.min), .integer(.max), .real(0.1), .text(""), .text("Zoë 🔑"), .blob([]),
            .blob([0, 1, 255]), .text(String(repeating: "x", count: 100_000)),
        ]
        let rows = values.enumerated().map { [SQLValue.integer(Int64($0)), $1] }
        let database = try await self.database()
        #expect(try await database.write { try $0.execute(Self.insert, rows: rows) } == values.count)
        let found = try await database.read { connection in
            try connection.rows("SELECT v FROM t ORDER BY id").map { try $0.value("v", as: SQLValue.self) }
        }
        #expect(found == values)
    }

    @Test("It tells what it changed, and runs again with none of the old values")
    func changes() async throws {
        let database = try await self.database()
        let first = try await database.write { connection in
            try connection.execute(Self.insert, rows: [[.integer(1), .text("a")], [.integer(1), .text("b")]])
        }
        #expect(first == 1)
        #expect(try await database.write { try $0.execute(Self.insert, rows: []) } == 0)
        try await database.write { connection throws in
            let insert: SQL = "INSERT INTO t (id, v) VALUES \(parameters: 2) ON CONFLICT (id) DO NOTHING"
            #expect(try connection.execute(insert) == 1)
        }
        let nulls = try await database.read { try $0.rows("SELECT id FROM t WHERE v IS NULL").count }
        #expect(nulls == 1)
    }

    @Test("A row that is refused takes the transaction back, and the connection goes on")
    func refusals() async throws {
        let database = try await self.database()
        let insert: SQL = "INSERT INTO t (id, v) VALUES \(parameters: 2)"
        let duplicate = DatabaseError.constraint(.unique(columns: ["t.id"]))
        await #expect(throws: duplicate) {
            try await database.write { connection in
                try connection.execute(insert, rows: [[.integer(1), .null], [.integer(1), .null]])
            }
        }
        for bad: [SQLValue] in [[.integer(2)], [.integer(2), .null, .null], [.integer(2), .text("a\u{0}b")]] {
            await #expect(throws: DatabaseError.self) {
                try await database.write { try $0.execute(insert, rows: [[.integer(3), .null], bad]) }
            }
        }
        await #expect(throws: DatabaseError.self) {
            try await database.read { try $0.execute(insert, rows: [[.integer(4), .null]]) }
        }
        #expect(try await database.read { try $0.rows("SELECT id FROM t").count } == 0)
        #expect(try await database.write { try $0.execute(insert, rows: [[.integer(5), .null]]) } == 1)
    }
}
