import ClavigerCore
import Crypto
import Testing

@Suite struct ForeignHashTests {
    /// `printf %s abc | sha256sum`, the example of FIPS 180-4.
    static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test(arguments: [
        Self.abc, Self.abc.uppercased(), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
    ])
    func aFastHashMayBeHexadecimalOrBase64(text: String) throws {
        let hash = try ForeignHash(.sha256, parsing: text)
        #expect(hash.result == Array(SHA256.hash(data: Array("abc".utf8))))
        #expect(hash.scheme == .fast(.sha256))
    }

    @Test(arguments: [
        "", "abc", String(Self.abc.dropLast()), Self.abc + "00", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0==",
    ])
    func whatIsNoHashOfTheKindIsRefused(text: String) {
        #expect(throws: FieldError.self) { try ForeignHash(.sha256, parsing: text) }
        #expect(throws: FieldError.self) { try ForeignHash(.sha512, parsing: text) }
    }

    @Test func theFormOfDjangoRESTFrameworkAPIKeyIsRead() throws {
        let hex = String(repeating: "0f", count: 64)
        let hash = try ForeignHash(parsing: "sha512$$\(hex)")
        #expect(hash.scheme == .fast(.sha512))
        #expect(hash.result == [UInt8](repeating: 15, count: 64))
    }

    static let salt = "MDEyMzQ1Njc4OWFiY2RlZg"
    static let hash = "xmoLRYUrFGEijjoDZubD5a7SvVRURJbR4wPDMh4duZY"

    /// What costs too much is refused when it is imported, not when somebody guesses.
    @Test(arguments: [
        "pbkdf2_sha256$2000001$salt$\(Self.hash)", "pbkdf2_sha256$0$salt$\(Self.hash)",
        "pbkdf2_sha256$999999999$salt$\(Self.hash)",
        "$scrypt$ln=17,r=8,p=1$\(Self.salt)$\(Self.hash)", "$scrypt$ln=10,r=17,p=1$\(Self.salt)$\(Self.hash)",
        "$scrypt$ln=16,r=8,p=6$\(Self.salt)$\(Self.hash)", "scrypt$1000$salt$8$1$\(Self.hash)",
        "$2b$15$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK",
        "$2b$03$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK",
        "$argon2id$v=19$m=131073,t=2,p=1$\(Self.salt)$\(Self.hash)",
        "$argon2id$v=19$m=512,t=17,p=1$\(Self.salt)$\(Self.hash)",
        "$argon2id$v=19$m=512,t=2,p=17$\(Self.salt)$\(Self.hash)",
        "$argon2id$v=19$m=7,t=2,p=1$\(Self.salt)$\(Self.hash)",
        "$argon2id$v=18$m=512,t=2,p=1$\(Self.salt)$\(Self.hash)",
    ])
    func whatCostsTooMuchIsRefused(text: String) {
        #expect(throws: FieldError.self) { try ForeignHash(parsing: text) }
    }

    @Test(arguments: [
        "pbkdf2_sha256$2000000$salt$\(Self.hash)", "$scrypt$ln=16,r=8,p=5$\(Self.salt)$\(Self.hash)",
        "$2y$14$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK",
        "$argon2i$v=16$m=131072,t=16,p=16$\(Self.salt)$\(Self.hash)",
    ])
    func whatCostsJustNotTooMuchIsTaken(text: String) throws {
        let scheme = try ForeignHash(parsing: text).scheme
        #expect(ForeignScheme(text: scheme.text) == scheme)
    }

    @Test(arguments: [
        "", "$", "$$$$", "plain", "$1$salt$hash", "$6$salt$hash", "md5$salt$hash",
        "$argon2d$v=19$m=512,t=2,p=1$\(Self.salt)$\(Self.hash)",
        "$argon2id$m=512,t=2,p=1$\(Self.salt)$\(Self.hash)", "$argon2id$v=19$t=2,m=512,p=1$\(Self.salt)$\(Self.hash)",
        "$argon2id$v=19$m=512,t=2,p=1$AAAA$\(Self.hash)", "$2b$05$short",
        "$2x$05$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK",
        "pbkdf2_sha256$1000$$\(Self.hash)", "pbkdf2_sha256$1000$salt$AAAA", "pbkdf2:md5:1000$salt$00",
        "scrypt:1:2$salt$00", "sha512$salt$00",
    ])
    func whatIsNotKnownIsRefusedWithoutRepeatingIt(text: String) {
        do {
            _ = try ForeignHash(parsing: text)
            Issue.record("it was taken")
        } catch {
            #expect(text.isEmpty || !error.message.contains(text) || text == "$")
        }
    }

    /// The bounds hold for what is read from the store too.
    @Test(arguments: [
        "pbkdf2 sha256 2000001 00 32", "pbkdf2 md5 1000 00 32", "scrypt 131072 8 1 00 32",
        "argon2id 19 131073 1 1 0001020304050607 32",
        "bcrypt token $2b$15$abcdefghijklmnopqrstuu", "sha1", "",
    ])
    func aStoredSchemeOutsideOfTheBoundsIsNone(text: String) {
        #expect(ForeignScheme(text: text) == nil)
    }

    @Test func hashesAndTokensDoNotShowThemselves() throws {
        let token = try ForeignToken(importing: "gX7pQ2vN.9aKc4LmRt8YwZb3EjHs6UdFo1iBxT5Vn")
        let hash = try ForeignHash(.sha256, parsing: Self.abc)
        for text in ["\(token)", String(reflecting: token), "\(hash)", String(reflecting: hash)] {
            #expect(text.contains("redacted"))
        }
        #expect(Mirror(reflecting: token).children.isEmpty)
        #expect(Mirror(reflecting: hash).children.isEmpty)
    }
}
