import ClavigerCore
import ClavigerTestSupport
import Foundation
import Testing

@testable import ClavigerVerifier

@Suite("Recovery of the journal")
struct JournalRecoveryTests {
    private static func records(_ count: Int) -> [UsageRecord] { (0..<count).map { .numbered($0) } }

    /// The records that a recovery leaves readable.
    private static func readable(_ fixture: JournalFixture, _ recovery: JournalRecovery) throws -> [UsageRecord] {
        let folder = try JournalFolder(fixture.path, system: .real)
        var reader = JournalReader(folder: folder, after: 0, limit: .max)
        for segment in recovery.segments {
            guard let header = segment.header else { continue }
            try reader.read(header, until: header.recordArea.upperBound)
        }
        return reader.found.map(\.record)
    }

    @Test("a segment cut at any byte keeps its whole records")
    func truncation() throws {
        let fixture = try JournalFixture()
        let records = Self.records(8)
        let (bytes, places) = try fixture.smallSegment(records, capacity: 1536)
        for length in 0..<bytes.count {
            try fixture.write(bytes[..<length], as: 0)
            let recovery = try fixture.recovery()
            let whole = length < SegmentHeader.byteCount ? 0 : places.filter { $0.upperBound <= length }.count
            #expect(recovery.report.records == whole, "cut to \(length)")
            #expect(try Self.readable(fixture, recovery) == Array(records[..<whole]), "cut to \(length)")
            #expect(recovery.report.segments == 1)
            if length > 0 { #expect(!recovery.report.damaged.isEmpty, "cut to \(length)") }
            #expect(recovery.report.damaged.allSatisfy { $0.file == fixture.file(0) && $0.bytes > 0 })
            #expect(recovery.end >= 1536)
        }
    }

    @Test("a changed byte costs its own record at most, and is told", arguments: [0xFF, 0x01, 0x80] as [UInt8])
    func flips(mask: UInt8) throws {
        let fixture = try JournalFixture()
        let records = Self.records(8)
        let (bytes, places) = try fixture.smallSegment(records, capacity: 1536)
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= mask
            try fixture.write(changed, as: 0)
            let recovery = try fixture.recovery()
            let hit = places.firstIndex { $0.contains(place) }
            let expected = records.indices.filter { $0 != hit }.map { records[$0] }
            #expect(try Self.readable(fixture, recovery) == expected, "byte \(place)")
            let damage = recovery.report.damaged
            // Nothing is lost where nothing was; it looks like a record that was being written.
            if places[7].upperBound..<1536 - SegmentHeader.byteCount ~= place { continue }
            #expect(damage.count == 1, "byte \(place)")
            #expect(damage.first.map { ($0.offset..<$0.offset + $0.bytes).contains(place) } == true, "byte \(place)")
            #expect(recovery.report.unfinished == 0)
        }
    }

    @Test("zeros in the middle are damage, zeros at the end are none")
    func zeros() throws {
        let fixture = try JournalFixture()
        let records = Self.records(8)
        let (bytes, places) = try fixture.smallSegment(records)
        #expect(try fixture.recovery().report == RecoveryReport(records: 8, segments: 1))
        var changed = bytes
        changed.replaceSubrange(
            places[2].lowerBound..<places[4].upperBound,
            with: repeatElement(0, count: places[4].upperBound - places[2].lowerBound)
        )
        try fixture.write(changed, as: 0)
        let report = try fixture.recovery().report
        #expect(report.records == 5)
        #expect(report.damaged.map(\.offset) == [places[2].lowerBound])
        #expect(report.damaged.map(\.bytes) == [places[4].upperBound - places[2].lowerBound])
    }

    @Test("a record that was being written is not damage and not a record")
    func unfinished() throws {
        let fixture = try JournalFixture()
        let (bytes, places) = try fixture.smallSegment(Self.records(3))
        // All orders in which the parts of the last record could have reached the memory before its marker.
        for length in stride(from: 8, through: places[2].count - 8, by: 8) {
            var changed = bytes
            let written = places[2].lowerBound + 8..<places[2].lowerBound + 8 + length
            for place in places[2] where !written.contains(place) { changed[place] = 0 }
            try fixture.write(changed, as: 0)
            let report = try fixture.recovery().report
            #expect(report.records == 2)
            #expect(report.damaged.isEmpty)
            #expect(report.unfinished == 1)
        }
    }

