import ClavigerCore
import Testing

// The offsets and moments are those of Python's zoneinfo with tzdata 2025b.
@Suite("Time zones")
struct LocalTimeZoneTests {
    private static func moment(_ text: String) throws -> Timestamp {
        try Timestamp(parsing: text)
    }

    private static func clock(_ text: String) throws -> Int64 {
        try Timestamp(parsing: text + "Z").milliseconds
    }

    @Test(
        "offsets in minutes in January and July",
        arguments: [
            ("Europe/Berlin", 60, 120), ("America/New_York", -300, -240), ("Australia/Lord_Howe", 660, 630),
            ("Asia/Kolkata", 330, 330), ("Asia/Calcutta", 330, 330), ("Asia/Kathmandu", 345, 345),
            ("Pacific/Apia", 780, 780), ("UTC", 0, 0), ("GMT", 0, 0), ("Etc/UTC", 0, 0),
            ("Pacific/Kiritimati", 840, 840),
            ("Europe/Kyiv", 120, 180), ("America/Argentina/Buenos_Aires", -180, -180), ("Etc/GMT+5", -300, -300),
        ]
    )
    func offsets(name: String, january: Int64, july: Int64) throws {
        let zone = try LocalTimeZone(parsing: name)
        #expect(zone.name == name)
        let winter = try Self.moment("2026-01-15T00:00:00Z")
        let summer = try Self.moment("2026-07-15T00:00:00Z")
        #expect(zone.offset(at: winter) == january * 60_000)
        #expect(zone.offset(at: summer) == july * 60_000)
        #expect(zone.local(winter) == winter.milliseconds + january * 60_000)
        #expect(zone.moment(ofLocal: zone.local(summer)) == summer)
    }

    @Test(
        "clocks change in the very millisecond",
        arguments: [
            ("Europe/Berlin", "2026-03-29T01:00:00Z", 60, 120), ("Europe/Berlin", "2026-10-25T01:00:00Z", 120, 60),
            ("America/New_York", "2026-03-08T07:00:00Z", -300, -240),
            ("America/New_York", "2026-11-01T06:00:00Z", -240, -300),
            ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", 660, 630),
            ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", 630, 660),
            // Summer time came to an end for good; the hour is a new standard, not summer time; Ramadan.
            ("Pacific/Apia", "2021-04-03T14:00:00Z", 840, 780), ("Asia/Almaty", "2024-02-29T18:00:00Z", 360, 300),
            ("Africa/Casablanca", "2026-02-15T02:00:00Z", 60, 0),
        ]
    )
    func changes(name: String, at text: String, before: Int64, after: Int64) throws {
        let zone = try LocalTimeZone(parsing: name)
        let moment = try Self.moment(text)
        #expect(zone.offset(at: moment) == after * 60_000)
        #expect(zone.offset(at: Timestamp(milliseconds: moment.milliseconds - 1)) == before * 60_000)
    }

