import Crypto

/// One version of one purpose key, as it is stored: all that is needed to derive it again, given the root key.
///
/// Nothing in it reveals a key. Still it describes itself without its bytes, as a check value lets a holder of the
/// stored salt of a passphrase try passphrases.
public struct KeyringEntry: Hashable, Sendable {
    /// Whether new values are made with this version.
    public enum State: String, CaseIterable, Hashable, Sendable {
        /// New values are made with this version. Each purpose has exactly one, the highest.
        case current = "current"
        /// Older values can still be read.
        case retired = "retired"
    }

    /// The number of bytes of the salt.
    public static let saltLength = 32
    /// The number of bytes of the check value.
    public static let checkValueLength = 32
    /// The highest version: it has to fit the four bytes that sealed values and digests keep for it.
    public static let highestVersion = Int(Int32.max)

    /// What the key is for.
    public var purpose: KeyPurpose
    /// Counts from 1 within the purpose.
    public var version: Int
    /// The random salt of the derivation.
    public var salt: [UInt8]
    /// Proves that a root key is the one that this entry was made with, and reveals nothing of it.
    public var checkValue: [UInt8]
    /// Whether new values are made with this version.
    public var state: State
    /// When the version was made.
    public var createdAt: Timestamp

    /// Takes an entry as it is stored.
    ///
    /// ``Keyring`` checks it.
    public init(
        purpose: KeyPurpose,
        version: Int,
        salt: [UInt8],
        checkValue: [UInt8],
        state: State,
        createdAt: Timestamp
    ) {
        self.purpose = purpose
        self.version = version
        self.salt = salt
        self.checkValue = checkValue
        self.state = state
        self.createdAt = createdAt
    }

    /// Makes a new current version.
    init(
        _ purpose: KeyPurpose,
        version: Int,
        rootKey: RootKey,
        at now: Timestamp,
        from random: any RandomSource
    ) {
        self.init(
            purpose: purpose,
            version: version,
            salt: random.bytes(Self.saltLength),
            checkValue: [],
            state: .current,
            createdAt: now
        )
        self.checkValue = Array(HMAC<SHA256>.authenticationCode(for: Self.checkMessage, using: self.checkKey(rootKey)))
    }

    /// The purpose key.
    ///
    /// The purpose and the version are in the derivation, so swapped salts give other keys.
    func key(_ rootKey: RootKey) -> SymmetricKey {
        rootKey.derive(salt: self.salt, info: "claviger/v1/\(self.purpose.rawValue)/\(self.version)")
    }

    /// Whether the root key is the one that this entry was made with.
    ///
    /// Takes the same time wherever the values differ.
    func isMade(with rootKey: RootKey) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            self.checkValue,
            authenticating: Self.checkMessage,
            using: self.checkKey(rootKey)
        )
    }

    /// Why the entry cannot be one that this program stored, or nil.
    var defect: String? {
        guard (1...Self.highestVersion).contains(self.version) else { return "has an impossible version" }
        guard self.salt.count == Self.saltLength else { return "has a salt of the wrong length" }
        guard self.checkValue.count == Self.checkValueLength else { return "has a check value of the wrong length" }
        return nil
    }

    private static let checkMessage = Array("claviger keyring check value".utf8)

    /// A key of its own, so that the check value says nothing of the purpose key.
    private func checkKey(_ rootKey: RootKey) -> SymmetricKey {
        rootKey.derive(salt: self.salt, info: "claviger/v1/check/\(self.purpose.rawValue)/\(self.version)")
    }
}

extension KeyringEntry: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what this is, without its bytes.
    public var description: String { "KeyringEntry(\(self.purpose.rawValue) \(self.version), \(self.state.rawValue))" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
