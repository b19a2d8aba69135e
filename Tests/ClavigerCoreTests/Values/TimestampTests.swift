import ClavigerTestSupport
import Foundation
import Testing

@testable import ClavigerCore

@Suite("Moments as text")
struct TimestampTests {
    @Test(
        "RFC 3339 section 5.8",
        arguments: [
            ("1985-04-12T23:20:50.52Z", 482_196_050_520, "1985-04-12T23:20:50.520Z"),
            ("1996-12-19T16:39:57-08:00", 851_042_397_000, "1996-12-20T00:39:57.000Z"),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130, "1937-01-01T11:40:27.870Z"),
        ]
    )
    func standard(text: String, milliseconds: Int64, canonical: String) throws {
        let moment = try Timestamp(parsing: text)
        #expect(moment.milliseconds == milliseconds)
        #expect(moment.text == canonical)
    }

    // The numbers are those of Python's datetime, which has the proleptic Gregorian calendar too.
    @Test(
        "known moments",
        arguments: [
            ("0001-01-01T00:00:00.000Z", -62_135_596_800_000), ("1600-02-29T00:00:00.000Z", -11_670_998_400_000),
            ("1900-02-28T23:59:59.000Z", -2_203_891_201_000), ("1900-03-01T00:00:00.000Z", -2_203_891_200_000),
            ("1969-12-31T23:59:59.999Z", -1), ("1970-01-01T00:00:00.000Z", 0),
            ("2000-02-29T12:00:00.000Z", 951_825_600_000), ("2024-02-29T00:00:00.000Z", 1_709_164_800_000),
            ("2026-11-21T06:40:00.000Z", 1_795_243_200_000), ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999), ("0000-01-01T00:00:00.000Z", -62_167_219_200_000),
        ] as [(String, Int64)]
    )
    func knownMoments(text: String, milliseconds: Int64) throws {
        #expect(try Timestamp(parsing: text).milliseconds == milliseconds)
        #expect(Timestamp(milliseconds: milliseconds).text == text)
    }

    @Test(
        "other ways to write a moment",
        arguments: [
            ("2026-11-21t06:40:00z", "2026-11-21T06:40:00.000Z"),
            ("2026-11-21T06:40:00-00:00", "2026-11-21T06:40:00.000Z"),
            ("2026-11-21T06:40:00.1Z", "2026-11-21T06:40:00.100Z"),
            ("2026-11-21T06:40:00.12Z", "2026-11-21T06:40:00.120Z"),
            ("2026-11-21T06:40:00.1239Z", "2026-11-21T06:40:00.123Z"),
            ("2026-11-21T06:40:00.123456789012345678901Z", "2026-11-21T06:40:00.123Z"),
            ("2026-11-21T23:59:59+23:59", "2026-11-21T00:00:59.000Z"),
            ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z"),
            ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00.000Z"),
            ("9999-12-31T23:59:59.999+00:00", "9999-12-31T23:59:59.999Z"),
            ("0000-01-01T00:00:00-01:00", "0000-01-01T01:00:00.000Z"),
        ]
    )
    func otherForms(text: String, canonical: String) throws {
        #expect(try Timestamp(parsing: text).text == canonical)
    }

    @Test(
        "what is not a moment",
        arguments: [
            "", "2026", "2026-11-21", "2026-11-21T06:40:00", "2026-11-21 06:40:00Z", "2026-11-21T06:40Z",
            "2026-11-21T06:40:00.Z", "2026-11-21T06:40:00,5Z", "2026-11-21T24:00:00Z", "2026-11-21T06:60:00Z",
            "2016-12-31T23:59:60Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
            "2026-11-21T06:40:00+24:00", "2026-11-21T06:40:00+00:60", "2026-11-21T06:40:00+0100",
            "2026-11-21T06:40:00+01", "2026-11-21T06:40:00Z ", " 2026-11-21T06:40:00Z", "2026-11-21T06:40:00ZZ",
            "+026-11-21T06:40:00Z", "-001-11-21T06:40:00Z", "12026-11-21T06:40:00Z", "2026-11-21T06:40:00Z\0",
            "２０２６-11-21T06:40:00Z", "2026-11-2\u{0661}T06:40:00Z", "2026-11-21T06:40:0-1Z",
        ]
    )
    func refused(text: String) {
        #expect(throws: TimestampError.notRFC3339) { try Timestamp(parsing: text) }
    }

    @Test(
        "an offset does not lead out of the years 0000 to 9999",
        arguments: [
            "9999-12-31T23:59:59.999-00:01", "9999-12-31T23:00:00-23:59", "0000-01-01T00:00:00+00:01",
            "0000-01-01T23:58:59+23:59",
        ]
    )
    func outsideFourDigits(text: String) {
        #expect(throws: TimestampError.notRFC3339) { try Timestamp(parsing: text) }
    }

    @Test("leap days exist in the years that have them", arguments: [1896, 1900, 1904, 2000, 2023, 2024, 2100, 2400])
    func leapDays(year: Int) {
        let isLeap = [1896, 1904, 2000, 2024, 2400].contains(year)
        #expect(((try? Timestamp(parsing: "\(year)-02-29T00:00:00Z")) != nil) == isLeap)
    }

    @Test("text and back, and as Foundation writes it", arguments: [1, 2, 3] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2000 {
            let milliseconds = Int64.random(
                in: Timestamp.earliest.milliseconds...Timestamp.latest.milliseconds,
                using: &generator
            )
            let moment = Timestamp(milliseconds: milliseconds)
            #expect(try Timestamp(parsing: moment.text) == moment, "seed \(seed), \(milliseconds)")
            // Foundation's calendar is Julian before 1582, and its seconds are binary fractions: whole ones compare.
            guard milliseconds > -12_219_292_800_000 else { continue }
            let whole = Timestamp(milliseconds: milliseconds / 1000 * 1000)
            let date = Date(timeIntervalSince1970: Double(whole.milliseconds / 1000))
            #expect(whole.text == date.formatted(format), "seed \(seed), \(milliseconds)")
        }
    }

    @Test("an offset only moves the hands", arguments: [4] as [UInt64])
    func offsets(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let format = Date.ISO8601FormatStyle()
        for _ in 0..<1000 {
            let date = Date(timeIntervalSince1970: Double(Int64.random(in: 0...200_000_000_000, using: &generator)))
            let minutes = Int.random(in: -1439...1439, using: &generator)
            let local = date.addingTimeInterval(Double(minutes * 60)).formatted(format).dropLast()
            let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
            let offset = "\(minutes < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(rest < 10 ? "0" : "")\(rest)"
            let moment = try Timestamp(parsing: local + offset)
            #expect(moment.milliseconds == Int64(date.timeIntervalSince1970) * 1000, "seed \(seed), \(local)\(offset)")
        }
    }

    @Test("sums stay within what can be written")
    func sums() {
        let now = Timestamp(milliseconds: 1_795_243_200_000)
        #expect((now + .milliseconds(1)).milliseconds == 1_795_243_200_001)
        #expect((now + .microseconds(1999)).milliseconds == 1_795_243_200_001)
        #expect(now - .seconds(1) + .seconds(1) == now)
        #expect((now + .seconds(90)) - now == .seconds(90))
        #expect(now + .seconds(Int64.max) == .latest)
        #expect(now - .seconds(Int64.max) == .earliest)
        #expect(now + .seconds(Int64.min) == .earliest)
        #expect(now - .seconds(Int64.min) == .latest)
        #expect(Timestamp.latest + .milliseconds(1) == .latest)
        #expect(Timestamp(milliseconds: .max).text == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp(milliseconds: .min).text == "0000-01-01T00:00:00.000Z")
        #expect(Timestamp(milliseconds: .min) + .seconds(Int64.min) == .earliest)
    }
}
