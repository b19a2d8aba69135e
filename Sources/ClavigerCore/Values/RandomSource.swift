/// Where the program gets randomness from; the composition root has the only real one.
///
/// A real source is cryptographically secure: secrets are made from it.
public protocol RandomSource: Sendable {
    /// `count` random bytes.
    func bytes(_ count: Int) -> [UInt8]
}

extension RandomSource {
    /// 64 random bits.
    public func word() -> UInt64 {
        self.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
