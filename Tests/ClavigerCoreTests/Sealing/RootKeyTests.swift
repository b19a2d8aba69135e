import Crypto
import Testing

@testable import ClavigerCore

@Suite("Root key")
struct RootKeyTests {
    @Test("takes 32 bytes and no other number", arguments: [0, 16, 31, 33, 64])
    func length(count: Int) {
        #expect(RootKey(bytes: [UInt8](repeating: 1, count: count)) == nil)
        #expect(RootKey(bytes: [UInt8](repeating: 1, count: 32)) != nil)
    }

    @Test("is equal to itself only")
    func equality() throws {
        #expect(try SealingFixtures.rootKey(1) == SealingFixtures.rootKey(1))
        #expect(try SealingFixtures.rootKey(1) != SealingFixtures.rootKey(2))
    }

    // RFC 7914, section 12. The vectors have 64 bytes; scrypt ends in PBKDF2 with 32-byte blocks, so the first half of
    // each is the output of length 32.
    @Test(
        "derives from a passphrase as RFC 7914 says",
        arguments: [
            (
                "password", "NaCl", 1024, 8, 16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            ),
            (
                "pleaseletmein", "SodiumChloride", 16384, 8, 1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            ),
        ]
    )
    func scrypt(passphrase: String, salt: String, cost: Int, blockSize: Int, parallelism: Int, expected: String) throws
    {
        let parameters = try ScryptParameters(cost: cost, blockSize: blockSize, parallelism: parallelism)
        let key = try RootKey(passphrase: passphrase, salt: Array(salt.utf8), parameters: parameters)
        #expect(RootKey(bytes: SealingFixtures.bytes(hex: expected)) == key)
    }

    // RFC 5869, test cases 1 and 2; the first 32 bytes of the output, as HKDF makes it in blocks of 32.
    @Test(
        "the HKDF of the library is that of RFC 5869",
        arguments: [
            (
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
            ),
            (
                (0x00...0x4F).map { SealingFixtures.hex([UInt8($0)]) }.joined(),
                (0x60...0xAF).map { SealingFixtures.hex([UInt8($0)]) }.joined(),
                (0xB0...0xFF).map { SealingFixtures.hex([UInt8($0)]) }.joined(),
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            ),
        ]
    )
    func hkdf(input: String, salt: String, info: String, expected: String) {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: SealingFixtures.bytes(hex: input)),
            salt: SealingFixtures.bytes(hex: salt),
            info: SealingFixtures.bytes(hex: info),
            outputByteCount: 32
        )
        #expect(SealingFixtures.hex(key.withUnsafeBytes { Array($0) }) == expected)
    }

    @Test(
        "refuses parameters that scrypt does not take or that need more than 1 GiB",
        arguments: [
            (0, 8, 1), (1, 8, 1), (3, 8, 1), (1000, 8, 1), (-16, 8, 1), (1 << 30, 8, 1), (1 << 21, 16, 1),
            (1024, 0, 1), (1024, 17, 1), (1024, 8, 0), (1024, 8, 17), (1024, -1, 1),
        ]
    )
    func badParameters(cost: Int, blockSize: Int, parallelism: Int) {
        #expect(throws: ScryptError.unacceptableParameters) {
            try ScryptParameters(cost: cost, blockSize: blockSize, parallelism: parallelism)
        }
    }

    @Test("every block size that is allowed can be derived with", arguments: 1...16)
    func blockSizes(blockSize: Int) throws {
        let parameters = try ScryptParameters(cost: 16, blockSize: blockSize, parallelism: 1)
        #expect(throws: Never.self) { try RootKey(passphrase: "long enough", salt: [1], parameters: parameters) }
    }

    @Test("refuses an empty passphrase or salt")
    func emptyInput() throws {
        let parameters = try ScryptParameters(cost: 16, blockSize: 1, parallelism: 1)
        #expect(throws: ScryptError.emptyInput) { try RootKey(passphrase: "", salt: [1], parameters: parameters) }
        #expect(throws: ScryptError.emptyInput) { try RootKey(passphrase: "a", salt: [], parameters: parameters) }
    }
}

@Suite("Secrets of sealing redact themselves")
struct SealingRedactionTests {
    private func texts(of value: some Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        dump([value], to: &dumped)
        return ["\(value)", String(describing: value), String(reflecting: value), "\([value])", dumped]
    }

    /// Every way that bytes are usually printed.
    private func spellings(of bytes: [UInt8]) -> [String] {
        [
            SealingFixtures.hex(bytes), bytes.map { "\($0)" }.joined(separator: ", "), Base64URL.encode(bytes),
            String(decoding: bytes, as: UTF8.self),
        ]
    }

    private func expectNothing(of secret: [UInt8], in value: some Any, _ location: SourceLocation = #_sourceLocation) {
        for text in self.texts(of: value) {
            // `dump` and mirrors put each byte on a line of its own, however deep.
            let numbers = text.split { !$0.isNumber }.joined(separator: " ")
            #expect(
                !numbers.contains(secret.prefix(8).map { "\($0)" }.joined(separator: " ")),
                sourceLocation: location
            )
            for spelling in self.spellings(of: Array(secret.prefix(8))) {
                #expect(!text.contains(spelling), sourceLocation: location)
            }
            // Even how the key is held is nobody's business.
            #expect(!text.contains("SecureBytes"), sourceLocation: location)
            #expect(!text.contains("SymmetricKey"), sourceLocation: location)
        }
    }

    @Test("a root key")
    func rootKey() throws {
        let secret = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".utf8)
        let key = try #require(RootKey(bytes: secret))
        self.expectNothing(of: secret, in: key)
        #expect("\(key)" == "RootKey(redacted)")
    }

    @Test("a keyring and what holds it")
    func keyring() throws {
        let keyring = try SealingFixtures.keyring()
        let key = try #require(keyring.key(for: .seal, version: 1)).withUnsafeBytes { Array($0) }
        self.expectNothing(of: key, in: keyring)
        self.expectNothing(of: key, in: Sealer(keyring: keyring, random: SealingRandom(seed: 1)))
        self.expectNothing(of: key, in: CursorSealer(keyring: keyring, random: SealingRandom(seed: 1)))
        #expect("\(keyring)" == "Keyring(pepper 1, seal 1, cursor 1, audit-signing 1)")
    }

    @Test("a keyring entry and a sealed value")
    func stored() throws {
        let keyring = try SealingFixtures.keyring()
        let entry = try #require(keyring.entries.first)
        self.expectNothing(of: entry.checkValue, in: entry)
        let sealed = try Sealer(keyring: keyring, random: SealingRandom(seed: 1)).seal(
            [1],
            for: SealingFixtures.context
        )
        self.expectNothing(of: Array(sealed.commitment), in: sealed)
    }
}
