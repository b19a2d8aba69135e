import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Endpoint rules")
struct EndpointRulesTests {
    private static func rule(_ text: String) throws -> EndpointRule {
        let parts = text.split(separator: " ")
        let methods =
            parts[0] == "*" ? [] : try parts[0].split(separator: ",").map { try HTTPMethodName(parsing: "\($0)") }
        return EndpointRule(methods: Set(methods), path: try PathPattern(parsing: "\(parts[1])"))
    }

    private static func rules(_ texts: [String]) throws -> EndpointRules {
        try EndpointRules(texts.map(Self.rule))
    }

    private static func winner(_ rules: EndpointRules, _ method: String, _ path: String) throws -> String? {
        rules.match(method: method, path: try RequestPath(normalizing: path))?.description
    }

    @Test(
        "the most specific rule wins, in whatever order they are given",
        arguments: [
            ("GET", "/v1/invoices/42", "GET /v1/invoices/{id}"),
            ("GET", "/v1/invoices/next", "* /v1/invoices/next"),
            ("POST", "/v1/invoices/42", "* /v1/invoices/*"),
            ("GET", "/v1/invoices/42/lines", "* /v1/invoices/{id}/lines"),
            ("GET", "/v1/invoices/next/lines", "* /v1/invoices/next/**"),
            ("GET", "/v1/invoices/42/pdf", "* /v1/invoices/**"),
            ("DELETE", "/v1/invoices/42/lines", "DELETE /v1/invoices/{id}/lines"),
            ("GET", "/v1/other", "* /**"), ("GET", "/v1", "* /{x}"), ("GET", "/", nil), ("PUT", "/root", "* /{x}"),
            // A rule for other methods hides nothing.
            ("PATCH", "/v1/only/post", "* /**"), ("POST", "/v1/only/post", "POST /v1/only/post"),
        ]
    )
    func specificity(method: String, path: String, expected: String?) throws {
        let texts = [
            "GET /v1/invoices/{id}", "* /v1/invoices/next", "* /v1/invoices/*", "* /v1/invoices/{id}/lines",
            "* /v1/invoices/next/**", "* /v1/invoices/**", "DELETE /v1/invoices/{id}/lines", "* /**", "* /{x}",
            "POST /v1/only/post",
        ]
        var generator = SeededGenerator(seed: 1)
        for order in [texts, texts.reversed(), texts.shuffled(using: &generator)] {
            #expect(try Self.winner(Self.rules(order), method, path) == expected)
        }
    }

    @Test("HEAD takes its own rule, then that of GET, then that of any method")
    func head() throws {
        #expect(try Self.winner(Self.rules(["HEAD /a", "GET /a", "* /a"]), "HEAD", "/a") == "HEAD /a")
        #expect(try Self.winner(Self.rules(["GET /a", "* /a"]), "HEAD", "/a") == "GET /a")
        #expect(try Self.winner(Self.rules(["* /a", "POST /a"]), "HEAD", "/a") == "* /a")
        #expect(try Self.winner(Self.rules(["POST /a"]), "HEAD", "/a") == nil)
        #expect(try Self.winner(Self.rules(["HEAD /a", "POST /a"]), "GET", "/a") == nil)
        // Less specific rules for HEAD do not free a path that is protected for GET.
        #expect(try Self.winner(Self.rules(["GET /a", "HEAD /**"]), "HEAD", "/a") == "GET /a")
    }

    @Test("what a method looks like")
    func methods() throws {
        let rules = try Self.rules(["DELETE /a", "* /**"])
        for method in ["DELETE", "delete", "Delete"] {
            #expect(try Self.winner(rules, method, "/a") == "DELETE /a")
        }
        #expect(try Self.winner(rules, "DELETE ", "/a") == "* /**")
        #expect(try Self.winner(rules, "", "/a") == "* /**")
        for method in ["", "DELETE ", "DE LETE", "DELETE\r\n", "ＤＥＬＥＴＥ", String(repeating: "A", count: 33)] {
            #expect(rules.decide(method: method, path: "/a") == .unreadable("The method is no HTTP method."))
        }
    }

