/// CRC-32/ISO-HDLC (the CRC of zip and Ethernet): reflected polynomial 0xEDB88320, check value 0xCBF43926.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    /// The checksum of the bytes.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        Self.table.withUnsafeBufferPointer { table in
            ~bytes.reduce(0xFFFF_FFFF) { crc, byte in table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
        }
    }
}
