public import ClavigerCore
import Synchronization

/// Pseudo-random bytes that a seed repeats (SplitMix64; Steele, Lea and Flood 2014).
///
/// Never for real secrets.
public final class SeededRandom: RandomSource {
    private let state: Mutex<UInt64>

    /// Begins the series of a seed.
    public init(seed: UInt64 = 1) {
        self.state = Mutex(seed)
    }

    /// The next bytes of the series.
    public func bytes(_ count: Int) -> [UInt8] {
        self.state.withLock { state in
            (0..<count).map { _ in UInt8(truncatingIfNeeded: Self.next(&state)) }
        }
    }

    private static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// A generator for Swift's own random functions that a seed repeats.
public struct SeededGenerator: RandomNumberGenerator {
    private let source: SeededRandom

    /// Begins the series of a seed.
    public init(seed: UInt64) {
        self.source = SeededRandom(seed: seed)
    }

    /// The next word of the series.
    public mutating func next() -> UInt64 {
        self.source.word()
    }
}
