/// Time since a moment that is not known, such as the start of the machine.
///
/// It never jumps, so that limits neither explode nor lock out when the clock on the wall is set.
public struct Uptime: Hashable, Comparable, Sendable {
    /// Nanoseconds since that moment.
    public var nanoseconds: Int64

    /// Makes an uptime.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Whether `lhs` comes first.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }

    /// The uptime `duration` later.
    public static func + (lhs: Self, rhs: Duration) -> Self {
        let (seconds, attoseconds) = rhs.components
        return Uptime(nanoseconds: lhs.nanoseconds + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// The time from `rhs` to `lhs`.
    public static func - (lhs: Self, rhs: Self) -> Duration {
        .nanoseconds(lhs.nanoseconds - rhs.nanoseconds)
    }
}
