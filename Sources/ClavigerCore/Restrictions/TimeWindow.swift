/// Hours that come again every week, as the clocks of a place show them.
///
/// A window that ends at or before the time at which it begins runs over midnight, and belongs to the day on which it
/// begins. Daylight saving follows the clock on the wall: an hour that is skipped in spring is in no window, so that a
/// window inside it does not open that day; an hour that comes twice in autumn is in the window both times.
public struct TimeWindow: Hashable, Sendable {
    /// From when on, inclusive.
    public let from: TimeOfDay
    /// Until when, exclusive.
    public let to: TimeOfDay
    /// The place whose clocks count.
    public let zone: LocalTimeZone
    /// One bit for each day, Monday's the lowest.
    private let dayBits: UInt8

    /// The days on which the window opens.
    public var days: Set<Weekday> { Set(Weekday.allCases.filter(self.opens)) }

    /// Makes a window that opens on one day at least and is not empty.
    public init(days: Set<Weekday>, from: TimeOfDay, to: TimeOfDay, zone: LocalTimeZone) throws(FieldError) {
        if let flaw = Self.flaw(days, from, to) { throw FieldError("\(flaw.member) \(flaw.message)") }
        self.init(known: days, from, to, zone)
    }

    private init(known days: Set<Weekday>, _ from: TimeOfDay, _ to: TimeOfDay, _ zone: LocalTimeZone) {
        self.dayBits = days.reduce(0) { $0 | 1 << UInt8($1.rawValue) }
        self.from = from
        self.to = to
        self.zone = zone
    }

    /// Whether the window is open at a moment.
    public func contains(_ now: Timestamp) -> Bool {
        let minutes = Self.floorDivision(self.zone.local(now), by: 60_000).quotient
        let (day, minute) = Self.floorDivision(minutes, by: 1440)
        // 1970-01-01 was a Thursday.
        guard let today = Weekday(rawValue: Int(Self.floorDivision(day + 3, by: 7).remainder)) else { return false }
        let isAfterStart = minute >= Int64(self.from.minutes)
        let isBeforeEnd = minute < Int64(self.to.minutes)
        guard self.runsOverMidnight else { return self.opens(today) && isAfterStart && isBeforeEnd }
        return self.opens(today) && isAfterStart || self.opens(today.previous) && isBeforeEnd
    }

    private var runsOverMidnight: Bool { self.to <= self.from }

    private func opens(_ day: Weekday) -> Bool {
        self.dayBits & 1 << UInt8(day.rawValue) != 0
    }

    /// Division that rounds down, before 1970 too.
    private static func floorDivision(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func flaw(
        _ days: Set<Weekday>,
        _ from: TimeOfDay,
        _ to: TimeOfDay
    ) -> (member: String, message: String)? {
        if days.isEmpty { return ("days", "must name at least one day") }
        if from == .endOfDay { return ("from", "must be before 24:00; write 00:00 and the next day") }
        if from == to { return ("to", "must not be equal to from; a whole day is 00:00 to 24:00") }
        return nil
    }
}

// MARK: - Overlaps

extension TimeWindow {
    private static let week: Int64 = 7 * 1440

    /// The positions of the first two windows that overlap.
    static func firstOverlap(in windows: [TimeWindow]) -> (Int, Int)? {
        for later in windows.indices {
            for earlier in windows[..<later].indices where windows[earlier].overlaps(windows[later]) {
                return (earlier, later)
            }
        }
        return nil
    }

    /// Whether both windows are open at the same time, in every season.
    ///
    /// Clocks of two places drift apart and back in the course of a year. Windows that follow each other in winter are
    /// no mistake because they meet in summer, and could not be written otherwise.
    func overlaps(_ other: TimeWindow) -> Bool {
        Self.shifts(from: self.zone, to: other.zone).allSatisfy { shift in
            self.starts.contains { start in
                other.starts.contains { otherStart in
                    let distance = Self.floorDivision(otherStart - start - shift, by: Self.week).remainder
                    return distance < self.length || Self.week - distance < other.length
                }
            }
        }
    }

    /// The minutes of the week at which the window opens.
    private var starts: [Int64] {
        Weekday.allCases.filter(self.opens).map { Int64($0.rawValue * 1440 + self.from.minutes) }
    }

    /// How many minutes the window is open each time.
    private var length: Int64 {
        Int64(self.to.minutes - self.from.minutes + (self.runsOverMidnight ? 1440 : 0))
    }

    /// How many minutes the clocks of `other` are ahead of those of `zone`, in each week of a year.
    ///
    /// It is always the same year: what was accepted and stored has to be acceptable when it is read.
    private static func shifts(from zone: LocalTimeZone, to other: LocalTimeZone) -> Set<Int64> {
        guard zone != other else { return [0] }
        let start: Int64 = 1_893_456_000_000  // 2030-01-01T00:00:00Z
        return Set(
            (0..<53 as Range<Int64>).map { week in
                let moment = Timestamp(milliseconds: start + week * 7 * 86_400_000)
                return (other.offset(at: moment) - zone.offset(at: moment)) / 60_000
            }
        )
    }
}

// MARK: - JSON

extension TimeWindow {
    /// Reads `{"days": ["mon"], "from": "08:00", "to": "18:00", "timeZone": "Europe/Berlin"}`.
    ///
    /// Nil if there are violations.
    public init?(reading reader: inout ObjectReader) {
        let violations = reader.violations.count
        var days: Set<Weekday> = []
        if reader.value("days") == nil { reader.refuse("days", "is required") }
        _ = reader.list("days", atMost: 7) { text throws(FieldError) in
            guard days.insert(try Weekday(parsing: text)).inserted else { throw FieldError("must be named only once") }
        }
        let from = reader.required("from", TimeOfDay.init(parsing:))
        let to = reader.required("to", TimeOfDay.init(parsing:))
        let zone = reader.required("timeZone", LocalTimeZone.init(parsing:))
        guard reader.violations.count == violations, let from, let to, let zone else { return nil }
        if let flaw = Self.flaw(days, from, to) {
            reader.refuse(flaw.member, flaw.message)
            return nil
        }
        self.init(known: days, from, to, zone)
    }

    /// The form that is read.
    public var json: JSON {
        [
            "days": .array(Weekday.allCases.filter(self.opens).map { .string($0.text) }),
            "from": .string(self.from.description),
            "to": .string(self.to.description),
            "timeZone": .string(self.zone.name),
        ]
    }
}
