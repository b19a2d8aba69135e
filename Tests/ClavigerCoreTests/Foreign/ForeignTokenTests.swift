import ClavigerCore
import ClavigerTestSupport
import Crypto
import Testing

@Suite struct ForeignTokenTests {
    private static let text = "gX7pQ2vN.9aKc4LmRt8YwZb3EjHs6UdFo1iBxT5Vn"

    @Test(arguments: [
        "", "short", String(repeating: "a", count: 15), String(repeating: "a", count: 513),
        "with a space in its middle",
        "with\ttab.and.more.of.it", "with-ü-that-is-no-ASCII-character",
    ])
    func whatNoHeaderCanCarryOrIsTooShortIsNoToken(text: String) {
        #expect(ForeignToken(Array(text.utf8)) == nil)
    }

    @Test(arguments: ["nineteen-characters", String(repeating: "ab", count: 20)])
    func whatCanBeGuessedIsNotImportedAsItIs(text: String) {
        #expect(throws: FieldError.self) { try ForeignToken(importing: text) }
    }

    @Test func ourOwnTokensAreNotImported() {
        #expect(throws: FieldError.self) { try ForeignToken(importing: TokenFixtures.longest) }
    }

    @Test(arguments: [
        ("/v1/\(Self.text)/x", "/v1/…/x"), ("\(Self.text)\(Self.text)", "……"), ("nothing", "nothing"),
        ("a \(Self.text.dropLast())", "a \(Self.text.dropLast())"),
    ])
    func aTokenIsTakenOutOfTexts(text: String, expected: String) throws {
        let token = try ForeignToken(importing: Self.text)
        #expect(token.redacted(from: text) == expected)
    }

    @Test(arguments: [
        "abcdefgh+ijkl/mnop=qrst", "abcdefgh%2Bijkl%2Fmnop%3Dqrst", "abcdefgh%2bijkl%2fmnop%3dqrst",
        "abcdefgh%2bijkl%2Fmnop=qrst", "%61bcdefgh+ijkl/mnop=qrs%74", "abcdefgh%252Bijkl%252fmnop%253Dqrst",
        "abcdefgh%25252Bijkl%2fmnop%253Dqrst",
    ])
    func aTokenIsTakenOutWherePercentEncodingHidesIt(text: String) throws {
        let token = try ForeignToken(importing: "abcdefgh+ijkl/mnop=qrst")
        #expect(token.redacted(from: "/x%zz%2/\(text)/y%") == "/x%zz%2/…/y%")
        #expect(token.isContained(in: text))
        #expect(!token.isContained(in: String(text.dropLast(3))))
    }

    @Test(arguments: [
        "100%-abcdefgh%2Fijklmnop", "100%-abcdefgh%2fijklmnop", "100%25-abcdefgh%252Fijklmnop",
        "100%-abcdefgh/ijklmnop",
    ])
    func aTokenWithAPercentSignIsTakenOut(text: String) throws {
        let token = try ForeignToken(importing: "100%-abcdefgh%2Fijklmnop")
        #expect(token.redacted(from: "a=\(text)&b=\(text)") == "a=…&b=…")
    }

    @Test(arguments: [
        ("before:.", "abc.def.ghi", "abc"), ("field:_:3", "sk_live_42abc_secret", "42abc"),
        ("first:4", "abcdef", "abcd"),
    ])
    func aPatternFindsTheID(pattern: String, token: String, id: String) throws {
        let pattern = try IDPattern(parsing: pattern)
        #expect(try pattern.id(parsing: id) == Array(id.utf8))
        let padded = token + "-0123456789abcdef"
        let rule = ActiveForeignRule(ForeignRule(.part(pattern, hashesRest: false)))
        let finder = ForeignFinder.forTests
        let found = rule.lookupID(of: try #require(ForeignToken(Array(padded.utf8))), finder)
        let hash = try ForeignHash(.sha256, parsing: ForeignHashTests.abc)
        #expect(found != nil)
        #expect(found == rule.lookupID(of: hash, id: Array(id.utf8), finder))
    }

    @Test(arguments: [
        "", "before", "before:", "before:ab", "before:a", "field:_", "field:_:0", "field:_:17", "first:0", "first:65",
        "last:3",
    ])
    func whatIsNoPatternIsRefused(text: String) {
        #expect(throws: FieldError.self) { try IDPattern(parsing: text) }
    }

    @Test func lookupIDsDependOnTheKeyAndTheRule() throws {
        let token = try ForeignToken(importing: Self.text)
        let whole = ActiveForeignRule(ForeignRule(.whole(.sha256)))
        let part = ActiveForeignRule(ForeignRule(.part(try IDPattern(parsing: "before:."), hashesRest: false)))
        let rest = ActiveForeignRule(ForeignRule(.part(try IDPattern(parsing: "before:."), hashesRest: true)))
        let other = ForeignFinder(key: SymmetricKey(data: [UInt8](repeating: 9, count: 32)))
        let ids = [
            whole.lookupID(of: token, .forTests), part.lookupID(of: token, .forTests),
            rest.lookupID(of: token, .forTests),
            whole.lookupID(of: token, other),
        ]
        #expect(Set(ids).count == 4)
        #expect(whole.lookupID(of: token, .forTests) == whole.lookupID(of: token, .forTests))
        #expect(rest.hashedPart(of: token) == Array("9aKc4LmRt8YwZb3EjHs6UdFo1iBxT5Vn".utf8))
    }

    @Test(arguments: ["whole sha256", "whole hmac-sha256 0123", "part before:. token", "part field:_:3 rest 0123"])
    func rulesAreReadAsTheyAreStored(text: String) throws {
        #expect(try #require(ForeignRule(text: text)).text == text)
    }
}

extension ForeignFinder {
    static let forTests = ForeignFinder(key: SymmetricKey(data: [UInt8](repeating: 7, count: 32)))
}
