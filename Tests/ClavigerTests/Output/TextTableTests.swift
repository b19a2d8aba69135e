import ClavigerCore
import Testing

@testable import claviger

@Suite struct TextTableTests {
    @Test func columnsAreAligned() {
        var table = TextTable(columns: ["NAME", "STATE"])
        table.add(["a", "active"])
        table.add(["longer name", "revoked"])
        #expect(
            table.text == """
                NAME         STATE
                a            active
                longer name  revoked
                """
        )
    }

    @Test func wideCharactersTakeTwoColumns() {
        var table = TextTable(columns: ["A", "B"])
        table.add(["漢字", "x"])
        table.add(["e\u{301}", "x"])
        #expect(table.text.split(separator: "\n").map { String($0) } == ["A     B", "漢字  x", "e\u{301}     x"])
    }

    @Test func missingCellsAreEmptyAndFurtherOnesDropped() {
        var table = TextTable(columns: ["A", "B"])
        table.add(["1"])
        table.add(["1", "2", "3"])
        #expect(table.text == "A  B\n1\n1  2")
    }

    @Test(arguments: [
        ("\u{1B}[31mred\u{1B}[0m", "\\u{1b}[31mred\\u{1b}[0m"), ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u{9B}2J", "\\u{9b}2J"),
        ("\u{202E}txt.exe", "\\u{202e}txt.exe"), ("a\u{2028}b", "a\\u{2028}b"), ("\0\u{7F}", "\\u{0}\\u{7f}"),
        ("zero\u{200B}width", "zero\\u{200b}width"), ("Grüße 漢字 🙂", "Grüße 漢字 🙂"),
    ])
    func aCellCannotDriveTheTerminal(value: String, shown: String) {
        var table = TextTable(columns: ["A"])
        table.add([value])
        #expect(table.text == "A\n\(shown)")
        var fields = FieldList()
        fields.add("a", value)
        #expect(fields.text == "a  \(shown)")
    }

    @Test func prettyJSONIsTheSameValueAndSafe() throws {
        let json: JSON = [
            "name": "\u{1B}[31m\u{9B}\u{202E}\u{E0001} ok", "list": [1, ["a": .null]], "none": [],
            "empty": .object(JSONObject()),
        ]
        let text = json.pretty
        #expect(try JSON.parse(Array(text.utf8)) == json)
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.isPlain })
        #expect(text.hasPrefix("{\n  \"name\": "))
    }
}
