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

    /// The first moment that can be written with a four-digit year.
    public static let earliest = Timestamp(milliseconds: -62_167_219_200_000)

    /// Whether `lhs` comes first.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.milliseconds < rhs.milliseconds
    }

    /// The moment `duration` later, between ``earliest`` and ``latest``; parts of a millisecond are dropped.
    public static func + (lhs: Self, rhs: Duration) -> Self {
        let milliseconds = rhs.wholeMilliseconds
        let (sum, overflow) = lhs.milliseconds.addingReportingOverflow(milliseconds)
        guard !overflow else { return milliseconds < 0 ? .earliest : .latest }
        return Timestamp(milliseconds: sum).withFourDigitYear
    }

    /// The moment `duration` earlier, between ``earliest`` and ``latest``; parts of a millisecond are dropped.
    public static func - (lhs: Self, rhs: Duration) -> Self {
        let milliseconds = rhs.wholeMilliseconds
        let (difference, overflow) = lhs.milliseconds.subtractingReportingOverflow(milliseconds)
        guard !overflow else { return milliseconds < 0 ? .latest : .earliest }
        return Timestamp(milliseconds: difference).withFourDigitYear
    }

    /// This moment, or the nearest one that can be written with a four-digit year.
    var withFourDigitYear: Timestamp {
        min(max(self, .earliest), .latest)
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

    /// Time that does not jump when the clock is set, for limits and durations.
    func uptime() -> Uptime
}
