import Testing

@testable import ClavigerLog

@Suite("Checkpoints")
struct CheckpointTests {
    private static let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    private static let text = "example.com/behind-the-sofa\n20852163\n\(Self.root)\n"

    private static func parse(_ text: String) -> Checkpoint? {
        NoteText(text).flatMap { Checkpoint(parsing: $0) }
    }

    @Test("the example of c2sp.org/tlog-checkpoint")
    func example() throws {
        let checkpoint = try #require(Self.parse(Self.text))
        #expect(checkpoint.origin.text == "example.com/behind-the-sofa")
        #expect(checkpoint.size == 20_852_163)
        #expect(checkpoint.root.base64 == Self.root)
        #expect(checkpoint.extensions.isEmpty)
        #expect(checkpoint.text.text == Self.text)
    }

    @Test("some of Tessera's checkpoints come out byte for byte", arguments: [0, 1, 7, 15])
    func tessera(size: Int) throws {
        let known = try #require(KnownLog.checkpoints[size])
        #expect(try KnownLog.note(size: size).bytes == Array(known.utf8))
        let note = try SignedNote(parsing: known.utf8)
        #expect(try note.verified(by: [try KnownLog.signer().verifierKey]).signatures.count == 1)
        #expect(Checkpoint(parsing: note.text)?.size == UInt64(size))
    }

    @Test(
        "other origins, extension lines and sizes",
        arguments: [
            Self.text + "extension\n", Self.text + "one\ntwo with spaces\n+\n", "o\n1\n\(Self.root)\n",
            "an origin with + and spaces\n1\n\(Self.root)\n", "\u{E9}\n18446744073709551615\n\(Self.root)\n",
            "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        ]
    )
    func others(text: String) throws {
        let checkpoint = try #require(Self.parse(text))
        #expect(checkpoint.text.utf8 == Array(text.utf8))
        #expect(
            Checkpoint(
                origin: checkpoint.origin,
                size: checkpoint.size,
                root: checkpoint.root,
                extensions: checkpoint.extensions
            ) == checkpoint
        )
    }

    @Test(
        "what is not a checkpoint",
        arguments: [
            "\n", "o\n", "o\n1\n", "o\n1\n\n", "\n1\n\(Self.root)\n", "o\n\n\(Self.root)\n", Self.text + "\n",
            Self.text + "extension\n\n", Self.text + "\nextension\n", "\n" + Self.text, "o\n01\n\(Self.root)\n",
            "o\n00\n\(Self.root)\n", "o\n+1\n\(Self.root)\n", "o\n-1\n\(Self.root)\n", "o\n 1\n\(Self.root)\n",
            "o\n1 \n\(Self.root)\n", "o\n0x1\n\(Self.root)\n", "o\n1e3\n\(Self.root)\n", "o\n1_000\n\(Self.root)\n",
            "o\n18446744073709551616\n\(Self.root)\n", "o\n١\n\(Self.root)\n", "o\n1\n \(Self.root)\n",
            "o\n1\n\(Self.root) \n", "o\n1\n\(Self.root.dropLast())\n", "o\n1\n\(Self.root.dropLast(2))J=\n",
            "o\n1\n\(Self.root)=\n", "o\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n", "o\n1\nAAAA\n",
            "o\n1\n\(Self.root.dropLast(4))\n", "o\n0\n\(Self.root)\n",
        ]
    )
    func malformed(text: String) throws {
        let text = try #require(NoteText(text))
        #expect(Checkpoint(parsing: text) == nil)
    }

    @Test("the empty log has one root, and lines cannot break out")
    func values() throws {
        let origin = try #require(NoteLine("o"))
        let root = try #require(LogHash(base64: Self.root))
        #expect(Checkpoint(origin: origin, size: 0, root: root) == nil)
        #expect(Checkpoint(origin: origin, size: 0, root: .emptyRoot) == Checkpoint(origin: origin, head: TreeHead()))
        for line in ["", "\n", "a\n", "\na", "a\nb", "a\tb", "a\r", "\u{0}", "a\r\nb"] {
            #expect(NoteLine(line) == nil)
        }
        for name in ["", " ", "a b", "a+b", "a\n", "a\tb", "\u{1}", "a\u{2028}", "\u{85}", "a\u{A0}"] {
            #expect(NoteKeyName(name) == nil)
        }
    }
}
