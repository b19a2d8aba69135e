import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Request paths")
struct RequestPathTests {
    @Test(
        "one spelling for each path",
        arguments: [
            ("/", "/"), ("/v1/invoices/42", "/v1/invoices/42"), ("/V1/Invoices", "/V1/Invoices"),
            // Query and fragment.
            ("/a?b=c", "/a"), ("/a?", "/a"), ("/?a", "/"), ("/a#b", "/a"), ("/a#", "/a"), ("/a?b#c/../d", "/a"),
            ("/a?/../b;%2f\\", "/a"), ("/a#b?c", "/a"), ("/a/?b", "/a"),
            // Slashes.
            ("//", "/"), ("//a", "/a"), ("/a/", "/a"), ("/a//b", "/a/b"), ("///a///b///", "/a/b"),
            // Dot segments; the first is RFC 3986 section 5.2.4.
            ("/a/b/c/./../../g", "/a/g"), ("/.", "/"), ("/./", "/"), ("/a/.", "/a"), ("/a/..", "/"), ("/a/../", "/"),
            ("/a/./b", "/a/b"), ("/a/b/..", "/a"), ("/a/%2e/b", "/a/b"), ("/a/%2E%2e/b", "/b"), ("/a/.%2e/b", "/b"),
            ("/a/%2e./b", "/b"), ("/a/b/%2E%2E/%2e%2e/c", "/c"), ("/a//b/../c", "/a/c"),
            ("/...", "/..."), ("/a/.../b", "/a/.../b"), ("/.a/b./..c", "/.a/b./..c"),
            ("/a/. ./b".escaped, "/a/.%20./b"),
            // Escapes; RFC 3986 section 6.2.2.
            ("/%7Esmith", "/~smith"), ("/%41%5a%61%7a%30%39%2d%5f", "/AZaz09-_"), ("/%c3%bc", "/%C3%BC"),
            ("/a%3ab", "/a%3Ab"), ("/a:b", "/a:b"), ("/%40", "/%40"), ("/a%20b", "/a%20b"), ("/100%25", "/100%25"),
            ("/100%25unique", "/100%25unique"), ("/%25%25", "/%25%25"), ("/c%23", "/c%23"), ("/what%3f", "/what%3F"),
            ("/!$&'()*+,=:@-._~", "/!$&'()*+,=:@-._~"),
            // What has to be escaped.
            ("/ü", "/%C3%BC"), ("/日本", "/%E6%97%A5%E6%9C%AC"),
            ("/a[0]|{b}^\"<>`", "/a%5B0%5D%7C%7Bb%7D%5E%22%3C%3E%60"),
            // Not folded, not composed: two names that look alike stay two.
            ("/e\u{301}", "/e%CC%81"), ("/\u{E9}", "/%C3%A9"), ("/\u{212A}", "/%E2%84%AA"), ("/ａ", "/%EF%BD%81"),
        ]
    )
    func normal(target: String, text: String) throws {
        let path = try RequestPath(normalizing: target)
        #expect(path.text == text)
        #expect(try RequestPath(normalizing: path.text) == path)
    }

