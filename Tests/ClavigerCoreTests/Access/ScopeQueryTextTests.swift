import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Scope queries as text")
struct ScopeQueryTextTests {
    @Test(
        "parentheses stand where they make a difference",
        arguments: [
            ("a", "a"), ("((a))", "a"), ("a  AND b", "a AND b"), ("a AND b OR c", "a AND b OR c"),
            ("(a AND b) OR c", "a AND b OR c"), ("a AND(b OR c)AND d", "a AND (b OR c) AND d"),
            ("(a OR b)AND(c OR d)", "(a OR b) AND (c OR d)"), ("(a AND b) AND c", "(a AND b) AND c"),
            ("a OR (b OR c)", "a OR (b OR c)"), ("(a OR b) AND c OR d", "(a OR b) AND c OR d"),
        ]
    )
    func examples(text: String, expected: String) throws {
        let query = try ScopeQuery(parsing: text)
        #expect(query.text == expected)
        #expect("\(query)" == expected)
        #expect(try ScopeQuery(parsing: expected) == query)
    }

    @Test("reads back to the same", arguments: 1...10 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let text = Self.sample(depth: 4, &generator)
            let query = try ScopeQuery(parsing: text)
            #expect(try ScopeQuery(parsing: query.text) == query, "seed \(seed), \(text)")
        }
    }

    @Test("one that only fits without spaces is written without them")
    func longest() throws {
        let scope = String(repeating: "s", count: 100)
        let text =
            "(a OR b)AND(c OR d)AND(\(scope) OR e)AND f AND(g OR" + String(repeating: "(h OR i)OR", count: 20) + " j)"
        let padded = text + "OR " + String(repeating: "x", count: 250) + " OR " + String(repeating: "y", count: 250)
        let full = padded + " OR " + String(repeating: "z", count: ScopeQuery.longest - padded.utf8.count - 4)
        #expect(full.utf8.count == ScopeQuery.longest)
        let query = try ScopeQuery(parsing: full)
        #expect(try ScopeQuery(parsing: query.text) == query)
        #expect(query.text.utf8.count <= ScopeQuery.longest)
    }

    private static func sample(depth: Int, _ generator: inout SeededGenerator) -> String {
        guard depth > 0, Int.random(in: 0..<4, using: &generator) > 0 else {
            return ["a", "b.c", "d.*"].randomElement(using: &generator) ?? "a"
        }
        let word = Bool.random(using: &generator) ? "AND" : "OR"
        let parts = (0..<Int.random(in: 2...3, using: &generator)).map { _ in
            "(" + Self.sample(depth: depth - 1, &generator) + ")"
        }
        return parts.joined(separator: word)
    }
}
