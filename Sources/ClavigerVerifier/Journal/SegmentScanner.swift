/// Finds the whole records in the bytes of a segment, whatever happened to the bytes between them.
///
/// What is no ``RecordFrame`` is stepped over, eight bytes at a time, to the next place that has one.
struct SegmentScanner {
    private let header: SegmentHeader
    private let bytes: UnsafeRawBufferPointer
    /// The place of the first byte in the segment.
    private let start: Int
    /// Whether nothing follows these bytes; otherwise the search stops at a record that is not all there.
    private let isLast: Bool
    /// The place in the segment where the search goes on.
    private(set) var position: Int
    /// The place behind the last record.
    private var wholeUntil: Int
    /// The places between records that hold none.
    private(set) var gaps: [Range<Int>] = []

    /// Searches bytes that begin at `start` in their segment, a multiple of eight.
    init(_ header: SegmentHeader, _ bytes: UnsafeRawBufferPointer, from start: Int, isLast: Bool) {
        self.header = header
        self.bytes = bytes
        self.start = start
        self.isLast = isLast
        self.position = start
        self.wholeUntil = start
    }

    /// The next whole record.
    mutating func next() -> (sequence: UInt64, record: UsageRecord)? {
        while let word = self.load(UInt64.self, at: self.position) {
            guard word == self.header.marker else {
                self.position += 8
                continue
            }
            switch self.record(at: self.position) {
            case .whole(let record, let size):
                if self.wholeUntil < self.position { self.gaps.append(self.wholeUntil..<self.position) }
                let sequence = self.header.base + UInt64(self.position)
                self.position += size
                self.wholeUntil = self.position
                return (sequence, record)
            case .none: self.position += 8
            case .unknown: return nil
            }
        }
        return nil
    }

    /// What follows the last record, without the zeros at the end; for who has asked for all records.
    var rest: Range<Int> {
        var end = self.start + self.bytes.count
        // Word by word first: as a rule the rest is most of a segment.
        while end - 8 >= self.wholeUntil, self.load(UInt64.self, at: end - 8) == 0 { end -= 8 }
        while end > self.wholeUntil, self.bytes[end - 1 - self.start] == 0 { end -= 1 }
        return self.wholeUntil..<end
    }

    /// Whether the rest is a record whose marker was not written yet, which is never acknowledged.
    var endsUnfinished: Bool {
        let rest = self.rest
        guard !rest.isEmpty, self.load(UInt64.self, at: rest.lowerBound) == 0 else { return false }
        return rest.count <= RecordFrame.size(of: UsageRecord.mostBytes)
    }

    private enum Found {
        case whole(UsageRecord, size: Int)
        case none
        /// It would reach beyond the bytes that are there.
        case unknown
    }

    private func record(at place: Int) -> Found {
        guard let length = self.load(UInt32.self, at: place + 8), let checksum = self.load(UInt32.self, at: place + 12)
        else { return self.isLast ? .none : .unknown }
        let size = RecordFrame.size(of: Int(length))
        guard length <= UsageRecord.mostBytes, place + size <= self.header.recordArea.upperBound else { return .none }
        let offset = place - self.start
        guard offset + size <= self.bytes.count else { return self.isLast ? .none : .unknown }
        let filled = UnsafeRawBufferPointer(rebasing: self.bytes[offset + RecordFrame.headBytes..<offset + size])
        let sequence = self.header.base + UInt64(place)
        guard
            RecordFrame.checksum(CRC32C.checksum(filled), at: sequence) == checksum,
            let record = UsageRecord(UnsafeRawBufferPointer(rebasing: filled[..<Int(length)]))
        else { return .none }
        return .whole(record, size: size)
    }

    private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type, at place: Int) -> Number? {
        let offset = place - self.start
        guard offset + MemoryLayout<Number>.size <= self.bytes.count else { return nil }
        return Number(littleEndian: self.bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
