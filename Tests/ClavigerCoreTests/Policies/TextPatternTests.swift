import ClavigerCore
import Testing

/// The shapes that policies ask names and metadata to have.
@Suite struct TextPatternTests {
    @Test(arguments: [
        ("abc", "abc", true), ("abc", "ab", false), ("abc", "abcd", false), ("a?c", "abc", true), ("a?c", "ac", false),
        ("svc-*", "svc-", true), ("svc-*", "svc-x-y", true), ("svc-*", "xsvc-", false), ("*-prod", "a-b-prod", true),
        ("*", "", true), ("?", "é", true), ("[a-c]", "b", true), ("[a-c]", "d", false), ("[!a-c]", "d", true),
        ("[!a-c]", "a", false), ("[a-z]+", "", false), ("[a-z]+", "abc", true), ("[a-z]+-[0-9]{2}", "ab-12", true),
        ("[a-z]+-[0-9]{2}", "ab-123", false), ("[0-9]{2,4}", "1", false), ("[0-9]{2,4}", "1234", true),
        ("[0-9]{2,4}", "12345", false), ("[0-9]{0,2}x", "x", true), ("a\\*b", "a*b", true), ("a\\*b", "axb", false),
        ("[a\\]-]+", "a]-", true), ("[a-]", "-", true), ("OPS-[0-9]{1,6}", "OPS-42", true), ("a.c", "abc", false),
        ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false), ("[a-z]{3}*", "abcX", true),
    ])
    func theWholeTextHasToFit(pattern: String, text: String, fits: Bool) throws {
        #expect(try TextPattern(parsing: pattern).matches(text) == fits)
    }

    @Test(arguments: [
        "", "[", "[]", "[a", "a]", "(a)", "a|b", "^a", "a$", "a+", "a{2}", "[a]*", "[a]?", "[a]{", "[a]{x}", "[a]{2,1}",
        "[a]{0}", "[a]{1,121}", "[a]{1,2,3}", "[z-a]", "[^a]", "a\\", "[a\\", "[[a]]",
        String(repeating: "a", count: 121),
        String(repeating: "é", count: 128), "[a]{-1}", "[a]{+1,2}", "[a]{100}[b]{100}",
    ])
    func whatMeansNothingIsRefused(pattern: String) {
        #expect(throws: FieldError.self) { try TextPattern(parsing: pattern) }
    }

    /// What takes a backtracking matcher for ever takes this one a bounded number of steps.
    @Test(arguments: [
        String(repeating: "*a", count: 60),
        String(repeating: "[a]{0,1}", count: 28) + String(repeating: "a", count: 28),
        String(repeating: "[a-z]+", count: 40),
    ])
    func noPatternTakesLong(pattern: String) throws {
        let pattern = try TextPattern(parsing: pattern)
        let text = String(repeating: "a", count: 4096) + "!"
        #expect(!pattern.matches(text))
    }
}
