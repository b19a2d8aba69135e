import Testing

@testable import ClavigerCore

@Suite("Endpoint rules as JSON")
struct EndpointRuleTests {
    private static func reader(_ text: String) throws -> ObjectReader {
        try ObjectReader(body: JSON.parse(Array(text.utf8)))
    }

    @Test(
        "a rule reads back to the same",
        arguments: [
            (
                #"{"methods":["GET"],"path":"/v1/invoices/{id}/**","scopes":"invoices.read","cost":1}"#,
                #"{"methods":["GET"],"path":"/v1/invoices/{id}/**","scopes":"invoices.read","cost":1}"#
            ),
            (#"{"path":"/"}"#, #"{"path":"/","cost":1}"#),
            (#"{"path":"//a/%7eb/","methods":[],"cost":0}"#, #"{"path":"/a/~b","cost":0}"#),
            (
                #"{"path":"/**","methods":["PUT","GET","M-SEARCH"],"scopes":"(a  AND(b.* OR c))","cost":1000000}"#,
                #"{"methods":["GET","M-SEARCH","PUT"],"path":"/**","scopes":"a AND (b.* OR c)","cost":1000000}"#
            ),
            (#"{"path":"/a","methods":null,"scopes":null,"cost":null}"#, #"{"path":"/a","cost":1}"#),
        ]
    )
    func roundTrip(text: String, canonical: String) throws {
        var reader = try Self.reader(text)
        let rule = try #require(EndpointRule(reading: &reader))
        try reader.finish()
        #expect(String(decoding: rule.json.serialized(), as: UTF8.self) == canonical)
        var again = try Self.reader(canonical)
        #expect(EndpointRule(reading: &again) == rule)
    }

    @Test("everything that is wrong comes at once, and nothing of it becomes a weaker rule")
    func wrong() throws {
        var reader = try Self.reader(
            #"{"endpointRules":[{"path":"/a","scopes":"a b"},{"methods":["get","GET",7,"A B",""],"path":"a","cost":-1,"x":1},"#
                + #"{},{"path":"/b","cost":1000001},{"path":"/c","cost":1.5},{"path":"/d","cost":"1"},"#
                + #"{"path":"/e","cost":9223372036854775807},{"path":"/f","methods":["GET","GET"]},"#
                + #"{"path":"/g","methods":"GET"},7],"whenNoRuleMatches":"maybe"}"#
        )
        #expect(EndpointRules(reading: &reader) == nil)
        let cost = "must be a whole number from 0 to 1,000,000"
        #expect(
            reader.violations == [
                Violation(
                    "/endpointRules/0/scopes",
                    "must join scopes with AND or OR, and close as many parentheses as it opens"
                ),
                Violation("/endpointRules/1/methods/0", "must be in upper case"),
                Violation("/endpointRules/1/methods/2", "must be a string"),
                Violation(
                    "/endpointRules/1/methods/3",
                    "must be the name of a method of at most 32 characters, such as GET"
                ),
                Violation(
                    "/endpointRules/1/methods/4",
                    "must be the name of a method of at most 32 characters, such as GET"
                ),
                Violation("/endpointRules/1/path", "must begin with a slash"), Violation("/endpointRules/1/cost", cost),
                Violation("/endpointRules/1/x", "is not a known field"),
                Violation("/endpointRules/2/path", "is required"), Violation("/endpointRules/3/cost", cost),
                Violation("/endpointRules/4/cost", cost), Violation("/endpointRules/5/cost", cost),
                Violation("/endpointRules/6/cost", cost),
                Violation("/endpointRules/7/methods", "must not have a method twice"),
                Violation("/endpointRules/8/methods", "must be an array of strings"),
                Violation("/endpointRules/9", "must be an object"),
                Violation("/whenNoRuleMatches", "must be deny or allow"),
            ]
        )
    }

    @Test(
        "a rule of which something is refused is none",
        arguments: [
            #"{"path":"/a","scopes":"a b"}"#, #"{"path":"/a","scopes":7}"#, #"{"path":"/a","methods":["get"]}"#,
            #"{"path":"/a","methods":7}"#, #"{"path":"/a","cost":-1}"#, #"{"path":"a"}"#, #"{"path":null}"#,
        ]
    )
    func refused(text: String) throws {
        var reader = try Self.reader(text)
        #expect(EndpointRule(reading: &reader) == nil)
        #expect(reader.violations.count == 1)
    }

    @Test("two rules for the same requests are named, both of them")
    func conflicts() throws {
        var reader = try Self.reader(
            #"{"endpointRules":[{"path":"a"},{"path":"/a/{id}","methods":["GET","PUT"]},{"path":"/a/{id}"},"#
                + #"{"path":"/a/*","methods":["PUT"]},{"path":"/a/{x}/"},{"path":"/a/{x}","methods":["HEAD"]},"#
                + #"{"path":"/x:y"},{"path":"//x%3Ay"},{"path":"/a/**"},{"path":"/a/**","methods":["GET"]},{"path":"/a/**/"}]}"#
        )
        #expect(EndpointRules(reading: &reader) == nil)
        #expect(
            reader.violations == [
                Violation("/endpointRules/0/path", "must begin with a slash"),
                Violation("/endpointRules/3", "must not be for the same paths and methods as /endpointRules/1"),
                Violation("/endpointRules/4", "must not be for the same paths and methods as /endpointRules/2"),
                Violation("/endpointRules/7", "must not be for the same paths and methods as /endpointRules/6"),
                Violation("/endpointRules/10", "must not be for the same paths and methods as /endpointRules/8"),
            ]
        )
        let rule = EndpointRule(path: try PathPattern(parsing: "/a"))
        #expect(
            throws: FieldError("must not have two rules for the same requests, as numbers 0 and 2 are")
        ) { try EndpointRules([rule, EndpointRule(path: PathPattern(parsing: "/b")), rule]) }
    }

