import ClavigerCore
import ClavigerTestSupport
import Foundation

@testable import ClavigerVerifier

/// A folder of one test with journals in it, removed with the fixture.
final class JournalFixture: Sendable {
    /// The smallest segments, so that a few hundred records fill some.
    static let configuration = UsageJournal.Configuration(segmentBytes: 1 << 16)

    let random: SeededRandom
    private let folder: TemporaryFolder

    init(seed: UInt64 = 1) throws {
        self.random = SeededRandom(seed: seed)
        self.folder = try TemporaryFolder()
    }

    var path: String { self.folder.path }

    func open(
        after: UInt64 = 0,
        system: JournalSystem = .real
    ) throws -> (journal: UsageJournal, report: RecoveryReport) {
        try UsageJournal.open(
            folder: self.path,
            after: after,
            random: self.random,
            configuration: Self.configuration,
            system: system
        )
    }

    func recovery() throws -> JournalRecovery {
        try JournalRecovery(JournalFolder(self.path, system: .real), segmentBytes: 1 << 16)
    }

    func file(_ base: UInt64) -> String { self.path + "/" + JournalFolder.name(base) }

    func bytes(_ base: UInt64) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: self.file(base))))
    }

    func write(_ bytes: some Sequence<UInt8>, as base: UInt64) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: self.file(base)))
    }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self.path).sorted()
    }

    /// The bytes of a segment of a few KiB with these records, and where each begins and ends.
    func smallSegment(
        _ records: [UsageRecord],
        base: UInt64 = 0,
        capacity: Int = 4096
    ) throws -> (bytes: [UInt8], places: [Range<Int>]) {
        let folder = try JournalFolder(self.path, system: .real)
        let header = SegmentHeader(base: base, capacity: capacity, marker: self.random.word() | 1)
        let segment = try folder.makeSegment(header)
        var place = SegmentHeader.byteCount
        var places: [Range<Int>] = []
        for record in records {
            RecordFrame.withBytes(of: record) { frame, checksum in
                segment.write(frame, at: place, checksum: checksum)
                places.append(place..<place + frame.count)
                place += frame.count
            }
        }
        return (try self.bytes(base), places)
    }

    /// All records of the journal in the folder, with a fresh reader.
    static func all(_ journal: UsageJournal, pages: Int = 100) throws -> [UsageRecord] {
        var records: [UsageRecord] = []
        var sequence: UInt64 = 0
        while true {
            let found = try journal.read(after: sequence, limit: pages)
            guard let last = found.last else { return records }
            records += found.map(\.record)
            sequence = last.sequence
        }
    }
}

extension UsageRecord {
    /// A small record that is told from others by its number.
    static func numbered(_ number: Int, requestID: String = "req") -> UsageRecord {
        var record = UsageRecord(
            time: Timestamp(milliseconds: 1_795_243_200_000 + Int64(number)),
            code: UInt8(truncatingIfNeeded: number),
            source: .verify,
            cost: UInt32(number),
            requestID: requestID
        )
        record.keyID = UInt128(number) << 64 | 7
        record.clientAddress = .v4(0xCB00_7107)
        record.path = "/v1/invoices/\(number)"
        return record
    }

    /// Any record, by chance.
    static func any(_ generator: inout SeededGenerator) -> UsageRecord {
        func maybe<Value>(_ make: () -> Value) -> Value? { Bool.random(using: &generator) ? make() : nil }
        func text(_ limit: Int) -> String {
            var text = ""
            let length = Int.random(in: 0...limit, using: &generator)
            let characters: [Character] = ["a", "/", "é", "€", "𝄞", "\0", "\n", "%", "z"]
            while let next = characters.randomElement(using: &generator),
                text.utf8.count + String(next).utf8.count <= length
            {
                text.append(next)
            }
            return text
        }
        func id() -> UInt128 { UInt128(generator.next()) << 64 | UInt128(generator.next()) }
        var record = UsageRecord(
            time: Timestamp(milliseconds: Int64(bitPattern: generator.next())),
            code: UInt8.random(in: 0...255, using: &generator),
            source: Bool.random(using: &generator) ? .verify : .gateway,
            cost: UInt32.random(in: 0...(.max), using: &generator),
            requestID: text(32)
        )
        record.workspaceID = maybe(id)
        record.apiID = maybe(id)
        record.consumerID = maybe(id)
        record.keyID = maybe(id)
        record.credentialID = maybe(id)
        record.lookupID =
            maybe { LookupID(String((0..<12).map { _ in "09AZaz".randomElement(using: &generator) ?? "0" })) } ?? nil
        record.environment = maybe { text(32) }
        record.clientAddress = maybe {
            Bool.random(using: &generator) ? .v4(UInt32.random(in: 0...(.max), using: &generator)) : .v6(id())
        }
        record.method = maybe { text(32) }
        record.path = maybe { text(256) }
        record.origin = maybe { text(128) }
        record.userAgent = maybe { text(256) }
        record.about = maybe { generator.next() }
        record.upstreamStatus = maybe { UInt16.random(in: 0...(.max), using: &generator) }
        record.latencyMicros = UInt32.random(in: 0...(.max), using: &generator)
        record.credits = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            CreditChange(
                kind: CreditEntry.Kind.allCases.randomElement(using: &generator) ?? .spend,
                accountKind: UInt8.random(in: 0...255, using: &generator),
                accountID: id(),
                generation: UInt32.random(in: 0...(.max), using: &generator),
                amount: Int64(bitPattern: generator.next()),
                remainingAfter: Int64(bitPattern: generator.next()),
                periodAfter: Int64(bitPattern: generator.next()),
                reservation: maybe {
                    .init(id: id(), leaseEndsAt: Timestamp(milliseconds: Int64(bitPattern: generator.next())))
                }
            )
        }
        return record
    }
}
