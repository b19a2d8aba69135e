import Testing

@testable import ClavigerCore

@Suite("Canonical JSON (RFC 8785)")
struct CanonicalJSONTests {
    @Test(
        "appendix B: numbers",
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7FEF_FFFF_FFFF_FFFF, "1.7976931348623157e+308"),
            (0xFFEF_FFFF_FFFF_FFFF, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
            (0xC340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44B5_2D02_C7E1_4AF5, "9.999999999999997e+22"), (0x44B5_2D02_C7E1_4AF6, "1e+23"),
            (0x44B5_2D02_C7E1_4AF7, "1.0000000000000001e+23"), (0x444B_1AE4_D6E2_EF4E, "999999999999999700000"),
            (0x444B_1AE4_D6E2_EF4F, "999999999999999900000"), (0x444B_1AE4_D6E2_EF50, "1e+21"),
            (0x3EB0_C6F7_A0B5_ED8C, "9.999999999999997e-7"), (0x3EB0_C6F7_A0B5_ED8D, "0.000001"),
            (0x41B3_DE43_5555_5553, "333333333.3333332"), (0x41B3_DE43_5555_5554, "333333333.33333325"),
            (0x41B3_DE43_5555_5555, "333333333.3333333"), (0x41B3_DE43_5555_5556, "333333333.3333334"),
            (0x41B3_DE43_5555_5557, "333333333.33333343"), (0xBECB_F647_612F_3696, "-0.0000033333333333333333"),
            (0x4314_3FF3_C1CB_0959, "1424953923781206.2"),
        ] as [(UInt64, String)]
    )
    func numbers(bits: UInt64, text: String) {
        #expect(JSON.number(Double(bitPattern: bits)).canonical() == Array(text.utf8))
    }

    // ECMA-262, Number::toString, as Node.js 20 answers.
    @Test(
        "where the form of a number changes",
        arguments: [
            (1e21, "1e+21"), (1e20, "100000000000000000000"), (123_456_789_012_345_683_968, "123456789012345680000"),
            (1e-6, "0.000001"), (1e-7, "1e-7"), (1.5e-7, "1.5e-7"), (0.1, "0.1"), (1.5, "1.5"), (100, "100"),
            (-2.5, "-2.5"),
            (1.25e22, "1.25e+22"), (0.00001234, "0.00001234"),
        ] as [(Double, String)]
    )
    func forms(number: Double, text: String) {
        #expect(JSON.number(number).canonical() == Array(text.utf8))
    }

    @Test("section 3.2.2: the example")
    func example() throws {
        let input = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let output =
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
            + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(String(decoding: try JSON.parse(Array(input.utf8)).canonical(), as: UTF8.self) == output)
    }

    @Test("section 3.2.3: the order of names is that of UTF-16")
    func sorting() throws {
        let input = #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}
            """#
        let canonical = try JSON.parse(try JSON.parse(Array(input.utf8)).canonical())
        #expect(
            canonical.object?.members.map { $0.value.string } == [
                "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
                "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
            ]
        )
    }

    @Test("section 3.2.2.2: what is escaped, and how")
    func escapes() {
        let all = String(String.UnicodeScalarView((0..<0x21).compactMap(Unicode.Scalar.init)))
        let written = String(decoding: JSON.string(all + "\"\\/\u{7F}\u{80}\u{2028}").canonical(), as: UTF8.self)
        #expect(
            written
                == #""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012"#
                + #"\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f \"\\/"#
                + "\u{7F}\u{80}\u{2028}\""
        )
    }

    @Test("members are sorted at every level, elements at none")
    func levels() throws {
        let value = try JSON.parse(Array(#"[{"b":[3,{"z":0,"y":0}],"a":1},{"b":1}]"#.utf8))
        #expect(String(decoding: value.canonical(), as: UTF8.self) == #"[{"a":1,"b":[3,{"y":0,"z":0}]},{"b":1}]"#)
        #expect(String(decoding: value.serialized(), as: UTF8.self) == #"[{"b":[3,{"z":0,"y":0}],"a":1},{"b":1}]"#)
    }
}
