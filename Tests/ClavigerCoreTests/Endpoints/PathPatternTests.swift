import Testing

@testable import ClavigerCore

@Suite("Path patterns")
struct PathPatternTests {
    @Test(
        "which paths a pattern is for",
        arguments: [
            ("/", "/", true), ("/", "/a", false), ("/a", "/a", true), ("/a", "/a/", true), ("/a", "/", false),
            ("/a", "/a/b", false), ("/a", "/A", false), ("/a", "/ab", false), ("/ab", "/a", false),
            ("/v1/invoices/{id}", "/v1/invoices/42", true), ("/v1/invoices/{id}", "/v1/invoices", false),
            ("/v1/invoices/{id}", "/v1/invoices/42/lines", false), ("/v1/*/lines", "/v1/42/lines", true),
            ("/v1/*", "/v1/42", true), ("/v1/*", "/v1", false), ("/v1/*", "/v1/4/2", false),
            ("/v1/**", "/v1", false), ("/v1/**", "/v1/", false), ("/v1/**", "/v1/a", true),
            ("/v1/**", "/v1/a/b/c", true),
            ("/v1/**", "/v2/a", false), ("/v1/**", "/v10/a", false), ("/**", "/", false), ("/**", "/a", true),
            ("/{a}/**", "/x", false), ("/{a}/**", "/x/y", true),
            ("/ü", "/%c3%bc", true), ("/%C3%BC", "/ü", true), ("/%7eme", "/~me", true), ("/a%20b", "/a%20b", true),
            ("/jobs:cancel", "/jobs%3Acancel", true), ("/jobs%3acancel", "/jobs:cancel", true),
            ("/%2A", "/*", true), ("/%2A", "/a", false), ("/%7Bid%7D", "/{id}", true), ("/%7Bid%7D", "/a", false),
            ("/%2A%2A", "/a/b", false), ("/e\u{301}", "/\u{E9}", false),
        ]
    )
    func matching(pattern: String, path: String, isMatch: Bool) throws {
        let pattern = try PathPattern(parsing: pattern)
        let path = try RequestPath(normalizing: path)
        #expect(pattern.matches(path) == isMatch)
        let rules = try EndpointRules([EndpointRule(path: pattern)])
        #expect((rules.match(method: "GET", path: path) != nil) == isMatch)
    }

    @Test(
        "patterns have one spelling, which reads back to the same",
        arguments: [
            ("/", "/"), ("//", "/"), ("/a/", "/a"), ("//a///b", "/a/b"), ("/%61/%c3%bc", "/a/%C3%BC"),
            ("/ü", "/%C3%BC"),
            ("/{id}/**", "/{id}/**"), ("/*/**/", "/*/**"), ("/a%2ab", "/a%2Ab"), ("/%7bid%7d", "/%7Bid%7D"),
            ("/{_a-1}/{B}", "/{_a-1}/{B}"), ("/a:b", "/a:b"), ("/...", "/..."),
        ]
    )
    func spelling(text: String, normal: String) throws {
        let pattern = try PathPattern(parsing: text)
        #expect(pattern.text == normal)
        #expect("\(pattern)" == normal)
        #expect(try PathPattern(parsing: normal) == pattern)
    }

    @Test(
        "what is no pattern",
        arguments: [
            ("", "begin"), ("a", "begin"), ("**", "begin"), ("https://example.com/a", "begin"),
            ("/**/a", "only at the end"), ("/**/**", "only at the end"), ("/**/*", "only at the end"),
            ("/a*", "whole segments"), ("/*a", "whole segments"), ("/a*b", "whole segments"),
            ("/***", "whole segments"),
            ("/*.json", "whole segments"), ("/{id}.json", "whole segments"), ("/x{id}", "whole segments"),
            ("/{id", "whole segments"), ("/id}", "whole segments"), ("/{a}{b}", "letters"), ("/{a}x{b}", "letters"),
            ("/{}", "letters"), ("/{*}", "letters"), ("/{1}", "letters"), ("/{-a}", "letters"), ("/{a b}", "letters"),
            ("/{id:[0-9]+}", "letters"), ("/{id...}", "letters"), ("/{ü}", "letters"),
            ("/{\(String(repeating: "a", count: 65))}", "letters"),
            ("/{a}/{a}", "twice"), ("/{a}/x/{a}/**", "twice"),
            ("/a?b", "query"), ("/a?", "query"), ("/a#b", "query"),
            ("/.", "dot segments"), ("/..", "dot segments"), ("/a/../b", "dot segments"),
            ("/a/%2e%2E/b", "dot segments"),
            ("/a/./b", "dot segments"), ("/a%2Fb", "slashes"), ("/a\\b", "backslashes"), ("/a;b", "semicolons"),
            ("/a%00", "control"), ("/a\n", "control"), ("/a b", "%20"), ("/%zz", "hexadecimal"), ("/%c0%af", "UTF-8"),
            ("/a%252fb", "again"), ("/" + String(repeating: "a", count: 2048), "2048 bytes"),
            ("/" + String(repeating: "ü", count: 1000), "2048 bytes"),
            (String(repeating: "/a", count: 65), "64 segments"),
            (String(repeating: "/*", count: 65), "64 segments"),
        ]
    )
    func refused(text: String, word: String) {
        let error = #expect(throws: FieldError.self) { try PathPattern(parsing: text) }
        #expect(error?.message.contains(word) == true, "\(String(describing: error))")
    }

    @Test("the longest patterns are accepted")
    func bounds() throws {
        let longest = "/" + String(repeating: "a", count: 2047)
        #expect(try PathPattern(parsing: longest).matches(RequestPath(normalizing: longest)))
        let deepest = String(repeating: "/*", count: 63) + "/**"
        #expect(try PathPattern(parsing: deepest).matches(RequestPath(normalizing: String(repeating: "/a", count: 64))))
    }

    @Test("no refusal repeats the pattern", arguments: ["/hunter2*", "/{hunter2", "hunter2", "/hunter2;"])
    func quiet(text: String) {
        let error = #expect(throws: FieldError.self) { try PathPattern(parsing: text) }
        #expect(error?.message.contains("hunter2") == false)
    }
}
