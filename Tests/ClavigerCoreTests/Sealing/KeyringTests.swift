import Crypto
import Testing

@testable import ClavigerCore

@Suite("Keyring")
struct KeyringTests {
    private let now = SealingFixtures.now

    private func entries(seed: UInt64 = 1) throws -> [KeyringEntry] {
        try Keyring.initialEntries(rootKey: SealingFixtures.rootKey(), at: self.now, from: SealingRandom(seed: seed))
    }

    @Test("begins with version 1 of every purpose")
    func initial() throws {
        let keyring = try SealingFixtures.keyring()
        #expect(keyring.entries.map(\.purpose) == KeyPurpose.allCases)
        for purpose in KeyPurpose.allCases {
            #expect(keyring.currentVersion(of: purpose) == 1)
            #expect(keyring.versions(of: purpose) == [1])
        }
        #expect(Set(keyring.entries.map(\.salt)).count == KeyPurpose.allCases.count)
    }

    @Test("purposes are spelled so that no derivation collides with another")
    func purposeNames() {
        for purpose in KeyPurpose.allCases {
            #expect(purpose.rawValue.allSatisfy { $0.isLowercase || $0 == "-" })
            #expect(purpose.rawValue != "check")
        }
    }

    // Made with Python's hmac and hashlib (HKDF written out) from a root key of 32 × 0x42 and a salt of 32 × 0x07.
    @Test(
        "keys are HKDF-SHA256 of salt and label, as another implementation computes them",
        arguments: [
            (KeyPurpose.seal, 1, "7c98add68b4981a03f6653a15aebbcbb4d673da9385eb4ae07c490705b32e0c0"),
            (KeyPurpose.auditSigning, 12, "3fa7c1352894ae736d72b7844cfa9504a8eacfbbcf650867cb237ae9e9c7a86d"),
        ]
    )
    func knownKeys(purpose: KeyPurpose, version: Int, expected: String) throws {
        let entry = KeyringEntry(
            purpose: purpose,
            version: version,
            salt: [UInt8](repeating: 7, count: 32),
            checkValue: [],
            state: .current,
            createdAt: self.now
        )
        let key = try entry.key(SealingFixtures.rootKey())
        #expect(SealingFixtures.hex(key.withUnsafeBytes { Array($0) }) == expected)
    }

    // The same, for the check value.
    @Test("a check value made by another implementation is accepted")
    func knownCheckValue() throws {
        let entry = KeyringEntry(
            purpose: .seal,
            version: 1,
            salt: [UInt8](repeating: 7, count: 32),
            checkValue: SealingFixtures.bytes(hex: "040c9eabd54d512ad0de79beaa848a75b11046c16cc217134bedb96e11c29dad"),
            state: .current,
            createdAt: self.now
        )
        #expect(try entry.isMade(with: SealingFixtures.rootKey()))
        #expect(try !entry.isMade(with: SealingFixtures.rootKey(0x43)))
    }

