/// Writes numbers, lowest byte first, and texts one behind the other.
///
/// Every write is checked against the room that is left, so no caller can write behind it.
struct ByteWriter {
    private let room: UnsafeMutableRawBufferPointer
    /// The number of bytes that were written.
    private(set) var count = 0

    /// Writes into memory that its owner keeps for as long as the writer is used.
    init(_ room: UnsafeMutableRawBufferPointer) {
        self.room = room
    }

    @inline(__always)
    mutating func write<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) {
        let size = MemoryLayout<Number>.size
        precondition(self.room.count - self.count >= size)
        self.room.storeBytes(of: number.littleEndian, toByteOffset: self.count, as: Number.self)
        self.count += size
    }

    /// Writes the length and the bytes of a text, at most `limit` bytes of whole characters.
    @inline(__always)
    mutating func write(_ text: String, atMost limit: Int) {
        if text.utf8.withContiguousStorageIfAvailable({ self.write($0, atMost: limit) }) == nil {
            Array(text.utf8).withUnsafeBufferPointer { self.write($0, atMost: limit) }
        }
    }

    private mutating func write(_ bytes: UnsafeBufferPointer<UInt8>, atMost limit: Int) {
        var length = bytes.count
        if length > limit {
            length = limit
            // The byte behind the cut must begin a character (RFC 3629 section 3).
            while length > 0, bytes[length] & 0b1100_0000 == 0b1000_0000 { length -= 1 }
        }
        self.write(UInt16(length))
        precondition(self.room.count - self.count >= length)
        let target = UnsafeMutableRawBufferPointer(rebasing: self.room[self.count..<self.count + length])
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<length]))
        self.count += length
    }
}

/// Reads what ``ByteWriter`` wrote; `nil` as soon as there are not enough bytes.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// Reads memory that its owner keeps for as long as the reader is used.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Whether everything has been read.
    var isAtEnd: Bool { self.position == self.bytes.count }

    @inline(__always)
    mutating func read<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard self.bytes.count - self.position >= size else { return nil }
        defer { self.position += size }
        return Number(littleEndian: self.bytes.loadUnaligned(fromByteOffset: self.position, as: Number.self))
    }

    mutating func readText() -> String? {
        guard let length = self.read(UInt16.self) else { return nil }
        return self.readBytes(Int(length)).map { String(decoding: $0, as: UTF8.self) }
    }

    mutating func readBytes(_ count: Int) -> UnsafeRawBufferPointer? {
        guard self.bytes.count - self.position >= count else { return nil }
        defer { self.position += count }
        return UnsafeRawBufferPointer(rebasing: self.bytes[self.position..<self.position + count])
    }
}
