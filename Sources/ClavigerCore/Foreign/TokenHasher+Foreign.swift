import Crypto

extension TokenHasher {
    /// The digest of a foreign token as such, as our own tokens have it.
    public func digest(of token: ForeignToken) -> KeyDigest {
        self.digest(ofBytes: token.bytes)
    }

    /// Whether the digest is the token's; the time does not depend on where they differ.
    public func matches(_ token: ForeignToken, _ digest: KeyDigest) -> Bool {
        self.matches(bytes: token.bytes, digest)
    }

    /// The digest of what another system stored: the database alone then verifies nothing, even if that hash is fast.
    public func digest(of scheme: ForeignScheme, _ result: [UInt8]) -> KeyDigest {
        self.digest(ofBytes: Self.wrapped(scheme, result))
    }

    /// Whether the digest was made of this result; the time does not depend on where they differ.
    public func matches(_ scheme: ForeignScheme, _ result: [UInt8], _ digest: KeyDigest) -> Bool {
        self.matches(bytes: Self.wrapped(scheme, result), digest)
    }

    /// Does the work of a comparison for a token that is not known.
    public func spendTheSameTime(on token: ForeignToken) {
        _ = self.matches(token, KeyDigest.none(version: self.currentVersion))
    }

    /// No token has a NUL in it, so that no digest of a hash is one of a token.
    private static func wrapped(_ scheme: ForeignScheme, _ result: [UInt8]) -> [UInt8] {
        Array("claviger foreign hash\0\(scheme.text)\0".utf8) + result
    }
}