    @Test(
        "what is skipped begins at the change, what comes twice begins the first time",
        arguments: [
            // Spring: 02:00 to 03:00 does not exist.
            ("Europe/Berlin", "2026-03-29T01:59:59.999", "2026-03-29T00:59:59.999Z"),
            ("Europe/Berlin", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T03:00:00.001", "2026-03-29T01:00:00.001Z"),
            // Autumn: 02:00 to 03:00 comes twice.
            ("Europe/Berlin", "2026-10-25T02:00:00", "2026-10-25T00:00:00Z"),
            ("Europe/Berlin", "2026-10-25T02:59:59.999", "2026-10-25T00:59:59.999Z"),
            ("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
            ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:00:00Z"),
            ("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"),
            ("America/New_York", "2026-11-01T02:00:00", "2026-11-01T07:00:00Z"),
            // Half an hour.
            ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30:00Z"),
            ("Australia/Lord_Howe", "2026-10-04T02:30:00", "2026-10-03T15:30:00Z"),
            ("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z"),
            ("Australia/Lord_Howe", "2026-04-05T02:00:00", "2026-04-04T15:30:00Z"),
            ("Asia/Kathmandu", "2026-01-01T00:00:00", "2025-12-31T18:15:00Z"),
            ("Pacific/Kiritimati", "2026-01-01T00:00:00", "2025-12-31T10:00:00Z"),
        ]
    )
    func momentsOfLocal(name: String, clock: String, expected: String) throws {
        let zone = try LocalTimeZone(parsing: name)
        #expect(zone.moment(ofLocal: try Self.clock(clock)) == (try Self.moment(expected)))
    }

    @Test(
        "no clock shows the time before the moment found, and one does at it",
        arguments: [
            "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "UTC",
        ]
    )
    func firstMoment(name: String) throws {
        let zone = try LocalTimeZone(parsing: name)
        let quarter: Int64 = 900_000
        let start = try Self.moment("2021-01-01T00:00:00Z").milliseconds
        var highest = Int64.min
        var wrong: [Int64] = []
        for step in 0..<Int64(365 * 96) {
            let moment = Timestamp(milliseconds: start + step * quarter)
            let local = zone.local(moment)
            // A time that the clocks show again after they were set back has been found before.
            guard local > highest else { continue }
            if zone.moment(ofLocal: local) != moment { wrong.append(local) }
            if highest > Int64.min, local > highest + quarter,
                zone.moment(ofLocal: local - quarter) != moment
            {
                wrong.append(local - quarter)
            }
            highest = local
        }
        #expect(wrong.isEmpty)
    }

    @Test("before 2020 and after 2100 the nearest offset holds")
    func ends() throws {
        let zone = try LocalTimeZone(parsing: "Europe/Berlin")
        for (text, minutes) in [
            ("0000-01-01T00:00:00Z", 60), ("2019-07-01T00:00:00Z", 60), ("2020-01-01T00:00:00Z", 60),
            ("2099-07-01T00:00:00Z", 120), ("2099-12-31T23:59:59Z", 60), ("2100-07-01T00:00:00Z", 60),
            ("9999-12-31T23:59:59.999Z", 60),
        ] {
            #expect(zone.offset(at: try Self.moment(text)) == Int64(minutes) * 60_000, "\(text)")
        }
        #expect(
            zone.moment(ofLocal: try Self.clock("2019-07-01T00:00:00")) == (try Self.moment("2019-06-30T23:00:00Z"))
        )
        #expect(
            zone.moment(ofLocal: try Self.clock("2200-07-01T00:00:00")) == (try Self.moment("2200-06-30T23:00:00Z"))
        )
    }

    @Test("moments that no calendar holds do no harm", arguments: [Int64.min, .max])
    func extremes(milliseconds: Int64) throws {
        let zone = try LocalTimeZone(parsing: "Pacific/Kiritimati")
        let nearest = milliseconds < 0 ? Timestamp.earliest : .latest
        #expect(zone.moment(ofLocal: milliseconds) == nearest)
        #expect(zone.local(Timestamp(milliseconds: milliseconds)) == nearest.milliseconds + 14 * 3_600_000)
    }

    @Test(
        "what is no name of the database",
        arguments: [
            "", "/", "CET", "EST", "PST", "MEZ", "Z", "+01:00", "GMT+1", "UTC+1", "GMT+0100", "Europe/berlin",
            "europe/berlin", "EUROPE/BERLIN", "Europe/Berlin ", " Europe/Berlin", "Europe/Berlin\n", "Europe/Berlin\0",
            "Europe\\Berlin", "Europe/Atlantis", "Europe", "Europe/", "../../etc/passwd", "Europe/../Europe/Berlin",
            "posix/Europe/Berlin", "localtime", "Factory", "Europe/Berlín", "Europe/Berlin\u{301}",
            String(repeating: "Europe/Berlin", count: 6),
        ]
    )
    func refused(name: String) {
        let error = #expect(throws: FieldError.self) { try LocalTimeZone(parsing: name) }
        #expect(error?.message == "must be a name of the IANA time zone database, such as Europe/Berlin or UTC")
    }

    @Test("zones are equal when their names are")
    func equality() throws {
        let one = try LocalTimeZone(parsing: "Europe/Berlin")
        let other = try LocalTimeZone(parsing: "Europe/Berlin")
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(try one != LocalTimeZone(parsing: "Europe/Paris"))
    }
}
