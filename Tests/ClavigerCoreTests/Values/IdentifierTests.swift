import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Identifiers")
struct IdentifierTests {
    private struct CountingBytes: RandomSource {
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0) } }
    }

    @Test("the text is the base-62 form that Python gives")
    func knownAnswer() throws {
        let id = APIKey.ID(at: Timestamp(milliseconds: 1_795_243_200_000), from: CountingBytes())
        #expect(id.text == "key_0351IGSCbReXpjIfeUdGiv")
        #expect(try APIKey.ID(parsing: id.text) == id)
        #expect("\(id)" == id.text)
    }

    @Test("every kind of id has its prefix")
    func prefixes() {
        let now = Timestamp(milliseconds: 0)
        let random = CountingBytes()
        let texts = [
            Workspace.ID(at: now, from: random).text, API.ID(at: now, from: random).text,
            Consumer.ID(at: now, from: random).text, Role.ID(at: now, from: random).text,
            APIKey.ID(at: now, from: random).text, Credential.ID(at: now, from: random).text,
            AuditRecord.ID(at: now, from: random).text,
        ]
        #expect(texts.map { String($0.prefix { $0 != "_" }) } == ["ws", "api", "con", "role", "key", "cred", "evt"])
    }

    @Test("ids and their texts sort by creation", arguments: [31] as [UInt64])
    func order(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        let moments =
            [0, 1, 255, 256, 65_535, 65_536, 1_795_243_200_000, 1_795_243_200_001, 253_402_300_799_999] as [Int64]
        let ids = moments.map { APIKey.ID(at: Timestamp(milliseconds: $0), from: random) }
        #expect(ids.sorted() == ids, "seed \(seed)")
        #expect(ids.map(\.text).sorted() == ids.map(\.text), "seed \(seed)")
        #expect(try ids.map { try APIKey.ID(parsing: $0.text) } == ids, "seed \(seed)")
    }

    @Test("ids of one moment are told apart", arguments: [32] as [UInt64])
    func unique(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        let ids = (0..<5000).map { _ in APIKey.ID(at: Timestamp(milliseconds: 1_795_243_200_000), from: random) }
        #expect(Set(ids).count == 5000)
        #expect(Set(ids.map(\.text)).count == 5000)
    }

    @Test(
        "another kind of id",
        arguments: [
            "", "key", "0351IGSCbReXpjIfeUdGiv", "_0351IGSCbReXpjIfeUdGiv", "api_0351IGSCbReXpjIfeUdGiv",
            "keys_0351IGSCbReXpjIfeUdGiv", "KEY_0351IGSCbReXpjIfeUdGiv", " key_0351IGSCbReXpjIfeUdGiv",
            "key-0351IGSCbReXpjIfeUdGiv",
            "\0key_0351IGSCbReXpjIfeUdGiv", "kеy_0351IGSCbReXpjIfeUdGiv",
        ]
    )
    func wrongPrefix(text: String) {
        #expect(throws: IdentifierError.wrongPrefix(expected: "key")) { try APIKey.ID(parsing: text) }
    }

    @Test(
        "the right prefix and no 128-bit number",
        arguments: [
            "key_", "key_0351IGSCbReXpjIfeUdGi", "key_0351IGSCbReXpjIfeUdGivv", "key_0351IGSCbReXpjIfeUdGi-",
            "key_0351IGSCbReXpjIfeUdGi\0", "key_\0351IGSCbReXpjIfeUdGiv", "key_0351IGSCbReXpjIfeUdGiv\0",
            "key_0351IGSCbReXpjIfeUdGi\u{661}", "key__351IGSCbReXpjIfeUdGiv", "key_7n42DGM5Tflk9n8mt7Fhc8",
            "key_zzzzzzzzzzzzzzzzzzzzzz", "key_ 351IGSCbReXpjIfeUdGiv", "key_0351IGSCbReXpjIfeUdGiv/../x",
        ]
    )
    func malformed(text: String) {
        #expect(throws: IdentifierError.malformed) { try APIKey.ID(parsing: text) }
    }

    @Test("the largest number of 128 bits is an id")
    func largest() throws {
        #expect(try APIKey.ID(parsing: "key_7n42DGM5Tflk9n8mt7Fhc7").text == "key_7n42DGM5Tflk9n8mt7Fhc7")
    }
}
