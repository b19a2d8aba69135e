/// The form of a record in a segment.
///
///     marker (8)  length of the record (4)  CRC-32C (4)  record  zeros up to a multiple of eight
///
/// The checksum covers the record, the zeros and the sequence number, so that a record only counts where it was
/// written.
enum RecordFrame {
    /// The number of bytes before the record.
    static let headBytes = 16

    /// The size of a record of a length with all that belongs to it.
    static func size(of length: Int) -> Int {
        (Self.headBytes + length + 7) & ~7
    }

    /// Gives the bytes of a record, with zeros for the marker and the checksum, and the checksum as far as it is known
    /// without the sequence number.
    static func withBytes<Result>(
        of record: UsageRecord,
        _ body: (_ frame: UnsafeRawBufferPointer, _ checksum: UInt32) -> Result
    ) -> Result {
        // The memory is used in here only, and every write to it is checked against its end.
        withUnsafeTemporaryAllocation(byteCount: Self.size(of: record.roomForBytes), alignment: 8) { buffer in
            var writer = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: buffer[Self.headBytes...]))
            record.write(to: &writer)
            let length = writer.count
            let size = Self.size(of: length)
            buffer.storeBytes(of: 0, toByteOffset: 0, as: UInt64.self)
            buffer.storeBytes(of: UInt32(length).littleEndian, toByteOffset: 8, as: UInt32.self)
            buffer.storeBytes(of: 0, toByteOffset: 12, as: UInt32.self)
            for place in Self.headBytes + length..<size { buffer[place] = 0 }
            let checksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: buffer[Self.headBytes..<size]))
            return body(UnsafeRawBufferPointer(rebasing: buffer[..<size]), checksum)
        }
    }

    /// The checksum of a record at its place in the stream.
    static func checksum(_ checksum: UInt32, at sequence: UInt64) -> UInt32 {
        CRC32C.checksum(sequence, after: checksum)
    }
}
