import ClavigerCore
import ClavigerHashes
import ClavigerVerifier
import Testing

/// Hashes of one token, made by other implementations: Django 5.2.19, passlib 1.7.4, Werkzeug 3.1.9, bcrypt 5.0.0 and
/// argon2-cffi 25.1.0 for Python 3.11.
@Suite struct KnownAnswerTests {
    static let token = "gX7pQ2vN.9aKc4LmRt8YwZb3EjHs6UdFo1iBxT5Vn"

    static let answers: [(source: String, text: String)] = [
        ("Django PBKDF2PasswordHasher", "pbkdf2_sha256$1000$saltsaltsalt$VKLALtWwecEHGsnbEuIenA0yI2coK13BnGVjYl4I8cE="),
        ("Django PBKDF2SHA1PasswordHasher", "pbkdf2_sha1$1000$saltsaltsalt$AHqfwtZo64wP7CMw8OfxtVyDD4A="),
        (
            "Django ScryptPasswordHasher",
            "scrypt$1024$saltsaltsalt$8$2$0LwqusTN6U4cJVe1/N/gN8ZIBgqSzqN2chJGf3IRXxdZpRNUV3I3ERtZiz5VqVtznG46t6pK0XqlV/bsKI7m1g=="
        ),
        (
            "Django Argon2PasswordHasher",
            "argon2$argon2id$v=19$m=1024,t=2,p=2$c2FsdHNhbHRzYWx0$WAI8nyGnj7er6rxue4pbK1lKI5BgxzvEPjg7JGkdFTM"
        ),
        (
            "Django BCryptSHA256PasswordHasher",
            "bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuu04/mWisLfuXyr3GfGIyVv6cPz1WLyjW"
        ),
        ("Django BCryptPasswordHasher", "bcrypt$$2b$04$abcdefghijklmnopqrstuuuUkm6PRkTCqjlYxd.6yX9N6TO7EP8Vm"),
        ("bcrypt", "$2b$05$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK"),
        ("bcrypt", "$2a$05$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK"),
        // PHP's prefix for the same algorithm.
        ("bcrypt", "$2y$05$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK"),
        (
            "passlib pbkdf2_sha256",
            "$pbkdf2-sha256$1200$MDEyMzQ1Njc4OWFiY2RlZg$tQ1AkXOWjQMKyrZ8XzeOFxfeDtzmyshmdp/A5QohzIU"
        ),
        (
            "passlib pbkdf2_sha512",
            "$pbkdf2-sha512$1200$MDEyMzQ1Njc4OWFiY2RlZg$pp70iNyQX17S4NHAjGPX8PsI37PVO9B05ZonPlDw/TO/bXEib0sAuZxPVjJmldp7JcyCtpIRiWx42aZ5KN5o.g"
        ),
        ("passlib scrypt", "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$5Hu5OwoMFXi/U5cs/Oz7yUDGN+/NbqEDlSmpRFVH24E"),
        (
            "argon2-cffi",
            "$argon2id$v=19$m=512,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$xmoLRYUrFGEijjoDZubD5a7SvVRURJbR4wPDMh4duZY"
        ),
        ("argon2-cffi", "$argon2i$v=19$m=256,t=3,p=2$MDEyMzQ1Njc4OWFiY2RlZg$Dmjf02aAESFwRtRINlNOHi4Uwm1WbK8I"),
        (
            "argon2-cffi",
            "$argon2id$v=16$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$lHyO9fVt2gTqVVGU0HMeGKTG2g0AkZGWt8/PLUZHrOo"
        ),
        (
            "Werkzeug scrypt",
            "scrypt:1024:8:1$saltsaltsalt$fc26908c89f5874db74e535819109edb29352ea5aafa9a2e523a107ce0f90fa6cb9d7b1b1c7237ae60f52f72ed715e0628dbec4449adfd250c3523444b4103fe"
        ),
        (
            "Werkzeug pbkdf2",
            "pbkdf2:sha256:1000$saltsaltsalt$54a2c02ed5b079c1071ac9db12e21e9c0d322367282b5dc19c6563625e08f1c1"
        ),
    ]

    @Test(arguments: Self.answers)
    func everySlowHashIsThatOfTheOtherImplementation(source: String, text: String) throws {
        let hash = try ForeignHash(parsing: text)
        guard case .slow(let slow) = hash.scheme else {
            Issue.record("\(source) is a slow hash")
            return
        }
        let hasher = SystemSlowHasher()
        #expect(try hasher.hash(Array(Self.token.utf8), slow) == hash.result, "\(source)")
        #expect(try hasher.hash(Array(Self.token.dropLast().utf8) + [UInt8(ascii: "m")], slow) != hash.result)
    }

    /// What is stored of a scheme says all that is needed to compute it again.
    @Test(arguments: Self.answers)
    func everySchemeIsReadAsItIsStored(source: String, text: String) throws {
        let scheme = try ForeignHash(parsing: text).scheme
        #expect(ForeignScheme(text: scheme.text) == scheme, "\(source)")
        #expect(scheme.text.utf8.count <= 512)
    }

    @Test func bcryptDoesNotCutTokensOff() throws {
        let hash = try ForeignHash(parsing: "$2b$05$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK")
        guard case .slow(let slow) = hash.scheme else { return }
        let hasher = SystemSlowHasher()
        #expect(try hasher.hash([UInt8](repeating: 65, count: 72), slow)?.count == 31)
        #expect(try hasher.hash([UInt8](repeating: 65, count: 73), slow) == nil)
    }
}
