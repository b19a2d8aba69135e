import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A segment file in memory, for appending.
///
/// What is written is in the page cache at once, where it outlives the process.
///
/// Proof for `@unchecked Sendable`: the properties never change. The memory behind `base` belongs to this object from
/// `init` to `deinit`, and nobody else gets the address. Only `write` changes it, and only ``UsageJournal`` calls that,
/// with its lock held, so two writes never overlap in time. Nothing in this process reads the memory: readers go
/// through the file, as far as the lock has told them that records are whole, and `synchronize` leaves the reading to
/// the kernel.
// Proof: see above; nothing but `write`, under the lock of the journal, changes the memory.
final class MappedSegment: @unchecked Sendable {
    let header: SegmentHeader
    private let base: UnsafeMutableRawPointer

    /// Maps a file of the header's capacity whose bytes all have room on the disk.
    ///
    /// Room, because a write to a page that the disk has none for would end the process with SIGBUS.
    init?(_ header: SegmentHeader, descriptor: Int32) {
        let base = mmap(nil, header.capacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { return nil }
        self.header = header
        self.base = base
    }

    deinit {
        munmap(self.base, self.header.capacity)
    }

    /// Writes a record whose frame has zeros for the marker and the checksum.
    ///
    /// The marker comes last: as long as it is missing there is no record, so that a process that is killed in the
    /// middle leaves none. Only for who holds the journal's lock.
    ///
    /// - Parameter checksum: of the record; its place is added here, because it is not known before.
    func write(_ frame: UnsafeRawBufferPointer, at place: Int, checksum: UInt32) {
        let room = self.header.recordArea
        precondition(place % 8 == 0 && place >= room.lowerBound && frame.count <= room.upperBound - place)
        precondition(frame.count >= RecordFrame.headBytes)
        let target = self.base + place
        UnsafeMutableRawBufferPointer(start: target, count: frame.count).copyMemory(from: frame)
        let checked = RecordFrame.checksum(checksum, at: self.header.base + UInt64(place))
        target.storeBytes(of: checked.littleEndian, toByteOffset: 12, as: UInt32.self)
        // An atomic of 64 bits is those 64 bits and nothing more; the place is aligned, the mapping begins on a page.
        target.assumingMemoryBound(to: Atomic<UInt64>.self).pointee
            .store(self.header.marker.littleEndian, ordering: .releasing)
    }

    /// Waits until a range of whole pages is on the disk; answers 0 or an error number.
    func synchronize(_ place: Int, _ bytes: Int) -> Int32 {
        precondition(place >= 0 && bytes >= 0 && bytes <= self.header.capacity - place)
        guard msync(self.base + place, bytes, MS_SYNC) == 0 else { return errno }
        return 0
    }
}
