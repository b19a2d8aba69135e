import Testing

@testable import ClavigerCore

@Suite("Times of day")
struct TimeOfDayTests {
    @Test(
        "times are read and written",
        arguments: [("00:00", 0), ("00:01", 1), ("08:05", 485), ("18:00", 1080), ("23:59", 1439), ("24:00", 1440)]
    )
    func roundTrip(text: String, minutes: Int) throws {
        let time = try TimeOfDay(parsing: text)
        #expect(time.minutes == minutes)
        #expect(time.description == text)
    }

    @Test(
        "what is no time",
        arguments: [
            "", "8:00", "08:0", "0800", "08:00:00", "08.00", "24:01", "25:00", "23:60", "99:99", "-1:00", "+8:00",
            " 8:00",
            "08:00 ", "08:00Z", "8:00 am", "٠٨:٠٠", "08：00", "08:0\u{301}",
        ]
    )
    func malformed(text: String) {
        #expect(throws: FieldError("must be a time such as 08:00, from 00:00 to 24:00")) {
            try TimeOfDay(parsing: text)
        }
    }

    @Test("times follow the clock")
    func order() throws {
        #expect(try TimeOfDay(parsing: "08:59") < TimeOfDay(parsing: "09:00"))
        #expect(try TimeOfDay(parsing: "24:00") == .endOfDay)
    }

    @Test("days are read and written")
    func days() throws {
        #expect(Weekday.allCases.map(\.text) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
        for day in Weekday.allCases { #expect(try Weekday(parsing: day.text) == day) }
        #expect(Weekday.allCases.map(\.previous) == [.sunday] + Weekday.allCases.dropLast())
        for text in ["", "Mon", "monday", "mo", "1", "mon "] {
            #expect(throws: FieldError("must be one of mon, tue, wed, thu, fri, sat, sun")) {
                try Weekday(parsing: text)
            }
        }
    }
}
