import ClavigerCore
import ClavigerLog
import ClavigerTestSupport
import Foundation
import Testing

@testable import ClavigerWitness

@Suite struct WitnessStoreTests {
    @Test func keepsWhatItCosigned() throws {
        let log = try TestLog(9)
        let first = try TestWitness([log])
        #expect(try first.decision(log.request(from: 0, to: 5)) == .cosign)
        let second = try TestWitness([log], folder: first.folder)
        #expect(try second.decision(log.request(from: 0, to: 5)) == .refuse(.conflict(lastSize: 5)))
        let fork = log.forked(after: 3)
        #expect(try second.decision(fork.request(from: 5, to: 5)) == .refuse(.forked(size: 5)))
        #expect(try second.decision(fork.request(from: 5, to: 9)) == .refuse(.inconsistent))
        #expect(try second.decision(log.request(from: 5, to: 9)) == .cosign)
        #expect(try second.decision(log.request(from: 9, to: 9)) == .cosign, "as often as it is asked")
    }

    @Test func theFileIsANote() throws {
        let log = try TestLog(9)
        let witness = try TestWitness([log])
        guard case .cosigned(let cosignature, _) = try witness.witness.add(log.request(from: 0, to: 5).bytes) else {
            Issue.record("refused")
            return
        }
        let note = try SignedNote(parsing: Data(contentsOf: witness.file(of: log)))
        let verified = try note.verified(by: [log.key, witness.witness.key])
        #expect(verified.signatures.map(\.key) == [log.key, witness.witness.key])
        #expect(verified.signatures.last?.time?.seconds == TestWitness.seconds)
        #expect(note.signatures.last == cosignature)
        #expect(try Checkpoint(parsing: note.text) == log.checkpoint(5))
        // SHA-256 of "log.example/test", by sha256sum.
        #expect(
            witness.file(of: log).lastPathComponent
                == "532213b32bedae37190eb28363b6649263a853635665635438635cced0bf4be0"
        )
        let names = try FileManager.default.contentsOfDirectory(atPath: witness.folder.path)
        let name = witness.file(of: log).lastPathComponent
        #expect(names.sorted() == [name, "witness-logs"].sorted(), "no draft is left")
        #expect(WitnessStore.isFileName(name))
        for other in [
            "witness-key", "claviger.lock", name.uppercased(), name + ".new", String(name.dropLast()),
        ] {
            #expect(!WitnessStore.isFileName(other))
        }
    }

    @Test func aDamagedFileIsNotTheBeginning() throws {
        let log = try TestLog(9)
        let witness = try TestWitness([log])
        #expect(try witness.decision(log.request(from: 0, to: 5)) == .cosign)
        let file = witness.file(of: log)
        let good = try Data(contentsOf: file)
        var damages: [Data] = [Data(), good.dropLast(), good + [0x0A], Data("x".utf8) + good]
        for place in good.indices {
            var bytes = good
            bytes[place] ^= 1
            damages.append(bytes)
        }
        for bytes in damages {
            try bytes.write(to: file)
            let fresh = try TestWitness([log], folder: witness.folder)
            do {
                let decision = try fresh.decision(log.request(from: 0, to: 6))
                // A flipped bit in the log's signature, which is there for people, changes nothing.
                #expect(decision == .refuse(.conflict(lastSize: 5)))
                #expect(try SignedNote(parsing: bytes).text == SignedNote(parsing: good).text)
            } catch {
                #expect(error as? WitnessStoreError == .damaged(path: file.path))
                #expect(fresh.witness.damages().map(\.origin) == [log.origin])
            }
            #expect(try Data(contentsOf: file) == bytes, "nothing is overwritten")
        }
        try good.write(to: file)
        #expect(try TestWitness([log], folder: witness.folder).witness.damages().isEmpty)
    }

    @Test func aRecordOfSomethingElseIsNone() throws {
        let log = try TestLog(9)
        let other = try TestLog(9, name: "other.example")
        let witness = try TestWitness([log, other])
        #expect(try witness.decision(log.request(from: 0, to: 5)) == .cosign)
        // The record of another log.
        try FileManager.default.copyItem(at: witness.file(of: log), to: witness.file(of: other))
        #expect(throws: WitnessStoreError.damaged(path: witness.file(of: other).path)) {
            try witness.decision(other.request(from: 5, to: 6))
        }
        // The record of another witness.
        let stranger = try TestWitness([log], folder: witness.folder, seed: 10)
        #expect(throws: WitnessStoreError.damaged(path: witness.file(of: log).path)) {
            try stranger.decision(log.request(from: 5, to: 6))
        }
    }

    @Test func whatCannotBeReadIsNotTheBeginning() throws {
        let log = try TestLog(9)
        let witness = try TestWitness([log])
        let file = witness.file(of: log)
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        #expect(throws: WitnessStoreError.self) { try witness.decision(log.request(from: 0, to: 5)) }
        try FileManager.default.removeItem(at: file)
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "/nowhere")
        #expect(throws: WitnessStoreError.self, "a link to nothing") {
            try witness.decision(log.request(from: 0, to: 5))
        }
    }

    @Test func aFileThatGoesBackIsNoticed() throws {
        let log = try TestLog(9)
        let witness = try TestWitness([log])
        let file = witness.file(of: log)
        #expect(try witness.decision(log.request(from: 0, to: 5)) == .cosign)
        let old = try Data(contentsOf: file)
        #expect(try witness.decision(log.request(from: 5, to: 7)) == .cosign)
        try old.write(to: file)
        #expect(throws: WitnessStoreError.rolledBack(path: file.path)) {
            try witness.decision(log.request(from: 5, to: 8))
        }
        try FileManager.default.removeItem(at: file)
        #expect(throws: WitnessStoreError.missing(path: file.path)) {
            try witness.decision(log.request(from: 0, to: 8))
        }
    }

    @Test func aFileThatIsGoneIsNotTheBeginning() throws {
        let log = try TestLog(9)
        let other = try TestLog(9, name: "other.example")
        let first = try TestWitness([log, other])
        let file = first.file(of: log)
        #expect(try first.decision(log.request(from: 0, to: 5)) == .cosign)
        let record = try Data(contentsOf: file)
        try FileManager.default.removeItem(at: file)
        let second = try TestWitness([log, other], folder: first.folder)
        #expect(second.witness.damages().map(\.error) == [.missing(path: file.path)])
        #expect(throws: WitnessStoreError.missing(path: file.path)) {
            try second.decision(log.request(from: 0, to: 8))
        }
        #expect(try second.decision(other.request(from: 0, to: 5)) == .cosign)
        #expect(
            try String(contentsOfFile: first.folder.path + "/witness-logs", encoding: .utf8)
                == "log.example/test\nother.example\n"
        )
        try record.write(to: file)
        #expect(try second.decision(log.request(from: 5, to: 8)) == .cosign)
        #expect(try !WitnessStore.begin(in: first.folder.path), "not begun again")
        let index = first.folder.path + "/witness-logs"
        for damage in [Data("log.example/test".utf8), Data([0xFF, 0x0A]), Data("a\u{1}b\n".utf8)] {
            try damage.write(to: URL(fileURLWithPath: index))
            #expect(throws: WitnessStoreError.damaged(path: index)) { try TestWitness([log], folder: first.folder) }
        }
        try FileManager.default.removeItem(atPath: index)
        #expect(throws: WitnessStoreError.withoutIndex(path: index)) { try TestWitness([log], folder: first.folder) }
    }

    /// A process that was killed between the file of a log and its line in the list.
    @Test func aFileWithoutItsLine() throws {
        let log = try TestLog(9)
        let first = try TestWitness([log])
        #expect(try first.decision(log.request(from: 0, to: 5)) == .cosign)
        try Data().write(to: URL(fileURLWithPath: first.folder.path + "/witness-logs"))
        let second = try TestWitness([log], folder: first.folder)
        #expect(try second.decision(log.request(from: 0, to: 6)) == .refuse(.conflict(lastSize: 5)))
        #expect(try second.decision(log.request(from: 5, to: 6)) == .cosign)
        #expect(
            try String(contentsOfFile: first.folder.path + "/witness-logs", encoding: .utf8) == "log.example/test\n"
        )
    }

    /// What a process leaves that was killed between the draft and its name.
    @Test func aDraftIsNothing() throws {
        let log = try TestLog(9)
        let witness = try TestWitness([log])
        #expect(try witness.decision(log.request(from: 0, to: 5)) == .cosign)
        let draft = URL(fileURLWithPath: witness.file(of: log).path + ".new")
        try Data("log.exam".utf8).write(to: draft)
        let next = try TestWitness([log], folder: witness.folder)
        #expect(try next.decision(log.request(from: 0, to: 6)) == .refuse(.conflict(lastSize: 5)))
        #expect(try next.decision(log.request(from: 5, to: 6)) == .cosign)
        #expect(!FileManager.default.fileExists(atPath: draft.path))
    }

    @Test func whatCannotBeKeptIsNotCosigned() throws {
        let log = try TestLog(9)
        let witness = try TestWitness([log])
        #expect(try witness.decision(log.request(from: 0, to: 5)) == .cosign)
        let draft = witness.file(of: log).path + ".new"
        try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: false)
        #expect(throws: WitnessStoreError.self) { try witness.decision(log.request(from: 5, to: 6)) }
        #expect(throws: WitnessStoreError.self, "also not once more") {
            try witness.decision(log.request(from: 5, to: 5))
        }
        try FileManager.default.removeItem(atPath: draft)
        #expect(try witness.decision(log.forked(after: 5).request(from: 5, to: 6)) == .cosign, "nothing was cosigned")
    }

    @Test func aClockBeforeTheEpochCosignsNothing() throws {
        let log = try TestLog(9)
        let witness = try TestWitness([log], time: ManualTime(.init(milliseconds: -5000)))
        #expect(throws: WitnessClockError.self) { try witness.decision(log.request(from: 0, to: 5)) }
        #expect(!FileManager.default.fileExists(atPath: witness.file(of: log).path))
    }
}
