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

    @Test("the first thing that is wrong is named")
    func firstFault() async throws {
        var log = try self.kit.log(1000)
        try log.flip("tile/entries/001", byte: 2)
        let fault = await self.kit.fault(in: log)
        #expect(fault?.entryIndex == 256)
        #expect(fault?.kind == .differs)
        #expect(
            fault?.description.hasPrefix("Entry 256 in tile/entries/001 is not the one whose hash is in tile/0/001")
                == true
        )
    }
}
