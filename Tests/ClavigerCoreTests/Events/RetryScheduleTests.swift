import ClavigerCore
import ClavigerTestSupport
import Testing

@Suite struct RetryScheduleTests {
    @Test func pausesDoubleUpToTheCapWithinTheirJitter() throws {
        let schedule = RetrySchedule()
        let random = SeededRandom(seed: 7)
        var total = Duration.zero
        var seen = Set<Duration>()
        for attempt in 1..<schedule.attempts {
            let nominal = min(Duration.seconds(2 << (attempt - 1)), schedule.longest)
            for _ in 0..<50 {
                let pause = try #require(schedule.pause(afterAttempts: attempt, from: random))
                #expect(pause >= nominal * 3 / 4 && pause <= nominal * 5 / 4)
                seen.insert(pause)
            }
            total += nominal
        }
        #expect(seen.count > 500, "pauses are drawn")
        #expect(schedule.pause(afterAttempts: schedule.attempts, from: random) == nil)
        #expect(total > .seconds(3 * 86_400) && total < .seconds(4 * 86_400), "over days")
    }

    @Test func nobodyIsAskedEarlierThanTheySay() throws {
        let schedule = RetrySchedule()
        let random = SeededRandom()
        #expect(schedule.pause(afterAttempts: 1, asked: .seconds(600), from: random) == .seconds(600))
        let late = try #require(schedule.pause(afterAttempts: 20, asked: .seconds(1), from: random))
        #expect(late > .seconds(3600))
        #expect(schedule.pause(afterAttempts: 1, asked: .seconds(1_000_000), from: random) == .seconds(86_400))
    }

    @Test(arguments: [
        ("0", 0), ("120", 120), ("Sat, 21 Nov 2026 06:41:00 GMT", 60), ("Fri, 20 Nov 2026 06:40:00 GMT", 0),
    ])
    func retryAfterIsRead(text: String, seconds: Int) {
        #expect(RetryAfter.parse(text, at: ManualTime().now()) == .seconds(seconds))
    }

    @Test(arguments: [
        "", "-1", "1.5", "soon", "9999999999", "Sat, 31 Feb 2026 06:41:00 GMT", "Sat, 21 Nov 2026 06:41:00 CET",
        "Sat, 21 Nov 2026 25:41:00 GMT", "Saturday, 21-Nov-26 06:41:00 GMT", "1, 2", "+5",
    ])
    func somethingElseIsNot(text: String) {
        #expect(RetryAfter.parse(text, at: ManualTime().now()) == nil)
    }
}
