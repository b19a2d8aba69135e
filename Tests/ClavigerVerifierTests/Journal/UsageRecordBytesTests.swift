import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import ClavigerVerifier

@Suite("The bytes of a usage record")
struct UsageRecordBytesTests {
    private static func bytes(_ record: UsageRecord) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: record.roomForBytes) { buffer, count in
            var writer = ByteWriter(UnsafeMutableRawBufferPointer(buffer))
            record.write(to: &writer)
            count = writer.count
        }
    }

    private static func record(_ bytes: some Sequence<UInt8>) -> UsageRecord? {
        Array(bytes).withUnsafeBytes { UsageRecord($0) }
    }

    @Test("reading gives what was written", arguments: [1, 2, 3] as [UInt64])
    func roundTrip(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            let record = UsageRecord.any(&generator)
            let bytes = Self.bytes(record)
            #expect(Self.record(bytes) == record, "seed \(seed)")
            #expect(bytes.count <= record.roomForBytes && bytes.count <= UsageRecord.mostBytes)
        }
    }

    @Test("a record with nothing in it")
    func empty() {
        let record = UsageRecord(time: Timestamp(milliseconds: 0), code: 0, source: .verify)
        #expect(Self.record(Self.bytes(record)) == record)
    }

    @Test("the largest record fits")
    func largest() {
        var record = UsageRecord.numbered(1, requestID: String(repeating: "x", count: 500))
        record.workspaceID = .max
        record.apiID = .max
        record.consumerID = .max
        record.keyID = .max
        record.credentialID = .max
        record.lookupID = LookupID("zzzzzzzzzzzz")
        record.clientAddress = .v6(.max)
        record.upstreamStatus = .max
        for field in [\UsageRecord.environment, \.method, \.path, \.origin, \.userAgent] {
            record[keyPath: field] = String(repeating: "x", count: 500)
        }
        let change = UsageRecord.CreditChange(
            kind: .release,
            accountKind: .max,
            accountID: .max,
            generation: .max,
            amount: .min,
            remainingAfter: .max,
            periodAfter: .min,
            reservation: .init(id: .max, leaseEndsAt: .latest)
        )
        record.credits = Array(repeating: change, count: UsageRecord.mostCredits)
        let bytes = Self.bytes(record)
        #expect(bytes.count <= UsageRecord.mostBytes)
        #expect(Self.record(bytes)?.credits == record.credits)
        #expect(Self.record(bytes)?.userAgent == String(repeating: "x", count: 256))
        #expect(Self.record(bytes)?.origin == String(repeating: "x", count: 128))
        #expect(Self.record(bytes)?.requestID == String(repeating: "x", count: 32))
    }

    @Test("texts are cut at the border of a character's bytes", arguments: ["é", "€", "𝄞", "a"])
    func cutting(character: String) {
        for shift in 0..<4 {
            var record = UsageRecord.numbered(1)
            let text = String(repeating: "-", count: shift) + String(repeating: character, count: 300)
            record.path = text
            let cut = Self.record(Self.bytes(record))?.path ?? ""
            #expect(text.hasPrefix(cut))
            #expect(cut.utf8.count <= 256 && cut.utf8.count > 256 - character.utf8.count)
            #expect(!cut.unicodeScalars.contains("\u{FFFD}"))
        }
    }

    @Test("a text of the largest length is whole, and empty is not missing")
    func limits() {
        var record = UsageRecord.numbered(1)
        record.method = ""
        record.userAgent = String(repeating: "é", count: 128)
        #expect(Self.record(Self.bytes(record)) == record)
    }

    @Test("no part of a record is one, nor is a record with something behind it", arguments: [4] as [UInt64])
    func parts(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let bytes = Self.bytes(.any(&generator))
            for length in 0..<bytes.count { #expect(Self.record(bytes[..<length]) == nil) }
            #expect(Self.record(bytes + [0]) == nil)
        }
    }

    @Test("bytes by chance do no harm", arguments: [5] as [UInt64])
    func noise(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            var bytes = Self.bytes(.any(&generator))
            for _ in 0..<3 {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            // Either nothing, or a record that can be written again.
            if let record = Self.record(bytes) { #expect(Self.record(Self.bytes(record)) != nil) }
        }
    }
}
