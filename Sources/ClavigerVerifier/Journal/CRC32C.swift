/// CRC-32C (Castagnoli): reflected polynomial 0x82F63B78, check value 0xE3069283 (RFC 3720 section 12.1).
///
/// Sixteen bytes at a time with a table for each (Kounavis and Berry 2005), because every append pays for it.
enum CRC32C {
    private static let ways = 16

    /// Sixteen rows of 256 words; row `n` holds what a byte does to the checksum when `n` more bytes follow it.
    ///
    /// Proof for `@unchecked Sendable`: the words are written in `init`, never again, and never freed; there is one
    /// such value for the life of the process. A pointer, because it is used as it is: an array would have a reference
    /// count that all threads change, and an inline array would be copied, 16 KiB for every append.
    // Proof: see above; the words never change once this is made.
    private struct Tables: @unchecked Sendable {
        private let words: UnsafePointer<UInt32>

        init() {
            let words = UnsafeMutablePointer<UInt32>.allocate(capacity: CRC32C.ways * 256)
            for byte in 0..<256 {
                var value = UInt32(byte)
                for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
                (words + byte).initialize(to: value)
            }
            for index in 256..<CRC32C.ways * 256 {
                let shorter = words[index - 256]
                (words + index).initialize(to: words[Int(shorter & 0xFF)] ^ shorter >> 8)
            }
            self.words = UnsafePointer(words)
        }

        /// The word of a byte; the row is masked to four bits, so that the place is always one of the table's.
        @inline(__always)
        subscript(row: Int, byte: UInt8) -> UInt32 { self.words[(row & 15) << 8 | Int(byte)] }
    }

    private static let tables = Tables()

    /// The checksum of the bytes, or of what `previous` is the checksum of with the bytes behind it.
    static func checksum(_ bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
        let tables = Self.tables
        var crc = ~previous
        var position = 0
        while bytes.count - position >= Self.ways {
            let low = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let high = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self))
            // First what does not depend on the bytes before: the processor then waits for four of sixteen words only.
            let known = Self.fold(high >> 32, tables, row: 3) ^ Self.fold(high, tables, row: 7)
            crc = Self.fold(low ^ UInt64(crc), tables, row: 15) ^ (known ^ Self.fold(low >> 32, tables, row: 11))
            position += Self.ways
        }
        if bytes.count - position >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            crc = ~Self.checksum(word, after: ~crc)
            position += 8
        }
        while position < bytes.count {
            crc = tables[0, UInt8(truncatingIfNeeded: crc) ^ bytes[position]] ^ crc >> 8
            position += 1
        }
        return ~crc
    }

    /// The checksum of what `previous` is the checksum of with the eight bytes of `word`, lowest first, behind it.
    static func checksum(_ word: UInt64, after previous: UInt32) -> UInt32 {
        let tables = Self.tables
        return ~(Self.fold(word ^ UInt64(~previous), tables, row: 7) ^ Self.fold(word >> 32, tables, row: 3))
    }

    /// What the four low bytes of `word` do to the checksum when `row` more bytes follow the first of them.
    @inline(__always)
    private static func fold(_ word: UInt64, _ tables: Tables, row: Int) -> UInt32 {
        let first = tables[row, UInt8(truncatingIfNeeded: word)] ^ tables[row - 1, UInt8(truncatingIfNeeded: word >> 8)]
        return first
            ^ (tables[row - 2, UInt8(truncatingIfNeeded: word >> 16)]
                ^ tables[row - 3, UInt8(truncatingIfNeeded: word >> 24)])
    }
}
