/// Takes stock of the segments that an earlier process left.
struct JournalRecovery {
    /// A segment that is kept until its records have been folded.
    struct Segment {
        /// Where it begins in the stream.
        let base: UInt64
        /// `nil` when both headers are lost, and all records with them.
        let header: SegmentHeader?
        /// The sequence number of its last whole record; its base when it has none.
        let lastSequence: UInt64
    }

    /// What is in the segments.
    private(set) var report = RecoveryReport()
    /// The segments that hold something, in order.
    private(set) var segments: [Segment] = []
    /// The segments that were made and never used.
    private(set) var unused: [UInt64] = []
    /// The first place in the stream behind all segments.
    private(set) var end: UInt64 = 0

    /// Reads all segments in a folder and changes none.
    ///
    /// - Parameter segmentBytes: how long a segment was, where it does not tell.
    init(_ folder: JournalFolder, segmentBytes: Int) throws(JournalError) {
        for base in try folder.bases() {
            guard let file = try folder.segment(base) else { continue }
            guard let header = try self.header(of: file, base: base) else {
                self.damage(file, 0..<file.byteCount)
                self.segments.append(Segment(base: base, header: nil, lastSequence: base))
                try self.pass(base, UInt64(max(file.byteCount, segmentBytes)), file)
                continue
            }
            try self.take(file, header)
            try self.pass(base, UInt64(header.capacity), file)
        }
        self.report.segments = self.segments.count
    }

    /// Moves the end behind a segment.
    private mutating func pass(_ base: UInt64, _ bytes: UInt64, _ file: SegmentFile) throws(JournalError) {
        let (end, overflow) = base.addingReportingOverflow(bytes)
        guard !overflow else {
            throw .segment("\(file.path) is no segment of this journal. Move it out of the folder.")
        }
        self.end = max(self.end, end)
    }

    private mutating func damage(_ file: SegmentFile, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let damage = RecoveryReport.Damage(file: file.path, offset: range.lowerBound, bytes: range.count)
        self.report.damaged.append(damage)
    }

    private mutating func take(_ file: SegmentFile, _ header: SegmentHeader) throws(JournalError) {
        let area = header.recordArea
        let before = self.report
        var lastSequence = header.base
        var isUnfinished = false
        let bytes = try file.bytes(area)
        bytes.withUnsafeBytes { bytes in
            var scanner = SegmentScanner(header, bytes, from: area.lowerBound, isLast: true)
            while let (sequence, _) = scanner.next() {
                self.report.records += 1
                lastSequence = sequence
            }
            for gap in scanner.gaps { self.damage(file, gap) }
            isUnfinished = scanner.endsUnfinished
            if isUnfinished { self.report.unfinished += 1 } else { self.damage(file, scanner.rest) }
        }
        if file.byteCount < header.capacity { self.damage(file, file.byteCount..<header.capacity) }
        if file.byteCount > header.capacity { self.damage(file, header.capacity..<file.byteCount) }
        let isUntouched = self.report.records == before.records && self.report.damaged.count == before.damaged.count
        if isUntouched, !isUnfinished {
            self.unused.append(header.base)
            return
        }
        self.segments.append(Segment(base: header.base, header: header, lastSequence: lastSequence))
    }

    /// The header of a segment from one of its copies; `nil` when both are lost.
    private mutating func header(of file: SegmentFile, base: UInt64) throws(JournalError) -> SegmentHeader? {
        let first = try self.copy(in: file, at: 0)
        let end: Int
        if case .header(let header) = first { end = header.capacity } else { end = file.byteCount }
        let place = max(0, end - SegmentHeader.byteCount)
        let second = try self.copy(in: file, at: place)
        let header: SegmentHeader
        switch (first, second) {
        case (.header(let found), _):
            header = found
            let isCut = file.byteCount < end
            if second != first, !isCut { self.damage(file, place..<end) }
        case (_, .header(let found)) where found.capacity == file.byteCount:
            header = found
            self.damage(file, 0..<SegmentHeader.byteCount)
        case (.otherVersion(let version), _), (_, .otherVersion(let version)):
            throw .segment(
                """
                \(file.path) was written by another version of claviger (form \(version); this one reads form \
                \(SegmentHeader.version)). Start that version once, so that it can fold the journal, or move the file \
                out of the folder to go on without its records.
                """
            )
        case (.foreign, .foreign) where try !self.isLost(file):
            throw .segment(
                """
                \(file.path) has the name of a journal segment and is none, or both its headers are destroyed. Move it \
                out of the folder.
                """
            )
        default:
            return nil
        }
        guard header.base == base else {
            throw .segment(
                "\(file.path) was renamed: it is \(JournalFolder.name(header.base)). Give it its name back."
            )
        }
        return header
    }

    /// Whether a file begins with zeros, or ends, where its header was.
    private func isLost(_ file: SegmentFile) throws(JournalError) -> Bool {
        try file.bytes(0..<SegmentHeader.byteCount).allSatisfy { $0 == 0 } || file.byteCount < SegmentHeader.byteCount
    }

    private func copy(in file: SegmentFile, at place: Int) throws(JournalError) -> SegmentHeader.Reading {
        let bytes = try file.bytes(place..<place + SegmentHeader.byteCount)
        return bytes.withUnsafeBytes { SegmentHeader.read($0) }
    }
}
