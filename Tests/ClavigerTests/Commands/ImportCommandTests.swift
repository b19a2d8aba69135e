import ArgumentParser
import ClavigerCore
import ClavigerTestSupport
import Foundation
import Testing

@testable import claviger

/// How `claviger import` reads files.
@Suite struct ImportCommandTests {
    private func file(_ text: String, _ name: String = "keys.jsonl") throws -> (TemporaryFolder, String) {
        let folder = try TemporaryFolder()
        let path = folder.path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return (folder, path)
    }

    private func parts(_ path: String, isCSV: Bool) throws -> [ImportFile.Part] {
        var file = try ImportFile(path, isCSV: isCSV)
        var parts: [ImportFile.Part] = []
        while let part = try file.next() { parts.append(part) }
        return parts
    }

    @Test func aFileIsSentInPartsOfWholeLines() throws {
        let lines = (1...12_001).map { #"{"n": \#($0)}"# }
        let (folder, path) = try self.file(lines.joined(separator: "\n"))
        let parts = try self.parts(path, isCSV: false)
        #expect(parts.map(\.firstLine) == [1, 5001, 10_001])
        #expect(parts.map(\.lastLine) == [5000, 10_000, 12_001])
        #expect(String(decoding: parts.flatMap(\.bytes), as: UTF8.self) == lines.joined(separator: "\n"))
        withExtendedLifetime(folder) {}
    }

    @Test func everyPartOfCSVHasTheNamesOfTheColumns() throws {
        let lines = ["token,name"] + (2...7000).map { "t\($0),n" }
        let (folder, path) = try self.file(lines.joined(separator: "\r\n") + "\r\n", "keys.csv")
        let parts = try self.parts(path, isCSV: true)
        #expect(parts.map(\.firstLine) == [2, 5002])
        #expect(parts.map(\.lastLine) == [5001, 7000])
        #expect(parts.allSatisfy { $0.bytes.starts(with: "token,name\r\n".utf8) })
        withExtendedLifetime(folder) {}
    }

    @Test func aFileWithoutLinesHasNoParts() throws {
        for (text, isCSV) in [("", false), ("", true), ("token,name\n", true)] {
            let (folder, path) = try self.file(text)
            #expect(try self.parts(path, isCSV: isCSV).isEmpty)
            withExtendedLifetime(folder) {}
        }
    }

    @Test func aLineThatNeverEndsDoesNotFillTheMemory() throws {
        let (folder, path) = try self.file(String(repeating: "x", count: 3_000_000) + "\nshort\n")
        let parts = try self.parts(path, isCSV: false)
        #expect(parts.map(\.lastLine) == [2])
        #expect(parts.map(\.bytes.count).max() ?? 0 < 1_000_000)
        withExtendedLifetime(folder) {}
    }

    /// The digest of `abc` is the example of FIPS 180-4.
    @Test func theNameIsTheDigestOfTheFile() throws {
        let (folder, path) = try self.file("abc")
        let measured = try ImportFile.measure(path)
        #expect(measured.bytes == 3)
        #expect(measured.digest == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        withExtendedLifetime(folder) {}
    }

    /// Whoever corrects what decides about refused lines means all of the file again.
    @Test func theNameHasTheSettingsThatDecide() throws {
        func name(_ creates: Bool = false, _ consumer: String? = nil, _ kind: String? = nil) -> String {
            ImportName.ofFile("sha256:00", createsConsumers: creates, consumer: consumer, kind: kind)
        }
        #expect(name() == "sha256:00")
        let names = [name(), name(true), name(false, "acme"), name(true, "acme"), name(true, nil, "user")]
        #expect(Set(names).count == names.count)
        #expect(name(true) == name(true))
        let longest = ImportName.ofFile(
            "sha256:" + String(repeating: "0", count: 64),
            createsConsumers: true,
            consumer: String(repeating: "x", count: 128),
            kind: "customer"
        )
        #expect((try? Label(parsing: longest)) != nil)
        #expect(ImportName.ofStandardInput(SystemRandom()) != ImportName.ofStandardInput(SystemRandom()))
    }

    @Test func itIsSaidThatAllWasImportedBefore() {
        var total = ImportTotal()
        #expect(!total.isAllSkipped)
        total.add(["id": "imp_1", "lastLine": 9, "skipped": 5, "imported": 0, "refused": 0])
        #expect(total.isAllSkipped)
        total.add(["id": "imp_1", "lastLine": 10, "skipped": 0, "imported": 1, "refused": 0])
        #expect(!total.isAllSkipped)
        #expect(ImportTotal.allSkipped("sha256:00").contains("sha256:00"))
    }

    @Test func theBarGrowsWithTheFile() {
        let progress = ImportProgress(bytes: 200, isQuiet: false)
        #expect(progress.bar(0).hasSuffix("0 %"))
        #expect(progress.bar(100) == "[###############...............] 50 %")
        #expect(progress.bar(200).hasPrefix("[##############################]"))
        #expect(ImportProgress(bytes: nil, isQuiet: false).bar(2048) == "2 KiB")
    }

    @Test(arguments: [
        ["-", "--api", "a", "--environment", "b"], ["x.jsonl", "--api", "a"],
        ["x.jsonl", "--api", "a", "--environment", "b", "--hashes", "hmac-sha256"],
        ["x.jsonl", "--api", "a", "--environment", "b", "--hashes", "md5"],
    ])
    func whatCannotBeMeantIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try ImportCommand.parse(arguments) }
    }

    @Test func anAnswerIsShownWithItsRefusals() {
        var total = ImportTotal()
        total.add([
            "id": "imp_1", "lastLine": 5, "imported": 3, "refused": 1,
            "refusals": [["line": 4, "reason": "is too short"]],
        ])
        total.add(["id": "imp_1", "lastLine": 9, "imported": 4, "refused": 0])
        #expect(total.lastLine == 9)
        #expect(total.imported == 7)
        let text = total.text(isDryRun: false)
        #expect(text.contains("imp_1"))
        #expect(text.contains("is too short"))
        #expect(total.json(isDryRun: true)["dryRun"] == true)
    }
}
