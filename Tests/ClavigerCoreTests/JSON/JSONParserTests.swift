import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("JSON texts (RFC 8259)")
struct JSONParserTests {
    private static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try JSON.parse(Array(text.utf8), limits: limits)
    }

    @Test(
        "valid texts",
        arguments: [
            ("null", .null), ("true", true), ("false", false), ("0", 0), ("-0", 0), ("-1", -1), ("42", 42),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)), ("\"\"", ""),
            ("[]", []), ("{}", [:]), (" \t\r\n[ ] \t\r\n", []), ("[1,2]", [1, 2]), ("[[[]]]", [[[]]]),
            ("{\"a\":{\"b\":[null]}}", ["a": ["b": [.null]]]), ("{ \"a\" : 1 , \"b\" : 2 }", ["a": 1, "b": 2]),
            ("{\"\":0}", ["": 0]), ("0.5", .number(0.5)), ("-0.5", .number(-0.5)), ("1e2", .number(100)),
            ("1E+2", .number(100)), ("1e-2", .number(0.01)), ("0e0", .number(0)), ("0.0", .number(0)),
            ("1e308", .number(1e308)),
            ("1e-400", .number(0)), ("5e-324", .number(.leastNonzeroMagnitude)), ("123.456e-7", .number(123.456e-7)),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\u0000""#, "\0"),
            (#""\ud83d\ude00""#, "😀"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\uffff""#, "\u{FFFF}"),
            ("\"\u{7F}\u{2028}\u{FEFF}\"", "\u{7F}\u{2028}\u{FEFF}"), ("\"😀\"", "😀"), ("[-0.0]", [.number(0)]),
            (#"{"a":1,"A":2}"#, ["a": 1, "A": 2]),
        ] as [(String, JSON)]
    )
    func valid(text: String, value: JSON) throws {
        #expect(try Self.parse(text) == value)
    }

    @Test(
        "texts that end too early",
        arguments: [
            "", " ", "n", "nul", "tru", "fals", "[", "[1", "[1,", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
            "\"",
            "\"a", "\"\\", "\"\\u", "\"\\u12", "\"\\ud800", "\"\\ud800\\", "\"\\ud800\\u", "[[[[", "\"\\n",
        ]
    )
    func unexpectedEnd(text: String) {
        #expect(throws: JSONError.unexpectedEnd) { try Self.parse(text) }
    }

    @Test(
        "characters that have no place there",
        arguments: [
            ("]", 0), ("}", 0), (",", 0), (":", 0), ("x", 0), ("'a'", 0), ("nulL", 3), ("True", 0), ("NaN", 0),
            ("Infinity", 0),
            ("[,]", 1), ("[1,]", 3), ("[,1]", 1), ("[1 2]", 3), ("[1}", 2), ("{]", 1), ("{a:1}", 1), ("{1:1}", 1),
            ("{\"a\"}", 4), ("{\"a\",1}", 4), ("{\"a\" 1}", 5), ("{\"a\":1,}", 7), ("{,\"a\":1}", 1), ("{\"a\":}", 5),
            ("{\"a\":1;}", 6), ("1 2", 2), ("[]]", 2), ("{}{}", 2), ("null,", 4), ("nulls", 4), ("[1]//", 3),
            ("/**/1", 0),
            ("\u{FEFF}1", 0), ("\u{A0}1", 0), ("\u{B}1", 0), ("\u{C}1", 0), ("\"\t\"", 1), ("\"\n\"", 1), ("\"\0\"", 1),
            ("\"\u{1F}\"", 1), ("\"\\n\u{1}\"", 3), ("[\"a\0\"]", 3), ("\0", 0), ("1\0", 1), ("[1\0]", 2), ("# 1", 0),
            ("１", 0), ("٣", 0),
        ]
    )
    func unexpectedByte(text: String, offset: Int) {
        #expect(throws: JSONError.unexpectedByte(offset: offset)) { try Self.parse(text) }
    }

    @Test(
        "numbers that are none",
        arguments: [
            "01", "-01", "00", "-", "--1", "+1", ".5", "-.5", "5.", "-5.", "1.e2", "1e", "1e+", "1E-", "1e1.5", "1e1e1",
            "1.2.3",
            "1-2", "1+2", "-+1", "0e", "00.1", "0-", "1e400", "-1e400", "1e99999999999999999999", "9223372036854775809",
            "-9223372036854775809", "99999999999999999999", "-123456789012345678901234567890", "1.5-", ".", "e5", "E",
            "1..2",
            "1ee2", "--", "+", "-e1",
        ]
    )
    func invalidNumber(text: String) {
        // `.` and `e` begin no number, and so are refused as numbers or as characters.
        let error = #expect(throws: JSONError.self) { try Self.parse(text) }
        #expect(error == .invalidNumber(offset: 0) || error == .unexpectedByte(offset: 0))
        #expect(throws: JSONError.self) { try Self.parse("[\(text)]") }
    }

    @Test(
        "a whole number beyond 64 bits is taken where nothing is lost",
        arguments: ["100000000000000000000", "-300000000000000000000"]
    )
    func largeWholeNumbers(text: String) throws {
        let value = try Self.parse(text)
        #expect(value == .number(try #require(Double(text))))
        #expect(value.serialized() == Array(text.utf8))
    }

    @Test(
        "escape sequences that are none",
        arguments: [
            #""\x41""#, #""\a""#, #""\0""#, #""\'""#, #""\U0041""#, #""\u004""#, #""\u00g0""#, #""\u 041""#,
            #""\u+041""#,
            #""\u-001""#, #""\u００４１""#, "\"\\\n\"",
        ]
    )
    func invalidEscape(text: String) {
        #expect(throws: JSONError.invalidEscape(offset: 1)) { try Self.parse(text) }
    }

    @Test(
        "lone surrogates",
        arguments: [
            #""\ud800""#, #""\udbff""#, #""\udc00""#, #""\udfff""#, #""\ud800a""#, #""\ud800\n""#, #""\ud800\u0041""#,
            #""\ud800\ud800""#, #""\udc00\ud800""#, #""\ud800 \udc00""#,
        ]
    )
    func loneSurrogates(text: String) {
        #expect(throws: JSONError.invalidEscape(offset: 1)) { try Self.parse(text) }
        #expect(throws: JSONError.invalidEscape(offset: 2)) { try Self.parse("{\(text):1}") }
    }

    @Test(
        "bytes that are not UTF-8",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xE0, 0x80, 0x80],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]]
    )
    func invalidUTF8(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: JSONError.invalidUTF8) { try JSON.parse([quote] + bytes + [quote]) }
        #expect(throws: JSONError.invalidUTF8) { try JSON.parse(Array("\"\\n".utf8) + bytes + [quote]) }
        #expect(throws: JSONError.invalidUTF8) { try JSON.parse(Array("{\"".utf8) + bytes + Array("\":1}".utf8)) }
        #expect(throws: JSONError.unexpectedByte(offset: 0)) { try JSON.parse(bytes) }
    }

    @Test("duplicate names", arguments: [2, 3, 16, 17, 18, 40])
    func duplicateNames(count: Int) throws {
        let members = (0..<count).map { "\"n\($0)\":\($0)" }
        #expect(try Self.parse("{\(members.joined(separator: ","))}").object?.members.count == count)
        for index in [0, count / 2, count - 1] {
            let again = (members + ["\"n\(index)\":true"]).joined(separator: ",")
            let offset = 1 + members.joined(separator: ",").utf8.count + 1
            #expect(throws: JSONError.duplicateName(offset: offset)) { try Self.parse("{\(again)}") }
        }
        #expect(throws: JSONError.duplicateName(offset: 7)) { try Self.parse(#"{"a":1,"\u0061":2}"#) }
        #expect(throws: JSONError.duplicateName(offset: 12)) { try Self.parse(#"{"x":{"a":1,"a":1}}"#) }
        #expect(try Self.parse(#"[{"a":1},{"a":1}]"#).array?.count == 2)
    }

    @Test("names that only Unicode takes for the same are different", arguments: [0, 20])
    func equivalentNames(others: Int) throws {
        let rest = (0..<others).map { "\"n\($0)\":0," }.joined()
        let value = try Self.parse("{\(rest)\"\u{E9}\":1,\"e\u{301}\":2,\"K\":3,\"\u{212A}\":4}")
        #expect(value.object?.members.count == others + 4)
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(value["K"] == 3)
        #expect(value["\u{212A}"] == 4)
    }

    @Test("depth", arguments: [1, 2, 32])
    func depth(limit: Int) throws {
        let limits = JSONLimits(depth: limit)
        func nested(_ open: String, _ close: String, _ levels: Int) -> String {
            String(repeating: open, count: levels) + "0" + String(repeating: close, count: levels)
        }
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            _ = try Self.parse(nested(open, close, limit), limits: limits)
            #expect(throws: JSONError.tooDeep(limit: limit)) {
                try Self.parse(nested(open, close, limit + 1), limits: limits)
            }
            #expect(throws: JSONError.tooDeep(limit: limit)) {
                try Self.parse(String(repeating: open, count: 100_000), limits: limits)
            }
        }
        // Depth is not the number of arrays.
        _ = try Self.parse(
            "[" + Array(repeating: nested("[", "]", limit - 1), count: 50).joined(separator: ",") + "]",
            limits: limits
        )
    }

    @Test("the number of values")
    func values() throws {
        let limits = JSONLimits(values: 4)
        _ = try Self.parse("[1,2,3]", limits: limits)
        _ = try Self.parse(#"{"a":[1],"b":2}"#, limits: limits)
        #expect(throws: JSONError.tooManyValues(limit: 4)) { try Self.parse("[1,2,3,4]", limits: limits) }
        #expect(throws: JSONError.tooManyValues(limit: 4)) { try Self.parse("[[],[],[],[]]", limits: limits) }
        let many = "[" + String(repeating: "0,", count: 100_000) + "0]"
        #expect(throws: JSONError.tooManyValues(limit: 100_000)) { try Self.parse(many) }
    }

    @Test("no error repeats what was sent")
    func quiet() {
        let errors: [JSONError] = [
            .unexpectedEnd, .unexpectedByte(offset: 5), .invalidUTF8, .invalidEscape(offset: 5),
            .invalidNumber(offset: 5),
            .duplicateName(offset: 5), .tooDeep(limit: 5), .tooManyValues(limit: 5),
        ]
        for error in errors { #expect(error.message.hasSuffix(".")) }
        let error = #expect(throws: JSONError.self) { try Self.parse(#"{"password":"hunter2","password":1}"#) }
        #expect(error?.message.contains("hunter2") == false)
        #expect(error?.message.contains("password") == false)
    }
}
