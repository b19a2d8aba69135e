import ClavigerTestSupport

@testable import ClavigerCore

extension TimeWindow {
    /// A window as a person would note it: `mon tue 08:00 18:00 Europe/Berlin`.
    static func noted(_ text: String) throws -> TimeWindow {
        let words = text.split(separator: " ").map(String.init)
        let days = try words.dropLast(3).map(Weekday.init(parsing:))
        let times = try words.dropLast().suffix(2).map(TimeOfDay.init(parsing:))
        let zone = try LocalTimeZone(parsing: words.last ?? "")
        return try TimeWindow(days: Set(days), from: times[0], to: times[1], zone: zone)
    }

    /// A window of the generator's choice.
    static func random(in zone: LocalTimeZone, using generator: inout SeededGenerator) throws -> TimeWindow {
        let days = Weekday.allCases.filter { _ in Bool.random(using: &generator) }
        let step = [1, 30, 240].randomElement(using: &generator) ?? 1
        let from = Int.random(in: 0..<1440 / step, using: &generator) * step
        var to = Int.random(in: 0...1440 / step, using: &generator) * step
        if to == from { to = 1440 - to == to ? 1440 : 1440 - to }
        return try TimeWindow(
            days: days.isEmpty ? [.monday] : Set(days),
            from: TimeOfDay(parsing: Self.text(from)),
            to: TimeOfDay(parsing: Self.text(to)),
            zone: zone
        )
    }

    private static func text(_ minutes: Int) -> String {
        func digits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return digits(minutes / 60) + ":" + digits(minutes % 60)
    }
}
