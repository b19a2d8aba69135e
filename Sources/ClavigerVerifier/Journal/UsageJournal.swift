public import ClavigerCore
import Dispatch
import Synchronization

/// The journal of every use of a key: segment files that records are appended to and never changed in.
///
/// A record that ``append(_:)`` returned for outlives the process, because it is in the system's page cache then;
/// it outlives a power cut once ``waitUntilDurable(_:)`` returned. Its sequence number is its place in the stream of
/// all segments: unique, increasing, and larger for every later record, also across restarts.
///
/// One process has a folder at a time; who opens the journal sees to that.
public final class UsageJournal: Sendable {
    /// What can be chosen.
    public struct Configuration: Sendable {
        /// The sizes that a segment can have: room for the largest record, and little enough to be read at once.
        public static let segmentBytesRange = 1 << 16...1 << 30

        /// The size of a segment; two of them are there at any time.
        ///
        /// Kept in ``segmentBytesRange`` and rounded up to whole pages.
        public var segmentBytes: Int

        /// Makes a configuration; segments have 64 MiB unless told otherwise.
        public init(segmentBytes: Int = 64 << 20) {
            self.segmentBytes = segmentBytes
        }
    }

    let folder: JournalFolder
    private let segmentBytes: Int
    private let random: any RandomSource
    /// What appending changes.
    ///
    /// Nothing is called while it is held but the writing of a record into memory.
    private let state: Mutex<JournalState>
    /// Makes segments, one at a time.
    private let preparing = DispatchQueue(label: "claviger.journal.preparing")
    private let durability: JournalDurability

    /// Opens the journal in a folder, or begins one; what is there is recovered first and left as it is.
    ///
    /// New records go to a segment of their own. The folder is made when it is missing; its parent is not.
    ///
    /// - Parameters:
    ///   - after: the highest sequence number that is known elsewhere; new ones are larger even if the folder was
    ///     emptied.
    /// - Throws: ``JournalError``.
    public static func open(
        folder: String,
        after: UInt64 = 0,
        random: any RandomSource,
        configuration: Configuration = Configuration()
    ) throws -> (journal: UsageJournal, report: RecoveryReport) {
        try self.open(folder: folder, after: after, random: random, configuration: configuration, system: .real)
    }

    static func open(
        folder: String,
        after: UInt64 = 0,
        random: any RandomSource,
        configuration: Configuration,
        system: JournalSystem
    ) throws(JournalError) -> (journal: UsageJournal, report: RecoveryReport) {
        let range = Configuration.segmentBytesRange
        let wanted = min(max(configuration.segmentBytes, range.lowerBound), range.upperBound)
        let pages = (wanted + JournalSystem.pageBytes - 1) / JournalSystem.pageBytes
        let segmentBytes = pages * JournalSystem.pageBytes
        let folder = try JournalFolder(folder, system: system)
        try folder.removeDrafts()
        let recovery = try JournalRecovery(folder, segmentBytes: segmentBytes)
        // The first place of a word behind it; `header` refuses what is too near to the end of the numbers.
        let next = after == 0 ? 0 : (min(after, .max - 8) | 7) + 1
        let base = max(recovery.end, next)
        let header = try Self.header(base, segmentBytes, random)
        let first = try folder.makeSegment(header)
        // What is kept here may be folded and then be thought safe: it has to be on the disk, not only in memory.
        for segment in recovery.segments { try folder.segment(segment.base)?.synchronize() }
        // Not before: the next start would else begin to count from 0 after a crash.
        for base in recovery.unused { try folder.remove(base) }
        let journal = UsageJournal(folder, first, recovery.segments, random)
        journal.prepareSoon()
        return (journal, recovery.report)
    }

    private init(
        _ folder: JournalFolder,
        _ first: MappedSegment,
        _ recovered: [JournalRecovery.Segment],
        _ random: any RandomSource
    ) {
        self.folder = folder
        self.segmentBytes = first.header.capacity
        self.random = random
        let state = JournalState(active: first, closed: recovered)
        self.durability = JournalDurability(end: state.end)
        self.state = Mutex(state)
    }

    /// The number of records that were refused because there was no room for them.
    public var gaps: UInt64 { self.state.withLock { $0.gaps } }

    /// Why there is no room for a usual record now; nil if there is.
    public var refusal: JournalFull? { self.state.withLock { $0.refusal } }

    /// The sequence number of the newest record; that of the last recovered one when nothing was appended since.
    ///
    /// 0 when there is no record.
    public var lastSequence: UInt64 { self.state.withLock { $0.lastSequence } }

    /// Writes a record and tells its sequence number; from then on it outlives the process.
    ///
    /// May be called from any thread, and with a lock held: it waits for nothing but a short lock of its own, except
    /// when a segment is full before the next one is ready.
    ///
    /// - Throws: ``JournalFull`` when there is no room and none can be made. ``gaps`` counts these.
    public func append(_ record: UsageRecord) throws(JournalFull) -> UInt64 {
        try RecordFrame.withBytes(of: record) { self.place($0, $1) }.get()
    }

