/// Collects records from segment files, a window at a time.
struct JournalReader {
    /// Large enough for the largest record, so that every window brings the search forward.
    private static let windowBytes = 1 << 20

    let folder: JournalFolder
    /// The sequence number behind which records are wanted.
    let after: UInt64
    /// The largest number of records.
    let limit: Int
    /// The records, oldest first.
    private(set) var found: [(sequence: UInt64, record: UsageRecord)] = []

    init(folder: JournalFolder, after: UInt64, limit: Int) {
        self.folder = folder
        self.after = after
        self.limit = limit
    }

    /// Reads a segment up to a place that ends a record; one that has been dropped meanwhile has nothing to give.
    mutating func read(_ header: SegmentHeader, until end: Int) throws(JournalError) {
        guard self.found.count < self.limit, let file = try self.folder.segment(header.base) else { return }
        let end = min(end, file.byteCount)
        var position = header.recordArea.lowerBound
        if self.after > header.base, self.after < header.end {
            // The record of that number is there, if there is one, and the next one is behind it.
            position = max(position, Int(self.after - header.base) & ~7)
        }
        while self.found.count < self.limit, position < end {
            let window = position..<min(end, position + Self.windowBytes)
            let bytes = try file.bytes(window)
            position = bytes.withUnsafeBytes { bytes in
                self.search(header, bytes, from: position, isLast: window.upperBound == end)
            }
        }
    }

    private mutating func search(
        _ header: SegmentHeader,
        _ bytes: UnsafeRawBufferPointer,
        from start: Int,
        isLast: Bool
    ) -> Int {
        var scanner = SegmentScanner(header, bytes, from: start, isLast: isLast)
        while self.found.count < self.limit, let (sequence, record) = scanner.next() {
            if sequence > self.after { self.found.append((sequence, record)) }
        }
        // The end of the bytes may be in the middle of a word.
        return isLast && self.found.count < self.limit ? start + bytes.count : scanner.position
    }
}
