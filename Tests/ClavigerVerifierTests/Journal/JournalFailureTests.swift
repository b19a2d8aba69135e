import ClavigerCore
import ClavigerTestSupport
import Foundation
import Synchronization
import Testing

@testable import ClavigerVerifier

@Suite("The journal when the disk fails or many use it")
struct JournalFailureTests {
    /// A disk that fails when it is told to.
    private final class Disk: Sendable {
        private let codes = Mutex<(allocate: Int32, synchronize: Int32)>((0, 0))
        private let flushes = Mutex(0)

        var flushCount: Int { self.flushes.withLock { $0 } }

        func failAllocations(_ code: Int32) { self.codes.withLock { $0.allocate = code } }
        func failFlushes(_ code: Int32) { self.codes.withLock { $0.synchronize = code } }

        var system: JournalSystem {
            var system = JournalSystem.real
            system.allocate = { descriptor, bytes in
                let code = self.codes.withLock { $0.allocate }
                return code == 0 ? JournalSystem.real.allocate(descriptor, bytes) : code
            }
            system.synchronize = { segment, place, bytes in
                self.flushes.withLock { $0 += 1 }
                #expect(place % JournalSystem.pageBytes == 0)
                let code = self.codes.withLock { $0.synchronize }
                return code == 0 ? JournalSystem.real.synchronize(segment, place, bytes) : code
            }
            return system
        }
    }

    /// What the appending tasks were told.
    private final class Tally: Sendable {
        private let state = Mutex<(costs: [UInt64: UInt32], finished: Int)>(([:], 0))

        var costs: [UInt64: UInt32] { self.state.withLock { $0.costs } }
        var finished: Int { self.state.withLock { $0.finished } }

        func note(_ sequence: UInt64, _ cost: Int) { self.state.withLock { $0.costs[sequence] = UInt32(cost) } }
        func finish() { self.state.withLock { $0.finished += 1 } }
    }

    @Test("a full disk refuses records, counts them, loses none, and goes on when there is room")
    func full() async throws {
        let fixture = try JournalFixture()
        let disk = Disk()
        let journal = try fixture.open(system: disk.system).journal
        // Whether the spare segment is made before the disk is full is up to chance; both are right.
        var written = 0
        while journal.lastSequence < 1 << 15 {
            _ = try journal.append(.numbered(written))
            written += 1
        }
        disk.failAllocations(ENOSPC)
        var refusal: JournalFull?
        while refusal == nil {
            do throws(JournalFull) {
                _ = try journal.append(.numbered(written))
                written += 1
            } catch {
                refusal = error
            }
        }
        #expect(refusal?.description.contains("No space left on device") == true)
        #expect(refusal?.description.contains("Free space") == true)
        #expect(journal.gaps == 1)
        #expect(journal.refusal == refusal)
        #expect(throws: JournalFull.self) { try journal.append(.numbered(written)) }
        #expect(journal.gaps == 2)
        #expect(try fixture.names().allSatisfy { !$0.hasSuffix(".new") })
        #expect(try JournalFixture.all(journal) == (0..<written).map { .numbered($0) })
        disk.failAllocations(0)
        // The segment is made in the background; until then the refusals go on.
        var goesOn = false
        for _ in 0..<1_000_000 where !goesOn {
            try await journal.flush()
            goesOn = (try? journal.append(.numbered(written))) != nil
            if !goesOn { await Task.yield() }
        }
        #expect(goesOn)
        #expect(journal.refusal == nil)
        #expect(try JournalFixture.all(journal) == (0...written).map { .numbered($0) })
        try await journal.close()
        #expect(try fixture.open().report.records == written + 1)
    }

    @Test("a folder without room for the first segment is refused and stays empty")
    func fullAtStart() throws {
        let fixture = try JournalFixture()
        let disk = Disk()
        disk.failAllocations(ENOSPC)
        #expect(throws: JournalError.self) { try fixture.open(system: disk.system) }
        #expect(try fixture.names().isEmpty)
    }

