import Testing

@testable import ClavigerCore

@Suite("CRC-32")
struct CRC32Tests {
    @Test("the check value of CRC-32/ISO-HDLC")
    func checkValue() {
        #expect(CRC32.checksum("123456789".utf8) == 0xCBF4_3926)
    }

    @Test("as Python's zlib.crc32 answers")
    func others() {
        #expect(CRC32.checksum([]) == 0)
        #expect(CRC32.checksum("a".utf8) == 0xE8B7_BE43)
        #expect(CRC32.checksum("abc".utf8) == 0x3524_41C2)
        #expect(CRC32.checksum([UInt8](repeating: 0, count: 256)) == 0x0D96_8558)
        #expect(CRC32.checksum(UInt8.min ... .max) == 0x2905_8C73)
    }
}
