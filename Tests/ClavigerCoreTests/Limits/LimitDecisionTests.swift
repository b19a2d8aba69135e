import Testing

@testable import ClavigerCore

@Suite("Limit decisions")
struct LimitDecisionTests {
    private static func outcome(
        _ number: Int,
        retryAfter: Duration? = nil,
        isExceeded: Bool = false
    ) throws
        -> LimitOutcome
    {
        LimitOutcome(
            name: try LimitName(parsing: "a\(number)"),
            limit: number,
            window: .seconds(1),
            remaining: 0,
            resetsAfter: .zero,
            retryAfter: retryAfter,
            isExceeded: isExceeded
        )
    }

    @Test("outcomes keep their order, however many", arguments: 0...6)
    func order(count: Int) throws {
        let given = try (0..<count).map { try Self.outcome($0) }
        #expect(Array(LimitOutcomes(given)) == given)
        var later = LimitOutcomes(count: count)
        for position in (0..<count).reversed() { later.set(given[position], at: position) }
        #expect(Array(later) == given)
        #expect(later == LimitOutcomes(given))
        #expect(later.count == count)
    }

    @Test("the longest wait counts, and none helps when one limit can never allow it")
    func waiting() throws {
        let one = try Self.outcome(1, retryAfter: .seconds(1), isExceeded: true)
        let two = try Self.outcome(2, retryAfter: .seconds(2), isExceeded: true)
        let never = try Self.outcome(3, isExceeded: true)
        let fine = try Self.outcome(4)
        func wait(_ outcomes: LimitOutcome...) -> Duration? {
            LimitDecision(isAllowed: false, outcomes: LimitOutcomes(outcomes)).retryAfter
        }
        #expect(wait(fine) == nil)
        #expect(wait(fine, two, one) == .seconds(2))
        #expect(wait(one, never, two) == nil)
        #expect(never.isBeyondLimit && !one.isBeyondLimit && !fine.isBeyondLimit)
        #expect(LimitDecision.unlimited.isAllowed && LimitDecision.unlimited.outcomes.isEmpty)
    }
}