    @Test("the system's own refusal of a file that is too large is an error, not a signal")
    func tooLarge() throws {
        let fixture = try JournalFixture()
        let folder = try JournalFolder(fixture.path, system: .real)
        let header = SegmentHeader(base: 0, capacity: 1 << 60, marker: 1)
        do {
            _ = try folder.makeSegment(header)
            Issue.record("made")
        } catch {
            #expect(error.description.contains("Free space"), "\(error)")
        }
        #expect(try fixture.names().isEmpty)
    }

    @Test("a disk that does not take what was written is told to who waits, now and later")
    func lostFlush() async throws {
        let fixture = try JournalFixture()
        let disk = Disk()
        let journal = try fixture.open(system: disk.system).journal
        let first = try journal.append(.numbered(1))
        try await journal.waitUntilDurable(first)
        disk.failFlushes(EIO)
        let second = try journal.append(.numbered(2))
        await #expect(throws: JournalError.self) { try await journal.waitUntilDurable(second) }
        disk.failFlushes(0)
        // The system forgets what it could not write; a later success must not be taken for this one's.
        await #expect(throws: JournalError.self) { try await journal.waitUntilDurable(second) }
        try await journal.waitUntilDurable(first)
        let third = try journal.append(.numbered(3))
        try await journal.waitUntilDurable(third)
        try await journal.flush()
        #expect(try journal.read(after: 0, limit: 9).map(\.sequence) == [first, second, third])
    }

    @Test("nothing to write is no flush, and many who wait share few")
    func groupCommit() async throws {
        let fixture = try JournalFixture()
        let disk = Disk()
        let journal = try fixture.open(system: disk.system).journal
        try await journal.flush()
        #expect(disk.flushCount == 0)
        // Those who come before the first flush begins share it; the others share the next one, and so on.
        try await withThrowingTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let sequence = try journal.append(.numbered(number))
                    try await journal.waitUntilDurable(sequence)
                }
            }
            try await group.waitForAll()
        }
        let count = disk.flushCount
        #expect(count > 0 && count <= 200)
        try await journal.flush()
        try await journal.waitUntilDurable(journal.lastSequence)
        try await journal.waitUntilDurable(.max)
        try await journal.waitUntilDurable(0)
        #expect(disk.flushCount == count)
    }

    @Test("a flush covers the segments that were filled since the last one")
    func flushAcrossSegments() async throws {
        let fixture = try JournalFixture()
        let disk = Disk()
        let journal = try fixture.open(system: disk.system).journal
        while journal.lastSequence < 2 << 16 { _ = try journal.append(.numbered(1)) }
        try await journal.flush()
        #expect(disk.flushCount == 3)
        _ = try journal.append(.numbered(1))
        try await journal.flush()
        #expect(disk.flushCount == 4)
    }

    @Test("four append while one reads and drops: every record is read once, and none in part")
    func concurrency() async throws {
        let fixture = try JournalFixture()
        let journal = try fixture.open().journal
        let writers = 4
        let each = 3000
        let tally = Tally()
        let read = try await withThrowingTaskGroup(of: [(sequence: UInt64, record: UsageRecord)].self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var last: UInt64 = 0
                    for number in 0..<each {
                        let cost = writer * each + number
                        let sequence = try journal.append(.numbered(cost))
                        #expect(sequence > last)
                        last = sequence
                        tally.note(sequence, cost)
                    }
                    tally.finish()
                    return []
                }
            }
            group.addTask {
                var all: [(sequence: UInt64, record: UsageRecord)] = []
                while true {
                    let isLast = tally.finished == writers
                    let found = try journal.read(after: all.last?.sequence ?? 0, limit: 50)
                    all += found
                    if let last = found.last { try journal.drop(through: last.sequence) }
                    if found.isEmpty, isLast { return all }
                    if found.isEmpty { await Task.yield() }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(read.count == writers * each)
        #expect(zip(read, read.dropFirst()).allSatisfy { $0.sequence < $1.sequence })
        let expected = tally.costs
        #expect(
            read.allSatisfy { expected[$0.sequence] == $0.record.cost && $0.record == .numbered(Int($0.record.cost)) }
        )
        #expect(journal.gaps == 0)
    }
}
