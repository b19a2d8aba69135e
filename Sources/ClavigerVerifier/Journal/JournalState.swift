/// Where the journal stands; ``UsageJournal`` has it behind its lock.
struct JournalState {
    /// How an append went.
    enum Placement {
        case written(UInt64)
        /// The spare segment is the active one now, and there is no spare.
        case writtenToSpare(UInt64)
        /// There is no room, and the next segment is not ready.
        case needsSpare
        /// There is no room, and the next segment could not be made.
        case full(JournalFull)
    }

    /// The segment that records go to.
    private(set) var active: MappedSegment
    /// The next one, made before it is needed.
    private var spare: MappedSegment?
    /// Why there is no spare segment, once it could not be made.
    var obstacle: JournalFull?
    /// The place of the next record in the active segment.
    private var position: Int
    /// The place where records must end in the active segment; 0 once the journal is closed.
    private var limit: Int
    /// Full segments whose last records may not be on the disk yet.
    var unsynchronized: [MappedSegment] = []
    /// The segments before the active one, oldest first.
    private var closed: [JournalRecovery.Segment]
    /// The sequence number of the newest record.
    private(set) var lastSequence: UInt64
    /// The number of records that were refused.
    private(set) var gaps: UInt64 = 0

    init(active: MappedSegment, closed: [JournalRecovery.Segment]) {
        self.active = active
        self.position = active.header.recordArea.lowerBound
        self.limit = active.header.recordArea.upperBound
        self.closed = closed
        self.lastSequence = closed.last { $0.lastSequence > $0.base }?.lastSequence ?? 0
    }

    /// The place in the stream behind the newest record.
    var end: UInt64 { self.active.header.base + UInt64(self.position) }

    /// Where the next segment begins, when it has to be made.
    var baseOfMissingSpare: UInt64? { self.spare == nil && !self.isClosed ? self.active.header.end : nil }

    private var isClosed: Bool { self.limit == 0 }

    /// Why a usual record would be refused now; nil if it would not.
    var refusal: JournalFull? {
        let usual = 4096
        return self.spare == nil && self.limit - self.position < usual ? self.obstacle : nil
    }

    mutating func keep(spare: MappedSegment) {
        self.spare = spare
        self.obstacle = nil
    }

    /// Ends the appending, and gives back the segment that nobody needs now.
    mutating func close() -> MappedSegment? {
        defer { self.spare = nil }
        self.limit = 0
        self.obstacle = JournalFull("The journal is closed.")
        return self.spare
    }

    mutating func append(_ frame: UnsafeRawBufferPointer, _ checksum: UInt32) -> Placement {
        if frame.count <= self.limit - self.position {
            return .written(self.write(frame, checksum))
        }
        guard let spare else {
            guard let obstacle else { return .needsSpare }
            self.gaps += 1
            return .full(obstacle)
        }
        let header = self.active.header
        let last = max(header.base, self.lastSequence)
        self.closed.append(JournalRecovery.Segment(base: header.base, header: header, lastSequence: last))
        self.unsynchronized.append(self.active)
        self.active = spare
        self.spare = nil
        self.position = spare.header.recordArea.lowerBound
        self.limit = spare.header.recordArea.upperBound
        return .writtenToSpare(self.write(frame, checksum))
    }

    private mutating func write(_ frame: UnsafeRawBufferPointer, _ checksum: UInt32) -> UInt64 {
        self.active.write(frame, at: self.position, checksum: checksum)
        self.lastSequence = self.end
        self.position += frame.count
        return self.lastSequence
    }

    /// The segments with records behind a sequence number, and how far each may be read.
    func readable(after sequence: UInt64) -> [(header: SegmentHeader, end: Int)] {
        var segments = self.closed.compactMap { segment in
            segment.header.flatMap { segment.lastSequence > sequence ? ($0, $0.recordArea.upperBound) : nil }
        }
        if self.lastSequence > sequence { segments.append((self.active.header, self.position)) }
        return segments
    }

    /// Forgets the segments that end at or before a sequence number, and tells where they begin.
    mutating func drop(through sequence: UInt64) -> [UInt64] {
        let bases = self.closed.filter { $0.lastSequence <= sequence }.map(\.base)
        self.closed.removeAll { $0.lastSequence <= sequence }
        return bases
    }
}
