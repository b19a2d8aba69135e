import Testing

@testable import ClavigerLog

@Suite("Whom one believes about a log")
struct LogPolicyTests {
    private let log: NoteSigner
    private let newLog: NoteSigner
    private let witnesses: [Cosigner]
    private let checkpoint: Checkpoint
    private let time: CosignatureTime

    init() throws {
        self.log = try Make.signer("log", 1)
        self.newLog = try Make.signer("log", 2)
        self.witnesses = try (3...5).map { try Make.cosigner("w\($0)", $0) }
        let origin = try #require(NoteLine("origin"))
        self.checkpoint = try #require(Checkpoint(origin: origin, size: 3, root: .leaf([1])))
        self.time = try #require(CosignatureTime(seconds: 9))
    }

    private func note(_ signers: [NoteSigner], _ witnesses: [Cosigner] = []) throws -> SignedNote {
        try SignedNote(
            self.checkpoint.text,
            signatures: signers.map { $0.sign(self.checkpoint.text) }
                + witnesses.map { $0.cosign(self.checkpoint, at: self.time) }
        )
    }

    private func policy(origin: String = "origin", logs: [NoteSigner], needed: Int = 0) throws -> LogPolicy {
        let origin = try Make.line(origin)
        return try #require(
            LogPolicy(
                origin: origin,
                logKeys: logs.map(\.verifierKey),
                witnessKeys: self.witnesses.map(\.verifierKey),
                witnessesNeeded: needed
            )
        )
    }

    @Test("the log signs, and enough witnesses cosign")
    func accepts() throws {
        let verified = try self.policy(logs: [self.log], needed: 2).verify(
            self.note([self.log], Array(self.witnesses[1...]))
        )
        #expect(verified.checkpoint == self.checkpoint)
        #expect(verified.cosignatures.map(\.key) == self.witnesses[1...].map(\.verifierKey))
        #expect(verified.cosignatures.map(\.time) == [self.time, self.time])
        #expect(try self.policy(logs: [self.log]).verify(self.note([self.log])).cosignatures.isEmpty)
        // While a key is changed, either is enough.
        let both = try self.policy(logs: [self.log, self.newLog])
        #expect(try both.verify(self.note([self.newLog])).checkpoint == self.checkpoint)
        #expect(try both.verify(self.note([self.log, self.newLog])).checkpoint == self.checkpoint)
    }

    @Test("witnesses alone, or too few of them, are not enough")
    func refuses() throws {
        let policy = try self.policy(logs: [self.log], needed: 2)
        #expect(throws: CheckpointError.notSignedByLog) { try policy.verify(self.note([], self.witnesses)) }
        #expect(throws: CheckpointError.notSignedByLog) { try policy.verify(self.note([self.newLog], self.witnesses)) }
        #expect(throws: CheckpointError.note(.noKnownKey)) { try policy.verify(self.note([self.newLog])) }
        #expect(throws: CheckpointError.tooFewWitnesses(count: 1, needed: 2)) {
            try policy.verify(self.note([self.log], [self.witnesses[0]]))
        }
        // The same witness twice is one.
        let later = try #require(CosignatureTime(seconds: 10))
        let twice = try self.note([self.log], [self.witnesses[0]])
            .adding([self.witnesses[0].cosign(self.checkpoint, at: later)])
        #expect(throws: CheckpointError.tooFewWitnesses(count: 1, needed: 2)) { try policy.verify(twice) }
        #expect(throws: CheckpointError.wrongOrigin) {
            try self.policy(origin: "other", logs: [self.log]).verify(self.note([self.log]))
        }
        let text = try #require(NoteText("not a checkpoint\n"))
        let note = try SignedNote(text, signatures: [self.log.sign(text)])
        #expect(throws: CheckpointError.malformed) { try policy.verify(note) }
        let other = try #require(NoteText("other\n"))
        let forged = try self.note([self.log]).adding([
            NoteSignature(by: self.witnesses[0].verifierKey, bytes: self.log.sign(other).bytes)
        ])
        #expect(throws: CheckpointError.note(.invalidSignature)) { try self.policy(logs: [self.log]).verify(forged) }
    }

    @Test("a policy that nothing could fulfil, or in which the log is its own witness, cannot be made")
    func impossible() throws {
        let origin = try #require(NoteLine("origin"))
        let log = self.log.verifierKey
        let witness = self.witnesses[0].verifierKey
        let sameKey = VerifierKey(checkedPublicKey: witness.publicKey, name: log.name, type: .cosignature)
        #expect(LogPolicy(origin: origin, logKeys: []) == nil)
        #expect(LogPolicy(origin: origin, logKeys: [log], witnessesNeeded: 1) == nil)
        #expect(LogPolicy(origin: origin, logKeys: [log], witnessKeys: [witness], witnessesNeeded: -1) == nil)
        #expect(LogPolicy(origin: origin, logKeys: [log], witnessKeys: [witness, sameKey], witnessesNeeded: 2) == nil)
        #expect(LogPolicy(origin: origin, logKeys: [log, sameKey], witnessKeys: [witness]) == nil)
        #expect(LogPolicy(origin: origin, logKeys: [log], witnessKeys: [witness, sameKey], witnessesNeeded: 1) != nil)
    }
}
