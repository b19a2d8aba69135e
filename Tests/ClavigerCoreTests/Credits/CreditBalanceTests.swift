import ClavigerCore
import ClavigerTestSupport
import Testing

@Suite("Credit balances")
struct CreditBalanceTests {
    private static let start = Timestamp(milliseconds: 1_795_243_200_000)

    private static func policy(
        _ interval: RefillInterval = .day,
        amount: Int64 = 100,
        refill: Int64 = 10,
        mode: Refill.Mode
    ) throws -> CreditPolicy {
        let schedule = RefillSchedule(every: interval, in: try LocalTimeZone(parsing: "UTC"))
        return CreditPolicy(amount: amount, refill: Refill(schedule: schedule, amount: refill, mode: mode))
    }

    private static func spend(_ cost: Int64, from balance: inout CreditBalance, isThere: Bool) {
        let isSpent = balance.spend(cost)
        #expect(isSpent == isThere)
    }

    private static func after(_ days: Int64) -> Timestamp { Self.start + .seconds(days * 86_400) }

    @Test("what is not there cannot be spent")
    func spending() {
        var balance = CreditBalance(remaining: 3, period: 0)
        Self.spend(4, from: &balance, isThere: false)
        Self.spend(-1, from: &balance, isThere: false)
        Self.spend(.min, from: &balance, isThere: false)
        Self.spend(.max, from: &balance, isThere: false)
        Self.spend(0, from: &balance, isThere: true)
        Self.spend(3, from: &balance, isThere: true)
        Self.spend(0, from: &balance, isThere: true)
        Self.spend(1, from: &balance, isThere: false)
        #expect(balance.remaining == 0)
    }

    @Test("a balance is never outside its range")
    func range() {
        #expect(CreditBalance(remaining: -5, period: 0).remaining == 0)
        #expect(CreditBalance(remaining: .max, period: 0).remaining == CreditPolicy.most)
        var balance = CreditBalance(remaining: 5, period: 0)
        balance.giveBack(.max, takenIn: 0, CreditPolicy(amount: 5))
        #expect(balance.remaining == CreditPolicy.most)
        balance.giveBack(-5, takenIn: 0, CreditPolicy(amount: 5))
        #expect(balance.remaining == CreditPolicy.most)
    }

    @Test("without a refill nothing ever comes")
    func noRefill() {
        let policy = CreditPolicy(amount: 7)
        var balance = CreditBalance(opening: policy, at: Self.start)
        #expect(balance == CreditBalance(remaining: 7, period: 0))
        Self.spend(7, from: &balance, isThere: true)
        balance.refill(policy, at: Self.after(10_000))
        #expect(balance == CreditBalance(remaining: 0, period: 0))
    }

    @Test("replacing sets the amount once, however many periods were missed")
    func replacing() throws {
        let policy = try Self.policy(mode: .replace)
        var balance = CreditBalance(opening: policy, at: Self.start)
        #expect(balance.remaining == 100)
        balance.refill(policy, at: Self.start)
        #expect(balance.remaining == 100)
        balance.refill(policy, at: Self.after(1))
        #expect(balance.remaining == 10)
        Self.spend(10, from: &balance, isThere: true)
        balance.refill(policy, at: Self.after(1))
        #expect(balance.remaining == 0)
        balance.refill(policy, at: Self.after(400))
        #expect(balance.remaining == 10)
    }

    @Test(
        "accumulating adds each missed period, up to the cap",
        arguments: [(Int64(1), Int64(10)), (3, 30), (4, 40), (5, 45), (6, 45), (2_000_000, 45)]
    )
    func accumulating(days: Int64, expected: Int64) throws {
        let policy = try Self.policy(amount: 0, mode: .accumulate(cap: 45))
        var balance = CreditBalance(opening: policy, at: Self.start)
        balance.refill(policy, at: Self.after(days))
        #expect(balance.remaining == expected)
    }

    @Test("more than the cap to begin with stays, and is not added to")
    func aboveCap() throws {
        let policy = try Self.policy(amount: 100, mode: .accumulate(cap: 45))
        var balance = CreditBalance(opening: policy, at: Self.start)
        balance.refill(policy, at: Self.after(3))
        #expect(balance.remaining == 100)
        Self.spend(60, from: &balance, isThere: true)
        balance.refill(policy, at: Self.after(4))
        #expect(balance.remaining == 45)
    }

    @Test("what is set aside counts towards the cap")
    func reserved() throws {
        let policy = try Self.policy(amount: 0, mode: .accumulate(cap: 45))
        var balance = CreditBalance(opening: policy, at: Self.start)
        balance.refill(policy, at: Self.after(10), reserved: 20)
        #expect(balance.remaining == 25)
        balance.refill(policy, at: Self.after(20), reserved: .max)
        #expect(balance.remaining == 25)
    }

