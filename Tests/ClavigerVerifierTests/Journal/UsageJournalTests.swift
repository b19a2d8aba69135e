import ClavigerCore
import ClavigerTestSupport
import Foundation
import Testing

@testable import ClavigerVerifier

@Suite("The usage journal")
struct UsageJournalTests {
    @Test(
        "what was appended is read, in order, with the sequence numbers that were told",
        arguments: [1, 2] as [UInt64]
    )
    func appendAndRead(seed: UInt64) throws {
        let fixture = try JournalFixture(seed: seed)
        let (journal, report) = try fixture.open()
        #expect(report == RecoveryReport())
        #expect(journal.lastSequence == 0)
        #expect(try journal.read(after: 0, limit: 10).isEmpty)
        var generator = SeededGenerator(seed: seed)
        var expected: [(sequence: UInt64, record: UsageRecord)] = []
        for _ in 0..<1000 {
            let record = UsageRecord.any(&generator)
            let sequence = try journal.append(record)
            #expect(sequence > expected.last?.sequence ?? 0)
            #expect(journal.lastSequence == sequence)
            expected.append((sequence, record))
        }
        let found = try journal.read(after: 0, limit: .max)
        #expect(found.map(\.sequence) == expected.map(\.sequence))
        #expect(found.map(\.record) == expected.map(\.record))
        // Several segments, so that the borders between them are covered.
        #expect(try fixture.names().count > 4)
        for (index, entry) in expected.enumerated() {
            let next = try journal.read(after: entry.sequence, limit: 1)
            #expect(next.first?.sequence == (index + 1 < expected.count ? expected[index + 1].sequence : nil))
            // A number between two records is as good.
            #expect(try journal.read(after: entry.sequence - 1, limit: 1).first?.sequence == entry.sequence)
        }
        #expect(try journal.read(after: .max, limit: 1).isEmpty)
        #expect(try journal.read(after: 0, limit: 0).isEmpty)
        #expect(try JournalFixture.all(journal, pages: 7) == expected.map(\.record))
    }

    @Test("a new start reads what the last one wrote, and counts on")
    func reopening() async throws {
        let fixture = try JournalFixture()
        var written: [UsageRecord] = []
        var last: UInt64 = 0
        for round in 0..<4 {
            let (journal, report) = try fixture.open()
            #expect(report.records == written.count)
            #expect(report.damaged.isEmpty && report.unfinished == 0)
            #expect(journal.lastSequence == last)
            for number in 0..<700 {
                let record = UsageRecord.numbered(round * 1000 + number)
                let sequence = try journal.append(record)
                #expect(sequence > last)
                last = sequence
                written.append(record)
            }
            #expect(try JournalFixture.all(journal) == written)
            try await journal.close()
        }
    }

    @Test("numbers are never given twice, even if everything was dropped or the folder was emptied")
    func increasing() async throws {
        let fixture = try JournalFixture()
        var last: UInt64 = 0
        for _ in 0..<5 {
            let journal = try fixture.open().journal
            let sequence = try journal.append(.numbered(1))
            #expect(sequence > last)
            last = sequence
            try journal.drop(through: last)
            try await journal.close()
        }
        // Two starts without a record.
        try await fixture.open().journal.close()
        try await fixture.open().journal.close()
        let journal = try fixture.open().journal
        #expect(try journal.append(.numbered(1)) > last)
        try await journal.close()
        for name in try fixture.names() { try FileManager.default.removeItem(atPath: fixture.path + "/" + name) }
        let later = try fixture.open(after: 1_000_000_000_001).journal
        #expect(try later.append(.numbered(1)) > 1_000_000_000_001)
        try await later.close()
        for after in [.max, .max - 7, .max - 8, .max - 60_000] as [UInt64] {
            #expect(throws: JournalError.self) { try fixture.open(after: after) }
        }
    }

