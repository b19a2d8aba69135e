import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Tokens")
struct KeyTokenTests {
    private struct FixedBytes: RandomSource {
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0) } }
    }

    @Test("tokens that Python made are read", arguments: TokenFixtures.all)
    func madeElsewhere(text: String) throws {
        let token = try KeyToken(parsing: text)
        #expect(TokenFixtures.text(token) == text)
        let body = text.suffix(61)
        #expect(token.lookupID.text == String(body.prefix(12)))
        #expect(token.publicStart == String(text.dropLast(49)))
    }

    @Test("a token is made as Python makes it")
    func makes() throws {
        let token = try KeyToken(prefix: TokenPrefix(parsing: "ab"), tag: TokenTag(parsing: "x"), from: FixedBytes())
        let text = TokenFixtures.text(token)
        #expect(text.hasPrefix("ab_x_0123456789AB003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf"))
        #expect(TokenFixtures.text(try KeyToken(parsing: text)) == text)
    }

    @Test("the URI form of RFC 8959", arguments: TokenFixtures.all)
    func secretTokenURI(text: String) throws {
        #expect(TokenFixtures.text(try KeyToken(parsing: "secret-token:" + text)) == text)
    }

    @Test(
        "other URI forms",
        arguments: [
            "secret-token:", "secret-token:secret-token:", "secret-token", "secret-token::", "secret-token://",
            "token:",
            "secret-token: ", " secret-token:",
        ]
    )
    func otherURIs(scheme: String) {
        for text in TokenFixtures.all where scheme != "secret-token:" {
            #expect(throws: KeyTokenError.malformed) { try KeyToken(parsing: scheme + text) }
        }
        #expect(throws: KeyTokenError.malformed) { try KeyToken(parsing: scheme) }
    }

    // The checksums are right, so that only the shape can be the reason.
    @Test(
        "a wrong shape with a right checksum",
        arguments: [
            "a_live_0123456789AB00000000000000000000000000000000000000000002kv7ae",
            "aaaaaaaaaaaaaaaaa_live_0123456789AB00000000000000000000000000000000000000000000ysmcZ",
            "1a_live_0123456789AB00000000000000000000000000000000000000000000qc0pQ",
            "Pay_live_0123456789AB00000000000000000000000000000000000000000000O6scJ",
            "pa-y_live_0123456789AB00000000000000000000000000000000000000000000hA5zN",
            "pay__0123456789AB0000000000000000000000000000000000000000000247bK2",
            "pay_1x_0123456789AB00000000000000000000000000000000000000000001gzy5h",
            "pay_ttttttttttttttttt_0123456789AB000000000000000000000000000000000000000000030XfUH",
            "pay_LIVE_0123456789AB00000000000000000000000000000000000000000003kwdp0",
            "p__0123456789AB00000000000000000000000000000000000000000000iCtjY",
        ]
    )
    func wrongShape(text: String) {
        #expect(throws: KeyTokenError.malformed) { try KeyToken(parsing: text) }
    }

    @Test("every change of one character is refused", arguments: TokenFixtures.all)
    func oneCharacter(text: String) {
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            for other in UInt8.min ... .max where other != bytes[index] {
                var changed = bytes
                changed[index] = other
                #expect(throws: KeyTokenError.self) { try KeyToken(parsing: changed) }
            }
        }
    }

    @Test("every swap of neighbours is refused", arguments: TokenFixtures.all)
    func swaps(text: String) {
        let bytes = Array(text.utf8)
        for index in bytes.indices.dropLast() where bytes[index] != bytes[index + 1] {
            var changed = bytes
            changed.swapAt(index, index + 1)
            #expect(throws: KeyTokenError.self) { try KeyToken(parsing: changed) }
        }
    }

    @Test("every other length is refused", arguments: TokenFixtures.all)
    func lengths(text: String) {
        for count in 0..<text.utf8.count {
            #expect(throws: KeyTokenError.self) { try KeyToken(parsing: String(text.prefix(count))) }
            #expect(throws: KeyTokenError.self) { try KeyToken(parsing: String(text.suffix(count))) }
        }
        for more in ["0", " ", "\0", "\n", "=", "_", text, String(repeating: "0", count: 100_000)] {
            #expect(throws: KeyTokenError.self) { try KeyToken(parsing: text + more) }
            #expect(throws: KeyTokenError.self) { try KeyToken(parsing: more + text) }
        }
    }

    @Test("a checksum that 32 bits cannot hold is refused")
    func largeChecksum() {
        let body = String(TokenFixtures.zero.dropLast(6))
        // 62^6 - 1, and 2^32 more than the right one, which would agree in the low 32 bits.
        #expect(throws: KeyTokenError.wrongChecksum) { try KeyToken(parsing: body + "zzzzzz") }
        let right = Base62.number(Array(TokenFixtures.zero.utf8.suffix(6)), as: UInt64.self) ?? 0
        let aliased = String(decoding: Base62.digits(of: right + 1 << 32, width: 6), as: UTF8.self)
        #expect(throws: KeyTokenError.wrongChecksum) { try KeyToken(parsing: body + aliased) }
    }

    @Test("noise is refused", arguments: [61, 62] as [UInt64])
    func noise(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        for count in 0..<300 {
            #expect(throws: KeyTokenError.self) { try KeyToken(parsing: random.bytes(count)) }
        }
    }

    @Test("a thousand tokens are a thousand", arguments: [63] as [UInt64])
    func unique(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        let tokens = try (0..<1000).map { _ in
            try KeyToken(prefix: TokenPrefix(parsing: "pay"), tag: .live, from: random)
        }
        #expect(Set(tokens.map(TokenFixtures.text)).count == 1000)
        #expect(Set(tokens.map(\.lookupID)).count == 1000)
        #expect(Set(tokens.map { TokenFixtures.text($0).dropLast(6).suffix(43) }).count == 1000)
        for token in tokens {
            let text = TokenFixtures.text(token)
            #expect(text.utf8.count == 9 + 61)
            #expect(text.hasPrefix("pay_live_"))
            #expect(try KeyToken(parsing: text).lookupID == token.lookupID)
        }
    }

    @Test("no character is favoured", arguments: [64] as [UInt64])
    func distribution(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        let prefix = try TokenPrefix(parsing: "pay")
        var inLookup: [Character: Int] = [:]
        var inSecret: [Character: Int] = [:]
        for _ in 0..<2000 {
            let text = TokenFixtures.text(KeyToken(prefix: prefix, tag: .live, from: random))
            for character in text.suffix(61).prefix(12) { inLookup[character, default: 0] += 1 }
            // The first digits of the secret carry less than a whole digit.
            for character in text.dropLast(6).suffix(41) { inSecret[character, default: 0] += 1 }
        }
        // Chi-squared with 61 degrees of freedom: 110 is exceeded once in 10,000 times.
        for (counts, total) in [(inLookup, 24_000.0), (inSecret, 82_000.0)] {
            #expect(counts.count == 62, "seed \(seed)")
            let expected = total / 62
            let statistic = counts.values.reduce(0) {
                $0 + (Double($1) - expected) * (Double($1) - expected) / expected
            }
            #expect(statistic < 110, "seed \(seed)")
        }
    }

    @Test("prefixes", arguments: ["pay", "ab", "a1", "a234567890123456"])
    func prefixes(text: String) throws {
        #expect(try TokenPrefix(parsing: text).text == text)
    }

    @Test(
        "what is no prefix",
        arguments: ["", "a", "1a", "Pay", "pa_y", "pay ", "päy", "pay\0", "a2345678901234567", "ｐａｙ"]
    )
    func noPrefixes(text: String) {
        #expect(throws: FieldError.self) { try TokenPrefix(parsing: text) }
    }

    @Test("what is no tag", arguments: ["", "1", "L", "li_ve", "live ", "l\u{301}", "a2345678901234567"])
    func noTags(text: String) {
        #expect(throws: FieldError.self) { try TokenTag(parsing: text) }
    }

    @Test("lookup ids are 12 base-62 characters")
    func lookupIDs() throws {
        #expect(try #require(LookupID("0AZaz9876543")).text == "0AZaz9876543")
        for text in ["", "0AZaz987654", "0AZaz98765432", "0AZaz987654_", "0AZaz987654\0", "0AZaz987654é"] {
            #expect(LookupID(text) == nil)
        }
        #expect(LookupID("0AZaz9876543") != LookupID("0AZaz9876544"))
        #expect(LookupID("0AZaz9876543") != LookupID("1AZaz9876543"))
    }
}
