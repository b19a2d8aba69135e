public import Crypto

/// The stored form of a token: HMAC-SHA256 under a pepper, with the pepper's version.
///
/// It redacts itself.
public struct KeyDigest: Sendable {
    /// The number of bytes.
    public static let length = 32

    let words: (UInt64, UInt64, UInt64, UInt64)
    /// The version of the pepper.
    public let pepperVersion: Int32

    /// Takes 32 stored bytes; nil for any other number.
    public init?(bytes: [UInt8], pepperVersion: Int) {
        guard bytes.count == Self.length, let version = Int32(exactly: pepperVersion) else { return nil }
        self.words = bytes.withUnsafeBytes { $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
        self.pepperVersion = version
    }

    /// The bytes to store.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: self.words) { Array($0) }
    }
}

extension KeyDigest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text that may be shown.
    public var description: String { "KeyDigest(redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// Has no children: reflecting shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Turns tokens into digests and compares them, for each version of the pepper.
public struct TokenHasher: Sendable {
    /// HMACs that have taken in the pepper already; copying one saves half of the work.
    private var started: [Int32: HMAC<SHA256>]
    /// The version that new digests are made with.
    public let currentVersion: Int32

    /// Takes the pepper of every version.
    public init(peppers: [Int: SymmetricKey], current: Int) {
        self.started = [:]
        for (version, pepper) in peppers { self.started[Int32(version)] = HMAC(key: pepper) }
        self.currentVersion = Int32(current)
        precondition(self.started[self.currentVersion] != nil, "the current pepper is among the versions")
    }

    /// The digest of a token under the current pepper.
    public func digest(of token: KeyToken) -> KeyDigest {
        self.digest(ofBytes: token.bytes)
    }

    func digest(ofBytes bytes: [UInt8]) -> KeyDigest {
        guard
            let code = self.code(of: bytes, version: self.currentVersion),
            let digest = KeyDigest(bytes: Array(code), pepperVersion: Int(self.currentVersion))
        else { preconditionFailure("the current pepper is among the versions") }
        return digest
    }

    /// Whether the digest is the token's.
    ///
    /// The comparison takes the same time wherever the two differ.
    public func matches(_ token: KeyToken, _ digest: KeyDigest) -> Bool {
        self.matches(bytes: token.bytes, digest)
    }

    func matches(bytes: [UInt8], _ digest: KeyDigest) -> Bool {
        guard let code = self.code(of: bytes, version: digest.pepperVersion) else { return false }
        // `==` between an authentication code and bytes is swift-crypto's constant-time comparison.
        return withUnsafeBytes(of: digest.words) { code == $0 }
    }

    /// Does the work of ``matches(_:_:)`` for a token that is not known, so that both take the same time.
    public func spendTheSameTime(on token: KeyToken) {
        _ = self.matches(token, KeyDigest.none(version: self.currentVersion))
    }

    /// Whether the digest should be made anew with the current pepper.
    public func isOutdated(_ digest: KeyDigest) -> Bool {
        digest.pepperVersion != self.currentVersion
    }

    private func code(of bytes: [UInt8], version: Int32) -> HMAC<SHA256>.MAC? {
        guard var hmac = self.started[version] else { return nil }
        bytes.withUnsafeBytes { hmac.update(data: $0) }
        return hmac.finalize()
    }
}

extension KeyDigest {
    static func none(version: Int32) -> KeyDigest {
        KeyDigest(words: (0, 0, 0, 0), pepperVersion: version)
    }

    private init(words: (UInt64, UInt64, UInt64, UInt64), pepperVersion: Int32) {
        self.words = words
        self.pepperVersion = pepperVersion
    }
}
