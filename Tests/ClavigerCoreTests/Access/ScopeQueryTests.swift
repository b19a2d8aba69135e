import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Scope queries")
struct ScopeQueryTests {
    private static func held(_ texts: [String]) throws -> ScopeSet {
        ScopeSet(try texts.map(Scope.init(parsing:)))
    }

    /// The query with every parenthesis written out.
    private static func text(_ term: ScopeQuery.Term) -> String {
        switch term {
        case .scope(let scope): scope.text
        case .all(let terms): "(" + terms.map(Self.text).joined(separator: " AND ") + ")"
        case .any(let terms): "(" + terms.map(Self.text).joined(separator: " OR ") + ")"
        }
    }

    @Test(
        "AND binds closer than OR",
        arguments: [
            ("a", "a"), ("a.*", "a.*"), ("a AND b", "(a AND b)"), ("a OR b", "(a OR b)"),
            ("a AND b AND c", "(a AND b AND c)"),
            ("a OR b AND c", "(a OR (b AND c))"), ("a AND b OR c", "((a AND b) OR c)"),
            ("(a OR b) AND c", "((a OR b) AND c)"),
            ("a AND (b OR c)", "(a AND (b OR c))"), ("a AND b OR c AND d", "((a AND b) OR (c AND d))"), ("((a))", "a"),
            ("  a   AND(b OR c)  ", "(a AND (b OR c))"), ("(a)AND(b)", "(a AND b)"), ("and OR or", "(and OR or)"),
            ("ANDROID AND ORDERS", "(ANDROID AND ORDERS)"),
        ]
    )
    func precedence(text: String, full: String) throws {
        #expect(Self.text(try ScopeQuery(parsing: text).term) == full)
    }

    @Test(
        "what is no query",
        arguments: [
            "", "   ", "AND", "OR", "a AND", "AND a", "a OR", "OR a", "a b", "a AND AND b", "a AND OR b", "(", ")",
            "()", "(a",
            "a)", "(a))", "((a)", ")a(", "a (b)", "(a) b", "a AND ()", "a and b", "a And b", "NOT a", "a && b", "a, b",
            "a\tAND b",
            "a\nAND b", "a\u{A0}AND b", "a AND b\0", "a AND é", "a ＡＮＤ b", "a AND b.", "a. AND b", "a (\u{301}b)",
            "a \u{301}AND b",
        ]
    )
    func malformed(text: String) {
        #expect(throws: FieldError.self) { try ScopeQuery(parsing: text) }
    }

    @Test("length, number and depth are limited")
    func limits() throws {
        let name = String(repeating: "a", count: 100)
        let fitting =
            Array(repeating: name, count: 9).joined(separator: " AND ") + " AND " + String(repeating: "b", count: 79)
        _ = try ScopeQuery(parsing: fitting)
        #expect(fitting.utf8.count == 1024)
        #expect(throws: FieldError("must have at most 1024 characters")) { try ScopeQuery(parsing: fitting + " ") }
        _ = try ScopeQuery(parsing: Array(repeating: "a", count: 64).joined(separator: " OR "))
        #expect(throws: FieldError("must name at most 64 scopes")) {
            try ScopeQuery(parsing: Array(repeating: "a", count: 65).joined(separator: " OR "))
        }
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
        }
        _ = try ScopeQuery(parsing: nested(16))
        #expect(throws: FieldError("must not nest parentheses deeper than 16 levels")) {
            try ScopeQuery(parsing: nested(17))
        }
        #expect(throws: FieldError.self) { try ScopeQuery(parsing: String(repeating: "(", count: 1024)) }
    }

    @Test(
        "what is missing is what would have to be added",
        arguments: [
            ("a AND b", ["a"], ["b"]), ("a AND b", [], ["a", "b"]), ("a AND b", ["a", "b"], []), ("a OR b", [], ["a"]),
            ("a OR b", ["b"], []), ("a AND (b OR c)", ["a"], ["b"]), ("a AND (b OR c)", ["a", "c"], []),
            ("(a AND b) OR c", ["a"], ["b"]), ("a.*", ["a.b"], ["a.*"]), ("a.b", ["a.*"], []), ("a AND b", ["*"], []),
        ]
    )
    func missing(query: String, held: [String], missing: [String]) throws {
        let query = try ScopeQuery(parsing: query)
        let held = try Self.held(held)
        #expect(query.missing(from: held).map(\.text) == missing)
        #expect(query.isFulfilled(by: held) == missing.isEmpty)
    }

    @Test("a query means what its full form means", arguments: [81, 82] as [UInt64])
    func rendering(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let letters = ["a", "b", "c", "d"]
        for _ in 0..<300 {
            let sample = Self.sample(depth: 3, &generator)
            let query = try ScopeQuery(parsing: sample.text)
            let again = try ScopeQuery(parsing: Self.text(query.term))
            #expect(again == query, "seed \(seed), \(sample.text)")
            for mask in 0..<16 {
                let held = letters.indices.filter { mask >> $0 & 1 == 1 }.map { letters[$0] }
                let scopes = try Self.held(held)
                #expect(
                    query.isFulfilled(by: scopes) == sample.meaning(Set(held)),
                    "seed \(seed), \(sample.text), \(held)"
                )
                let added = ScopeSet(scopes.scopes + query.missing(from: scopes))
                #expect(query.isFulfilled(by: added), "seed \(seed), \(sample.text), \(held)")
            }
        }
    }

    /// A random query and what it means, built together.
    private static func sample(
        depth: Int,
        _ generator: inout SeededGenerator
    ) -> (text: String, meaning: (Set<String>) -> Bool) {
        guard depth > 0, Int.random(in: 0..<4, using: &generator) > 0 else {
            let letter = ["a", "b", "c", "d"][Int.random(in: 0..<4, using: &generator)]
            return (letter, { $0.contains(letter) })
        }
        let one = Self.sample(depth: depth - 1, &generator)
        let other = Self.sample(depth: depth - 1, &generator)
        return Bool.random(using: &generator)
            ? ("(\(one.text) AND \(other.text))", { one.meaning($0) && other.meaning($0) })
            : ("( \(one.text) OR \(other.text) )", { one.meaning($0) || other.meaning($0) })
    }
}
