import Testing

@testable import ClavigerCore

@Suite("Scopes")
struct ScopeTests {
    /// Every text of at most `longest` segments from the alphabet.
    private static func texts(of alphabet: [String], longest: Int) -> [[String]] {
        var all: [[String]] = []
        var last: [[String]] = [[]]
        for _ in 0..<longest {
            last = last.flatMap { head in alphabet.map { head + [$0] } }
            all += last
        }
        return all
    }

    /// The definition, word by word: `*` at the end is one or more segments, elsewhere exactly one.
    private static func matches(_ pattern: ArraySlice<String>, _ concrete: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return concrete.isEmpty }
        guard let segment = concrete.first else { return false }
        if first == "*", pattern.count == 1 { return true }
        return (first == "*" || first == segment) && Self.matches(pattern.dropFirst(), concrete.dropFirst())
    }

    @Test("covers and overlaps are what they are for every concrete scope")
    func covering() throws {
        // `c` stands in no pattern: it tells `*` from a choice of all known names.
        let patterns = Self.texts(of: ["a", "b", "*"], longest: 4)
        let concretes = Self.texts(of: ["a", "b", "c"], longest: 5)
        let scopes = try patterns.map { try Scope(parsing: $0.joined(separator: ".")) }
        let sets = patterns.map { pattern in concretes.map { Self.matches(pattern[...], $0[...]) } }
        var wrong: [String] = []
        for (one, oneSet) in zip(scopes, sets) {
            for (other, otherSet) in zip(scopes, sets) {
                var isCovered = true
                var isShared = false
                for index in oneSet.indices where otherSet[index] {
                    isCovered = isCovered && oneSet[index]
                    isShared = isShared || oneSet[index]
                }
                if one.covers(other) != isCovered { wrong.append("\(one) covers \(other)") }
                if one.overlaps(other) != isShared { wrong.append("\(one) overlaps \(other)") }
            }
        }
        #expect(wrong.prefix(10).isEmpty)
        #expect(scopes.count == 120)
    }

    @Test(
        "some that people will ask about",
        arguments: [
            ("invoices.read", "invoices.read", true), ("invoices.*", "invoices.read", true),
            ("invoices.*", "invoices.a.b", true),
            ("invoices.*", "invoices", false), ("*", "a", true), ("*", "a.b.c", true),
            ("*.read", "invoices.read", true),
            ("*.read", "a.b.read", false), ("apis.*.keys.create", "apis.pay.production.keys.create", false),
            ("apis.*.*.keys.*", "apis.pay.production.keys.create", true),
            ("apis.*", "apis.pay.production.keys.create", true),
            ("invoices.*", "*", false), ("*", "*", true), ("*.*", "*", false), ("*", "*.*", true),
            ("a.*", "a.*.b", true),
            ("a.*.b", "a.*", false), ("Invoices.read", "invoices.read", false),
            ("invoices.read", "invoices.rea", false),
            ("invoices.rea", "invoices.read", false), ("invoices", "invoices.read", false),
        ]
    )
    func examples(one: String, other: String, isCovered: Bool) throws {
        #expect(try Scope(parsing: one).covers(Scope(parsing: other)) == isCovered)
    }

    @Test(
        "what is a scope",
        arguments: [
            "a", "*", "a.b", "*.*", "A-1_z.*", "-", "_", "0.1.2", "invoices.READ", String(repeating: "a", count: 255),
        ]
    )
    func wellFormed(text: String) throws {
        #expect(try Scope(parsing: text).text == text)
    }

    @Test(
        "what is no scope",
        arguments: [
            "", ".", "..", "a.", ".a", "a..b", "**", "a*", "*a", "a.b*", "a.**", "a.*b.c", " ", "a b", " a", "a ",
            "a.b\n", "a\0",
            "\0", "a\u{0}b", "a/b", "a:b", "a,b", "a(b", "a+b", "é", "ä.read", "аdmin", "ａ.read", "invoices․read",
            "a。b", "a·b",
            "∗", "＊", "a\u{301}", "a\u{200B}b", "a\u{AD}b", "\u{FEFF}a", "ﬁle.read", "\u{212A}", "٣",
            String(repeating: "a", count: 256),
            String(repeating: "a.", count: 200),
        ]
    )
    func malformed(text: String) {
        #expect(throws: FieldError.self) { try Scope(parsing: text) }
    }

    @Test("no refusal repeats the text")
    func quiet() {
        let error = #expect(throws: FieldError.self) { try Scope(parsing: "hunter2 hunter2") }
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test("sets are sorted, unique and cover together")
    func sets() throws {
        let set = ScopeSet(try ["b.*", "a.read", "b.*"].map(Scope.init(parsing:)))
        #expect(set.scopes.map(\.text) == ["a.read", "b.*"])
        let wanted = try ["a.read", "a.write", "b.x.y", "c", "*"].map(Scope.init(parsing:))
        #expect(set.missing(from: wanted).map(\.text) == ["a.write", "c", "*"])
        #expect(ScopeSet.none.missing(from: wanted) == wanted)
        // Two that together hold all there is do not cover what covers both: only one scope grants another.
        #expect(!set.covers(try Scope(parsing: "*")))
    }

    @Test("whoever holds *, holds every permission; nobody else does by accident")
    func permissions() throws {
        let owner = ScopeSet([try Scope(parsing: "*")])
        let api = API.Reference(
            id: try API.ID(parsing: "api_0351IGSCbReXpjIfeUdGiv"),
            name: try ResourceName(parsing: "payments")
        )
        let create = Permission.keys(.create, api, .staging)
        #expect(create.isGranted(by: owner))
        for (scope, isGranted) in [
            ("apis.payments.staging.keys.create", true), ("apis.api_0351IGSCbReXpjIfeUdGiv.staging.keys.create", true),
            ("apis.payments.production.keys.create", false), ("apis.billing.staging.keys.create", false),
            ("apis.payments.*", true), ("apis.*.staging.keys.create", true), ("apis.payments.staging.keys.read", false),
            ("apis.*.keys.create", false), ("*.*", true), ("keys.create", false),
        ] {
            #expect(create.isGranted(by: ScopeSet([try Scope(parsing: scope)])) == isGranted, "\(scope)")
        }
    }
}
