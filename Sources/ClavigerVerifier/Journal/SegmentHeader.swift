/// What a segment file says of itself: 64 bytes at its beginning, and the same once more at its end.
///
/// Twice, because a lost header would take the whole segment with it: a cut takes the end, a lost first block the
/// beginning.
///
///     magic (8)  version (4)  zero (4)  base (8)  capacity (8)  marker (8)  zero (20)  CRC-32C of the 60 before (4)
struct SegmentHeader: Hashable {
    /// The number of bytes of each copy.
    static let byteCount = 64
    /// The form of segments and records that this code reads and writes.
    static let version: UInt32 = 1
    /// `CLVUSAGE`, read as a number with the lowest byte first.
    private static let magic: UInt64 = 0x4547_4153_5556_4C43

    /// The place of the segment's first byte in the stream of all segments; sequence numbers count from it.
    let base: UInt64
    /// The length of the file.
    let capacity: Int
    /// The random word that every record of this segment begins with.
    ///
    /// Random, so that no text from a client can look like a record when a damaged segment is searched.
    let marker: UInt64

    /// The places that records can have.
    var recordArea: Range<Int> { Self.byteCount..<self.capacity - Self.byteCount }

    /// The first place in the stream behind this segment.
    var end: UInt64 { self.base + UInt64(self.capacity) }

    /// One copy as bytes.
    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        bytes.withUnsafeMutableBytes { room in
            var writer = ByteWriter(room)
            writer.write(Self.magic)
            writer.write(Self.version)
            writer.write(0 as UInt32)
            writer.write(self.base)
            writer.write(UInt64(self.capacity))
            writer.write(self.marker)
            let checked = UnsafeRawBufferPointer(rebasing: room[..<(Self.byteCount - 4)])
            let checksum = CRC32C.checksum(checked)
            room.storeBytes(of: checksum.littleEndian, toByteOffset: Self.byteCount - 4, as: UInt32.self)
        }
        return bytes
    }

    /// What a copy turned out to be.
    enum Reading: Hashable {
        case header(SegmentHeader)
        /// A copy that is whole, but of another version.
        case otherVersion(UInt32)
        /// The beginning is right, something behind it is not.
        case damaged
        /// Not a header, or nothing of it is left.
        case foreign
    }

    /// Reads one copy.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        var reader = ByteReader(bytes)
        guard let magic = reader.read(UInt64.self), magic == Self.magic else { return .foreign }
        guard bytes.count == Self.byteCount else { return .damaged }
        let checked = UnsafeRawBufferPointer(rebasing: bytes[..<(Self.byteCount - 4)])
        let checksum = bytes.loadUnaligned(fromByteOffset: Self.byteCount - 4, as: UInt32.self)
        guard
            CRC32C.checksum(checked) == UInt32(littleEndian: checksum),
            let version = reader.read(UInt32.self), reader.read(UInt32.self) != nil,
            let base = reader.read(UInt64.self), let capacity = reader.read(UInt64.self),
            let marker = reader.read(UInt64.self)
        else { return .damaged }
        guard version == Self.version else { return .otherVersion(version) }
        // The sum must not overflow, whoever wrote the file.
        guard
            let capacity = Int(exactly: capacity), capacity >= 2 * Self.byteCount, capacity % 8 == 0, marker != 0,
            !base.addingReportingOverflow(UInt64(capacity)).overflow
        else { return .damaged }
        return .header(SegmentHeader(base: base, capacity: capacity, marker: marker))
    }
}
