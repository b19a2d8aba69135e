import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Patterns of origins")
struct OriginPatternTests {
    @Test(
        "patterns are normalised",
        arguments: [
            ("https://app.example.com", "https://app.example.com"), ("http://localhost:3000", "http://localhost:3000"),
            ("HTTPS://*.Example.COM:443", "https://*.example.com"),
            ("https://*.example.com:8443", "https://*.example.com:8443"),
            ("https://*.a.b.example.com", "https://*.a.b.example.com"), ("http://[0:0::1]:80", "http://[::1]"),
            ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
        ]
    )
    func normal(text: String, normal: String) throws {
        let pattern = try OriginPattern(parsing: text)
        #expect(pattern.description == normal)
        #expect(try OriginPattern(parsing: normal) == pattern)
    }

    @Test(
        "a refused pattern says what to change",
        arguments: [
            ("*", "must be a scheme, :// and a host, such as https://app.example.com"),
            ("null", "must be a scheme, :// and a host, such as https://app.example.com"),
            ("app.example.com", "must be a scheme, :// and a host, such as https://app.example.com"),
            ("*://app.example.com", "must begin with a scheme such as https"),
            ("file://host", "must not have a scheme whose pages have no origin of their own"),
            ("https://app.example.com/", "must end after host and port: no path, no query, no slash at the end"),
            ("https://app.example.com?a", "must end after host and port: no path, no query, no slash at the end"),
            ("https://app.example.com#a", "must end after host and port: no path, no query, no slash at the end"),
            ("https://user@app.example.com", "must not have a user name"),
            ("https://bücher.example", "must have the ASCII form of an international name, which begins with xn--"),
            (
                "https://app.example.com.",
                "must have a host of letters, digits, - and dots; * only as its whole first label"
            ),
            ("https://*", "must have a host of letters, digits, - and dots; * only as its whole first label"),
            (
                "https://*example.com",
                "must have a host of letters, digits, - and dots; * only as its whole first label"
            ),
            (
                "https://a.*.example.com",
                "must have a host of letters, digits, - and dots; * only as its whole first label"
            ),
            (
                "https://*.*.example.com",
                "must have a host of letters, digits, - and dots; * only as its whole first label"
            ),
            ("https://*.", "must have a host of letters, digits, - and dots; * only as its whole first label"),
            ("https://", "must have a host of letters, digits, - and dots; * only as its whole first label"),
            ("https://*.com", "must have at least two labels after the *"),
            ("https://*.localhost", "must have at least two labels after the *"),
            ("https://*.0.0.1", "must have an IPv4 address as four decimal numbers, or a name that ends in no number"),
            (
                "https://*.127.0.0.1",
                "must have an IPv4 address as four decimal numbers, or a name that ends in no number"
            ),
            ("https://127.1", "must have an IPv4 address as four decimal numbers, or a name that ends in no number"),
            ("https://[::1", "must have an IPv6 address between brackets, such as http://[::1]:3000"),
            ("https://app.example.com:*", "must have a port from 1 to 65535 without leading zeros, or none"),
            ("https://app.example.com:0", "must have a port from 1 to 65535 without leading zeros, or none"),
            ("https://" + String(repeating: "a", count: 600), "must have at most 512 characters"),
        ]
    )
    func refused(text: String, message: String) {
        #expect(throws: FieldError(message)) { try OriginPattern(parsing: text) }
    }

    @Test(
        "what a pattern means and what not",
        arguments: [
            (
                "https://app.example.com",
                ["https://app.example.com", "https://app.example.com:443", "HTTPS://APP.EXAMPLE.COM"],
                [
                    "http://app.example.com", "https://app.example.com:8443", "https://www.app.example.com",
                    "https://example.com", "https://app.example.com.evil.com", "https://evilapp.example.com",
                ]
            ),
            (
                "https://*.example.com",
                ["https://app.example.com", "https://a.b.example.com", "https://xn--bcher-kva.example.com:443"],
                [
                    "https://example.com", "http://app.example.com", "https://app.example.com:8443",
                    "https://evilexample.com", "https://app.example.com.evil.com", "https://app.example.org",
                    "https://xn--pp-example-com.evil.com", "https://com", "https://e.com",
                ]
            ),
            (
                "http://localhost:3000", ["http://localhost:3000"],
                ["http://localhost", "https://localhost:3000", "http://localhost:30000", "http://127.0.0.1:3000"]
            ),
            ("http://[::1]", ["http://[0:0:0:0:0:0:0:1]"], ["http://[::2]", "https://[::1]", "http://localhost"]),
            (
                "chrome-extension://abcdefghijklmnop", ["chrome-extension://abcdefghijklmnop"],
                ["chrome-extension://abcdefghijklmnoq", "https://abcdefghijklmnop"]
            ),
        ]
    )
    func meaning(pattern: String, matching: [String], others: [String]) throws {
        let pattern = try OriginPattern(parsing: pattern)
        for text in matching { #expect(pattern.matches(try #require(Origin(parsing: text))), "\(text)") }
        for text in others { #expect(!pattern.matches(try #require(Origin(parsing: text))), "\(text)") }
    }

    @Test("a wildcard means the names that end in its labels", arguments: [61, 62] as [UInt64])
    func wildcards(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func labels(_ count: ClosedRange<Int>) -> [String] {
            (0..<Int.random(in: count, using: &generator)).map { _ in
                ["a", "b", "ab", "ba", "a-b"].randomElement(using: &generator) ?? ""
            }
        }
        for _ in 0..<5000 {
            let behind = labels(2...3)
            let host = labels(1...5)
            let pattern = try OriginPattern(parsing: "https://*." + behind.joined(separator: "."))
            let origin = try #require(Origin(parsing: "https://" + host.joined(separator: ".")))
            let isMeant = host.count > behind.count && Array(host.suffix(behind.count)) == behind
            #expect(pattern.matches(origin) == isMeant, "\(pattern) \(origin)")
        }
    }
}
