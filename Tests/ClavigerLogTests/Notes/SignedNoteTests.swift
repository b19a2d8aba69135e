import Testing

@testable import ClavigerLog

@Suite("Signed notes")
struct SignedNoteTests {
    // The example in the documentation of golang.org/x/mod/sumdb/note.
    private static let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    private static let signerKey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    private static let text = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        """
    private static let line =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    private static let note = Self.text + "\n" + Self.line

    private static func verify(_ note: String, _ keys: [String] = [Self.key]) throws -> VerifiedNote {
        try SignedNote(parsing: note.utf8).verified(by: keys.map { try VerifierKey(parsing: $0) })
    }

    @Test("a note that Go signed, and the same one made here")
    func knownAnswer() throws {
        let verified = try Self.verify(Self.note)
        #expect(verified.text.text == Self.text)
        #expect(verified.signatures.map(\.key.name.text) == ["PeterNeumann"])
        #expect(verified.signatures.map(\.time) == [nil])
        let signer = try NoteSigner(parsing: Self.signerKey)
        let text = try #require(NoteText(Self.text))
        #expect(try SignedNote(text, signatures: [signer.sign(text)]).bytes == Array(Self.note.utf8))
        #expect(try SignedNote(parsing: Self.note.utf8).bytes == Array(Self.note.utf8))
    }

    @Test("every changed bit of a note refuses it")
    func changedBits() throws {
        let bytes = Array(Self.note.utf8)
        let key = try VerifierKey(parsing: Self.key)
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                #expect(throws: NoteError.self, "byte \(place), bit \(bit)") {
                    try SignedNote(parsing: changed).verified(by: [key])
                }
            }
        }
    }

    private static let notNotes: [String] = [
        "", "\n", "\n\n", Self.text, Self.line, Self.text + Self.line, Self.text + "\n",
        String(Self.note.dropLast()), Self.note + "\n", Self.note + " ", Self.note + "x\n",
        Self.note + Self.line.dropLast(), "\n" + Self.line,
        // Another dash, none, or other spaces.
        Self.note.changing("—", to: "–"), Self.note.changing("—", to: "-"),
        Self.note.changing("— ", to: "—"), Self.note.changing("— ", to: "—  "),
        Self.note.changing("— ", to: "—\u{A0}"), Self.note.changing("— ", to: " — "),
        Self.note.changing("Neumann x", to: "Neumann  x"),
        Self.note.changing("Neumann x", to: "Neumann\u{A0}x"),
        Self.note.changing("AM=\n", to: "AM= \n"), Self.note.changing("AM=\n", to: "AM=\r\n"),
        Self.note.changing("AM=\n", to: "AM= x\n"),
        // No name, a plus or a space in it.
        Self.note.changing("— PeterNeumann ", to: "— "), Self.note.changing("— PeterNeumann ", to: "—  "),
        Self.note.changing("PeterNeumann", to: "Peter+Neumann"),
        Self.note.changing("PeterNeumann", to: "Peter Neumann"),
        Self.note.changing("PeterNeumann", to: "Peter\u{A0}Neumann"),
        Self.note.changing("PeterNeumann", to: "Peter\u{2003}Neumann"),
        Self.note.changing("PeterNeumann", to: "Peter\u{3000}Neumann"),
        Self.note.changing("PeterNeumann", to: "Peter\u{85}Neumann"),
        Self.note.changing("PeterNeumann", to: "Peter\u{2028}Neumann"),
        // Base64 without padding, with stray bits, of nothing, of an id alone.
        Self.note.changing("AM=", to: "AM"), Self.note.changing("AM=", to: "AN="),
        Self.note.changing("AM=", to: "AM=="), Self.note.changing("x08go/", to: "x08go_"),
        Self.text + "\n— PeterNeumann \n", Self.text + "\n— PeterNeumann\n",
        Self.text + "\n— PeterNeumann x08gow==\n",
        // Control characters.
        Self.note.changing("you think", to: "you\tthink"),
        Self.note.changing("problem,\n", to: "problem,\r\n"),
        Self.note.changing("think", to: "th\u{0}nk"), Self.note.changing("think", to: "th\u{1F}nk"),
    ]

    @Test("what is not a note", arguments: Self.notNotes)
    func malformed(note: String) {
        #expect(throws: NoteError.malformed) { try SignedNote(parsing: note.utf8) }
    }

    @Test("bytes that are not UTF-8")
    func notUTF8() throws {
        for bad in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]] {
            #expect(throws: NoteError.malformed) { try SignedNote(parsing: bad + Array(Self.note.utf8)) }
            #expect(NoteText(utf8: bad + [0x0A]) == nil)
            #expect(NoteLine(utf8: bad) == nil)
            #expect(NoteKeyName(utf8: bad) == nil)
        }
    }

    @Test("the text ends at the last blank line, and may have others")
    func blankLines() throws {
        let signer = try Make.signer("a", 1)
        for text in ["\n", "a\n", "a\n\n", "\n\n\n", "a\n\nb\n", "\u{7F} é e\u{301}\n", "a\n\n— a AAAA\n"] {
            let text = try #require(NoteText(text))
            let note = try SignedNote(text, signatures: [signer.sign(text)])
            let read = try SignedNote(parsing: note.bytes)
            #expect(read == note)
            #expect(try read.verified(by: [signer.verifierKey]).text == text)
        }
        for text in ["", "a", "a\nb", "a\t\n", "a\r\n", "\u{0}\n"] { #expect(NoteText(text) == nil) }
    }

    @Test("unknown keys are ignored, known keys must verify, and one must be known")
    func keys() throws {
        let text = try #require(NoteText("text\n"))
        let first = try Make.signer("a", 1)
        let second = try Make.signer("b", 2)
        let sameName = try Make.signer("a", 3)
        let note = try SignedNote(text, signatures: [first.sign(text), second.sign(text)])
        #expect(try note.verified(by: [first.verifierKey]).signatures.map(\.key) == [first.verifierKey])
        #expect(
            try note.verified(by: [second.verifierKey, first.verifierKey]).signatures.map(\.key)
                == [first.verifierKey, second.verifierKey]
        )
        #expect(throws: NoteError.noKnownKey) { try note.verified(by: [sameName.verifierKey]) }
        #expect(throws: NoteError.noKnownKey) { try note.verified(by: []) }
        // Go's note refuses the whole note as well when a known key does not verify.
        let other = try #require(NoteText("other\n"))
        let mixed = try SignedNote(text, signatures: [first.sign(text), second.sign(other)])
        #expect(throws: NoteError.invalidSignature) { try mixed.verified(by: [first.verifierKey, second.verifierKey]) }
        #expect(throws: NoteError.invalidSignature) { try mixed.verified(by: [second.verifierKey]) }
        #expect(try mixed.verified(by: [first.verifierKey]).signatures.count == 1)
        let twice = try SignedNote(text, signatures: [first.sign(text), first.sign(other)])
        #expect(throws: NoteError.invalidSignature) { try twice.verified(by: [first.verifierKey]) }
        // The same key with another type has another id.
        let cosigner = try #require(Cosigner(name: first.verifierKey.name, seed: [UInt8](repeating: 1, count: 32)))
        #expect(throws: NoteError.noKnownKey) { try note.verified(by: [cosigner.verifierKey]) }
    }

    @Test("a signature of another length is not good")
    func lengths() throws {
        let text = try #require(NoteText("text\n"))
        let signer = try Make.signer("a", 1)
        let good = signer.sign(text).bytes
        for bytes in [Array(good.dropLast()), good + [0], [0], [UInt8](repeating: 0, count: 64)] {
            let note = try SignedNote(text, signatures: [NoteSignature(by: signer.verifierKey, bytes: bytes)])
            #expect(throws: NoteError.invalidSignature) {
                try SignedNote(parsing: note.bytes).verified(by: [signer.verifierKey])
            }
        }
    }

    @Test("names are compared byte by byte, not by canonical equivalence")
    func canonicalEquivalence() throws {
        let text = try #require(NoteText("text\n"))
        let composed = try #require(NoteKeyName("\u{E9}"))
        let decomposed = try #require(NoteKeyName("e\u{301}"))
        #expect(composed != decomposed)
        #expect(NoteLine("\u{E9}") != NoteLine("e\u{301}"))
        #expect(NoteText("\u{E9}\n") != NoteText("e\u{301}\n"))
        let signer = try #require(NoteSigner(name: composed, seed: [UInt8](repeating: 1, count: 32)))
        let note = try SignedNote(text, signatures: [signer.sign(text)])
        let key = VerifierKey(checkedPublicKey: signer.verifierKey.publicKey, name: decomposed, type: .ed25519)
        #expect(throws: NoteError.noKnownKey) { try note.verified(by: [key]) }
    }

    @Test("at most 100 signatures and a million bytes")
    func limits() throws {
        let text = try #require(NoteText("text\n"))
        let signer = try Make.signer("a", 1)
        let signature = signer.sign(text)
        for count in [1, 16, 100] {
            let note = try SignedNote(text, signatures: [NoteSignature](repeating: signature, count: count))
            #expect(try SignedNote(parsing: note.bytes).signatures.count == count)
        }
        #expect(throws: NoteError.wrongSignatureCount) { try SignedNote(text, signatures: []) }
        let many = [NoteSignature](repeating: signature, count: 101)
        #expect(throws: NoteError.wrongSignatureCount) { try SignedNote(text, signatures: many) }
        let lines = many.map(\.line).joined()
        #expect(throws: NoteError.wrongSignatureCount) { try SignedNote(parsing: ("text\n\n" + lines).utf8) }
        let rest = 1 + signature.line.utf8.count
        let longest = try #require(NoteText(String(repeating: "x", count: 1_000_000 - rest - 1) + "\n"))
        #expect(try SignedNote(longest, signatures: [signature]).bytes.count == 1_000_000)
        let longer = try #require(NoteText("x" + longest.text))
        #expect(throws: NoteError.tooLong) { try SignedNote(longer, signatures: [signature]) }
        #expect(throws: NoteError.tooLong) {
            try SignedNote(parsing: longer.utf8 + Array(("\n" + signature.line).utf8))
        }
    }

    @Test("further signatures go below the others, each once")
    func adding() throws {
        let text = try #require(NoteText("text\n"))
        let first = try Make.signer("a", 1).sign(text)
        let second = try Make.signer("b", 2).sign(text)
        let note = try SignedNote(text, signatures: [first]).adding([second, first, second])
        #expect(note.signatures == [first, second])
        #expect(NoteSignature.parse(lines: (first.line + second.line).utf8) == [first, second])
        #expect(NoteSignature.parse(lines: (first.line + "\n").utf8) == nil)
        #expect(NoteSignature.parse(lines: first.line.dropLast().utf8) == nil)
        #expect(NoteSignature.parse(lines: "".utf8) == nil)
        #expect(NoteSignature.parse(lines: "\n".utf8) == nil)
    }
}
