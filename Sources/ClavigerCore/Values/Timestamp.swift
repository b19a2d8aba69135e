/// A moment in UTC with millisecond resolution.
///
/// As text it is RFC 3339 with three fractional digits and the letter `Z`: `2026-11-21T06:40:00.000Z`.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64

    /// Makes a moment from milliseconds since the Unix epoch.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The last moment that can be written with a four-digit year.
    public static let latest = Timestamp(milliseconds: 253_402_300_799_999)

    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.milliseconds < rhs.milliseconds
    }

    /// The moment `duration` later, at most ``latest``; parts of a millisecond are dropped.
    public static func + (lhs: Self, rhs: Duration) -> Self {
        let (sum, overflow) = lhs.milliseconds.addingReportingOverflow(rhs.wholeMilliseconds)
        return overflow ? .latest : min(Timestamp(milliseconds: sum), .latest)
    }

    /// The moment `duration` earlier.
    public static func - (lhs: Self, rhs: Duration) -> Self {
        Timestamp(milliseconds: lhs.milliseconds - rhs.wholeMilliseconds)
    }

    /// The time from `rhs` to `lhs`.
    public static func - (lhs: Self, rhs: Self) -> Duration {
        .milliseconds(lhs.milliseconds - rhs.milliseconds)
    }
}

extension Duration {
    /// The whole milliseconds in this duration, limited to what 64 bits hold.
    public var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}

/// Where the program gets the time from; the composition root has the only real one.
public protocol TimeSource: Sendable {
    /// The current moment.
    func now() -> Timestamp
}
