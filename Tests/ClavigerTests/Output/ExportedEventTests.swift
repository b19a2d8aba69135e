import ClavigerCore
import Testing

@testable import claviger

/// The line of an entry in the table of an export.
@Suite struct ExportedEventTests {
    private static func row(_ leaf: JSON) throws -> String {
        String(decoding: try ExportedEvent.row(leaf.canonical()[...]), as: UTF8.self)
    }

    @Test func columns() throws {
        let leaf: JSON = [
            "v": 1, "index": 42, "id": "evt_1", "workspaceId": "ws_1", "time": "2027-01-31T12:00:00.000Z",
            "actor": ["kind": "key", "keyId": "key_1", "consumerId": "con_1", "network": ["commitment": "abc"]],
            "action": "key.update", "target": ["kind": "key", "id": "key_2"], "outcome": "done",
            "reason": "it's \"the\" one,\nand \\ more", "before": ["scopes": ["a{", "}b]"], "n": -1],
            "after": ["name": "é😀", "nested": ["x": [["y"]]]], "requestId": "req_1",
        ]
        #expect(
            try Self.row(leaf)
                == "42,2027-01-31T12:00:00.000Z,key.update,done,key_1,con_1,abc,key,key_2,"
                + "\"it's \"\"the\"\" one,\nand \\ more\",req_1,"
                + "\"{\"\"n\"\":-1,\"\"scopes\"\":[\"\"a{\"\",\"\"}b]\"\"]}\","
                + "\"{\"\"name\"\":\"\"é😀\"\",\"\"nested\"\":{\"\"x\"\":[[\"\"y\"\"]]}}\"\r\n"
        )
    }

    @Test func whatIsNotThere() throws {
        let leaf: JSON = [
            "index": 0, "actor": ["kind": "system"], "action": "server.stop", "target": ["kind": "server"],
            "outcome": "done",
            "after": [:],
        ]
        #expect(try Self.row(leaf) == "0,,server.stop,done,system,,,server,,,,,{}\r\n")
    }

    @Test func addressesOfUses() throws {
        let leaf: JSON = ["index": 7, "actor": ["kind": "system"], "after": ["network": ["commitment": "xyz"]]]
        #expect(try Self.row(leaf).hasPrefix("7,,,,system,,xyz,"))
    }

    /// What a spreadsheet would take for a formula.
    @Test(arguments: ["=1+1", "+1", "-1", "@x", "=\"a,b\""]) func formulas(text: String) throws {
        let row = try Self.row(["index": 1, "reason": .string(text)])
        #expect(row.contains(",'\(text)") || row.contains(",\"'\(text.replacing("\"", with: "\"\""))\""), "\(row)")
    }

    @Test(arguments: [
        "", "{}", "[]", "nonsense", "{\"index\":1", "{\"index\"}", "{\"index\":\"\\\"}", "{\"a\":{\"index\":1}}",
    ])
    func whatIsNoEntry(text: String) {
        #expect(throws: CommandFailure.self) { try ExportedEvent.row(Array(text.utf8)[...]) }
    }
}
