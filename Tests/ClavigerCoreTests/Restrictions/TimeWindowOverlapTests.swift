import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Overlapping time windows")
struct TimeWindowOverlapTests {
    @Test(
        "windows overlap or not",
        arguments: [
            ("mon 08:00 12:00 UTC", "mon 12:00 18:00 UTC", false), ("mon 08:00 12:01 UTC", "mon 12:00 18:00 UTC", true),
            ("mon 08:00 12:00 UTC", "tue 08:00 12:00 UTC", false),
            ("mon tue 08:00 12:00 UTC", "tue wed 11:59 13:00 UTC", true),
            ("mon 22:00 06:00 UTC", "tue 06:00 08:00 UTC", false), ("mon 22:00 06:00 UTC", "tue 05:59 08:00 UTC", true),
            ("mon 22:00 06:00 UTC", "mon 05:00 08:00 UTC", false), ("sun 22:00 06:00 UTC", "mon 05:00 08:00 UTC", true),
            ("sun 22:00 00:00 UTC", "mon 00:00 08:00 UTC", false), ("mon 00:00 24:00 UTC", "mon 12:00 12:01 UTC", true),
            ("mon 08:00 12:00 UTC", "mon 08:00 12:00 UTC", true), ("mon 08:00 12:00 UTC", "mon 09:00 10:00 UTC", true),
            // The same hours by other clocks.
            ("mon 08:00 12:00 UTC", "mon 13:45 17:00 Asia/Kathmandu", true),
            ("mon 08:00 12:00 UTC", "mon 17:45 18:00 Asia/Kathmandu", false),
            ("sun 23:00 24:00 UTC", "mon 08:00 09:00 Asia/Tokyo", true),
            ("mon 09:00 17:00 Europe/Berlin", "mon 09:00 17:00 Europe/Paris", true),
            ("mon 09:00 17:00 Europe/Berlin", "mon 08:00 09:00 UTC", true),
            // Only in summer or only in winter is not enough.
            ("mon 09:00 17:00 Europe/Berlin", "mon 07:00 08:00 UTC", false),
            ("mon 09:00 17:00 Europe/Berlin", "mon 15:00 16:00 UTC", false),
            ("mon 08:00 18:00 Europe/Berlin", "mon 12:00 18:00 America/New_York", false),
        ]
    )
    func pairs(one: String, other: String, overlap: Bool) throws {
        let one = try TimeWindow.noted(one)
        let other = try TimeWindow.noted(other)
        #expect(one.overlaps(other) == overlap)
        #expect(other.overlaps(one) == overlap)
    }

    @Test(
        "windows of places without daylight saving overlap when some minute is in both",
        arguments: ["UTC", "Asia/Kathmandu", "America/Phoenix"],
        [91, 92] as [UInt64]
    )
    func reference(zone: String, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let utc = try LocalTimeZone(parsing: "UTC")
        let other = try LocalTimeZone(parsing: zone)
        for _ in 0..<20 {
            let one = try TimeWindow.random(in: utc, using: &generator)
            let two = try TimeWindow.random(in: other, using: &generator)
            let isOverlap = (0..<10_080 as Range<Int64>).contains { minute in
                let moment = Timestamp(milliseconds: 1_795_392_000_000 + minute * 60_000)
                return one.contains(moment) && two.contains(moment)
            }
            #expect(one.overlaps(two) == isOverlap, "\(one.json) \(two.json)")
        }
    }

    @Test("the first two that overlap are found")
    func first() throws {
        let windows = try [
            "mon 08:00 09:00 UTC", "tue 08:00 09:00 UTC", "wed 08:00 09:00 UTC", "tue wed 08:30 10:00 UTC",
        ]
        .map(TimeWindow.noted)
        #expect(TimeWindow.firstOverlap(in: windows).map { [$0, $1] } == [1, 3])
        #expect(TimeWindow.firstOverlap(in: Array(windows.prefix(3))) == nil)
        #expect(TimeWindow.firstOverlap(in: []) == nil)
    }
}
