/// CRC-32/ISO-HDLC (the CRC of zip and Ethernet): reflected polynomial 0xEDB88320, check value 0xCBF43926.
enum CRC32 {
    /// Inline, and so without a reference count that all threads would change.
    private static let table: InlineArray<256, UInt32> = InlineArray { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        return value
    }

    /// The checksum of the bytes.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { crc, byte in
            Self.table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8
        }
    }
}
