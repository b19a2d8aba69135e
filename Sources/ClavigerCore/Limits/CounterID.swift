import Crypto

/// Names one counter: what is limited, by which limit.
///
/// It is the first half of a SHA-256 over all that makes a counter another one: the kind, every part of the owner, and
/// the limit's name, algorithm and window. Callers choose identifiers (an address, a user's name), so two that meet in
/// one counter must not be findable: 128 bits of SHA-256 leave 2^64 work, and no part can run into the next because
/// each is hashed with its length. An exact key would hold the texts, and a million counters would not fit.
///
/// It costs about as much as a verification, so whoever has a snapshot computes it once and keeps it there.
///
/// As the algorithm and the window are in it, a limit that gets another window starts anew, and one that gets another
/// number of requests keeps what was used. Two callers who disagree about the window do not reset each other.
public struct CounterID: Hashable, Sendable {
    /// What is limited.
    public enum Kind: UInt8, Sendable {
        case key = 1
        case consumer = 2
        case plan = 3
        case api = 4
        /// Something that has no key: a namespace and an identifier that the caller made up.
        case adHoc = 5
    }

    /// The first 64 bits.
    public let high: UInt64
    /// The other 64 bits.
    public let low: UInt64

    /// Makes the id of a limit's counter.
    ///
    /// - Parameters:
    ///   - kind: what is limited.
    ///   - owner: what tells it from others of its kind, such as a key's id, or workspace, namespace and identifier. A
    ///     key's id and not a credential's, so that a rotation keeps the counters.
    ///   - limit: its number of requests does not count.
    public init(_ kind: Kind, of owner: [String], limit: RateLimit) {
        var hash = SHA256()
        hash.update(data: [kind.rawValue, limit.isTokenBucket ? 1 : 0])
        hash.update(data: Self.bytes(UInt64(limit.windowNanoseconds)))
        hash.update(data: Self.bytes(UInt64(owner.count)))
        for part in owner { Self.add(part, to: &hash) }
        Self.add(limit.name.text, to: &hash)
        var numbers: (UInt64, UInt64) = (0, 0)
        for (index, byte) in hash.finalize().prefix(16).enumerated() {
            if index < 8 {
                numbers.0 = numbers.0 << 8 | UInt64(byte)
            } else {
                numbers.1 = numbers.1 << 8 | UInt64(byte)
            }
        }
        (self.high, self.low) = numbers
    }

    /// Takes in half of the bits, which are as good as random.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.low)
    }

    private static func add(_ text: String, to hash: inout SHA256) {
        let bytes = Array(text.utf8)
        hash.update(data: Self.bytes(UInt64(bytes.count)))
        hash.update(data: bytes)
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }
}

extension RateLimit {
    fileprivate var isTokenBucket: Bool {
        if case .tokenBucket = self.algorithm { true } else { false }
    }
}
