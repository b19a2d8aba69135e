import Testing

@testable import ClavigerCore

@Suite("Sealed values")
struct SealerTests {
    private let context = SealingFixtures.context
    private let secret = Array("the third-party key".utf8)

    // Made with Python's cryptography package (HKDF written out with hmac): salt 00 01 … 1f, nonce 64 65 … 6f.
    private static let madeElsewhere =
        "0100000001000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1a28fdb92086dd83"
        + "d10c61a891cefb3fa3ac10dd694de69613b5b687d90a70056465666768696a6b6c6d6e6fbf1a7fd86032cab442"
        + "53be343097a9fdc298af8861790fc85320534dd3a75dbfb1bf4a"

    private func sealer(_ keyring: Keyring? = nil, seed: UInt64 = 5) throws -> Sealer {
        try Sealer(keyring: keyring ?? SealingFixtures.keyring(), random: SealingRandom(seed: seed))
    }

    @Test("the format stays: a value that another implementation made opens")
    func knownAnswer() throws {
        let rootKey = try SealingFixtures.rootKey()
        var seal = KeyringEntry(
            .seal,
            version: 1,
            rootKey: rootKey,
            at: SealingFixtures.now,
            from: SealingRandom(seed: 0)
        )
        seal.salt = [UInt8](repeating: 7, count: 32)
        seal.checkValue = SealingFixtures.bytes(hex: "040c9eabd54d512ad0de79beaa848a75b11046c16cc217134bedb96e11c29dad")
        let others = Keyring.initialEntries(rootKey: rootKey, at: SealingFixtures.now, from: SealingRandom(seed: 1))
            .filter { $0.purpose != .seal }
        let sealer = try self.sealer(Keyring(rootKey: rootKey, entries: others + [seal]))
        let value = try SealedValue(bytes: SealingFixtures.bytes(hex: Self.madeElsewhere))
        #expect(try sealer.open(value, for: self.context) == self.secret)
    }

    @Test("the same seed gives the same bytes, with the header where the format says")
    func layout() throws {
        let sealed = try self.sealer().seal(self.secret, for: self.context)
        let again = try self.sealer().seal(self.secret, for: self.context)
        #expect(sealed == again)
        #expect(sealed.bytes.count == self.secret.count + SealedValue.overhead)
        #expect(SealedValue.overhead == 97)
        #expect(Array(sealed.bytes[..<5]) == [1, 0, 0, 0, 1])
        #expect(Array(sealed.salt) == SealingRandom(seed: 5).bytes(32))
    }

    @Test("what is sealed opens again", arguments: [0, 1, 15, 16, 17, 1000, 100_000])
    func roundTrip(count: Int) throws {
        let plaintext = SealingRandom(seed: UInt64(count)).bytes(count)
        let sealer = try self.sealer()
        let sealed = try sealer.seal(plaintext, for: self.context)
        #expect(try sealer.open(SealedValue(bytes: sealed.bytes), for: self.context) == plaintext)
    }

    @Test("the same plaintext never seals alike")
    func fresh() throws {
        let sealer = try self.sealer()
        let values = try (0..<50).map { _ in try sealer.seal(self.secret, for: self.context) }
        #expect(Set(values.map { Array($0.salt) }).count == 50)
        #expect(Set(values.map { Array($0.commitment) }).count == 50)
        #expect(Set(values.map { Array($0.box) }).count == 50)
    }

