import ClavigerTestSupport
import Testing

@testable import ClavigerVerifier

@Suite("CRC-32C")
struct CRC32CTests {
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { CRC32C.checksum($0) }
    }

    /// Bit by bit, as the polynomial says.
    private static func reference(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
        return ~crc
    }

    @Test("the known answers of RFC 3720 appendix B.4")
    func knownAnswers() {
        #expect(Self.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(Self.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(Self.checksum(Array(0...31)) == 0x46DD_794E)
        #expect(Self.checksum((0...31).reversed()) == 0x113F_DB5C)
        // An iSCSI SCSI Read (10) command PDU.
        var command = [UInt8](repeating: 0, count: 48)
        for (place, byte) in [
            (0, 0x01), (1, 0xC0), (16, 0x14), (22, 0x04), (27, 0x14), (31, 0x18), (32, 0x28), (40, 0x02),
        ] as [(Int, UInt8)] {
            command[place] = byte
        }
        #expect(Self.checksum(command) == 0xD996_3A56)
    }

    @Test("the check value")
    func checkValue() {
        #expect(Self.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(Self.checksum([]) == 0)
    }

    @Test("every length and alignment is as bit by bit", arguments: [1, 2] as [UInt64])
    func lengths(seed: UInt64) {
        let bytes = SeededRandom(seed: seed).bytes(160)
        for start in 0..<9 {
            for length in 0..<150 {
                let part = Array(bytes[start..<start + length])
                let expected = Self.reference(part)
                let found = bytes.withUnsafeBytes {
                    CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[start..<start + length]))
                }
                #expect(found == expected, "seed \(seed), \(start), \(length)")
            }
        }
    }

    @Test("it can be continued", arguments: [3] as [UInt64])
    func continuation(seed: UInt64) {
        let bytes = SeededRandom(seed: seed).bytes(100)
        let whole = Self.reference(bytes)
        for cut in 0...100 {
            let head = Self.checksum(Array(bytes[..<cut]))
            #expect(Array(bytes[cut...]).withUnsafeBytes { CRC32C.checksum($0, after: head) } == whole)
        }
        let word = bytes[92...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(CRC32C.checksum(word, after: Self.checksum(Array(bytes[..<92]))) == whole)
    }
}
