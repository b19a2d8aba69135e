import Testing

@testable import ClavigerLog

@Suite("The log still begins as it did")
struct VerificationEarlierTests {
    private let kit: LogKit
    private let log: MemoryLog

    init() throws {
        self.kit = try LogKit()
        self.log = try self.kit.log(1000)
    }

    /// A log of this size in which one entry is another one.
    private func fork(_ size: Int, at index: Int = 5) throws -> MemoryLog {
        var entries = (0..<size).map(MemoryLog.entry)
        entries[index] = Array("other".utf8)
        return try self.kit.log(entries)
    }

    @Test("consistent with all its sizes", arguments: [0, 1, 2, 255, 256, 257, 511, 512, 768, 999, 1000])
    func consistent(size: Int) async throws {
        let note = try self.kit.log(size).note()
        let report = try await self.kit.verify(self.log, earlier: note)
        #expect(report.earlier?.note == note)
        #expect(report.earlier?.checkpoint.size == UInt64(size))
    }

    @Test("rewritten", arguments: [6, 256, 300, 999, 1000])
    func rewritten(size: Int) async throws {
        let fault = await self.kit.fault(in: self.log, earlier: try self.fork(size).note())
        #expect(fault == .notConsistent(size: 1000, earlierSize: UInt64(size)))
        #expect(fault?.kind == .notConsistent)
        #expect(fault?.resource == nil)
        #expect(
            LogFault.notConsistent(size: 1000, earlierSize: 6).description
                == "The log was rewritten: its first 6 entries are not those of the earlier checkpoint (it has 1000 entries "
                + "now; both checkpoints are signed, keep them as evidence)"
        )
    }

    @Test("two signed checkpoints that contradict each other need no entries")
    func withoutEntries() async throws {
        var log = MemoryLog()
        log.resources[.checkpoint] = self.log.resources[.checkpoint]
        let fork = try self.fork(1000).note()
        #expect(await self.kit.fault(in: log, earlier: fork) == .notConsistent(size: 1000, earlierSize: 1000))
        let later = try self.kit.log(1001).note()
        let fault = await self.kit.fault(in: log, earlier: later)
        #expect(fault == .rolledBack(size: 1000, earlierSize: 1001))
        #expect(fault?.kind == .rolledBack)
        #expect(
            fault?.description
                == "The log was rolled back: it had 1001 entries at the earlier checkpoint and has 1000 now"
        )
    }

    @Test("damage is not taken for a rewritten log")
    func damaged() async throws {
        // Entries, tiles and the earlier checkpoint fit each other; the present checkpoint is of the true log.
        var log = try self.fork(1000)
        log.resources[.checkpoint] = self.log.resources[.checkpoint]
        let fault = await self.kit.fault(in: log, earlier: try self.kit.log(300).note())
        #expect(fault?.kind == .rootDiffers)
    }

    @Test("the earlier checkpoint itself is checked first")
    func itself() async throws {
        var log = self.log
        log["tile/entries/000"] = nil
        let good = try self.kit.log(300).note()
        let text = try #require(NoteText("example.com/log\n"))
        let noCheckpoint = try SignedNote(text, signatures: [self.kit.signer.sign(text)])
        #expect(await self.kit.fault(in: log, earlier: noCheckpoint) == .malformedCheckpoint(.earlier))
        let other = try MemoryLog([], origin: Make.line("example.com/other"), signers: [self.kit.signer]).note()
        #expect(await self.kit.fault(in: log, earlier: other) == .wrongOrigin(.earlier))
        // Whoever signed it.
        let stranger = try Make.signer("example.com/other", 9)
        let foreign = try MemoryLog([], origin: Make.line("example.com/other"), signers: [stranger]).note()
        #expect(await self.kit.fault(in: log, earlier: foreign) == .wrongOrigin(.earlier))
        let forged = try SignedNote(self.kit.log(299).note().text, signatures: good.signatures)
        let fault = await self.kit.fault(in: log, earlier: forged)
        #expect(fault == .signature(.earlier, .invalid))
        #expect(fault?.resource == nil)
        #expect(fault?.description.hasPrefix("The earlier checkpoint has a signature that names a trusted key") == true)
        // By a stranger, and larger: nothing that could accuse the log.
        let impostor = try Make.signer("example.com/log", 9)
        for size in [300, 1001] {
            let strange = try self.kit.log((0..<size).map(MemoryLog.entry), signers: [impostor]).note()
            let fault = await self.kit.fault(in: self.log, earlier: strange)
            #expect(
                fault
                    == .signature(
                        .earlier,
                        .notTrusted(rotations: 0, rotationsThatDoNotCount: 0, firstIndex: 0)
                    )
            )
        }
    }

    @Test("witnesses need not have cosigned the earlier checkpoint")
    func witnesses() async throws {
        let witness = try Make.cosigner("w", 7)
        var log = self.log
        try log.sign(#require(Checkpoint(parsing: log.note().text)), [self.kit.signer], [witness])
        let policy = try #require(
            LogPolicy(
                origin: self.kit.origin,
                logKeys: [self.kit.signer.verifierKey],
                witnessKeys: [witness.verifierKey],
                witnessesNeeded: 1
            )
        )
        let earlier = try self.kit.log(300).note()
        let report = try await LogVerifier(log, policy: policy, earlier: earlier).verify()
        #expect(report.earlier?.cosignatures.isEmpty == true)
        #expect(report.cosignatures.map(\.key) == [witness.verifierKey])
    }
}
