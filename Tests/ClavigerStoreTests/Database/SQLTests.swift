import ClavigerStore
import Testing

@Suite("SQL literal")
struct SQLTests {
    private func numbered(_ sql: SQL) -> String { sql.text { "$\($0)" } }

    @Test("An interpolation binds and never becomes text")
    func binds() {
        let hostile = "x'; DROP TABLE keys; --"
        let sql: SQL = "SELECT id FROM keys WHERE name = \(hostile) AND version > \(3)"
        #expect(sql.text { _ in "?" } == "SELECT id FROM keys WHERE name = ? AND version > ?")
        #expect(self.numbered(sql) == "SELECT id FROM keys WHERE name = $1 AND version > $2")
        #expect(sql.binds == [.text(hostile), .integer(3)])
    }

    @Test("A spliced statement keeps its values, and the numbers go on")
    func splices() {
        let conditions: [SQL] = ["a = \(1)", "b IN \(list: ["x", "y"])", "c IS NULL"]
        let sql: SQL = "SELECT z FROM t WHERE \(sql: .joined(conditions, separator: " AND ")) LIMIT \(10)"
        #expect(self.numbered(sql) == "SELECT z FROM t WHERE a = $1 AND b IN ($2, $3) AND c IS NULL LIMIT $4")
        #expect(sql.binds == [.integer(1), .text("x"), .text("y"), .integer(10)])
    }

    @Test("An empty list is a list that nothing is in")
    func emptyList() {
        let sql: SQL = "SELECT 1 WHERE 1 IN \(list: [Int]())"
        #expect(self.numbered(sql) == "SELECT 1 WHERE 1 IN (NULL)")
        #expect(sql.binds.isEmpty)
    }

    @Test("Joining nothing gives nothing; one part has no separator")
    func joinsFew() {
        #expect(self.numbered(.joined([SQL](), separator: ", ")) == "")
        #expect(self.numbered(.joined(["a" as SQL], separator: ", ")) == "a")
    }

    @Test("Optional and boolean values have their stored form")
    func storedForms() {
        let nothing: String? = nil
        let sql: SQL = "\(nothing) \(true) \(false) \([1, 2] as [UInt8]) \(1.5)"
        #expect(sql.binds == [.null, .integer(1), .integer(0), .blob([1, 2]), .real(1.5)])
    }

    @Test("Bound values do not show in any description")
    func redacted() {
        let sql: SQL = "SELECT \("s3cret") \(Array("s3cret".utf8))"
        let row = Row(columns: .init(["a"]), values: [.text("s3cret")])
        var dumped = ""
        dump((sql, row, sql.binds, SQLValue.text("s3cret")), to: &dumped)
        let shown = [
            "\(sql)", String(reflecting: sql), "\(row)", String(reflecting: row), "\(sql.binds)", dumped,
            "\(SQLValue.text("s3cret"))", String(reflecting: [SQLValue.text("s3cret")]),
        ]
        for text in shown {
            #expect(!text.contains("s3cret"))
            #expect(!text.contains("115, 51"))
        }
    }
}

@Suite("Row")
struct RowTests {
    private let row = Row(
        columns: .init(["id", "age", "gone", "flag", "id"]),
        values: [.text("s3cret"), .integer(7), .null, .integer(2), .text("second")]
    )

    @Test("Columns are read by name and type; of equal names the first counts")
    func reads() throws {
        #expect(try self.row.value("id") == "s3cret")
        #expect(try self.row.value("age") == 7)
        #expect(try self.row.value("age", as: Int?.self) == 7)
        #expect(try self.row.value("gone", as: String?.self) == nil)
    }

    @Test(
        "A wrong type or an unknown column is an error that names the column and no value",
        arguments: ["id", "flag", "gone", "missing"]
    )
    func refuses(column: String) {
        let error = #expect(throws: DatabaseError.self) { try self.row.value(column, as: Bool.self) }
        let message = error.map { "\($0)" } ?? ""
        #expect(message.contains(column))
        #expect(!message.contains("s3cret"))
    }
}