    @Test("a wrong root key is found, also by one bit")
    func wrongRootKey() throws {
        let entries = try self.entries()
        var bytes = [UInt8](repeating: 0x42, count: 32)
        bytes[31] ^= 1
        let wrong = try #require(RootKey(bytes: bytes))
        #expect(throws: KeyringError.wrongRootKey) { try Keyring(rootKey: wrong, entries: entries) }
        #expect(throws: KeyringError.wrongRootKey) {
            try Keyring.missingEntries(
                among: Array(entries.dropLast()),
                rootKey: wrong,
                at: self.now,
                from: SealingRandom(seed: 1)
            )
        }
    }

    @Test("every bit of a check value and of a salt counts", arguments: 0..<64)
    func changedEntry(index: Int) throws {
        for bit in 0..<8 {
            var entries = try self.entries()
            if index < 32 {
                entries[1].checkValue[index] ^= 1 << bit
            } else {
                entries[1].salt[index - 32] ^= 1 << bit
            }
            #expect {
                try Keyring(rootKey: SealingFixtures.rootKey(), entries: entries)
            } throws: {
                guard case .corrupt = $0 as? KeyringError else { return false }
                return true
            }
        }
    }

    @Test(
        "impossible entries are refused, and the refusal shows no bytes",
        arguments: [
            { $0[0].version = 0 }, { $0[0].version = -1 }, { $0[0].version = 1 << 31 }, { $0[0].version = 2 },
            { $0[0].salt = [] }, { $0[0].salt.removeLast() }, { $0[0].checkValue = [] }, { $0[0].checkValue.append(0) },
            { $0[0].state = .retired }, { $0.append($0[0]) }, { $0[0].purpose = .seal },
            { ($0[0].salt, $0[1].salt) = ($0[1].salt, $0[0].salt) },
        ] as [@Sendable (inout [KeyringEntry]) -> Void]
    )
    func corrupt(change: @Sendable (inout [KeyringEntry]) -> Void) throws {
        var entries = try self.entries()
        change(&entries)
        let error = #expect(throws: KeyringError.self) {
            try Keyring(rootKey: SealingFixtures.rootKey(), entries: entries)
        }
        guard case .corrupt(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!text.contains("[") && text.count < 120)
    }

    @Test("a current entry has to be the highest")
    func currentIsHighest() throws {
        let rotated = try SealingFixtures.rotated(SealingFixtures.keyring(), .seal)
        for states in [[KeyringEntry.State.current, .current], [.retired, .retired], [.current, .retired]] {
            var entries = rotated.entries
            let places = entries.indices.filter { entries[$0].purpose == .seal }
            for (place, state) in zip(places, states) { entries[place].state = state }
            #expect(throws: KeyringError.self) { try Keyring(rootKey: SealingFixtures.rootKey(), entries: entries) }
        }
    }

    @Test("a purpose that came later gets its first version, and only that")
    func missingPurpose() throws {
        let entries = try self.entries().filter { $0.purpose != .cursor }
        let rootKey = try SealingFixtures.rootKey()
        #expect(throws: KeyringError.missing([.cursor])) { try Keyring(rootKey: rootKey, entries: entries) }
        #expect(throws: KeyringError.missing(KeyPurpose.allCases)) { try Keyring(rootKey: rootKey, entries: []) }
        let more = try Keyring.missingEntries(
            among: entries,
            rootKey: rootKey,
            at: self.now,
            from: SealingRandom(seed: 9)
        )
        #expect(more.map(\.purpose) == [.cursor])
        let keyring = try Keyring(rootKey: rootKey, entries: entries + more)
        #expect(keyring.currentVersion(of: .cursor) == 1)
    }

    @Test("rotation adds a version, keeps the others and touches no other purpose", arguments: KeyPurpose.allCases)
    func rotation(purpose: KeyPurpose) throws {
        let before = try SealingFixtures.keyring()
        let after = try SealingFixtures.rotated(before, purpose)
        #expect(after.currentVersion(of: purpose) == 2)
        #expect(after.versions(of: purpose) == [1, 2])
        #expect(after.key(for: purpose, version: 1) == before.key(for: purpose, version: 1))
        #expect(after.key(for: purpose, version: 2) != before.key(for: purpose, version: 1))
        #expect(after.key(for: purpose, version: 3) == nil)
        #expect(after.entries.filter { $0.purpose == purpose }.map(\.state) == [.retired, .current])
        for other in KeyPurpose.allCases where other != purpose {
            #expect(after.keys(for: other) == before.keys(for: other))
        }
    }

    @Test("all keys of a keyring differ")
    func distinct() throws {
        var keyring = try SealingFixtures.keyring()
        for purpose in KeyPurpose.allCases {
            for seed in 0..<3 { keyring = try SealingFixtures.rotated(keyring, purpose, seed: UInt64(seed)) }
        }
        let keys = KeyPurpose.allCases.flatMap { keyring.keys(for: $0).values.map { $0.withUnsafeBytes { Array($0) } } }
        #expect(Set(keys).count == 16)
    }

    @Test("an entry of another root key is not added")
    func foreignEntry() throws {
        let keyring = try SealingFixtures.keyring()
        let other = try KeyringEntry(
            .seal,
            version: 2,
            rootKey: SealingFixtures.rootKey(9),
            at: self.now,
            from: SealingRandom(seed: 1)
        )
        #expect(throws: KeyringError.self) { try keyring.adding(other) }
    }

    @Test("the highest version is the end")
    func exhausted() throws {
        let rootKey = try SealingFixtures.rootKey()
        let last = KeyringEntry(
            .seal,
            version: KeyringEntry.highestVersion,
            rootKey: rootKey,
            at: self.now,
            from: SealingRandom(seed: 1)
        )
        let keyring = try SealingFixtures.keyring().adding(last)
        #expect(throws: KeyringError.exhausted(.seal)) {
            try keyring.makeNextVersion(of: .seal, at: self.now, from: SealingRandom(seed: 1))
        }
        let sealer = Sealer(keyring: keyring, random: SealingRandom(seed: 1))
        let sealed = try sealer.seal([1, 2], for: SealingFixtures.context)
        #expect(try sealer.open(SealedValue(bytes: sealed.bytes), for: SealingFixtures.context) == [1, 2])
    }
}
