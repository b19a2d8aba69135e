import Testing

@testable import ClavigerLog

@Suite("Verification follows the keys of a log")
struct VerificationRotationTests {
    private let kit: LogKit
    private let keys: [NoteSigner]

    init() throws {
        self.kit = try LogKit()
        self.keys = try (1...5).map { try Make.signer("example.com/log", $0) }
    }

    private func rotation(_ from: Int, _ to: Int, origin: String = "example.com/log") throws -> [UInt8] {
        try KeyRotation(origin: Make.line(origin), from: self.keys[from], to: self.keys[to]).bytes
    }

    /// A log of 600 entries, with rotations at the given places.
    private func log(_ rotations: [Int: [UInt8]], signedBy signer: Int) throws -> MemoryLog {
        let entries = (0..<600).map { rotations[$0] ?? MemoryLog.entry($0) }
        return try self.kit.log(entries, signers: [self.keys[signer]])
    }

    private func verify(
        _ log: MemoryLog,
        trusting key: Int,
        witnesses: [VerifierKey] = [],
        needed: Int = 0,
        earlier: SignedNote? = nil,
        minimumIndex: UInt64 = 0
    ) async throws -> LogReport {
        let policy = try #require(
            LogPolicy(
                origin: self.kit.origin,
                logKeys: [self.keys[key].verifierKey],
                witnessKeys: witnesses,
                witnessesNeeded: needed
            )
        )
        let verifier = LogVerifier(log, policy: policy, earlier: earlier, minimumIndex: minimumIndex)
        return try await verifier.verify { _, entry in
            entry.starts(with: "claviger/".utf8) ? try KeyRotation(parsing: entry) : nil
        }
    }

    private static func notTrusted(_ followed: Int, _ others: Int, _ first: UInt64 = 0) -> LogFault {
        .signature(
            .present,
            .notTrusted(rotations: followed, rotationsThatDoNotCount: others, firstIndex: first)
        )
    }

    @Test("from the first key over all rotations to the newest, and from any in between")
    func chain() async throws {
        let log = try self.log(
            [3: self.rotation(0, 1), 300: self.rotation(1, 2), 599: self.rotation(2, 3)],
            signedBy: 3
        )
        let report = try await self.verify(log, trusting: 0)
        #expect(report.rotations.map(\.index) == [3, 300, 599])
        #expect(report.signers == [self.keys[3].verifierKey])
        #expect(try await self.verify(log, trusting: 1).rotations.map(\.index) == [300, 599])
        #expect(try await self.verify(log, trusting: 3).rotations.isEmpty)
        await #expect(throws: Self.notTrusted(0, 3)) { _ = try await self.verify(log, trusting: 4) }
        // Signed by a key in the middle: who trusts a later one only has no reason to believe it.
        let middle = try self.log([3: self.rotation(0, 1), 300: self.rotation(1, 2)], signedBy: 1)
        #expect(try await self.verify(middle, trusting: 0).signers == [self.keys[1].verifierKey])
        await #expect(throws: Self.notTrusted(0, 2)) { _ = try await self.verify(middle, trusting: 2) }
    }

    @Test("rotations that no trusted key signed, in the wrong order or for another log lead nowhere")
    func noChain() async throws {
        let broken = try self.log([3: self.rotation(0, 1), 300: self.rotation(2, 3)], signedBy: 3)
        await #expect(throws: Self.notTrusted(1, 1)) { _ = try await self.verify(broken, trusting: 0) }
        let reversed = try self.log([3: self.rotation(1, 2), 300: self.rotation(0, 1)], signedBy: 2)
        await #expect(throws: Self.notTrusted(1, 1)) { _ = try await self.verify(reversed, trusting: 0) }
        let foreign = try self.log([3: self.rotation(0, 1, origin: "example.com/other")], signedBy: 1)
        await #expect(throws: Self.notTrusted(0, 1)) { _ = try await self.verify(foreign, trusting: 0) }
        let text = Self.notTrusted(1, 1).description
        #expect(
            text
                == "The checkpoint is not signed by a trusted key, and the log's key rotations do not lead to one that "
                + "signed it (1 of 2 followed)"
        )
    }

    @Test("a rotation in a log with another root does not count")
    func otherRoot() async throws {
        var log = try self.log([3: self.rotation(0, 1)], signedBy: 1)
        let other = try self.kit.log(600).note()
        let checkpoint = try #require(Checkpoint(parsing: other.text))
        try log.sign(checkpoint, [self.keys[1]])
        await #expect {
            _ = try await self.verify(log, trusting: 0)
        } throws: { ($0 as? LogFault)?.kind == .rootDiffers }
        // And what claims to be a rotation is refused by who reads it.
        var forged = try self.rotation(0, 1)
        forged[forged.count - 10] ^= 1
        let bad = try self.log([3: forged], signedBy: 0)
        await #expect {
            _ = try await self.verify(bad, trusting: 0)
        } throws: { ($0 as? RefusedEntry)?.index == 3 && ($0 as? RefusedEntry)?.reason is KeyRotationError }
    }

    @Test("a bad signature by a trusted key is not made good by a rotation")
    func invalid() async throws {
        var log = try self.log([3: self.rotation(0, 1)], signedBy: 1)
        let other = try #require(NoteText("a\n"))
        let bad = NoteSignature(by: self.keys[0].verifierKey, bytes: self.keys[0].sign(other).bytes)
        log.resources[.checkpoint] = try log.note().adding([bad]).bytes
        await #expect(throws: LogFault.signature(.present, .invalid)) { _ = try await self.verify(log, trusting: 0) }
        // The same with the key that is known only in the end.
        log = try self.log([3: self.rotation(0, 1)], signedBy: 0)
        let late = NoteSignature(by: self.keys[1].verifierKey, bytes: self.keys[1].sign(other).bytes)
        log.resources[.checkpoint] = try log.note().adding([late]).bytes
        await #expect(throws: LogFault.signature(.present, .invalid)) { _ = try await self.verify(log, trusting: 0) }
    }

    @Test("no rotation makes the log its own witness, and witnesses are demanded of rotated logs too")
    func witnesses() async throws {
        let twin = try Make.cosigner("w", 2)
        var log = try self.log([3: self.rotation(0, 1)], signedBy: 1)
        await #expect(throws: Self.notTrusted(0, 1)) {
            _ = try await self.verify(log, trusting: 0, witnesses: [twin.verifierKey])
        }
        let witness = try Make.cosigner("w", 7)
        await #expect(throws: LogFault.signature(.present, .tooFewWitnesses(count: 0, needed: 1))) {
            _ = try await self.verify(log, trusting: 0, witnesses: [witness.verifierKey], needed: 1)
        }
        let checkpoint = try #require(Checkpoint(parsing: log.note().text))
        try log.sign(checkpoint, [self.keys[1]], [witness])
        let report = try await self.verify(log, trusting: 0, witnesses: [witness.verifierKey], needed: 1)
        #expect(report.cosignatures.map(\.key) == [witness.verifierKey])
        #expect(report.signers == [self.keys[1].verifierKey])
        // Without entries to be read, too few witnesses are the first thing that is wrong.
        await #expect(throws: LogFault.signature(.present, .tooFewWitnesses(count: 0, needed: 1))) {
            _ = try await self.verify(
                self.log([:], signedBy: 0),
                trusting: 0,
                witnesses: [witness.verifierKey],
                needed: 1
            )
        }
    }

    @Test("an earlier checkpoint may be signed by a key that only a rotation leads to")
    func earlier() async throws {
        let rotations = [3: try self.rotation(0, 1), 300: try self.rotation(1, 2)]
        let log = try self.log(rotations, signedBy: 2)
        let entries = (0..<400).map { rotations[$0] ?? MemoryLog.entry($0) }
        let before = try self.kit.log(entries, signers: [self.keys[1]]).note()
        #expect(try await self.verify(log, trusting: 0, earlier: before).earlier?.checkpoint.size == 400)
        let stranger = try self.kit.log(entries, signers: [self.keys[4]]).note()
        await #expect(
            throws: LogFault.signature(
                .earlier,
                .notTrusted(rotations: 2, rotationsThatDoNotCount: 0, firstIndex: 0)
            )
        ) { _ = try await self.verify(log, trusting: 0, earlier: stranger) }
        // Rolled back, and both checkpoints signed by a key that only a rotation leads to.
        let short = try self.kit.log(Array(entries.prefix(350)), signers: [self.keys[2]])
        await #expect(throws: LogFault.rolledBack(size: 350, earlierSize: 400)) {
            _ = try await self.verify(short, trusting: 0, earlier: before)
        }
    }

    @Test("rotations in pruned entries cannot be followed, and the fault says so")
    func pruned() async throws {
        let log = try self.log([3: self.rotation(0, 1), 300: self.rotation(1, 2)], signedBy: 2)
        let fault = Self.notTrusted(0, 1, 256)
        await #expect(throws: fault) { _ = try await self.verify(log, trusting: 0, minimumIndex: 256) }
        #expect(fault.description.contains("pruned entries below 256"))
        #expect(try await self.verify(log, trusting: 1, minimumIndex: 256).rotations.map(\.index) == [300])
    }
}
