import ClavigerTestSupport
import Crypto
import Testing

@testable import ClavigerCore

@Suite("Stored forms of tokens")
struct TokenHasherTests {
    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static let counting = SymmetricKey(data: (0..<32).map { UInt8($0) })
    private static let elevens = SymmetricKey(data: [UInt8](repeating: 0x0B, count: 32))

    // Python: hmac.new(pepper, token, hashlib.sha256).hexdigest(). The third pepper is longer than a block, as in
    // test case 6 of RFC 4231.
    @Test(
        "HMAC-SHA256 of the whole token, as Python answers",
        arguments: [
            (
                [UInt8](repeating: 0x0B, count: 32), TokenFixtures.zero,
                "8bac28cbe1b11bafb22cb1d76d390b0948f65f6b94cdfd7068142da05b816cb6"
            ),
            (
                [UInt8](repeating: 0x0B, count: 32), TokenFixtures.counting,
                "3bc1db9821ae594af218371bd36ec2408935f3021bcc7468a42cc4cceaea871a"
            ),
            (
                (0..<32).map { UInt8($0) }, TokenFixtures.zero,
                "b4decff0049cd48a01fdd6df44aa310f57a0a14974c441104c4dd87390f52bbd"
            ),
            (
                (0..<32).map { UInt8($0) }, TokenFixtures.counting,
                "8918690a9d7f018802372ca8d6402e8f35b68f6d429eb9afdc37a2d09e8665ee"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), TokenFixtures.zero,
                "fa85c52694f0b00a9a425e6263115e8b97f62dc6ca2213fb2978d5180f49f590"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), TokenFixtures.counting,
                "9985ef9b37136d3dcdbda227bda69a18f6cb54681ccd238abb716b0e5ef73210"
            ),
        ]
    )
    func knownAnswers(pepper: [UInt8], text: String, answer: String) throws {
        let hasher = TokenHasher(peppers: [3: SymmetricKey(data: pepper)], current: 3)
        let token = try KeyToken(parsing: text)
        let digest = hasher.digest(of: token)
        #expect(Self.hex(digest.bytes) == answer)
        #expect(digest.pepperVersion == 3)
        #expect(hasher.matches(token, digest))
        // The hasher is used again and again, and must not carry over what it has seen.
        #expect(hasher.digest(of: token).bytes == digest.bytes)
    }

    @Test("a digest belongs to one token and one version of the pepper")
    func versions() throws {
        let token = try KeyToken(parsing: TokenFixtures.zero)
        let other = try KeyToken(parsing: TokenFixtures.counting)
        let first = TokenHasher(peppers: [1: Self.elevens], current: 1)
        let both = TokenHasher(peppers: [1: Self.elevens, 2: Self.counting], current: 2)
        let second = TokenHasher(peppers: [2: Self.counting], current: 2)
        let old = first.digest(of: token)
        let new = both.digest(of: token)
        #expect((old.pepperVersion, new.pepperVersion) == (1, 2))
        #expect(old.bytes != new.bytes)
        #expect(first.matches(token, old) && both.matches(token, old) && both.matches(token, new))
        #expect(!first.matches(other, old) && !both.matches(other, new))
        #expect(!second.matches(token, old))
        #expect(!first.matches(token, new))
        let mislabelled = try #require(KeyDigest(bytes: old.bytes, pepperVersion: 2))
        #expect(!both.matches(token, mislabelled))
        #expect(both.isOutdated(old) && !both.isOutdated(new) && !first.isOutdated(old))
    }

    @Test("one flipped bit is another digest")
    func flippedBits() throws {
        let token = try KeyToken(parsing: TokenFixtures.zero)
        let hasher = TokenHasher(peppers: [1: Self.elevens], current: 1)
        let bytes = hasher.digest(of: token).bytes
        for bit in 0..<256 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!hasher.matches(token, try #require(KeyDigest(bytes: changed, pepperVersion: 1))))
        }
        #expect(!hasher.matches(token, .none(version: 1)))
    }

    @Test("a stored digest is 32 bytes")
    func stored() throws {
        let bytes = SeededRandom(seed: 71).bytes(32)
        #expect(try #require(KeyDigest(bytes: bytes, pepperVersion: 1)).bytes == bytes)
        #expect(KeyDigest(bytes: Array(bytes.dropLast()), pepperVersion: 1) == nil)
        #expect(KeyDigest(bytes: bytes + [0], pepperVersion: 1) == nil)
        #expect(KeyDigest(bytes: [], pepperVersion: 1) == nil)
        #expect(KeyDigest(bytes: bytes, pepperVersion: Int(Int32.max) + 1) == nil)
    }
}
