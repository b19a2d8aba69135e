import ClavigerCore
import ClavigerTestSupport
import Testing

// The moments at which days begin are those of Python's zoneinfo with tzdata 2025b.
@Suite("Refill schedules")
struct RefillScheduleTests {
    private static func schedule(_ interval: RefillInterval, _ zone: String) throws -> RefillSchedule {
        RefillSchedule(every: interval, in: try LocalTimeZone(parsing: zone))
    }

    @Test(
        "periods begin and end when a calendar says so",
        arguments: [
            (
                RefillInterval.hour, "UTC", "2026-11-21T06:40:00Z", "2026-11-21T06:00:00.000Z",
                "2026-11-21T07:00:00.000Z"
            ),
            (.hour, "Asia/Kolkata", "2026-11-21T06:40:00Z", "2026-11-21T06:30:00.000Z", "2026-11-21T07:30:00.000Z"),
            (.hour, "Asia/Kathmandu", "2026-11-21T06:40:00Z", "2026-11-21T06:15:00.000Z", "2026-11-21T07:15:00.000Z"),
            (.hour, "America/St_Johns", "2026-11-21T06:40:00Z", "2026-11-21T06:30:00.000Z", "2026-11-21T07:30:00.000Z"),
            // The hour that comes twice in autumn is two hours.
            (.hour, "Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T00:00:00.000Z", "2026-10-25T01:00:00.000Z"),
            (.hour, "Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T01:00:00.000Z", "2026-10-25T02:00:00.000Z"),
            // Sixty minutes, also where clocks move by half an hour.
            (
                .hour, "Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-03T15:00:00.000Z",
                "2026-10-03T16:00:00.000Z"
            ),
            (.day, "UTC", "2026-11-21T06:40:00Z", "2026-11-21T00:00:00.000Z", "2026-11-22T00:00:00.000Z"),
            // 23 and 25 hours.
            (.day, "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"),
            (.day, "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"),
            (
                .day, "Australia/Lord_Howe", "2026-10-04T00:00:00Z", "2026-10-03T13:30:00.000Z",
                "2026-10-04T13:00:00.000Z"
            ),
            // Midnight is skipped in Cairo and Beirut, and comes twice in Havana.
            (.day, "Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00.000Z", "2026-04-24T21:00:00.000Z"),
            (.day, "Asia/Beirut", "2026-03-29T12:00:00Z", "2026-03-28T22:00:00.000Z", "2026-03-29T21:00:00.000Z"),
            (.day, "America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"),
            // ISO weeks begin on Monday: 2026-W53 reaches into 2027.
            (.week, "UTC", "2027-01-01T00:00:00Z", "2026-12-28T00:00:00.000Z", "2027-01-04T00:00:00.000Z"),
            (.week, "UTC", "2026-11-22T23:59:59.999Z", "2026-11-16T00:00:00.000Z", "2026-11-23T00:00:00.000Z"),
            (.week, "Europe/Berlin", "2026-03-25T00:00:00Z", "2026-03-22T23:00:00.000Z", "2026-03-29T22:00:00.000Z"),
            (.week, "UTC", "1970-01-01T00:00:00Z", "1969-12-29T00:00:00.000Z", "1970-01-05T00:00:00.000Z"),
            (.month, "UTC", "2026-11-30T23:59:59.999Z", "2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"),
            (.month, "UTC", "2028-02-29T12:00:00Z", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"),
            (.month, "UTC", "2100-02-28T12:00:00Z", "2100-02-01T00:00:00.000Z", "2100-03-01T00:00:00.000Z"),
            (.month, "Europe/Berlin", "2026-12-31T23:30:00Z", "2026-12-31T23:00:00.000Z", "2027-01-31T23:00:00.000Z"),
            (.month, "Europe/Berlin", "2026-03-31T21:59:59Z", "2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z"),
            (
                .month, "Pacific/Kiritimati", "2026-11-30T10:00:00Z", "2026-11-30T10:00:00.000Z",
                "2026-12-31T10:00:00.000Z"
            ),
            (.month, "UTC", "1969-12-31T23:59:59Z", "1969-12-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
        ]
    )
    func periods(interval: RefillInterval, zone: String, at: String, start: String, end: String) throws {
        let period = try Self.schedule(interval, zone).period(at: Timestamp(parsing: at))
        #expect(period.start.text == start)
        #expect(period.end.text == end)
    }

    @Test(
        "numbers count from 1970",
        arguments: [
            (RefillInterval.hour, "1970-01-01T00:59:59Z", Int64(0)), (.hour, "1969-12-31T23:59:59Z", -1),
            (.day, "1970-01-01T23:59:59Z", 0), (.day, "2000-03-01T00:00:00Z", 11_017),
            (.week, "1970-01-04T00:00:00Z", 0),
            (.week, "1970-01-05T00:00:00Z", 1), (.month, "1970-01-31T00:00:00Z", 0),
            (.month, "1969-12-31T00:00:00Z", -1),
            (.month, "2026-11-21T00:00:00Z", 682),
        ]
    )
    func numbers(interval: RefillInterval, at: String, number: Int64) throws {
        let schedule = try Self.schedule(interval, "UTC")
        let period = try schedule.period(at: Timestamp(parsing: at))
        #expect(period.number == number)
        #expect(schedule.start(of: number) == period.start)
    }

    @Test(
        "periods follow each other without gap or overlap",
        arguments: RefillInterval.allCases,
        [
            "UTC", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana", "America/Nuuk",
            "Asia/Almaty", "Pacific/Apia", "Asia/Kathmandu",
        ]
    )
    func sequence(interval: RefillInterval, zone: String) throws {
        let schedule = try Self.schedule(interval, zone)
        let first = interval == .hour ? "2024-02-01T00:00:00Z" : "2020-12-31T00:00:00Z"
        var period = try schedule.period(at: Timestamp(parsing: first))
        let last = try Timestamp(parsing: "2024-06-01T00:00:00Z")
        var wrong: [RefillPeriod] = []
        while period.start < last {
            let next = schedule.period(at: period.end)
            let isRight =
                schedule.period(at: period.start) == period
                && schedule.period(at: Timestamp(milliseconds: period.end.milliseconds - 1)) == period
                && next.number == period.number + 1 && next.start == period.end
                && schedule.start(of: next.number) == period.end
                && period.contains(period.start) && !period.contains(period.end) && next.code > period.code
            if !isRight { wrong.append(period) }
            period = next
        }
        #expect(wrong.isEmpty)
    }

    @Test("the first and the last moment have a period", arguments: RefillInterval.allCases)
    func ends(interval: RefillInterval) throws {
        for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"] {
            let schedule = try Self.schedule(interval, zone)
            for moment in [.min, Timestamp.earliest.milliseconds, Timestamp.latest.milliseconds, .max] {
                let period = schedule.period(at: Timestamp(milliseconds: moment))
                #expect(period.start <= period.end)
            }
            #expect(schedule.start(of: .min) == .earliest)
            #expect(schedule.start(of: .max) == .latest)
        }
    }
}
