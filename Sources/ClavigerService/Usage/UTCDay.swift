public import ClavigerCore

/// A calendar day in UTC.
///
/// As text it is the date of RFC 3339: `2026-11-21`.
public struct UTCDay: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    public let number: Int64

    /// The milliseconds of a day; UTC days have no others here, as Unix time has no leap seconds.
    private static let milliseconds: Int64 = 86_400_000

    /// Makes a day from its number since 1970-01-01.
    public init(number: Int64) {
        self.number = number
    }

    /// The day that a moment is in.
    public init(_ moment: Timestamp) {
        let (quotient, remainder) = moment.milliseconds.quotientAndRemainder(dividingBy: Self.milliseconds)
        self.number = remainder < 0 ? quotient - 1 : quotient
    }

    /// Reads `2026-11-21`, and nothing else.
    public init?(parsing text: String) {
        guard text.utf8.count == 10, let start = try? Timestamp(parsing: text + "T00:00:00.000Z") else { return nil }
        self.init(start)
    }

    /// The first moment of the day.
    public var start: Timestamp { Timestamp(milliseconds: self.number * Self.milliseconds) }

    /// The day after.
    public var next: UTCDay { UTCDay(number: self.number + 1) }

    /// Whether `lhs` comes first.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.number < rhs.number
    }
}

extension UTCDay: CustomStringConvertible {
    /// The date, for example `2026-11-21`.
    public var description: String { String(self.start.text.prefix(10)) }
}
