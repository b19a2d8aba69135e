import ClavigerTestSupport
import Foundation
import Testing

@testable import ClavigerCore

@Suite("Time windows")
struct TimeWindowTests {
    @Test(
        "open from the first minute to the one before the last",
        arguments: [
            // 2026-11-21 is a Saturday; Berlin is an hour ahead of UTC in winter and two in summer.
            ("fri 08:00 18:00 Europe/Berlin", "2026-11-20T06:59:59.999Z", false),
            ("fri 08:00 18:00 Europe/Berlin", "2026-11-20T07:00:00.000Z", true),
            ("fri 08:00 18:00 Europe/Berlin", "2026-11-20T16:59:59.999Z", true),
            ("fri 08:00 18:00 Europe/Berlin", "2026-11-20T17:00:00.000Z", false),
            ("fri 08:00 18:00 Europe/Berlin", "2026-07-17T06:00:00.000Z", true),
            ("fri 08:00 18:00 Europe/Berlin", "2026-07-17T16:00:00.000Z", false),
            ("mon tue 08:00 18:00 Europe/Berlin", "2026-11-20T12:00:00.000Z", false),
            // The day is the place's, not that of UTC.
            ("mon 00:00 24:00 Pacific/Auckland", "2026-11-22T11:00:00.000Z", true),
            ("mon 00:00 24:00 Pacific/Auckland", "2026-11-22T10:59:59.999Z", false),
            ("mon 00:00 24:00 Pacific/Auckland", "2026-11-23T11:00:00.000Z", false),
            ("sun 23:00 24:00 America/New_York", "2026-11-23T04:59:59.999Z", true),
            ("sun 23:00 24:00 America/New_York", "2026-11-23T05:00:00.000Z", false),
            ("mon 05:45 05:46 Asia/Kathmandu", "2026-11-23T00:00:00.000Z", true),
            ("mon 05:45 05:46 Asia/Kathmandu", "2026-11-23T00:01:00.000Z", false),
            // Over midnight, of the day on which it begins.
            ("fri 22:00 06:00 UTC", "2026-11-20T21:59:59.999Z", false),
            ("fri 22:00 06:00 UTC", "2026-11-20T22:00:00.000Z", true),
            ("fri 22:00 06:00 UTC", "2026-11-21T05:59:59.999Z", true),
            ("fri 22:00 06:00 UTC", "2026-11-21T06:00:00.000Z", false),
            ("fri 22:00 06:00 UTC", "2026-11-20T03:00:00.000Z", false),
            ("fri 22:00 06:00 UTC", "2026-11-21T22:00:00.000Z", false),
            ("sun 22:00 00:00 UTC", "2026-11-22T23:59:59.999Z", true),
            ("sun 22:00 00:00 UTC", "2026-11-23T00:00:00.000Z", false),
            ("sun 22:00 06:00 UTC", "2026-11-23T01:00:00.000Z", true),
            // Before 1970, which a clock that is far off may show.
            ("wed 23:59 24:00 UTC", "1969-12-31T23:59:59.999Z", true),
            ("wed 23:59 24:00 UTC", "1970-01-01T00:00:00.000Z", false),
        ]
    )
    func open(window: String, time: String, isOpen: Bool) throws {
        #expect(try TimeWindow.noted(window).contains(Timestamp(parsing: time)) == isOpen)
    }

    @Test(
        "daylight saving follows the clock on the wall",
        arguments: [
            // Berlin, 2026-03-29: 01:59 is followed by 03:00, at 01:00 UTC.
            ("sun 02:00 03:00 Europe/Berlin", "2026-03-29T00:59:59.999Z", false),
            ("sun 02:00 03:00 Europe/Berlin", "2026-03-29T01:00:00.000Z", false),
            ("sun 02:00 04:00 Europe/Berlin", "2026-03-29T01:00:00.000Z", true),
            ("sun 01:30 02:30 Europe/Berlin", "2026-03-29T00:59:59.999Z", true),
            ("sun 01:30 02:30 Europe/Berlin", "2026-03-29T01:00:00.000Z", false),
            ("sat 22:00 06:00 Europe/Berlin", "2026-03-29T03:59:59.999Z", true),
            ("sat 22:00 06:00 Europe/Berlin", "2026-03-29T04:00:00.000Z", false),
            // Berlin, 2026-10-25: the hour from 02:00 to 03:00 comes twice, from 00:00 to 02:00 UTC.
            ("sun 02:00 03:00 Europe/Berlin", "2026-10-24T23:59:59.999Z", false),
            ("sun 02:00 03:00 Europe/Berlin", "2026-10-25T00:00:00.000Z", true),
            ("sun 02:00 03:00 Europe/Berlin", "2026-10-25T01:59:59.999Z", true),
            ("sun 02:00 03:00 Europe/Berlin", "2026-10-25T02:00:00.000Z", false),
            ("sun 02:30 03:00 Europe/Berlin", "2026-10-25T00:45:00.000Z", true),
            ("sun 02:30 03:00 Europe/Berlin", "2026-10-25T01:15:00.000Z", false),
            ("sun 02:30 03:00 Europe/Berlin", "2026-10-25T01:45:00.000Z", true),
            // Santiago, 2026-09-06: Saturday's 23:59 is followed by Sunday's 01:00, at 04:00 UTC.
            ("sat 23:00 02:00 America/Santiago", "2026-09-06T03:59:59.999Z", true),
            ("sat 23:00 02:00 America/Santiago", "2026-09-06T04:59:59.999Z", true),
            ("sat 23:00 02:00 America/Santiago", "2026-09-06T05:00:00.000Z", false),
            ("sun 00:00 01:00 America/Santiago", "2026-09-06T04:00:00.000Z", false),
        ]
    )
    func daylightSaving(window: String, time: String, isOpen: Bool) throws {
        #expect(try TimeWindow.noted(window).contains(Timestamp(parsing: time)) == isOpen)
    }

    @Test(
        "open when the calendar of the system says so",
        arguments: ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"],
        [71, 72] as [UInt64]
    )
    func reference(zone: String, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let localZone = try LocalTimeZone(parsing: zone)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: zone))
        for _ in 0..<40 {
            let window = try TimeWindow.random(in: localZone, using: &generator)
            let length = (window.to.minutes - window.from.minutes + 1440 - 1) % 1440 + 1
            for _ in 0..<100 {
                let moment = Timestamp(
                    milliseconds: .random(in: 1_767_225_600_000...1_924_991_999_999, using: &generator)
                )
                let date = Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000)
                let parts = calendar.dateComponents([.weekday, .hour, .minute], from: date)
                let weekday = (try #require(parts.weekday) + 5) % 7
                let minute = try weekday * 1440 + #require(parts.hour) * 60 + #require(parts.minute)
                let isOpen = window.days.contains { day in
                    (minute - day.rawValue * 1440 - window.from.minutes + 10_080) % 10_080 < length
                }
                #expect(window.contains(moment) == isOpen, "\(window.json) \(moment)")
            }
        }
    }

    @Test(
        "empty windows are refused",
        arguments: [
            ("08:00 18:00 UTC", "days must name at least one day"),
            ("mon 08:00 08:00 UTC", "to must not be equal to from; a whole day is 00:00 to 24:00"),
            ("mon 24:00 08:00 UTC", "from must be before 24:00; write 00:00 and the next day"),
            ("mon 24:00 24:00 UTC", "from must be before 24:00; write 00:00 and the next day"),
        ]
    )
    func empty(window: String, message: String) {
        #expect(throws: FieldError(message)) { try TimeWindow.noted(window) }
    }
}