    @Test("the largest numbers do not overflow")
    func overflow() throws {
        for cap in [nil, CreditPolicy.most, .max] {
            let policy = try Self.policy(.hour, amount: 1, refill: CreditPolicy.most, mode: .accumulate(cap: cap))
            var balance = CreditBalance(opening: policy, at: .earliest)
            balance.refill(policy, at: .latest)
            #expect(balance.remaining == CreditPolicy.most)
        }
        let policy = try Self.policy(mode: .accumulate(cap: nil))
        for period in [Int64.min, .min + 2, .max, .max - 5] {
            var balance = CreditBalance(remaining: 1, period: period)
            balance.refill(policy, at: Self.start)
            #expect(balance.remaining >= 1)
        }
    }

    @Test("a clock that goes back by more than a period is followed without a refill, and locks nobody out")
    func clockBack() throws {
        let policy = try Self.policy(amount: 0, mode: .accumulate(cap: nil))
        var balance = CreditBalance(opening: policy, at: Self.after(10_000))
        balance.refill(policy, at: Self.start)
        #expect(balance.remaining == 0)
        balance.refill(policy, at: Self.after(1))
        #expect(balance.remaining == 10)
        // To and fro over five periods: five refills, as documented.
        balance.refill(policy, at: Self.after(-4))
        balance.refill(policy, at: Self.after(1))
        #expect(balance.remaining == 60)
    }

    @Test("a clock that swings around the start of a period refills once", arguments: [true, false])
    func swing(isAccumulating: Bool) throws {
        let policy = try Self.policy(amount: 0, mode: isAccumulating ? .accumulate(cap: nil) : .replace)
        var balance = CreditBalance(opening: policy, at: Self.start)
        let refill = try #require(policy.refill)
        let midnight = refill.schedule.period(at: Self.start).end
        for _ in 0..<5 {
            balance.refill(policy, at: midnight)
            if isAccumulating { #expect(balance.remaining == 10) }
            _ = balance.spend(10)
            balance.giveBack(isAccumulating ? 10 : 0, takenIn: balance.period, policy)
            balance.refill(policy, at: Timestamp(milliseconds: midnight.milliseconds - 1))
        }
        #expect(balance.remaining == (isAccumulating ? 10 : 0))
        balance.refill(policy, at: midnight + .seconds(86_400))
        #expect(balance.remaining == (isAccumulating ? 20 : 10))
    }

    @Test("a change of the interval is no missed period", arguments: RefillInterval.allCases, RefillInterval.allCases)
    func otherInterval(before: RefillInterval, after: RefillInterval) throws {
        guard before != after else { return }
        let old = try Self.policy(before, amount: 3, mode: .accumulate(cap: nil))
        let new = try Self.policy(after, amount: 3, mode: .accumulate(cap: nil))
        var balance = CreditBalance(opening: old, at: Self.start)
        balance.refill(new, at: Self.start)
        #expect(balance.remaining == 3)
        let next = try #require(new.refill).schedule.period(at: Self.start).end
        balance.refill(new, at: next)
        #expect(balance.remaining == 13)
    }

    @Test("what was taken in a period that was replaced has lapsed")
    func giveBack() throws {
        let replacing = try Self.policy(mode: .replace)
        var balance = CreditBalance(opening: replacing, at: Self.start)
        let taken = balance.period
        Self.spend(60, from: &balance, isThere: true)
        var same = balance
        same.giveBack(50, takenIn: taken, replacing)
        #expect(same.remaining == 90)
        balance.refill(replacing, at: Self.after(1))
        balance.giveBack(50, takenIn: taken, replacing)
        #expect(balance.remaining == 10)
        balance.giveBack(50, takenIn: taken, try Self.policy(mode: .accumulate(cap: 45)))
        #expect(balance.remaining == 60)
    }

    @Test("random schedules give what period after period gives", arguments: [UInt64(1), 2, 3, 4])
    func model(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let mode: Refill.Mode =
                Bool.random(using: &random)
                ? .replace : .accumulate(cap: [nil, 25, 60].randomElement(using: &random) ?? nil)
            let policy = try Self.policy(.hour, amount: .random(in: 0...70, using: &random), mode: mode)
            var hours: Int64 = 0
            var balance = CreditBalance(opening: policy, at: Self.start)
            var expected = policy.amount
            for _ in 0..<40 {
                for _ in 0..<Int64.random(in: 0...3, using: &random) {
                    hours += 1
                    switch mode {
                    case .replace: expected = 10
                    case .accumulate(let cap): if expected < cap ?? .max { expected = min(expected + 10, cap ?? .max) }
                    }
                }
                balance.refill(policy, at: Self.start + .seconds(hours * 3600 + .random(in: 0..<1200, using: &random)))
                #expect(balance.remaining == expected)
                let cost = Int64.random(in: 0...30, using: &random)
                let isSpent = balance.spend(cost)
                #expect(isSpent == (cost <= expected))
                if isSpent { expected -= cost }
                #expect(balance.remaining == expected)
            }
        }
    }
}