    private func place(_ frame: UnsafeRawBufferPointer, _ checksum: UInt32) -> Result<UInt64, JournalFull> {
        while true {
            switch self.state.withLock({ $0.append(frame, checksum) }) {
            case .written(let sequence):
                return .success(sequence)
            case .writtenToSpare(let sequence):
                self.prepareSoon()
                return .success(sequence)
            case .full(let error):
                return .failure(error)
            case .needsSpare:
                // Afterwards there is a spare segment or a reason why not, so this ends.
                self.preparing.sync { self.prepare() }
            }
        }
    }

    private func prepareSoon() {
        self.preparing.async { self.prepare() }
    }

    /// Makes the next segment if it is missing; only on its queue.
    private func prepare() {
        guard let base = self.state.withLock({ $0.baseOfMissingSpare }) else { return }
        do throws(JournalError) {
            let header = try Self.header(base, self.segmentBytes, self.random)
            let segment = try self.folder.makeSegment(header)
            self.state.withLock { $0.keep(spare: segment) }
        } catch {
            self.state.withLock { $0.obstacle = JournalFull(error.description) }
        }
    }

    private static func header(
        _ base: UInt64,
        _ segmentBytes: Int,
        _ random: any RandomSource
    ) throws(JournalError) -> SegmentHeader {
        guard !base.addingReportingOverflow(UInt64(segmentBytes)).overflow else {
            throw .segment("The journal's sequence numbers have run out. Begin a new folder.")
        }
        var marker: UInt64 = 0
        // What a disk has when nothing was written is no marker.
        while marker == 0 { marker = random.word() }
        return SegmentHeader(base: base, capacity: segmentBytes, marker: marker)
    }
}

extension UsageJournal {
    /// Brings everything that was appended so far to the disk; to be called every flush interval.
    ///
    /// Also tries again to make a segment that could not be made, so that a journal goes on when a disk has room again.
    ///
    /// - Throws: ``JournalError`` when the disk failed; what was appended since the last flush may be lost in a power
    ///   cut, and no later flush changes that.
    public func flush() async throws {
        let (end, isBlocked) = self.state.withLock { ($0.end, $0.obstacle != nil) }
        if isBlocked { self.prepareSoon() }
        guard self.durability.end < end else { return }
        try await self.durability.wait(until: end) { self.synchronize() }
    }

    /// Refuses records from now on and brings the others to the disk; nothing of it goes on afterwards.
    ///
    /// A journal that is not closed loses nothing.
    ///
    /// - Throws: ``JournalError`` as ``flush()`` does.
    public func close() async throws {
        // On the queue, so that no segment is being made then.
        let spare = self.preparing.sync { self.state.withLock { $0.close() } }
        if let spare { try self.folder.remove(spare.header.base) }
        try await self.flush()
    }

    /// Waits until a record outlives a power cut; all who wait share one flush.
    ///
    /// - Throws: ``JournalError`` when the disk failed.
    public func waitUntilDurable(_ sequence: UInt64) async throws {
        // A number that was never given waits for what is there.
        let end = self.state.withLock { min($0.end, sequence == .max ? sequence : sequence + 1) }
        try await self.durability.wait(until: end) { self.synchronize() }
    }

    /// Brings to the disk what is not there yet; only the durability calls it, one at a time.
    private func synchronize() -> (end: UInt64, failure: JournalError?) {
        let start = self.durability.end
        let (end, segments) = self.state.withLock { ($0.end, $0.unsynchronized + [$0.active]) }
        var failure: JournalError?
        for segment in segments {
            let header = segment.header
            let range = max(start, header.base)..<max(start, header.base, min(end, header.end))
            guard !range.isEmpty else { continue }
            let first = Int(range.lowerBound - header.base) / JournalSystem.pageBytes * JournalSystem.pageBytes
            let code = self.folder.system.synchronize(segment, first, Int(range.upperBound - header.base) - first)
            guard code != 0 else { continue }
            let file = self.folder.file(header.base)
            failure = .system("Cannot write \(file) to the disk: \(JournalFolder.reason(code)).")
        }
        self.state.withLock { state in
            state.unsynchronized.removeAll { segment in segments.contains { $0 === segment } }
        }
        return (end, failure)
    }
}

extension UsageJournal {
    /// The whole records behind a sequence number, oldest first, at most `limit`.
    ///
    /// Safe beside appends; damaged places are stepped over.
    ///
    /// - Throws: ``JournalError`` when a segment cannot be read.
    public func read(after sequence: UInt64, limit: Int) throws -> [(sequence: UInt64, record: UsageRecord)] {
        let segments = self.state.withLock { $0.readable(after: sequence) }
        var reader = JournalReader(folder: self.folder, after: sequence, limit: limit)
        for (header, end) in segments {
            try reader.read(header, until: end)
        }
        return reader.found
    }

    /// Removes the segments of which every record has a sequence number up to `sequence`; not the one in use.
    ///
    /// - Throws: ``JournalError`` when a file cannot be removed; the next start finds it again.
    public func drop(through sequence: UInt64) throws {
        var failure: JournalError?
        for base in self.state.withLock({ $0.drop(through: sequence) }) {
            do throws(JournalError) {
                try self.folder.remove(base)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
