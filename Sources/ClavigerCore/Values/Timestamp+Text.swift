/// Why a text is not a moment.
public enum TimestampError: Error, Hashable {
    /// The text is not RFC 3339 `date-time`, names a day or time that does not exist, or is outside the years 0000 to
    /// 9999 in UTC.
    case notRFC3339
}

extension Timestamp {
    /// Reads RFC 3339 `date-time` (section 5.6): an offset or `Z`, and any number of fractional digits, of which three
    /// count.
    ///
    /// Leap seconds are refused.
    public init(parsing text: String) throws(TimestampError) {
        var reader = FixedDigits(Array(text.utf8))
        guard
            let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), reader.skip("T") || reader.skip("t"), let hour = reader.number(2),
            reader.skip(":"), let minute = reader.number(2), reader.skip(":"), let second = reader.number(2),
            (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { throw .notRFC3339 }
        var milliseconds = 0
        if reader.skip(".") {
            guard let fraction = reader.fraction() else { throw .notRFC3339 }
            milliseconds = fraction
        }
        guard let offset = reader.offsetMinutes(), reader.isAtEnd else { throw .notRFC3339 }
        let days = Self.daysFromEpoch(year: year, month: month, day: day)
        let minutes = (days * 24 + hour) * 60 + minute - offset
        self.init(milliseconds: Int64((minutes * 60 + second) * 1000 + milliseconds))
        // The offset can carry the moment into a year that could not be written again.
        guard self == self.withFourDigitYear else { throw .notRFC3339 }
    }

    /// The moment as RFC 3339 in UTC, for example `2026-11-21T06:40:00.000Z`.
    ///
    /// A moment that needs more than four digits for its year is written as ``earliest`` or ``latest``.
    public var text: String {
        let (days, rest) = Self.flooredDivision(self.withFourDigitYear.milliseconds, by: 86_400_000)
        let (year, month, day) = Self.date(fromEpochDay: Int(days))
        let (seconds, milliseconds) = Int(rest).quotientAndRemainder(dividingBy: 1000)
        return String(unsafeUninitializedCapacity: 24) { buffer in
            var position = 0
            func put(_ value: Int, _ digits: Int, _ end: UInt8) {
                var value = value
                for index in stride(from: position + digits - 1, through: position, by: -1) {
                    buffer[index] = UInt8(ascii: "0") + UInt8(value % 10)
                    value /= 10
                }
                buffer[position + digits] = end
                position += digits + 1
            }
            put(year, 4, UInt8(ascii: "-"))
            put(month, 2, UInt8(ascii: "-"))
            put(day, 2, UInt8(ascii: "T"))
            put(seconds / 3600, 2, UInt8(ascii: ":"))
            put(seconds / 60 % 60, 2, UInt8(ascii: ":"))
            put(seconds % 60, 2, UInt8(ascii: "."))
            put(milliseconds, 3, UInt8(ascii: "Z"))
            return position
        }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // The two conversions count from 1 March, so that the leap day ends a year, in cycles of 400 years
    // (146,097 days). 719,468 days lie between 0000-03-01 and 1970-01-01.

    static func daysFromEpoch(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let (era, yearOfEra) = Self.flooredDivision(shifted, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func date(fromEpochDay days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = Self.flooredDivision(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    static func flooredDivision<I: BinaryInteger>(_ value: I, by divisor: I) -> (quotient: I, remainder: I) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Reads the fixed-width numbers of a timestamp.
private struct FixedDigits {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { self.position == self.bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard self.position < self.bytes.count, self.bytes[self.position] == UInt8(ascii: character) else {
            return false
        }
        self.position += 1
        return true
    }

    mutating func number(_ digits: Int) -> Int? {
        guard self.position + digits <= self.bytes.count else { return nil }
        var value = 0
        for byte in self.bytes[self.position..<self.position + digits] {
            guard let digit = Self.digit(byte) else { return nil }
            value = value * 10 + digit
        }
        self.position += digits
        return value
    }

    mutating func fraction() -> Int? {
        var milliseconds = 0
        var count = 0
        while self.position < self.bytes.count, let digit = Self.digit(self.bytes[self.position]) {
            if count < 3 { milliseconds = milliseconds * 10 + digit }
            count += 1
            self.position += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<max(3, count) { milliseconds *= 10 }
        return milliseconds
    }

    mutating func offsetMinutes() -> Int? {
        if self.skip("Z") || self.skip("z") { return 0 }
        let sign = self.skip("+") ? 1 : self.skip("-") ? -1 : 0
        guard sign != 0, let hours = self.number(2), self.skip(":"), let minutes = self.number(2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }
}