    @Test("all rules read back to the same, in their order")
    func allRules() throws {
        var reader = try Self.reader(
            #"{"endpointRules":[{"path":"/b"},{"path":"/a","methods":["GET"],"scopes":"x"}],"whenNoRuleMatches":"allow"}"#
        )
        let rules = try #require(EndpointRules(reading: &reader))
        try reader.finish()
        #expect(rules.rules.map(\.description) == ["* /b", "GET /a"])
        #expect(rules.whenNoRuleMatches == .allow)
        var again = try ObjectReader(body: rules.json)
        let other = try #require(EndpointRules(reading: &again))
        #expect(other == rules)
        #expect(other.hashValue == rules.hashValue)
        #expect(other != .none)
        var nothing = try Self.reader("{}")
        #expect(EndpointRules(reading: &nothing) == EndpointRules.none)
        #expect(EndpointRules.none.isEmpty)
        #expect(EndpointRules.none.decide(method: "GET", path: "/") == .denied)
    }

    @Test("a thousand rules are read, one more is refused")
    func bounds() throws {
        let paths = try (0...1000).map { EndpointRule(path: try PathPattern(parsing: "/a/\($0)")) }
        var reader = try ObjectReader(body: ["endpointRules": .array(paths.dropLast().map(\.json))])
        #expect(EndpointRules(reading: &reader)?.rules.count == 1000)
        var over = try ObjectReader(body: ["endpointRules": .array(paths.map(\.json))])
        #expect(EndpointRules(reading: &over) == nil)
        #expect(over.violations == [Violation("/endpointRules", "must be an array of at most 1000 objects")])
        #expect(throws: FieldError("must have at most 1000 elements")) { try EndpointRules(paths) }
        let methods = (0..<33).map { JSON.string("M\($0)") }
        var many = try ObjectReader(body: ["path": "/a", "methods": .array(methods)])
        #expect(EndpointRule(reading: &many) == nil)
    }

    @Test("method names", arguments: ["GET", "M-SEARCH", "VERSION-CONTROL", "!#$%&'*+-.^_`|~", "A1", "X"])
    func methods(text: String) throws {
        #expect(try HTTPMethodName(parsing: text).text == text)
        #expect(HTTPMethodName(folding: text.lowercased())?.text == text)
    }

    @Test(
        "what is no method name",
        arguments: [
            "", " ", "GET ", "G ET", "GET\n", "GÉT", "ＧＥＴ", "GET/", "G(", "G\"", "G,P", "G:", "G;", "G@", "G{", "G\0",
            "\u{212A}", String(repeating: "A", count: 33),
        ]
    )
    func noMethods(text: String) {
        #expect(throws: FieldError.self) { try HTTPMethodName(parsing: text) }
        #expect(HTTPMethodName(folding: text) == nil)
    }
}
