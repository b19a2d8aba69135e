import Testing

@testable import ClavigerLog

@Suite("Key rotations")
struct KeyRotationTests {
    private let kit: LogKit
    private let old: NoteSigner
    private let new: NoteSigner

    init() throws {
        self.kit = try LogKit()
        self.old = try Make.signer("example.com/log", 1)
        self.new = try Make.signer("example.com/log", 2)
    }

    private func note(_ lines: [String], _ signers: [NoteSigner]) throws -> [UInt8] {
        let text = try #require(NoteText(lines.map { $0 + "\n" }.joined()))
        return try SignedNote(text, signatures: signers.map { $0.sign(text) }).bytes
    }

    @Test("signed by both keys, and read as it was written")
    func roundTrip() throws {
        let rotation = try KeyRotation(origin: self.kit.origin, from: self.old, to: self.new)
        let lines = [
            "claviger/audit-key-rotation/v1", "example.com/log", self.old.verifierKey.text, self.new.verifierKey.text,
        ]
        #expect(rotation.note.text.text == lines.map { $0 + "\n" }.joined())
        #expect(rotation.note.signatures.map(\.id) == [self.old.verifierKey.id, self.new.verifierKey.id])
        let read = try KeyRotation(parsing: rotation.bytes)
        #expect(read == rotation)
        #expect(read.origin == self.kit.origin)
        #expect(read.oldKey == self.old.verifierKey)
        #expect(read.newKey == self.new.verifierKey)
        // The other order of signatures is no other statement.
        #expect(try KeyRotation(parsing: self.note(lines, [self.new, self.old])).newKey == self.new.verifierKey)
        // What both keys signed must not pass for a checkpoint, nor a checkpoint for a rotation.
        #expect(Checkpoint(parsing: rotation.note.text) == nil)
        let checkpoint = Checkpoint(origin: self.kit.origin, head: TreeHead())
        #expect(throws: KeyRotationError.malformed) {
            try KeyRotation(verifying: checkpoint.signed(by: self.old))
        }
    }

    @Test("refused without the signature of either key, and in any other form")
    func refused() throws {
        let (old, new) = (self.old.verifierKey.text, self.new.verifierKey.text)
        let first = "claviger/audit-key-rotation/v1"
        let good = [first, "example.com/log", old, new]
        let both = [self.old, self.new]
        #expect(throws: KeyRotationError.notSignedByOldKey) { try KeyRotation(parsing: self.note(good, [self.new])) }
        #expect(throws: KeyRotationError.notSignedByNewKey) { try KeyRotation(parsing: self.note(good, [self.old])) }
        #expect(throws: KeyRotationError.sameKey) {
            try KeyRotation(origin: self.kit.origin, from: self.old, to: self.old)
        }
        // The same key under another name is the same key.
        let renamed = try Make.signer("other", 1)
        #expect(throws: KeyRotationError.sameKey) {
            try KeyRotation(origin: self.kit.origin, from: self.old, to: renamed)
        }
        let cosigner = try Make.cosigner("w", 3).verifierKey.text
        let wrong = [
            ["claviger/audit-key-rotation/v2", "example.com/log", old, new],
            [first, old, new], good + ["more"], [first, "", old, new], [first, "example.com/log", old, "key"],
            [first, "example.com/log", cosigner, new], [first, "example.com/log", old, cosigner],
            [first, "example.com/log", old, new + " "],
        ]
        for lines in wrong {
            #expect(throws: KeyRotationError.malformed, "\(lines)") { try KeyRotation(parsing: self.note(lines, both)) }
        }
        let stranger = try Make.signer("example.com/log", 9)
        let forged = try SignedNote(
            KeyRotation(origin: self.kit.origin, from: self.old, to: self.new).note.text,
            signatures: [
                self.new.sign(try #require(NoteText(good.map { $0 + "\n" }.joined()))),
                NoteSignature(by: self.old.verifierKey, bytes: stranger.sign(try #require(NoteText("a\n"))).bytes),
            ]
        )
        #expect(throws: KeyRotationError.note(.invalidSignature)) { try KeyRotation(verifying: forged) }
        #expect(throws: KeyRotationError.note(.malformed)) { try KeyRotation(parsing: [1, 2]) }
    }
}
