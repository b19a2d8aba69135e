import Testing

@testable import ClavigerCore

@Suite("Cursors")
struct CursorSealerTests {
    private let list = "keys|ws_1|3f2a"

    private func sealer(_ keyring: Keyring? = nil) throws -> CursorSealer {
        try CursorSealer(keyring: keyring ?? SealingFixtures.keyring(), random: SealingRandom(seed: 8))
    }

    @Test("open on their list, at every length that they can have")
    func roundTrip() throws {
        let sealer = try self.sealer()
        for count in 0...CursorSealer.longestPayload {
            let payload = SealingRandom(seed: UInt64(count)).bytes(count)
            let text = try sealer.seal(payload, binding: self.list)
            #expect(text.utf8.count <= CursorSealer.longestText)
            #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            #expect(try sealer.open(text, binding: self.list) == payload)
        }
        #expect(throws: SealingError.tooLong(limit: CursorSealer.longestPayload)) {
            try sealer.seal([UInt8](repeating: 0, count: CursorSealer.longestPayload + 1), binding: self.list)
        }
    }

    @Test(
        "open on no other list, in no other workspace, with no other filters",
        arguments: ["consumers|ws_1|3f2a", "keys|ws_2|3f2a", "keys|ws_1|3f2b", "", "keys|ws_1|3f2a "]
    )
    func otherList(binding: String) throws {
        let sealer = try self.sealer()
        let text = try sealer.seal([1, 2, 3], binding: self.list)
        #expect(throws: SealingError.refused) { try sealer.open(text, binding: binding) }
    }

    @Test("every character counts")
    func changes() throws {
        let sealer = try self.sealer()
        // Lengths 1 to 3, so that every padding of base64 occurs.
        for count in 1...3 {
            let text = try Array(sealer.seal(SealingRandom(seed: 1).bytes(count), binding: self.list).utf8)
            for index in text.indices {
                for replacement in "ABCXYZabcxyz0189-_=+/. \n".utf8 where replacement != text[index] {
                    var changed = text
                    changed[index] = replacement
                    #expect(throws: SealingError.self) {
                        try sealer.open(String(decoding: changed, as: UTF8.self), binding: self.list)
                    }
                }
                #expect(throws: SealingError.self) {
                    try sealer.open(String(decoding: text[..<index], as: UTF8.self), binding: self.list)
                }
            }
        }
    }

    @Test(
        "what is no cursor is malformed",
        arguments: [
            "", "A", "=", "====", "AQAAAAE", "ä", "\0", "cursor", String(repeating: "A", count: 513),
            String(repeating: "A", count: 1_000_000),
        ]
    )
    func malformed(text: String) throws {
        #expect(throws: SealingError.malformed) { try self.sealer().open(text, binding: self.list) }
    }

    @Test("stay valid after a rotation")
    func rotation() throws {
        let old = try SealingFixtures.keyring()
        let text = try self.sealer(old).seal([1, 2, 3], binding: self.list)
        let rotated = try self.sealer(SealingFixtures.rotated(old, .cursor))
        #expect(try rotated.open(text, binding: self.list) == [1, 2, 3])
        let newer = try rotated.seal([4], binding: self.list)
        #expect(throws: SealingError.unknownKeyVersion(2)) { try self.sealer(old).open(newer, binding: self.list) }
    }

    // RFC 4648, section 10, and section 5 for the two characters that differ.
    @Test(
        "base64url is that of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"), ("??>", "Pz8-"), ("???", "Pz8_"),
        ]
    )
    func base64URL(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test(
        "base64url has one text for each byte string",
        arguments: ["Zh", "Zm9", "Zg==", "Zg=", "Z", "Zm9vY", "Zm 9", "Zm+/"]
    )
    func strictBase64URL(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}
