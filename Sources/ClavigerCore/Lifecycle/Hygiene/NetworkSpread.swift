/// From about how many networks a key was used, in 64 bits: linear counting (Whang, Vander-Zanden and Taylor 1990).
///
/// It does not say which networks they were, takes the same room for one as for a million, and two of them are joined
/// by OR. Around 20 networks it is wrong by about two; beyond some 200 it only says that there are very many.
public struct NetworkSpread: Hashable, Sendable {
    /// One bit for each of 64 groups of networks.
    public var bits: UInt64

    /// Makes a spread from its bits.
    public init(bits: UInt64 = 0) {
        self.bits = bits
    }

    /// Takes in the network of a client, as its bytes.
    public mutating func add(_ network: [UInt8]) {
        // FNV-1a, and its upper bits mixed into the lower: neighbouring addresses must not fall into one group.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in network { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash ^= hash >> 32
        hash = hash &* 0x9E37_79B9_7F4A_7C15
        self.bits |= 1 << (hash >> 58)
    }

    /// Takes in what another has.
    public mutating func formUnion(_ other: NetworkSpread) {
        self.bits |= other.bits
    }

    /// About how many networks there are.
    public var estimate: Int { Self.estimates[self.bits.nonzeroBitCount] }

    /// -64 ln(1 - n/64), rounded, for n of 64 groups; with all of them taken, as for one that is left by half.
    private static let estimates = [
        0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 17, 18, 20, 21, 23, 24, 25, 27, 28, 30, 32, 33, 35, 37,
        39, 40, 42, 44, 46, 48, 51, 53, 55, 58, 60, 63, 65, 68, 71, 74, 78, 81, 85, 89, 93, 97, 102, 107, 113, 119,
        126, 133, 142, 151, 163, 177, 196, 222, 266, 311,
    ]
}
