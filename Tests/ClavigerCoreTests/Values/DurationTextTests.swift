import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Durations as text")
struct DurationTextTests {
    @Test(
        "whole numbers with a unit",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("15m", .seconds(900)),
            ("12h", .seconds(43_200)), ("90d", .seconds(7_776_000)), ("0s", .zero), ("0ms", .zero),
            ("007s", .seconds(7)),
            ("100000d", .seconds(8_640_000_000)), ("8640000000s", .seconds(8_640_000_000)),
        ]
    )
    func known(text: String, duration: Duration) throws {
        #expect(try DurationText.parse(text) == duration)
    }

    @Test(
        "what is not a duration",
        arguments: [
            "", "s", "30", "30 s", " 30s", "30s ", "-30s", "+30s", "1.5h", "30S", "30sec", "1h30m", "٣s", "３s", "1e3s",
            "3\u{301}s",
            "30s\0", "30w", "0x10s", "1_000s",
        ]
    )
    func malformed(text: String) {
        #expect(throws: DurationTextError.malformed) { try DurationText.parse(text) }
    }

    @Test(
        "what is too long",
        arguments: [
            "100001d", "8640000000001ms", "9223372036854775807ms", "9223372036854775807d", "9223372036854775808ms",
            "99999999999999999999999999999999999999s",
        ]
    )
    func tooLong(text: String) {
        #expect(throws: DurationTextError.tooLong) { try DurationText.parse(text) }
    }

    @Test(
        "the largest unit that loses nothing",
        arguments: [
            (Duration.zero, "0s"), (.milliseconds(1), "1ms"), (.milliseconds(1000), "1s"),
            (.milliseconds(1001), "1001ms"),
            (.seconds(60), "1m"), (.seconds(61), "61s"), (.seconds(3600), "1h"), (.seconds(5400), "90m"),
            (.seconds(86_400), "1d"), (.seconds(90_000), "25h"), (.seconds(7_776_000), "90d"),
        ]
    )
    func text(duration: Duration, text: String) {
        #expect(DurationText.text(for: duration) == text)
    }

    @Test("text and back", arguments: [11] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let bits = UInt64.random(in: 0...43, using: &generator)
            let duration = Duration.milliseconds(
                Int64.random(in: 0...min(1 << bits, 8_640_000_000_000), using: &generator)
            )
            let text = DurationText.text(for: duration)
            #expect(try DurationText.parse(text) == duration, "seed \(seed), \(text)")
        }
    }
}
