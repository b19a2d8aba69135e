import Synchronization
import Testing

@testable import ClavigerLog

@Suite("A pruned log is verified as far as it is there")
struct VerificationPruningTests {
    private let kit: LogKit

    init() throws {
        self.kit = try LogKit()
    }

    /// A log without anything that it may do without.
    private func pruned(_ size: Int, below minimumIndex: UInt64) throws -> MemoryLog {
        var log = try self.kit.log(size)
        for resource in log.resources.keys {
            switch resource {
            case .tile(let tile) where tile.isPrunable(below: minimumIndex): log.resources[resource] = nil
            case .bundle(let bundle) where bundle.isPrunable(below: minimumIndex): log.resources[resource] = nil
            default: break
            }
        }
        return log
    }

    @Test(
        "the rest passes, and the report says from where on",
        arguments: [
            (1000, 0), (1000, 1), (1000, 255), (1000, 256), (1000, 300), (1000, 512), (1000, 767), (1000, 768),
            (1000, 1000), (1024, 1024), (256, 256), (256, 255), (66_100, 65_535), (66_100, 65_536), (66_100, 65_800),
            (66_100, 66_100),
        ] as [(Int, UInt64)]
    )
    func rest(size: Int, minimumIndex: UInt64) async throws {
        let log = try self.pruned(size, below: minimumIndex)
        let first = minimumIndex / 256 * 256
        var seen: [UInt64] = []
        let verifier = try LogVerifier(log, policy: self.kit.policy(), minimumIndex: minimumIndex)
        let report = try await verifier.verify { index, entry in
            #expect(entry.elementsEqual(MemoryLog.entry(Int(index))))
            seen.append(index)
            return nil
        } onProgress: { _, total in
            #expect(total == UInt64(size) - first)
        }
        #expect(seen == Array(first..<UInt64(size)))
        #expect(report.firstIndex == first)
        #expect(report.entriesChecked == UInt64(size) - first)
        #expect(report.entriesNotChecked == 0..<first)
        #expect(report.size == UInt64(size))
        // Without the right minimum index it is a log from which something was deleted.
        if first > 0 { #expect(await self.kit.fault(in: log)?.kind == .missing) }
    }

    @Test("the hashes that stand for what was pruned are held to the root")
    func edge() async throws {
        let log = try self.pruned(66_100, below: 65_800)
        for (path, byte) in [("tile/1/001.p/2", 0), ("tile/2/000.p/1", 0)] {
            var changed = log
            try changed.flip(path, byte: byte)
            let fault = try #require(await self.kit.fault(in: changed, minimumIndex: 65_800))
            #expect(fault.kind == .rootDiffers)
            #expect(fault.description.contains("which may be those below entry 65792, of which only hashes are left"))
            changed[path] = nil
            #expect(await self.kit.fault(in: changed, minimumIndex: 65_800)?.description == "\(path) is missing")
        }
    }

    @Test("a larger minimum index than the log has entries")
    func tooLarge() async throws {
        let fault = await self.kit.fault(in: try self.kit.log(600), minimumIndex: 601)
        #expect(fault?.description == "Entries below 601 are said to be pruned, but the log has only 600")
        #expect(fault?.kind == .pruned)
    }

    @Test("consistency with earlier sizes, as far as the tiles for it are there")
    func earlier() async throws {
        let log = try self.pruned(1000, below: 600)
        // From the first entry that is left on, and where hashes of whole tiles are enough.
        for size in [0, 256, 512, 513, 600, 999, 1000] {
            let note = try self.kit.log(size).note()
            #expect(try await self.kit.verify(log, earlier: note, minimumIndex: 600).earlier?.note == note)
        }
        let note = try self.kit.log(300).note()
        let fault = await self.kit.fault(in: log, earlier: note, minimumIndex: 600)
        #expect(
            fault?.description
                == "Whether the first 300 entries are those of the earlier checkpoint cannot be told: tile/0/001 was pruned"
        )
        #expect(fault?.kind == .pruned)
        // The same with the tile kept.
        var kept = log
        kept["tile/0/001"] = try self.kit.log(1000)["tile/0/001"]
        #expect(try await self.kit.verify(kept, earlier: note, minimumIndex: 600).earlier?.note == note)
        var entries = (0..<300).map(MemoryLog.entry)
        entries[5] = Array("other".utf8)
        let forked = try self.kit.log(entries).note()
        #expect(
            await self.kit.fault(in: kept, earlier: forked, minimumIndex: 600)
                == .notConsistent(size: 1000, earlierSize: 300)
        )
        try kept.flip("tile/0/001", byte: 3)
        let damage = await self.kit.fault(in: kept, earlier: note, minimumIndex: 600)
        #expect(damage == .keptTilesDiffer(below: 600))
        #expect(
            damage?.description
                == "The tiles below entry 600 that were kept when the log was pruned are not those of its tree"
        )
        // A level above, everything below it gone.
        let large = try self.pruned(66_100, below: 65_800)
        #expect(
            try await self.kit.verify(large, earlier: self.kit.log(65_536).note(), minimumIndex: 65_800).earlier != nil
        )
        let before = try self.kit.log(65_535).note()
        #expect(await self.kit.fault(in: large, earlier: before, minimumIndex: 65_800)?.kind == .pruned)
    }

    @Test("what vanishes while it is read was not pruned")
    func vanishing() async throws {
        final class Once: LogReading {
            let log: MemoryLog
            let path: String
            let isRead = Mutex(false)
            init(_ log: MemoryLog, _ path: String) {
                self.log = log
                self.path = path
            }
            func read(_ resource: LogResource) async throws -> [UInt8]? {
                if resource.path == self.path {
                    let wasRead = self.isRead.withLock { isRead in
                        defer { isRead = true }
                        return isRead
                    }
                    if wasRead { return nil }
                }
                return try await self.log.read(resource)
            }
        }
        // The comparison with the earlier size needs the tile once more.
        let reader = Once(try self.pruned(1000, below: 600), "tile/1/000.p/3")
        let note = try self.kit.log(256).note()
        let verifier = try LogVerifier(reader, policy: self.kit.policy(), earlier: note, minimumIndex: 600)
        let fault = await #expect(throws: LogFault.self) { _ = try await verifier.verify() }
        #expect(fault?.description == "tile/1/000.p/3 is missing")
    }
}