    @Test(
        "what servers read differently is refused",
        arguments: [
            ("", "begin"), ("a", "begin"), ("*", "begin"), ("https://example.com/a", "begin"), ("?a", "begin"),
            ("%2Fa", "begin"), (" /a", "begin"), ("\u{FEFF}/a", "begin"), ("#/a", "fragment"),
            ("/a#/b", "fragment"), ("/a#\\b", "fragment"), ("/a#%2Fb", "fragment"), ("/a#;b", "fragment"),
            ("/a%2fb", "slashes"), ("/a%2Fb", "slashes"), ("/%2F", "slashes"), ("/a/%2f/b", "slashes"),
            ("/a%5cb", "backslashes"), ("/a%5Cb", "backslashes"), ("/a\\b", "backslashes"), ("/\\a", "backslashes"),
            ("/a;b", "semicolons"), ("/a;/../b", "semicolons"), ("/a/..;/b", "semicolons"), ("/;", "semicolons"),
            ("/a%3bb", "semicolons"), ("/a%3B", "semicolons"), ("/;a=b/c", "semicolons"),
            ("/a\0", "control"), ("/a%00", "control"), ("/a%0a", "control"), ("/a\n", "control"), ("/a\tb", "control"),
            ("/a%0D%0Ab", "control"), ("/%7f", "control"), ("/a\u{7F}", "control"), ("/a%1F", "control"),
            ("/a\u{85}", "control"), ("/a%C2%85", "control"), ("/a\u{2028}", "control"), ("/%E2%80%A9", "control"),
            ("/a?b\0", "control"), ("/a?b\r\nX: y", "control"), ("/a#\n", "control"),
            ("/a b", "%20"), ("/a ", "%20"),
            ("/%", "hexadecimal"), ("/a%", "hexadecimal"), ("/a%2", "hexadecimal"), ("/a%2/b", "hexadecimal"),
            ("/%g0", "hexadecimal"), ("/%0g", "hexadecimal"), ("/%u002e", "hexadecimal"), ("/%%32e", "hexadecimal"),
            ("/%2%65", "hexadecimal"), ("/% 20", "hexadecimal"), ("/%+2", "hexadecimal"), ("/%２e", "hexadecimal"),
            ("/%ff", "UTF-8"), ("/%c0%af", "UTF-8"), ("/%c0%ae%c0%ae/a", "UTF-8"), ("/%e2%82", "UTF-8"),
            ("/%ed%a0%80", "UTF-8"), ("/%80", "UTF-8"), ("/%f4%90%80%80", "UTF-8"), ("/%c3/%bc", "UTF-8"),
            ("/a%252fb", "again"), ("/a%252Fb", "again"), ("/%252e%252e/a", "again"), ("/%2541", "again"),
            ("/%25%32%66", "again"), ("/%252%66", "again"), ("/%25252f", "again"), ("/%25%2541", "again"),
            ("/..", "root"), ("/../a", "root"), ("/a/../..", "root"), ("/a/../../b", "root"), ("/%2e%2e", "root"),
            ("/./..", "root"), ("/a/../.%2E/a", "root"),
            ("/a//../b", "double slash"), ("//..", "double slash"), ("/a//b/../../c", "double slash"),
            ("/a/.//../b", "double slash"), ("/a//%2e%2e/b", "double slash"),
        ]
    )
    func refused(target: String, word: String) {
        let error = #expect(throws: FieldError.self) { try RequestPath(normalizing: target) }
        #expect(error?.message.contains(word) == true, "\(String(describing: error))")
    }

