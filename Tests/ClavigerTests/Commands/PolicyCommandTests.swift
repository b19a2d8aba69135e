import ArgumentParser
import ClavigerAPI
import ClavigerCore
import Foundation
import Testing

@testable import claviger

/// Policies as they are typed, shown and compared on the command line.
@Suite struct PolicyCommandTests {
    @Test func theTemplateIsAPolicyWithEveryRule() throws {
        let json = try YAMLText.json(Array(PolicyTemplateCommand.text.utf8))
        let document = try PolicyDocument(reading: json)
        #expect(document.json == json)
        let parts = Set((json.object ?? JSONObject()).members.map(\.name))
        #expect(
            parts == [
                "description", "appliesTo", "name", "metadata", "owners", "scopes", "restrictions", "lifetime",
                "rotation", "inactivity", "approvals", "template",
            ]
        )
    }

    @Test func whatIsShownCanBeGivenBack() throws {
        let json = try YAMLText.json(Array(PolicyTemplateCommand.text.utf8))
        #expect(try YAMLText.json(Array(YAMLWriter.text(json).utf8)) == json)
    }

    @Test(arguments: [
        "plain", "yes", "no", "true", "null", "~", "", "12", "1e3", "-x", "a: b", "a #b", "&a", "*", "R & D", "x &y",
        "\u{1B}[2J", "\"", "\\", "é", "a\nb", " a", "a.b-c_d", "0x10", "[a]", "{a}", "!x", "@a", "%a", "|", ">",
    ])
    func everyTextIsReadBackAsItWas(text: String) throws {
        let json: JSON = [
            "a": .string(text), "list": [.string(text), 1, true, .null], "objects": [["b": .string(text)], ["c": [:]]],
            "nested": ["d": ["e": .array([])]],
        ]
        let yaml = YAMLWriter.text(json)
        #expect(try YAMLText.json(Array(yaml.utf8)) == json, "\(yaml)")
        #expect(!yaml.unicodeScalars.contains("\u{1B}"))
    }

    @Test func aFileIsYAMLOrJSON() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "policy-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func read(_ text: String) throws -> JSON {
            try Data(text.utf8).write(to: URL(filePath: path))
            return try PolicyFile.read(path)
        }
        #expect(try read("appliesTo: {}") == ["appliesTo": [:]])
        #expect(try read("\n {\"appliesTo\": {}}") == ["appliesTo": [:]])
        for text in ["{\"a\": }", "a: [", "a: &x 1", String(repeating: "x", count: 70_000)] {
            let failure = #expect(throws: CommandFailure.self) { try read(text) }
            #expect(failure?.status == .usage)
            #expect(failure?.message.hasPrefix(path) == true)
        }
        #expect(throws: CommandFailure.self) { try PolicyFile.read(path + "x") }
    }

    @Test func linesComeInPieces() throws {
        var lines = JSONLines()
        #expect(try lines.add(Array("{\"a\":".utf8)) == [])
        #expect(try lines.add(Array("1}\n{\"b\":2}\n{".utf8)) == [["a": 1], ["b": 2]])
        #expect(try lines.add(Array("}\n".utf8)) == [[:]])
    }

    @Test func aDiffForAPerson() {
        let text = PolicyDiffText.text([
            "name": "production", "currentVersion": 2,
            "changes": [
                ["pointer": "/scopes/most", "before": 5, "after": 1],
                ["pointer": "/name", "after": ["patterns": ["x"]]],
                ["pointer": "/lifetime", "before": [:]],
            ],
            "keys": 4, "met": 1,
            "breaches": [
                "before": 1, "after": 2, "new": 2, "released": 1,
                "byRule": [
                    ["rule": "scopes.most", "before": 1, "after": 2]
                ],
            ],
            "ends": ["now": 3, "sooner": 0, "later": 0, "again": 0], "examples": [],
        ])
        #expect(
            text.hasPrefix(
                "production, version 2:\n  ~ /scopes/most: 5 -> 1\n  + /name: {\"patterns\":[\"x\"]}\n  - /lifetime: {}"
            )
        )
        #expect(text.contains("newly in breach       2"))
        #expect(text.contains("end at once           3"))
        #expect(!text.contains("end later"))
        #expect(text.contains("scopes.most  1    2"))
    }

    @Test func standardInputIsReadOnce() {
        #expect(throws: (any Error).self) { try PolicyCommand.Set.parse(["p", "-", "--token-file", "-"]) }
        #expect(throws: (any Error).self) { try PolicyDiffCommand.parse(["p"]) }
    }
}
