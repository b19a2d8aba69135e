/// A day of the week.
public enum Weekday: Int, CaseIterable, Sendable {
    case monday
    case tuesday
    case wednesday
    case thursday
    case friday
    case saturday
    case sunday

    /// The first three letters in lower case.
    public var text: String {
        switch self {
        case .monday: "mon"
        case .tuesday: "tue"
        case .wednesday: "wed"
        case .thursday: "thu"
        case .friday: "fri"
        case .saturday: "sat"
        case .sunday: "sun"
        }
    }

    /// Reads the first three letters in lower case.
    public init(parsing text: String) throws(FieldError) {
        guard let day = Self.allCases.first(where: { $0.text == text }) else {
            throw FieldError("must be one of \(Self.allCases.map(\.text).joined(separator: ", "))")
        }
        self = day
    }

    /// The day before.
    var previous: Weekday {
        self == .monday ? .sunday : Weekday(rawValue: self.rawValue - 1) ?? .sunday
    }
}

/// What a clock on the wall shows, in minutes: `00:00` to `24:00`.
public struct TimeOfDay: Hashable, Comparable, Sendable {
    /// The minutes since midnight, from 0 to 1440.
    public let minutes: Int

    /// The end of the day.
    public static let endOfDay = TimeOfDay(known: 1440)

    private init(known minutes: Int) {
        self.minutes = minutes
    }

    /// Reads two digits for hours, a colon and two digits for minutes.
    public init(parsing text: String) throws(FieldError) {
        let bytes = Array(text.utf8)
        let digits = [0, 1, 3, 4]
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[$0]) })
        else { throw Self.malformed }
        let values = digits.map { Int(bytes[$0] - UInt8(ascii: "0")) }
        let minute = values[2] * 10 + values[3]
        let minutes = (values[0] * 10 + values[1]) * 60 + minute
        guard minute < 60, minutes <= Self.endOfDay.minutes else { throw Self.malformed }
        self.minutes = minutes
    }

    /// Whether `lhs` comes first on the clock.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.minutes < rhs.minutes
    }

    private static let malformed = FieldError("must be a time such as 08:00, from 00:00 to 24:00")
}

extension TimeOfDay: CustomStringConvertible {
    /// The time as it is read.
    public var description: String {
        let (hour, minute) = self.minutes.quotientAndRemainder(dividingBy: 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }
}
