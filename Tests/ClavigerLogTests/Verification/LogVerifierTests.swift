import Synchronization
import Testing

@testable import ClavigerLog

@Suite("A whole log is verified")
struct LogVerifierTests {
    private let kit: LogKit

    init() throws {
        self.kit = try LogKit()
    }

    @Test("good logs pass, and every entry is shown once, in order", arguments: [0, 1, 255, 256, 257, 1000, 65_539])
    func good(size: Int) async throws {
        let log = try self.kit.log(size)
        var next = 0
        var progress: [UInt64] = []
        let report = try await LogVerifier(log, policy: self.kit.policy()).verify { index, entry in
            #expect(index == UInt64(next))
            #expect(entry.elementsEqual(MemoryLog.entry(next)))
            next += 1
            return nil
        } onProgress: { done, total in
            #expect(total == UInt64(size))
            progress.append(done)
        }
        #expect(next == size)
        #expect(progress.count == (size + 255) / 256)
        #expect(progress.last ?? 0 == UInt64(size))
        #expect(report.size == UInt64(size))
        #expect(report.entriesChecked == UInt64(size))
        #expect(report.root == PlainTree.root((0..<size).map { LogHash.leaf(MemoryLog.entry($0)) }[...]))
        #expect(report.firstIndex == 0)
        #expect(report.entriesNotChecked.isEmpty)
        #expect(report.signers == [self.kit.signer.verifierKey])
        #expect(try report.checkpoint.note == log.note())
    }

    @Test("a log that Tessera wrote", .enabled(if: SharedVectors.folder != nil, SharedVectors.absence))
    func tessera() async throws {
        var log = MemoryLog()
        for path in try SharedVectors.files(below: "tessera-log") {
            let bytes = try SharedVectors.bytes(path)
            log[String(path.dropFirst("tessera-log/".count))] = bytes
        }
        let key = try KnownLog.signer().verifierKey
        let policy = try #require(LogPolicy(origin: KnownLog.origin(), logKeys: [key]))
        var entries: [[UInt8]] = []
        let earlier = try (0...15).map { try SignedNote(parsing: SharedVectors.bytes("tessera-log/checkpoint.\($0)")) }
        let report = try await LogVerifier(log, policy: policy).verify { _, entry in
            entries.append(Array(entry))
            return nil
        }
        #expect(entries == KnownLog.entries)
        #expect(report.size == 15)
        for note in earlier {
            let report = try await LogVerifier(log, policy: policy, earlier: note).verify()
            #expect(report.earlier?.note == note)
            // Each of the older logs is still there as a whole.
            log.resources[.checkpoint] = note.bytes
            let older = try await LogVerifier(log, policy: policy).verify()
            #expect(older.checkpoint.note == note)
            log.resources[.checkpoint] = earlier[15].bytes
        }
    }

    @Test("each resource is read once, and nothing else")
    func reads() async throws {
        final class Counting: LogReading {
            let log: MemoryLog
            let reads = Mutex<[LogResource: Int]>([:])
            init(_ log: MemoryLog) { self.log = log }
            func read(_ resource: LogResource) async throws -> [UInt8]? {
                self.reads.withLock { $0[resource, default: 0] += 1 }
                return try await self.log.read(resource)
            }
        }
        for (size, minimumIndex) in [(0, 0), (600, 0), (600, 300), (66_100, 65_800)] as [(Int, UInt64)] {
            let reader = Counting(try self.kit.log(size))
            _ = try await LogVerifier(reader, policy: self.kit.policy(), minimumIndex: minimumIndex).verify()
            let needed = reader.log.resources.keys.filter {
                switch $0 {
                case .checkpoint: true
                case .tile(let tile): !tile.isPrunable(below: minimumIndex)
                case .bundle(let bundle): !bundle.isPrunable(below: minimumIndex)
                }
            }
            let reads = reader.reads.withLock { $0 }
            #expect(reads == Dictionary(uniqueKeysWithValues: needed.map { ($0, 1) }))
        }
    }

    @Test("a log that has grown since may have full tiles and bundles only")
    func grown() async throws {
        let now = try self.kit.log(1024)
        var log = now
        log.resources[.checkpoint] = try self.kit.log(600).resources[.checkpoint]
        // Level 1 has grown from two hashes to four, which is no full tile: that partial tile has to be there.
        log["tile/1/000.p/2"] = try self.kit.log(600)["tile/1/000.p/2"]
        #expect(try await self.kit.verify(log).size == 600)
        // Entries that the checkpoint does not know are none of its business, the form of their bundle is.
        var other = log
        other["tile/entries/002"] = try #require(log["tile/entries/002"]) + [1]
        #expect(
            await self.kit.fault(in: other)?.description
                == "tile/entries/002 goes on after entry 767, which should be its last one"
        )
        other["tile/entries/002"] = try #require(log["tile/entries/002"]).dropLast()
        #expect(await self.kit.fault(in: other)?.description == "tile/entries/002 is cut off at entry 767")
        other = log
        try other.flip("tile/0/002", byte: 88 * 32 - 1)
        #expect(await self.kit.fault(in: other)?.entryIndex == 599)
        other["tile/0/002"] = nil
        #expect(await self.kit.fault(in: other)?.description == "tile/0/002.p/88 is missing")
    }

    @Test("what the reader throws comes out as it is, what the application throws with the entry")
    func otherErrors() async throws {
        struct Broken: Error, Equatable {}
        struct BrokenReader: LogReading {
            let log: MemoryLog
            let broken: String
            func read(_ resource: LogResource) async throws -> [UInt8]? {
                if resource.path == self.broken { throw Broken() }
                return try await self.log.read(resource)
            }
        }
        var log = try self.kit.log(600)
        for path in ["checkpoint", "tile/entries/001", "tile/0/001", "tile/1/000.p/2"] {
            await #expect(throws: Broken()) {
                _ = try await LogVerifier(BrokenReader(log: log, broken: path), policy: self.kit.policy()).verify()
            }
        }
        // The next bundle is read ahead, but what concerns a lower entry comes out.
        try log.flip("tile/entries/000", byte: 2)
        await #expect(throws: LogFault.self) {
            let reader = BrokenReader(log: log, broken: "tile/entries/001")
            _ = try await LogVerifier(reader, policy: self.kit.policy()).verify()
        }
        await #expect {
            _ = try await LogVerifier(self.kit.log(600), policy: self.kit.policy()).verify { index, _ in
                if index == 300 { throw Broken() }
                return nil
            }
        } throws: { error in
            guard let refused = error as? RefusedEntry else { return false }
            return refused.index == 300 && refused.reason is Broken && refused.bundle.index == 1
                && "\(refused)" == "Entry 300 in tile/entries/001 is refused: Broken()"
        }
    }

    @Test("a check may keep state of its own, on any actor")
    @MainActor
    func isolation() async throws {
        final class Count {
            var entries = 0
        }
        let count = Count()
        _ = try await LogVerifier(self.kit.log(300), policy: self.kit.policy()).verify { _, _ in
            MainActor.assertIsolated()
            count.entries += 1
            return nil
        }
        #expect(count.entries == 300)
    }

    @Test("stops when its task is cancelled")
    func cancelled() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await self.kit.verify(self.kit.log(1))
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
}
