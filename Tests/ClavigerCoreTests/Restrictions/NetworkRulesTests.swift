import Testing

@testable import ClavigerCore

@Suite("Network rules")
struct NetworkRulesTests {
    private static func read(_ text: String) throws -> (rules: NetworkRules?, violations: [Violation]) {
        var reader = try ObjectReader(body: JSON.parse(Array(text.utf8)))
        let rules = NetworkRules(reading: &reader)
        reader.refuseUnknown()
        return (rules, reader.violations)
    }

    @Test(
        "what is read is written",
        arguments: [
            "{}", #"{"allow":["10.0.0.0/8","2001:db8::/32"]}"#, #"{"deny":["192.0.2.7/32"]}"#,
            #"{"allow":["10.0.0.0/8"],"deny":["10.1.0.0/16"]}"#,
        ]
    )
    func roundTrip(text: String) throws {
        let (rules, violations) = try Self.read(text)
        #expect(violations.isEmpty)
        #expect(rules.map { String(decoding: $0.json.serialized(), as: UTF8.self) } == text)
    }

    @Test(
        "what is wrong is said in its place",
        arguments: [
            (
                #"{"allow":["10.0.0.1/8"]}"#, "/allow/0",
                "must not have bits set behind its prefix; did you mean 10.0.0.0/8?"
            ),
            (#"{"deny":["10.0.0.0/8","10.0.0.0/33"]}"#, "/deny/1", "must have a prefix length from 0 to 32"),
            (#"{"allow":["::/129"]}"#, "/allow/0", "must have a prefix length from 0 to 128"),
            (
                #"{"allow":["office"]}"#, "/allow/0",
                "must be an address or a CIDR block such as 10.0.0.0/8 or 2001:db8::/32"
            ),
            (
                #"{"allow":["10.0.0.0/8","x","10.0.0.0/8"]}"#, "/allow/2",
                "must name a network only once in allow and deny together"
            ),
            (
                #"{"allow":["10.0.0.7"],"deny":["::ffff:10.0.0.7"]}"#, "/deny/0",
                "must name a network only once in allow and deny together"
            ),
            (#"{"allow":"10.0.0.0/8"}"#, "/allow", "must be an array of strings"),
            (#"{"allow":[7]}"#, "/allow/0", "must be a string"),
            (#"{"block":[]}"#, "/block", "is not a known field"),
        ]
    )
    func violations(text: String, pointer: String, message: String) throws {
        #expect(try Self.read(text).violations.contains(Violation(pointer, message)))
    }

    private static func list(_ numbers: Range<Int>) -> String {
        "[" + numbers.map { #""10.\#($0 / 65_536).\#($0 / 256 % 256).\#($0 % 256)""# }.joined(separator: ",") + "]"
    }

    @Test("both lists have at most ten thousand entries together")
    func most() throws {
        let fitting = try Self.read(#"{"allow":\#(Self.list(0..<6000)),"deny":\#(Self.list(6000..<10_000))}"#)
        #expect(fitting.violations.isEmpty)
        #expect(fitting.rules?.allow.count == 6000)
        let tooMany = try Self.read(#"{"allow":\#(Self.list(0..<6000)),"deny":\#(Self.list(6000..<10_001))}"#)
        #expect(tooMany.rules == nil)
        #expect(
            tooMany.violations == [Violation("/deny", "must have at most 10000 networks in allow and deny together")]
        )
        let tooLong = try Self.read(#"{"allow":\#(Self.list(0..<10_001))}"#)
        #expect(tooLong.violations == [Violation("/allow", "must have at most 10000 elements")])
    }

    @Test("rules that are made are checked as those that are read")
    func made() throws {
        let network = try CIDR(parsing: "10.0.0.0/8")
        #expect(throws: FieldError.self) { try NetworkRules(allow: [network], deny: [network]) }
        #expect(throws: FieldError.self) { try NetworkRules(allow: [network, network], deny: []) }
        let many = try (0..<10_001).map { try CIDR(parsing: "10.0.\($0 / 256).\($0 % 256)") }
        #expect(throws: FieldError.self) { try NetworkRules(allow: many, deny: []) }
        #expect(try NetworkRules(allow: Array(many.prefix(10_000)), deny: []).allow.count == 10_000)
        #expect(try NetworkRules(allow: [], deny: []) == .anywhere)
        #expect(NetworkRules.anywhere.isEmpty)
        #expect(try !NetworkRules(allow: [], deny: [network]).isEmpty)
    }
}
