import Testing

@_spi(Plaintext) @testable import ClavigerLog

@Suite("Keys for notes")
struct NoteKeyTests {
    private static let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    private static let signerKey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    // The bytes 0 to 31 as the secret; the rest by Python's hashlib and OpenSSL.
    private static let witnessKey = "witness.example.com/w1+a0059f11+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    private static let cosignerKey =
        "PRIVATE+KEY+witness.example.com/w1+a0059f11+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

    @Test("public keys", arguments: [Self.key, Self.witnessKey])
    func verifierKeys(text: String) throws {
        let key = try VerifierKey(parsing: text)
        #expect(key.text == text)
        #expect(key.description == text)
        #expect(VerifierKey(name: key.name, type: key.type, publicKey: key.publicKey) == key)
        #expect(VerifierKey(name: key.name, type: key.type, publicKey: key.publicKey + [0]) == nil)
        #expect(VerifierKey(name: key.name, type: key.type, publicKey: []) == nil)
    }

    @Test("secret keys, and the public keys that belong to them")
    func signerKeys() throws {
        let signer = try NoteSigner(parsing: Self.signerKey)
        #expect(signer.verifierKey.text == Self.key)
        #expect(signer.withPlaintext { String(decoding: $0, as: UTF8.self) } == Self.signerKey)
        let cosigner = try Cosigner(parsing: Self.cosignerKey)
        #expect(cosigner.verifierKey.text == Self.witnessKey)
        #expect(cosigner.withPlaintext { String(decoding: $0, as: UTF8.self) } == Self.cosignerKey)
        let name = try #require(NoteKeyName("witness.example.com/w1"))
        #expect(Cosigner(name: name, seed: Array(0..<32))?.verifierKey == cosigner.verifierKey)
        #expect(NoteSigner(name: name, seed: Array(0..<32))?.verifierKey.id.description == "1c55deb1")
        for count in [0, 31, 33, 64] {
            #expect(Cosigner(name: name, seed: [UInt8](repeating: 1, count: count)) == nil)
            #expect(NoteSigner(name: name, seed: [UInt8](repeating: 1, count: count)) == nil)
        }
        #expect(NoteSigner.seedLength == 32)
        #expect(Cosigner.seedLength == 32)
    }

    @Test("a secret key of one type is not one of the other")
    func types() {
        #expect(throws: NoteKeyError.wrongType) { try NoteSigner(parsing: Self.cosignerKey) }
        #expect(throws: NoteKeyError.wrongType) { try Cosigner(parsing: Self.signerKey) }
    }

    private static let notKeys: [(String, NoteKeyError)] = [
        ("", NoteKeyError.malformed), ("+", .malformed), ("++", .malformed), ("+c74f20a3+", .malformed),
        ("c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", .malformed),
        ("PeterNeumann+c74f20a3", .malformed), ("PeterNeumann+c74f20a3+", .malformed),
        (Self.key.changing("PeterNeumann", to: ""), .malformed),
        (Self.key.changing("PeterNeumann", to: "Peter Neumann"), .malformed),
        (Self.key.changing("PeterNeumann", to: "Peter\u{2009}Neumann"), .malformed),
        (Self.key.changing("PeterNeumann", to: "Peter\u{1}Neumann"), .malformed),
        (Self.key.changing("PeterNeumann", to: "Peter+Neumann"), .malformed),
        (Self.key.changing("c74f20a3", to: "C74F20A3"), .malformed),
        (Self.key.changing("c74f20a3", to: "c74f20a"), .malformed),
        (Self.key.changing("c74f20a3", to: "0c74f20a3"), .malformed),
        (Self.key.changing("c74f20a3", to: "+74f20a3"), .malformed),
        (Self.key.changing("c74f20a3", to: "c74f20ag"), .malformed),
        (Self.key.changing("c74f20a3", to: "c74f20a4"), .wrongID),
        (Self.key.changing("PeterNeumann", to: "PeterNeumanm"), .wrongID),
        (Self.key.changing("10TW", to: "10TX"), .wrongID),
        (String(Self.key.dropLast()), .malformed), (String(Self.key.dropLast(4)), .malformed),
        (Self.key + "AAAA", .malformed), (Self.key + "\n", .malformed), (" " + Self.key, .malformed),
        (Self.key.changing("/", to: "_"), .malformed),
        // Types of other keys: ECDSA, RFC 6962, ML-DSA-44, and one with an identifier of its own.
        (Self.key.changing("+ARpc", to: "+Ahpc"), .wrongType),
        (Self.key.changing("+ARpc", to: "+BRpc"), .wrongType),
        (Self.key.changing("+ARpc", to: "+Bhpc"), .wrongType),
        (Self.key.changing("+ARpc", to: "+/xpc"), .wrongType),
        // The same key with type 4 has another id.
        (Self.key.changing("+ARpc", to: "+BBpc"), .wrongID),
        (Self.signerKey, .malformed),
    ]