    @Test("length and number of segments are bounded")
    func bounds() throws {
        let longest = "/" + String(repeating: "a", count: RequestPath.longest - 1)
        #expect(try RequestPath(normalizing: longest).text == longest)
        #expect(try RequestPath(normalizing: longest + "?" + longest).text == longest)
        #expect(throws: FieldError("must have at most 2048 bytes")) { try RequestPath(normalizing: longest + "a") }
        // What is in bounds as it is given has to be so when it is read again.
        let umlauts = "/" + String(repeating: "ü", count: 1000)
        #expect(throws: FieldError("must have at most 2048 bytes when its characters are escaped")) {
            try RequestPath(normalizing: umlauts)
        }
        let deepest = String(repeating: "/a", count: RequestPath.mostSegments)
        #expect(try RequestPath(normalizing: deepest + "/").segments.count == 64)
        #expect(throws: FieldError("must have at most 64 segments")) { try RequestPath(normalizing: deepest + "/a") }
        #expect(throws: FieldError("must have at most 64 segments")) { try RequestPath(normalizing: deepest + "/%61") }
        #expect(try RequestPath(normalizing: deepest + "/a/..").text == deepest)
    }

    @Test("no refusal repeats the path", arguments: ["/hunter2\0", "hunter2", "/hunter2;", "/hunter2%2f", "/hunter2%"])
    func quiet(target: String) {
        let error = #expect(throws: FieldError.self) { try RequestPath(normalizing: target) }
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test(
        "characters that may stand for themselves are compared in one spelling",
        arguments: ["!$&'()*+,=:@", "jobs:cancel", "a@b.example", "~user", "a%3F%23%25b", "ü"]
    )
    func comparing(literal: String) throws {
        let escaped = literal.utf8.map { "!$&'()*+,=:@".utf8.contains($0) ? Self.escape($0) : Self.character($0) }
        let plain = try RequestPath(normalizing: "/" + literal)
        let other = try RequestPath(normalizing: "/" + escaped.joined())
        #expect(plain.segments == other.segments)
        #expect(plain.segments.count == 1)
    }

    /// Writes a byte as it is, or as an escape where text cannot hold it alone.
    private static func character(_ byte: UInt8) -> String {
        byte < 0x80 ? String(UnicodeScalar(byte)) : Self.escape(byte)
    }

    private static func escape(_ byte: UInt8, lowercase: Bool = false) -> String {
        let digits = String(byte, radix: 16, uppercase: !lowercase)
        return "%" + (byte < 16 ? "0" : "") + digits
    }

    @Test("every way to spell a path gives the same", arguments: 1...20 as ClosedRange<UInt64>)
    func spellings(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let words = ["a", "B", "invoices", "0.5", "~x", "_", "..a", "a..", "..."]
        for _ in 0..<200 {
            let wanted = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                words.randomElement(using: &generator) ?? "a"
            }
            let normal = "/" + wanted.joined(separator: "/")
            var target = ""
            for word in wanted + [""] {
                target += Self.noise(&generator) + "/"
                for byte in word.utf8 {
                    target +=
                        Int.random(in: 0..<3, using: &generator) == 0
                        ? Self.escape(byte, lowercase: Bool.random(using: &generator)) : Self.character(byte)
                }
            }
            if Bool.random(using: &generator) { target += "?" + wanted.joined(separator: "/../") }
            #expect(try RequestPath(normalizing: target).text == normal, "seed \(seed), \(target)")
        }
    }

    /// Something that adds nothing to a path.
    private static func noise(_ generator: inout SeededGenerator) -> String {
        ["", "", "", "/.", "/%2E", "/x/..", "/x/%2e.", "/x/y/../..", "/x/./.%2e", "/"].randomElement(using: &generator)
            ?? ""
    }

    @Test("what is accepted is normal, whatever comes", arguments: 1...20 as ClosedRange<UInt64>)
    func anything(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let parts = [
            "/", "/", "/", "/", "a", "b", ".", "..", ".", "%2e", "%2E", "%61", "%", "%25", "2", "5", "e", "f", "%2f",
            ";",
            "\\", "%C3%BC", "ü", "%c3", "\0", ":", "%3a", "?", "#", " ", "%20", "*", "{", "}",
        ]
        var accepted = 0
        for _ in 0..<2000 {
            let target = "/" + (0..<8).map { _ in parts.randomElement(using: &generator) ?? "/" }.joined()
            guard let path = try? RequestPath(normalizing: target) else { continue }
            accepted += 1
            let text = path.text
            let place: Comment = "seed \(seed), \(target)"
            #expect(try RequestPath(normalizing: text) == path, place)
            #expect(PathNormalizer.isNormal(text) || text.contains("%"), place)
            #expect(try PathNormalizer.normalize(text) == text, place)
            let pieces = text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            #expect(text == "/" || pieces.allSatisfy { !$0.isEmpty }, place)
            #expect(!pieces.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }, place)
            #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\\;?#{}".utf8.contains($0) }, place)
            // Where nothing is ambiguous, the dot segments go as RFC 3986 has them go.
            if !target.contains("%"), !target.contains("//"), !target.contains(where: { "?#ü {}".contains($0) }) {
                #expect(text == Self.removingDots(target), place)
            }
        }
        #expect(accepted > 100)
    }

    /// RFC 3986 section 5.2.4 step by step, and without the slash at the end.
    private static func removingDots(_ path: String) -> String {
        var input = path[...]
        var output: [Substring] = []
        while !input.isEmpty {
            if input.hasPrefix("/./") {
                input = input.dropFirst(2)
            } else if input == "/." {
                input = "/"
            } else if input.hasPrefix("/../") || input == "/.." {
                input = input == "/.." ? "/" : input.dropFirst(3)
                _ = output.popLast()
            } else {
                let end = input.dropFirst().firstIndex(of: "/") ?? input.endIndex
                output.append(input[..<end])
                input = input[end...]
            }
        }
        let result = output.joined()
        return result.count > 1 && result.hasSuffix("/") ? String(result.dropLast()) : result
    }
}

extension String {
    fileprivate var escaped: String {
        self.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "%20")
    }
}