    @Test("what no rule is for")
    func otherwise() throws {
        let rule = try Self.rule("GET /a")
        let deny = try EndpointRules([rule])
        #expect(deny.decide(method: "GET", path: "/a?x") == .rule(rule))
        #expect(deny.decide(method: "GET", path: "/b") == .denied)
        #expect(deny.decide(method: "POST", path: "/a") == .denied)
        let allow = try EndpointRules([rule], whenNoRuleMatches: .allow)
        #expect(allow.decide(method: "GET", path: "/a/") == .rule(rule))
        #expect(allow.decide(method: "GET", path: "/b") == .allowed)
        // What cannot be read is allowed by nobody.
        #expect(
            allow.decide(method: "GET", path: "/a%2f")
                == .unreadable("The path must not have backslashes, or slashes as escapes.")
        )
        #expect(allow.decide(method: "GET", path: "") == .unreadable("The path must begin with a slash."))
    }

    @Test("agrees with a matcher that looks at every rule", arguments: 1...40 as ClosedRange<UInt64>)
    func reference(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5 {
            var reference = ReferenceRules()
            var rules: [EndpointRule] = []
            for _ in 0..<Int.random(in: 1...40, using: &generator) {
                let entry = ReferenceRules.random(&generator)
                let rule = try Self.rule(entry.description)
                if reference.add(entry) {
                    rules.append(rule)
                } else {
                    #expect(throws: FieldError.self, "seed \(seed), \(entry)") { try EndpointRules(rules + [rule]) }
                }
            }
            let compiled = try EndpointRules(rules)
            var wrong: [String] = []
            for _ in 0..<80 {
                let path = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                    ["a", "b", "c"].randomElement(using: &generator) ?? "a"
                }
                let method = ["GET", "HEAD", "PUT", "POST"].randomElement(using: &generator) ?? "GET"
                let expected = reference.match(method, path)
                let request = try RequestPath(normalizing: "/" + path.joined(separator: "/"))
                let found = compiled.match(method: method, path: request)
                if found != expected.map({ rules[$0] }) { wrong.append("\(method) \(request)") }
                for rule in rules {
                    let pattern = rule.path.text.split(separator: "/").map(String.init)
                    if rule.path.matches(request) != ReferenceRules.covers(pattern, path) {
                        wrong.append("\(request) by \(rule)")
                    }
                }
            }
            #expect(wrong.isEmpty, "seed \(seed), \(rules.map(\.description))")
        }
    }
}

/// The definition, word by word: of all rules that match, the first in the order of specificity.
private struct ReferenceRules {
    struct Entry: CustomStringConvertible {
        var methods: [String]
        var pattern: [String]

        var description: String {
            (self.methods.isEmpty ? "*" : self.methods.joined(separator: ",")) + " /"
                + self.pattern.joined(separator: "/")
        }

        /// For each segment 0 for a literal, 1 for any one, 2 for the rest.
        var kinds: [Int] { self.pattern.map { $0 == "**" ? 2 : $0 == "*" || $0.hasPrefix("{") ? 1 : 0 } }

        /// Nil if the rule is not for the method.
        func rank(of method: String) -> Int? {
            if self.methods.contains(method) { return 0 }
            if method == "HEAD", self.methods.contains("GET") { return 1 }
            return self.methods.isEmpty ? 2 : nil
        }
    }

    var entries: [Entry] = []

    static func random(_ generator: inout SeededGenerator) -> Entry {
        var pattern = (0..<Int.random(in: 0...4, using: &generator)).map { index in
            ["a", "b", "*", "{p\(index)}"].randomElement(using: &generator) ?? "a"
        }
        if Int.random(in: 0..<4, using: &generator) == 0 { pattern.append("**") }
        let methods = ["GET", "HEAD", "PUT"].filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
        return Entry(methods: methods, pattern: pattern)
    }

    /// Whether the rule could be added.
    mutating func add(_ entry: Entry) -> Bool {
        let isTaken = self.entries.contains { other in
            zip(other.pattern, entry.pattern).allSatisfy { $0 == $1 || Self.isAny($0) && Self.isAny($1) }
                && other.pattern.count == entry.pattern.count
                && (other.methods.isEmpty && entry.methods.isEmpty
                    || !Set(other.methods).isDisjoint(with: entry.methods))
        }
        if !isTaken { self.entries.append(entry) }
        return !isTaken
    }

    private static func isAny(_ segment: String) -> Bool { segment == "*" || segment.hasPrefix("{") }

    static func covers(_ pattern: [String], _ path: [String]) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        guard let segment = path.first else { return false }
        if first == "**" { return true }
        return (Self.isAny(first) || first == segment)
            && Self.covers(Array(pattern.dropFirst()), Array(path.dropFirst()))
    }

    func match(_ method: String, _ path: [String]) -> Int? {
        var best: (key: [Int], index: Int)?
        for (index, entry) in self.entries.enumerated() {
            guard Self.covers(entry.pattern, path), let rank = entry.rank(of: method) else { continue }
            // The method counts last, so it stands behind every kind that a segment can have.
            let key = entry.kinds + [3, rank]
            if let found = best, !key.lexicographicallyPrecedes(found.key) { continue }
            best = (key, index)
        }
        return best?.index
    }
}
