/// When a witness cosigned: whole seconds since 1970, at most 2^63 - 1 (c2sp.org/tlog-cosignature).
public struct CosignatureTime: Hashable, Comparable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let seconds: UInt64

    /// Takes seconds since 1970; nil for more than 2^63 - 1.
    public init?(seconds: UInt64) {
        guard seconds <= UInt64(Int64.max) else { return nil }
        self.seconds = seconds
    }

    /// Whether one time is before the other.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.seconds < rhs.seconds
    }
}

/// The bytes of a timestamped cosignature: eight of the time, the highest first, and 64 of Ed25519.
struct Cosignature {
    static let length = 8 + 64

    let time: CosignatureTime
    let signature: ArraySlice<UInt8>

    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length,
            let time = CosignatureTime(seconds: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        else { return nil }
        self.time = time
        self.signature = bytes.dropFirst(8)
    }

    static func bytes(time: CosignatureTime, signature: [UInt8]) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: time.seconds >> (56 - 8 * $0)) } + signature
    }

    /// What is signed: the first line keeps it from being taken for a signature of anything else.
    static func message(_ text: NoteText, at time: CosignatureTime) -> [UInt8] {
        Array("cosignature/v1\ntime \(time.seconds)\n".utf8) + text.utf8
    }
}