    @Test("segments are dropped when their last record is, and not before")
    func dropping() throws {
        let fixture = try JournalFixture()
        let journal = try fixture.open().journal
        var sequences: [UInt64] = []
        while sequences.last ?? 0 < 3 << 16 { sequences.append(try journal.append(.numbered(sequences.count))) }
        let lastOfFirst = try #require(sequences.last { $0 < 1 << 16 })
        try journal.drop(through: lastOfFirst - 1)
        #expect(try journal.read(after: 0, limit: 1).first?.sequence == sequences.first)
        try journal.drop(through: lastOfFirst)
        #expect(try !fixture.names().contains(JournalFolder.name(0)))
        #expect(try journal.read(after: 0, limit: 1).first?.sequence == sequences.first { $0 > 1 << 16 })
        try journal.drop(through: .max)
        // The one in use stays, with what it holds.
        #expect(try fixture.names().contains(JournalFolder.name(3 << 16)))
        #expect(try journal.read(after: 0, limit: .max).map(\.sequence) == sequences.filter { $0 > 3 << 16 })
    }

    @Test("files are for their owner only, whatever the umask")
    func modes() throws {
        let fixture = try JournalFixture()
        let folder = fixture.path + "/journal"
        let journal = try UsageJournal.open(
            folder: folder,
            random: fixture.random,
            configuration: JournalFixture.configuration
        ).journal
        _ = try journal.append(.numbered(1))
        func mode(_ path: String) throws -> Int? {
            (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
        }
        #expect(try mode(folder) == 0o700)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            #expect(try mode(folder + "/" + name) == 0o600)
        }
    }

    @Test("drafts and unused segments of an earlier start are removed, other files are not")
    func leftovers() throws {
        let fixture = try JournalFixture()
        try fixture.write([1, 2, 3], as: 0)
        let draft = fixture.file(0) + ".new"
        try FileManager.default.moveItem(atPath: fixture.file(0), toPath: draft)
        let foreign = fixture.path + "/notes.new"
        try Data("notes".utf8).write(to: URL(fileURLWithPath: foreign))
        _ = try fixture.smallSegment([], base: 4096)
        let (journal, report) = try fixture.open()
        #expect(report == RecoveryReport())
        let names = try fixture.names()
        #expect(names.contains("notes.new"))
        #expect(!names.contains(JournalFolder.name(4096)))
        #expect(!FileManager.default.fileExists(atPath: draft))
        #expect(try journal.append(.numbered(1)) > 8192)
    }

    @Test("a closed journal refuses records, can be read, and leaves no segment that it does not need")
    func closing() async throws {
        let fixture = try JournalFixture()
        let journal = try fixture.open().journal
        _ = try journal.append(.numbered(1))
        try await journal.close()
        try await journal.close()
        #expect(throws: JournalFull("The journal is closed.")) { try journal.append(.numbered(2)) }
        try await journal.flush()
        #expect(try journal.read(after: 0, limit: 9).map(\.record) == [.numbered(1)])
        #expect(try fixture.names() == [JournalFolder.name(0)])
    }

    @Test("names of segments")
    func names() {
        #expect(JournalFolder.name(0xABC) == "usage-0000000000000abc.journal")
        #expect(JournalFolder.base("usage-0000000000000abc.journal") == 0xABC)
        for name in [
            "usage-0000000000000ABC.journal", "usage-abc.journal", "usage-+000000000000abc.journal",
            "usage-0000000000000abc.journal.new", "0000000000000abc", "usage-000000000000zabc.journal",
        ] {
            #expect(JournalFolder.base(name) == nil)
        }
    }

    @Test("a folder that cannot be used is refused with an advice")
    func folders() throws {
        let fixture = try JournalFixture()
        func refusal(_ folder: String) -> String {
            do {
                _ = try UsageJournal.open(folder: folder, random: fixture.random)
                return "opened"
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal("") == "The journal's folder must not be empty or contain a NUL character.")
        #expect(refusal("a\0b").contains("NUL"))
        #expect(refusal(fixture.path + "/missing/journal").contains("does not exist"))
        try fixture.write([], as: 0)
        #expect(refusal(fixture.file(0)).contains("is not a folder"))
        let open = fixture.path + "/open"
        try FileManager.default.createDirectory(
            atPath: open,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750]
        )
        #expect(refusal(open).contains("mode 750") && refusal(open).contains("chmod 700 \(open)"))
    }
}
