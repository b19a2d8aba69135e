import Testing

@testable import ClavigerCore

@Suite("Merge patches (RFC 7396)")
struct MergePatchTests {
    // The examples of appendix A whose patch is an object: others are not merged but replace the whole.
    @Test(
        "appendix A",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#), (#"{"a":"foo"}"#, "{}", #"{"a":"foo"}"#),
            // [1,2] and {"a":"b","c":null}: what is no object counts as an empty one.
            (#"{"x":[1,2]}"#, #"{"x":{"a":"b","c":null}}"#, #"{"x":{"a":"b"}}"#),
        ]
    )
    func appendixA(original: String, patch: String, result: String) throws {
        let object = try #require(try JSON.parse(Array(original.utf8)).object)
        let change = try #require(try JSON.parse(Array(patch.utf8)).object)
        #expect(String(decoding: JSON.object(object.merging(change)).serialized(), as: UTF8.self) == result)
    }

    @Test("section 3: the example")
    func section3() throws {
        let original = #"""
            {"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],
             "content":"This will be unchanged"}
            """#
        let patch = #"""
            {"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}
            """#
        let object = try #require(try JSON.parse(Array(original.utf8)).object)
        let change = try #require(try JSON.parse(Array(patch.utf8)).object)
        #expect(
            JSON.object(object.merging(change)) == [
                "title": "Hello!", "author": ["givenName": "John"], "tags": ["example"],
                "content": "This will be unchanged",
                "phoneNumber": "+01-123-456-7890",
            ]
        )
    }

    @Test("a name that is only equivalent is not touched")
    func equivalentNames() {
        let object = JSONObject([("\u{E9}", 1), ("b", 2)])
        #expect(object.merging(JSONObject([("e\u{301}", .null)])) == object)
        #expect(object.merging(JSONObject([("\u{E9}", .null)])) == JSONObject([("b", 2)]))
    }

    @Test("one field of a patch")
    func edits() {
        #expect(Edit<Int>.keep.applied(to: 1) == 1)
        #expect(Edit<Int>.set(2).applied(to: 1) == 2)
        #expect(Edit<Int>.keep.applied(to: Int?.none) == nil)
        #expect(Edit<Int>.remove.applied(to: Int?.some(1)) == nil)
        #expect(Edit<Int>.set(2).applied(to: Int?.none) == 2)
    }
}