    @Test("every bit counts")
    func flips() throws {
        let sealer = try self.sealer(SealingFixtures.rotated(SealingFixtures.keyring(), .seal))
        let sealed = try sealer.seal(self.secret, for: self.context)
        for index in sealed.bytes.indices {
            for bit in 0..<8 {
                var bytes = sealed.bytes
                bytes[index] ^= 1 << bit
                #expect(throws: SealingError.self, "byte \(index), bit \(bit)") {
                    try sealer.open(SealedValue(bytes: bytes), for: self.context)
                }
            }
        }
    }

    @Test("every truncation and an appended byte are refused")
    func lengths() throws {
        let sealer = try self.sealer()
        let sealed = try sealer.seal(self.secret, for: self.context)
        for count in 0..<sealed.bytes.count {
            #expect(throws: SealingError.self) {
                try sealer.open(SealedValue(bytes: Array(sealed.bytes[..<count])), for: self.context)
            }
        }
        #expect(throws: SealingError.refused) {
            try sealer.open(SealedValue(bytes: sealed.bytes + [0]), for: self.context)
        }
    }

    @Test("unknown formats and key versions say so")
    func unknown() throws {
        let sealer = try self.sealer()
        var bytes = try sealer.seal(self.secret, for: self.context).bytes
        bytes[4] = 9
        #expect(throws: SealingError.unknownKeyVersion(9)) {
            try sealer.open(SealedValue(bytes: bytes), for: self.context)
        }
        bytes[0] = 2
        #expect(throws: SealingError.unknownFormat(2)) { try SealedValue(bytes: bytes) }
        #expect(throws: SealingError.malformed) { try SealedValue(bytes: []) }
    }

    @Test(
        "a value opens at its own place only",
        arguments: [
            { $0.workspace = "ws_2" }, { $0.recordType = "key" }, { $0.recordID = "idem_2" }, { $0.field = "request" },
            { $0.recordVersion = 2 }, { $0.recordVersion = -3 }, { ($0.recordID, $0.field) = ($0.field, $0.recordID) },
            { ($0.recordType, $0.recordID) = ($0.recordType + "i", "dem_1") },
            { ($0.workspace, $0.recordType) = ("", $0.workspace + $0.recordType) },
        ] as [@Sendable (inout SealingContext) -> Void]
    )
    func moved(change: @Sendable (inout SealingContext) -> Void) throws {
        let sealer = try self.sealer()
        let sealed = try sealer.seal(self.secret, for: self.context)
        var elsewhere = self.context
        change(&elsewhere)
        #expect(throws: SealingError.refused) { try sealer.open(sealed, for: elsewhere) }
    }

    @Test("no two places encode alike", arguments: [11, 12, 13] as [UInt64])
    func contextsAreInjective(seed: UInt64) {
        let random = SealingRandom(seed: seed)
        // Few letters and short parts, so that joined without borders many would be equal.
        func part() -> String {
            String(decoding: random.bytes(Int(random.bytes(1)[0] % 4)).map { 97 + $0 % 2 }, as: UTF8.self)
        }
        var contexts: Set<SealingContext> = []
        for _ in 0..<2000 {
            contexts.insert(SealingContext(workspace: part(), recordType: part(), recordID: part(), field: part()))
        }
        #expect(Set(contexts.map { $0.associatedData(keyVersion: 1) }).count == contexts.count)
    }

    @Test("the place is bound by both, the commitment and the associated data of the cipher")
    func boundTwice() throws {
        let sealer = try self.sealer()
        let here = try sealer.seal(self.secret, for: self.context)
        var elsewhere = self.context
        elsewhere.recordID = "idem_2"
        // Same random bytes, so the same salt and nonce: only the place differs.
        let there = try self.sealer().seal(self.secret, for: elsewhere)
        #expect(Array(here.salt) == Array(there.salt))
        #expect(Array(here.commitment) != Array(there.commitment))
        #expect(Array(here.box.suffix(16)) != Array(there.box.suffix(16)))
        // Whoever could forge the commitment would still meet the cipher.
        let forged = SealedValue(
            keyVersion: 1,
            salt: Array(there.salt),
            commitment: Array(there.commitment),
            box: here.box
        )
        #expect(throws: SealingError.refused) { try sealer.open(forged, for: elsewhere) }
    }

    @Test("another root key or another salt of the seal key opens nothing")
    func otherKeys() throws {
        let sealed = try self.sealer().seal(self.secret, for: self.context)
        let other = try self.sealer(SealingFixtures.keyring(seed: 77))
        #expect(throws: SealingError.refused) { try other.open(sealed, for: self.context) }
    }

    @Test("after a rotation old values open, and are sealed again with the new key")
    func rotation() throws {
        let old = try SealingFixtures.keyring()
        let sealed = try self.sealer(old).seal(self.secret, for: self.context)
        let sealer = try self.sealer(SealingFixtures.rotated(old, .seal), seed: 6)
        #expect(try sealer.open(sealed, for: self.context) == self.secret)

        let rewrapped = try #require(try sealer.rewrap(sealed, for: self.context))
        #expect(rewrapped.keyVersion == 2)
        #expect(try sealer.open(rewrapped, for: self.context) == self.secret)
        #expect(try sealer.rewrap(rewrapped, for: self.context) == nil)
        #expect(throws: SealingError.unknownKeyVersion(2)) {
            try self.sealer(old).open(rewrapped, for: self.context)
        }
    }

    @Test("a value that does not open is not sealed again")
    func rewrapRefuses() throws {
        let old = try SealingFixtures.keyring()
        let sealed = try self.sealer(old).seal(self.secret, for: self.context)
        let sealer = try self.sealer(SealingFixtures.rotated(old, .seal))
        var elsewhere = self.context
        elsewhere.field = "other"
        #expect(throws: SealingError.refused) { try sealer.rewrap(sealed, for: elsewhere) }
    }

    @Test("noise never opens and never crashes", arguments: [21, 22] as [UInt64])
    func noise(seed: UInt64) throws {
        let random = SealingRandom(seed: seed)
        let sealer = try self.sealer()
        for _ in 0..<500 {
            var bytes = random.bytes(Int(random.bytes(1)[0]))
            if !bytes.isEmpty, random.bytes(1)[0] < 200 {
                bytes.replaceSubrange(0..<min(5, bytes.count), with: [1, 0, 0, 0, 1])
            }
            #expect(throws: SealingError.self) { try sealer.open(SealedValue(bytes: bytes), for: self.context) }
        }
    }
}