    @Test("a text that looks like a record is none, even behind a damaged one")
    func forgery() throws {
        let fixture = try JournalFixture()
        var records = Self.records(3)
        // The attacker knows the form and guesses the place, but not the segment's marker.
        let (other, otherPlaces) = try fixture.smallSegment([.numbered(66)], base: 1 << 40)
        records[1].userAgent = String(decoding: other[otherPlaces[0]].map { $0 & 0x7F }, as: UTF8.self)
        let (bytes, places) = try fixture.smallSegment(records)
        var changed = bytes
        changed[places[1].lowerBound] ^= 1
        // Worse than what the attacker can do: a whole record of another segment, and one of this segment elsewhere.
        let hole = places[1].lowerBound + 64
        changed.replaceSubrange(hole..<hole + otherPlaces[0].count, with: other[otherPlaces[0]])
        try FileManager.default.removeItem(atPath: fixture.file(1 << 40))
        try fixture.write(changed, as: 0)
        #expect(try Self.readable(fixture, fixture.recovery()) == [records[0], records[2]])
        changed.replaceSubrange(hole..<hole + places[0].count, with: bytes[places[0]])
        try fixture.write(changed, as: 0)
        #expect(try Self.readable(fixture, fixture.recovery()) == [records[0], records[2]])
    }

    @Test("bytes by chance in a segment do no harm", arguments: [7, 8] as [UInt64])
    func noise(seed: UInt64) throws {
        let fixture = try JournalFixture(seed: seed)
        let records = Self.records(20)
        let (bytes, places) = try fixture.smallSegment(records)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var changed = bytes
            var hit: Set<Int> = []
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let start = Int.random(in: 64..<4000, using: &generator)
                for place in start..<min(4032, start + Int.random(in: 1...100, using: &generator)) {
                    changed[place] = UInt8.random(in: 0...255, using: &generator)
                    if let index = places.firstIndex(where: { $0.contains(place) }), changed[place] != bytes[place] {
                        hit.insert(index)
                    }
                }
            }
            try fixture.write(changed, as: 0)
            let expected = records.indices.filter { !hit.contains($0) }.map { records[$0] }
            #expect(try Self.readable(fixture, fixture.recovery()) == expected, "seed \(seed)")
        }
    }

    @Test("a segment that lost both its headers is told and does not stop the start")
    func lostHeaders() throws {
        let fixture = try JournalFixture()
        let (bytes, _) = try fixture.smallSegment(Self.records(3))
        try fixture.write(repeatElement(0, count: 64) + bytes[64..<3000], as: 0)
        let report = try fixture.recovery().report
        #expect(report.records == 0)
        #expect(report.damaged == [.init(file: fixture.file(0), offset: 0, bytes: 3000)])
        let (journal, _) = try fixture.open()
        #expect(try journal.append(.numbered(1)) > 1 << 16)
    }

    @Test("another version, a foreign file and a renamed segment stop the start with an advice")
    func refusals() throws {
        let fixture = try JournalFixture()
        let (bytes, _) = try fixture.smallSegment(Self.records(3))
        var newer = bytes
        for place in [0, newer.count - 64] {
            newer[place + 8] = 2
            let checksum = Array(newer[place..<place + 60]).withUnsafeBytes { CRC32C.checksum($0) }
            withUnsafeBytes(of: checksum.littleEndian) { newer.replaceSubrange(place + 60..<place + 64, with: $0) }
        }
        try fixture.write(newer, as: 0)
        try Self.expectRefusal(fixture, "another version")
        try fixture.write(
            Array("These are notes of somebody, and no journal segment at all. They are long.".utf8),
            as: 0
        )
        try Self.expectRefusal(fixture, "Move it out of the folder")
        try FileManager.default.removeItem(atPath: fixture.file(0))
        try fixture.write(bytes, as: 4096)
        try Self.expectRefusal(fixture, "usage-0000000000000000.journal")
        try FileManager.default.removeItem(atPath: fixture.file(4096))
        try fixture.write([], as: .max)
        try Self.expectRefusal(fixture, "no segment of this journal")
        try FileManager.default.removeItem(atPath: fixture.file(.max))
        try FileManager.default.createDirectory(atPath: fixture.file(0), withIntermediateDirectories: false)
        try Self.expectRefusal(fixture, "is not a file")
    }

    private static func expectRefusal(_ fixture: JournalFixture, _ part: String) throws {
        let before = try fixture.names()
        do {
            _ = try fixture.open()
            Issue.record("opened, although \(part)")
        } catch let error as JournalError {
            #expect(error.description.contains(part), "\(error)")
            #expect(error.description.contains(fixture.path))
        }
        #expect(try fixture.names() == before)
    }
}

extension RecoveryReport {
    fileprivate init(records: Int, segments: Int) {
        self.init()
        self.records = records
        self.segments = segments
    }
}
