/// The public part of a token that names its credential: 12 base62 characters, random.
///
/// It may be logged and shown.
public struct LookupID: Hashable, Sendable {
    /// The number of characters.
    public static let length = 12

    private let head: UInt64
    private let tail: UInt32

    /// Reads 12 base62 characters.
    public init?(_ characters: some Collection<UInt8>) {
        guard characters.count == Self.length, Base62.contains(characters) else { return nil }
        self.head = characters.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        self.tail = characters.dropFirst(8).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads a lookup id from text.
    public init?(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// The 12 characters.
    public var text: String {
        let bytes =
            (0..<8).map { UInt8(truncatingIfNeeded: self.head >> (56 - 8 * $0)) }
            + (0..<4).map { UInt8(truncatingIfNeeded: self.tail >> (24 - 8 * $0)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The 12 characters as 96 bits, the first character highest.
    package var bits: UInt128 { UInt128(self.head) << 32 | UInt128(self.tail) }

    /// The id with these 96 bits; `nil` when they are not 12 base62 characters.
    package init?(bits: UInt128) {
        guard bits >> 96 == 0 else { return nil }
        self.head = UInt64(truncatingIfNeeded: bits >> 32)
        self.tail = UInt32(truncatingIfNeeded: bits)
        for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
            guard Base62.value(of: UInt8(truncatingIfNeeded: self.head >> shift)) != nil else { return nil }
        }
        for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
            guard Base62.value(of: UInt8(truncatingIfNeeded: self.tail >> shift)) != nil else { return nil }
        }
    }

    /// 64 bits of this id, well mixed, for shards and filters that pick their places by it.
    package var mixed: UInt64 {
        // The finaliser of MurmurHash3 spreads the few bits in which base62 characters differ.
        var value = self.head ^ UInt64(self.tail) &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ value >> 33) &* 0xFF51_AFD7_ED55_8CCD
        value = (value ^ value >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return value ^ value >> 33
    }
}

extension LookupID: CustomStringConvertible {
    /// The text that may be shown.
    public var description: String { self.text }
}
