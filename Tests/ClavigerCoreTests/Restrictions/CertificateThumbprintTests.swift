import Testing

@testable import ClavigerCore

@Suite("Certificate thumbprints")
struct CertificateThumbprintTests {
    /// SHA-256 of "abc" (FIPS 180-4), in base64url as Python writes it.
    private static let hexadecimal = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    private static let base64URL = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"

    private static func withColons(_ text: String) -> String {
        text.enumerated().map { $0 > 0 && $0 % 2 == 0 ? ":\($1)" : "\($1)" }.joined()
    }

    @Test("all forms are one")
    func forms() throws {
        let forms = [
            Self.hexadecimal, Self.hexadecimal.uppercased(), Self.withColons(Self.hexadecimal),
            Self.withColons(Self.hexadecimal.uppercased()), Self.base64URL,
        ]
        for form in forms { #expect(try CertificateThumbprint(parsing: form).text == Self.base64URL, "\(form)") }
    }

    @Test("the example of RFC 8705, appendix A")
    func example() throws {
        let text = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
        let hexadecimal = "0380ed2f626650c840b2f263e6d2b29fae12ab39ae5db32b25ad27efad72e6fd"
        #expect(try CertificateThumbprint(parsing: text).text == text)
        #expect(try CertificateThumbprint(parsing: hexadecimal).text == text)
    }

    private static let malformed: [String] = [
        "", "abc", String(hexadecimal.dropLast()), hexadecimal + "0", String(hexadecimal.dropLast()) + "g",
        hexadecimal + ":", ":" + hexadecimal, withColons(hexadecimal) + ":",
        String(withColons(hexadecimal).dropLast()),
        withColons(hexadecimal).replacing(":", with: "-"), withColons(hexadecimal).replacing(":", with: " "),
        base64URL + "=", String(base64URL.dropLast()), base64URL + "A", String(base64URL.dropLast()) + "1",
        base64URL.replacing("-", with: "+"), " " + base64URL, hexadecimal + "\n",
        // SHA-1 and SHA-512, and digits of another script.
        String(hexadecimal.prefix(40)), hexadecimal + hexadecimal, hexadecimal.replacing("0", with: "٠"),
    ]

    @Test("what is no thumbprint", arguments: Self.malformed)
    func noThumbprint(text: String) {
        let error = FieldError("must be a SHA-256 digest: 64 hexadecimal digits, or 43 characters of base64url")
        #expect(throws: error) { try CertificateThumbprint(parsing: text) }
    }

    @Test("a digest has 32 bytes")
    func digest() throws {
        let zero = try #require(CertificateThumbprint(digest: [UInt8](repeating: 0, count: 32)))
        #expect(zero.text == String(repeating: "A", count: 43))
        #expect(CertificateThumbprint(digest: [UInt8](repeating: 0, count: 31)) == nil)
        #expect(CertificateThumbprint(digest: [UInt8](repeating: 0, count: 33)) == nil)
    }
}
