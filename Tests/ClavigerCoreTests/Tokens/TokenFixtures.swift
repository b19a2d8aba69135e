@_spi(Plaintext) @testable import ClavigerCore

/// Tokens that Python made: `zlib.crc32` for the checksum, `divmod` for the base-62 digits.
enum TokenFixtures {
    /// The secret is 0.
    static let zero = "pay_live_0123456789AB00000000000000000000000000000000000000000004RQ2JI"
    /// The secret is the bytes 0 to 31.
    static let counting = "ab_x_AbCdEfGhIjKl003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0eltV5"
    /// The secret is 2^256 - 1.
    static let ones = "acme_test_zzzzzzzzzzzzyhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp11VCRJw"
    /// The secret is the SHA-256 of `claviger`; prefix and tag are as long as they can be.
    static let longest =
        "aaaaaaaaaaaaaaaa_bbbbbbbbbbbbbbbb_Zz0Zz0Zz0Zz0JyxbC7rKytfapNeuJ9LLQROiusvNmwT9lLvB0Fk1OD11D2uIz"

    static let all = [Self.zero, Self.counting, Self.ones, Self.longest]

    static func text(_ token: KeyToken) -> String {
        token.withPlaintext { String(decoding: $0, as: UTF8.self) }
    }
}
