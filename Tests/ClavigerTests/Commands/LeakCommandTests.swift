import ArgumentParser
import ClavigerCore
import Foundation
import Testing

@testable import claviger

/// What `claviger leak report` reads and sends, and the option of apis.
@Suite struct LeakCommandTests {
    private func lines(_ text: String) throws -> LeakedLines {
        try LeakedLines(Array(text.utf8), place: "found.txt")
    }

    @Test func oneTokenALine() throws {
        let lines = try self.lines("\n a_b_1 \r\n\n\tc_d_2\n\n")
        #expect(lines.numbers == [2, 4])
        #expect(
            lines.bodies(source: "bin", url: "https://example.com") == [
                [
                    "tokens": [
                        ["token": "a_b_1", "url": "https://example.com"],
                        ["token": "c_d_2", "url": "https://example.com"],
                    ],
                    "source": "bin",
                ]
            ]
        )
        #expect(try self.lines("x").bodies(source: nil, url: nil) == [["tokens": [["token": "x"]]]])
    }

    @Test func manyGoInSeveralCalls() throws {
        let lines = try self.lines((0..<2001).map { "t\($0)" }.joined(separator: "\n"))
        let bodies = lines.bodies(source: nil, url: nil)
        #expect(bodies.map { $0["tokens"]?.array?.count } == [1000, 1000, 1])
        #expect(bodies.last?["tokens"]?.array?.first?["token"] == "t2000")
    }

    @Test(arguments: ["", "\n \n", "a\n" + String(repeating: "x", count: 1025)])
    func whatIsNoListOfTokensIsRefusedWithoutRepeatingIt(text: String) {
        let failure = #expect(throws: CommandFailure.self) { try self.lines(text) }
        #expect(failure?.status == .usage)
        #expect(failure?.message.hasPrefix("found.txt") == true)
        #expect(failure?.message.contains("xxx") == false)
    }

    @Test func bytesThatAreNoTextAreRefused() {
        #expect(throws: CommandFailure.self) { try LeakedLines([0x61, 0x0A, 0xFF], place: "x") }
    }

    @Test func tokensComeFromAFileAndNeverFromArguments() throws {
        #expect(throws: (any Error).self) { try LeakCommand.Report.parse(["pay_live_x"]) }
        #expect(try LeakCommand.Report.parse([]).file == "-")
        #expect(throws: (any Error).self) { try LeakCommand.Report.parse(["--token-file", "-"]) }
        let path = FileManager.default.temporaryDirectory.appending(path: "leaks-\(UUID().uuidString)").path
        try Data("one\ntwo\n".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try LeakedLines(file: path).numbers == [1, 2])
        #expect(throws: CommandFailure.self) { try LeakedLines(file: path + "x") }
    }

    @Test(arguments: ["compromise", "suspend", "report"])
    func theLeakPolicyIsSent(policy: String) throws {
        for isNew in [true, false] {
            var body = Body()
            try APIFields.parse(["--leak-policy", policy]).fill(&body, isNew: isNew)
            #expect(body.json == ["leakPolicy": .string(policy)])
        }
        #expect(throws: (any Error).self) { try APIFields.parse(["--leak-policy", "ignore"]) }
    }

    @Test func anApiTellsWhatBecomesOfLeakedKeys() {
        let text = APICommand.describe([
            "id": "api_1", "leakPolicy": "suspend",
            "environments": [
                ["name": "production", "tag": "live"], ["name": "dev", "tag": "test", "leakPolicy": "report"],
            ],
        ])
        #expect(text.contains("leaked keys   suspend, dev: report"))
    }
}
