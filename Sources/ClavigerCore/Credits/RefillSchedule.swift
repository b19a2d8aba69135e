/// How often credits come anew.
public enum RefillInterval: String, CaseIterable, Sendable {
    case hour
    case day
    case week
    case month

    /// Marks the numbers of periods, so that those of one interval are not taken for those of another.
    var mark: Int64 {
        switch self {
        case .hour: 1
        case .day: 2
        case .week: 3
        case .month: 4
        }
    }
}

/// One hour, day, week or month of a schedule, from its start to the start of the next one.
public struct RefillPeriod: Hashable, Sendable {
    /// Its number: hours, days, weeks or months since those of 1970-01-01.
    public let number: Int64
    /// The first moment.
    public let start: Timestamp
    /// The first moment of the period behind it.
    public let end: Timestamp
    let interval: RefillInterval

    /// The number together with the interval, as a balance keeps it.
    public var code: Int64 { RefillPeriod.code(number: self.number, of: self.interval) }

    /// Whether a moment is in the period.
    public func contains(_ moment: Timestamp) -> Bool {
        self.start <= moment && moment < self.end
    }

    /// The code of a period of which only the number is known.
    static func code(number: Int64, of interval: RefillInterval) -> Int64 { number * 8 + interval.mark }

    /// The number in a code, or nil if it is of another interval.
    static func number(in code: Int64, of interval: RefillInterval) -> Int64? {
        let (number, mark) = Timestamp.flooredDivision(code, by: 8)
        return mark == interval.mark ? number : nil
    }
}

/// The calendar of refills in one time zone.
///
/// Days, weeks and months begin at midnight by the clocks of the zone (or, where midnight is skipped, when it would
/// have been), so that a day of 23 or 25 hours is one day. Weeks begin on Monday (ISO 8601). Hours are sixty minutes
/// long, whatever clocks do; they begin when the zone's clocks show a full hour. Only where clocks move by half an
/// hour, which is on Lord Howe Island, do they begin at half past for half of the year.
public struct RefillSchedule: Hashable, Sendable {
    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 86_400_000

    /// How long a period is.
    public let interval: RefillInterval
    /// Whose clocks count.
    public let zone: LocalTimeZone

    /// Makes a schedule.
    public init(every interval: RefillInterval, in zone: LocalTimeZone) {
        self.interval = interval
        self.zone = zone
    }

    /// The period that a moment is in.
    ///
    /// Later moments are never in earlier periods, also where clocks are set back over midnight.
    public func period(at moment: Timestamp) -> RefillPeriod {
        let moment = moment.withFourDigitYear
        var number = self.number(ofLocal: self.local(moment))
        var start = self.start(of: number)
        var end = self.start(of: number + 1)
        // Behind the last moment that can be written there is no next period.
        while end <= moment, end < .latest {
            number += 1
            start = end
            end = self.start(of: number + 1)
        }
        return RefillPeriod(number: number, start: start, end: end, interval: self.interval)
    }

    /// The moment at which the period of a number begins.
    public func start(of number: Int64) -> Timestamp {
        // No year that can be written is more than 100 million hours away.
        let number = min(max(number, -100_000_000), 100_000_000)
        switch self.interval {
        case .hour:
            return Timestamp(milliseconds: number * Self.hour - self.minutesPastHour).withFourDigitYear
        case .day: return self.zone.moment(ofLocal: number * Self.day)
        case .week: return self.zone.moment(ofLocal: (number * 7 - 3) * Self.day)
        case .month:
            let (years, month) = Timestamp.flooredDivision(number, by: 12)
            let days = Timestamp.daysFromEpoch(year: Int(1970 + years), month: Int(month + 1), day: 1)
            return self.zone.moment(ofLocal: Int64(days) * Self.day)
        }
    }

    /// What part of an hour the clocks are ahead, in milliseconds; 30 minutes in India.
    private var minutesPastHour: Int64 {
        Timestamp.flooredDivision(self.zone.offset(at: .earliest), by: Self.hour).remainder
    }

    private func local(_ moment: Timestamp) -> Int64 {
        self.interval == .hour ? moment.milliseconds + self.minutesPastHour : self.zone.local(moment)
    }

    private func number(ofLocal local: Int64) -> Int64 {
        let days = Timestamp.flooredDivision(local, by: Self.day).quotient
        switch self.interval {
        case .hour: return Timestamp.flooredDivision(local, by: Self.hour).quotient
        case .day: return days
        // 1970-01-01 was a Thursday.
        case .week: return Timestamp.flooredDivision(days + 3, by: 7).quotient
        case .month:
            let (year, month, _) = Timestamp.date(fromEpochDay: Int(days))
            return Int64((year - 1970) * 12 + month - 1)
        }
    }
}
