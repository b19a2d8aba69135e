import Testing

@testable import ClavigerLog

@Suite("Cosignatures")
struct CosignatureTests {
    private static let checkpoint = """
        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        """
    // By Python and OpenSSL, with the bytes 0 to 31 as the secret.
    private static let key = "witness.example.com/w1+a0059f11+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    private static let line =
        "— witness.example.com/w1 "
        + "oAWfEQAAAABkGFDLBuRDazBLVac2NE+Y+IjbjQOcXLfF9CSDZVUIoS83rE1nFZsVE8YiWV6Ngr7lV8H6bdoBQGP/l73euDMQ9k+bBQ==\n"

    private static func cosigner() throws -> Cosigner {
        let name = try #require(NoteKeyName("witness.example.com/w1"))
        return try #require(Cosigner(name: name, seed: Array(0..<32)))
    }

    private static func text() throws -> NoteText { try #require(NoteText(Self.checkpoint)) }

    @Test("as another implementation signs")
    func knownAnswer() throws {
        let time = try #require(CosignatureTime(seconds: 1_679_315_147))
        let checkpoint = try #require(Checkpoint(parsing: try Self.text()))
        #expect(try Self.cosigner().cosign(checkpoint, at: time).line == Self.line)
        let note = try SignedNote(parsing: (Self.checkpoint + "\n" + Self.line).utf8)
        let verified = try note.verified(by: [try VerifierKey(parsing: Self.key)])
        #expect(verified.signatures.map(\.time) == [time])
    }

    @Test("every changed bit of the line refuses the note")
    func changedBits() throws {
        let key = try VerifierKey(parsing: Self.key)
        let note = try SignedNote(parsing: (Self.checkpoint + "\n" + Self.line).utf8)
        let good = note.signatures[0].bytes
        #expect(good.count == 72)
        for place in good.indices {
            var bytes = good
            bytes[place] ^= 1 << UInt8(place % 8)
            let changed = try SignedNote(note.text, signatures: [NoteSignature(by: key, bytes: bytes)])
            #expect(throws: NoteError.invalidSignature) { try changed.verified(by: [key]) }
        }
        for bytes in [Array(good.dropLast()), good + [0], Array(good.dropFirst(8)), [1]] {
            let changed = try SignedNote(note.text, signatures: [NoteSignature(by: key, bytes: bytes)])
            #expect(throws: NoteError.invalidSignature) { try changed.verified(by: [key]) }
        }
    }

    @Test("times are whole seconds of at most 63 bits")
    func times() throws {
        let cosigner = try Self.cosigner()
        let checkpoint = try #require(Checkpoint(parsing: try Self.text()))
        for seconds in [0, 1, 1_679_315_147, UInt64(Int64.max)] as [UInt64] {
            let time = try #require(CosignatureTime(seconds: seconds))
            let signature = cosigner.cosign(checkpoint, at: time)
            let note = try SignedNote(checkpoint.text, signatures: [signature])
            #expect(try note.verified(by: [cosigner.verifierKey]).signatures.map(\.time) == [time])
        }
        #expect(CosignatureTime(seconds: UInt64(Int64.max) + 1) == nil)
        let first = try #require(CosignatureTime(seconds: 1))
        let second = try #require(CosignatureTime(seconds: 2))
        #expect(first < second)
        #expect(!(second < first))
        // A good signature over a time that is too large.
        let key = try SigningKey(
            parsing: "PRIVATE+KEY+witness.example.com/w1+a0059f11+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
            type: .cosignature
        )
        let message = Array("cosignature/v1\ntime 9223372036854775808\n".utf8) + checkpoint.text.utf8
        let late = NoteSignature(by: key.verifierKey, bytes: [0x80, 0, 0, 0, 0, 0, 0, 0] + key.sign(message))
        let note = try SignedNote(checkpoint.text, signatures: [late])
        #expect(throws: NoteError.invalidSignature) { try note.verified(by: [key.verifierKey]) }
    }

    @Test("a plain signature is no cosignature, and the other way round")
    func domains() throws {
        let cosigner = try Self.cosigner()
        let signer = try #require(NoteSigner(name: cosigner.verifierKey.name, seed: Array(0..<32)))
        let checkpoint = try #require(Checkpoint(parsing: try Self.text()))
        let time = try #require(CosignatureTime(seconds: 7))
        let plain = NoteSignature(by: cosigner.verifierKey, bytes: signer.sign(checkpoint.text).bytes)
        let timed = NoteSignature(by: signer.verifierKey, bytes: cosigner.cosign(checkpoint, at: time).bytes)
        for (signature, key) in [(plain, cosigner.verifierKey), (timed, signer.verifierKey)] {
            let note = try SignedNote(checkpoint.text, signatures: [signature])
            #expect(throws: NoteError.invalidSignature) { try note.verified(by: [key]) }
        }
    }
}