    @Test("what is not a key", arguments: Self.notKeys)
    func malformed(text: String, error: NoteKeyError) {
        #expect(throws: error) { try VerifierKey(parsing: text) }
    }

    private static let signerRest = String(Self.signerKey.dropFirst(12))

    private static let notSecretKeys: [(String, NoteKeyError)] = [
        ("", NoteKeyError.malformed), ("PRIVATE+KEY+", .malformed), (Self.key, .malformed),
        ("PRIVATE+KEY+" + Self.key, .wrongID), ("private+key+" + Self.signerRest, .malformed),
        ("PRIVATE KEY " + Self.signerRest, .malformed), (Self.signerKey + "\n", .malformed),
        (Self.signerKey.changing("c74f20a3", to: "c74f20a4"), .wrongID),
        (Self.signerKey.changing("KDFz", to: "KDFy"), .wrongID),
        (Self.signerKey.changing("KDFz", to: "KDE="), .malformed), (Self.signerKey + "AAAA", .malformed),
    ]

    @Test("what is not a secret key", arguments: Self.notSecretKeys)
    func malformedSecret(text: String, error: NoteKeyError) {
        #expect(throws: error) { try NoteSigner(parsing: text) }
    }

    private struct Holder {
        let signer: NoteSigner
        let cosigners: [Cosigner]
        let key: SigningKey?
    }

    /// Everything that Swift's ways of showing a value write.
    private static func shown(_ value: some Any) -> String {
        var text = "\(value) \(String(reflecting: value)) "
        dump(value, to: &text)
        debugPrint(value, to: &text)
        func reflected(_ value: Any, _ depth: Int) -> String {
            guard depth < 8 else { return "" }
            return Mirror(reflecting: value).children.map { child in
                "\(child.label ?? "") \(child.value) \(String(reflecting: child.value)) \(reflected(child.value, depth + 1))"
            }.joined(separator: " ")
        }
        return text + reflected(value, 0)
    }

    @Test("secret keys are never shown")
    func redaction() throws {
        let signer = try NoteSigner(parsing: Self.signerKey)
        let cosigner = try Cosigner(parsing: Self.cosignerKey)
        let key = try SigningKey(parsing: Self.signerKey, type: .ed25519)
        let shown = [
            Self.shown(signer), Self.shown(cosigner), Self.shown(key), Self.shown([signer]),
            Self.shown(Optional(cosigner)), Self.shown(Holder(signer: signer, cosigners: [cosigner], key: key)),
        ]
        for text in shown {
            for secret in [
                "PRIVATE", "AYEKFALV", "HKDFz", "BAABAgME", "seed", "129, 10, 20", "810a1402", "secret", "Curve25519",
            ] {
                #expect(!text.contains(secret), "\(secret)")
            }
            #expect(text.contains("redacted"))
        }
        #expect(signer.description == "NoteSigner(PeterNeumann+c74f20a3, redacted)")
        #expect(cosigner.description == "Cosigner(witness.example.com/w1+a0059f11, redacted)")
    }
}
