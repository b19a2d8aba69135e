import Testing

@testable import ClavigerCore

@Suite("Reading bodies")
struct ObjectReaderTests {
    private static func reader(_ text: String) throws -> ObjectReader {
        try ObjectReader(body: JSON.parse(Array(text.utf8)))
    }

    private static func number(_ text: String) throws(FieldError) -> Int {
        guard let number = Int(text) else { throw FieldError("must be a number") }
        return number
    }

    @Test("what is right is read")
    func right() throws {
        var reader = try Self.reader(
            #"{"a":"1","b":["2","3"],"c":{"d":"4"},"e":[{"f":"5"},{"f":"6"}],"g":{"x":[null]},"h":null}"#
        )
        #expect(reader.required("a", Self.number) == 1)
        #expect(reader.list("b", atMost: 2, Self.number) == [2, 3])
        #expect(reader.nested("c") { $0.required("d", Self.number) } == 4)
        #expect(reader.objects("e", atMost: 2) { $0.required("f", Self.number) } == [5, 6])
        #expect(reader.optionalObject("g") == JSONObject([("x", [.null])]))
        #expect(reader.has("h"))
        #expect(reader.isNull("h"))
        #expect(!reader.has("i"))
        #expect(reader.optional("h", Self.number) == nil)
        try reader.finish()
    }

    @Test("everything that is wrong comes at once, each in its place")
    func allAtOnce() throws {
        var reader = try Self.reader(
            #"{"a":"x","b":7,"c":["1","x",true,null],"d":"y","e":{"f":"x","g":1},"h":[{"i":"x"},3,{"j":1,"i":"1"}],"k":[1,2,3],"#
                + #""l":{"m":1},"n":[]}"#
        )
        #expect(reader.optional("a", Self.number) == nil)
        #expect(reader.optional("b", Self.number) == nil)
        #expect(reader.list("c", atMost: 9, Self.number) == [1])
        #expect(reader.list("d", atMost: 9, Self.number) == nil)
        _ = reader.nested("e") { $0.required("f", Self.number) }
        #expect(reader.objects("h", atMost: 9) { $0.required("i", Self.number) } == [1])
        #expect(reader.list("k", atMost: 2, Self.number) == nil)
        #expect(reader.optional("l", Self.number) == nil)
        #expect(reader.required("missing", Self.number) == nil)
        #expect(reader.nested("n") { _ in 1 } == nil)
        let problem = #expect(throws: Problem.self) { try reader.finish() }
        #expect(problem?.kind == .validationFailed)
        #expect(
            problem?.violations == [
                Violation("/a", "must be a number"), Violation("/b", "must be a string"),
                Violation("/c/1", "must be a number"),
                Violation("/c/2", "must be a string"), Violation("/c/3", "must be a string"),
                Violation("/d", "must be an array of strings"), Violation("/e/f", "must be a number"),
                Violation("/e/g", "is not a known field"), Violation("/h/0/i", "must be a number"),
                Violation("/h/1", "must be an object"), Violation("/h/2/j", "is not a known field"),
                Violation("/k", "must have at most 2 elements"), Violation("/l", "must be a string"),
                Violation("/missing", "is required"), Violation("/n", "must be an object"),
            ]
        )
        #expect(problem?.detail == "15 values are not acceptable; see errors.")
    }

    @Test("no violation repeats a value")
    func quiet() throws {
        var reader = try Self.reader(#"{"a":"hunter2","b":{"c":"hunter2"}}"#)
        _ = reader.optional("a", Self.number)
        _ = reader.optional("b", Self.number)
        let problem = #expect(throws: Problem.self) { try reader.finish() }
        #expect(!String(describing: problem).contains("hunter2"))
    }

    @Test("null counts as missing, also where a value is required")
    func null() throws {
        var reader = try Self.reader(#"{"a":null,"b":null}"#)
        #expect(reader.required("a", Self.number) == nil)
        #expect(reader.list("b", atMost: 1, Self.number) == nil)
        #expect(reader.violations == [Violation("/a", "is required")])
    }

    // RFC 6901 section 3; the last two hold a combining mark, which makes another character of the one before it.
    @Test(
        "names in pointers are escaped",
        arguments: [
            ("a/b", "/a~1b"), ("m~n", "/m~0n"), ("~1", "/~01"), ("/~", "/~1~0"), ("", "/"), (" ", "/ "), ("é", "/é"),
            ("/\u{301}", "/~1\u{301}"), ("~\u{301}x", "/~0\u{301}x"),
        ]
    )
    func pointers(name: String, pointer: String) {
        var reader = ObjectReader(JSONObject([(name, 1)]))
        reader.refuseUnknown()
        #expect(reader.violations.map { Array($0.pointer.utf8) } == [Array(pointer.utf8)])
        var nested = ObjectReader(JSONObject([("x", .object(JSONObject([(name, 1)])))]))
        _ = nested.nested("x") { _ in 1 }
        #expect(nested.violations.map { Array($0.pointer.utf8) } == [Array(("/x" + pointer).utf8)])
    }

    @Test("a very long unknown name is not repeated")
    func longNames() {
        let long = String(repeating: "n", count: 10_000)
        var reader = ObjectReader(JSONObject([(long, 1)]), at: "/keys/3")
        reader.refuseUnknown()
        #expect(reader.violations == [Violation("/keys/3", "is not a known field")])
    }

    @Test("a body that is no object", arguments: ["[]", "1", "\"a\"", "null", "true"])
    func notAnObject(text: String) throws {
        let problem = #expect(throws: Problem.self) { try Self.reader(text) }
        #expect(problem?.violations == [Violation("", "The body must be a JSON object.")])
        #expect(problem?.detail == "1 value is not acceptable; see errors.")
    }
}
