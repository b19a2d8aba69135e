import ClavigerCore
import Testing

/// What becomes of keys that nobody uses, and when.
@Suite struct InactivityClockTests {
    private static let made = Timestamp(milliseconds: 1_795_243_200_000)
    private static let day = Duration.seconds(86_400)
    private static let id = APIKey.ID(bits: 1)
    private static let other = Transition(at: made, by: nil, reason: .other)

    private static func steps(_ remind: Int?, _ suspend: Int?, _ revoke: Int?) -> InactivityRule.Steps {
        InactivityRule.Steps(
            remind: remind.map { day * $0 },
            suspend: suspend.map { day * $0 },
            revoke: revoke.map { day * $0 }
        )
    }

    private static func life(
        _ state: KeyState = .active(since: nil),
        told: KeyNotices.Unused? = nil,
        notBefore: Int? = nil,
        revived: Int? = nil
    ) -> KeyLife {
        var notices = KeyNotices()
        notices.unused = told
        notices.revivedAt = revived.map(at)
        return KeyLife(
            id: id,
            apiID: API.ID(bits: 2),
            environment: .production,
            state: state,
            createdAt: made,
            notBefore: notBefore.map(at),
            endsAt: nil,
            rotateBy: nil,
            credentialAt: made,
            notices: notices
        )
    }

    private static func at(_ day: Int) -> Timestamp { made + Self.day * day }

    /// What becomes of a key that is looked at every `step` days.
    private static func said(
        _ rule: InactivityRule,
        uses: [Int] = [],
        resumed: Int? = nil,
        notBefore: Int? = nil,
        revived: Int? = nil,
        ruled: Int? = nil,
        recordedSince: Int = 0,
        days: ClosedRange<Int> = 0...120,
        step: Int = 1
    ) -> [String] {
        let resumed = resumed.map { KeyState.active(since: Transition(at: at($0), by: id, reason: .other)) }
        var key = life(resumed ?? .active(since: nil), notBefore: notBefore, revived: revived)
        var said: [String] = []
        for day in stride(from: days.lowerBound, through: days.upperBound, by: step) {
            let last = uses.filter { $0 <= day }.max().map(at)
            let (since, ruledAt) = (at(recordedSince), ruled.map(at))
            let step = key.inactivityStep(rule, ruledAt: ruledAt, lastUse: last, recordedSince: since, at: at(day))
            switch step {
            case .remind:
                said.append("\(day) remind")
                let clock = key.inactivityClock(rule, ruledAt: ruledAt, lastUse: last, recordedSince: since)
                let told = KeyNotices.Unused(since: clock.since, toldAt: at(day))
                key = life(key.state, told: told, notBefore: notBefore, revived: revived)
            case .suspend:
                said.append("\(day) suspend")
                let state = KeyState.suspended(Transition(at: at(day), by: nil, reason: .unused))
                key = life(state, notBefore: notBefore, revived: revived)
            case .revoke: return said + ["\(day) revoke"]
            case nil: break
            }
        }
        return said
    }

    @Test func stepByStep() {
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30), idle: Self.steps(40, 50, 60))
        #expect(Self.said(rule) == ["10 remind", "20 suspend", "30 revoke"])
        #expect(Self.said(rule, uses: [5]) == ["45 remind", "55 suspend", "65 revoke"])
        #expect(Self.said(InactivityRule(idle: Self.steps(1, 2, 3))) == [])
        #expect(Self.said(InactivityRule(neverUsed: Self.steps(1, nil, nil))) == ["1 remind"])
        // What nobody can take back is told of before.
        #expect(Self.said(InactivityRule(neverUsed: Self.steps(nil, nil, 9))) == ["8 remind", "9 revoke"])
        #expect(Self.said(InactivityRule(neverUsed: Self.steps(nil, nil, 9)), step: 30) == ["30 remind", "60 revoke"])
        #expect(Self.said(InactivityRule(neverUsed: Self.steps(nil, 7, nil))) == ["7 suspend"])
    }

    @Test func aUseStartsAnew() {
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30), idle: Self.steps(10, 20, 30))
        #expect(
            Self.said(rule, uses: [12, 25]) == [
                "10 remind", "22 remind", "35 remind", "45 suspend", "55 revoke",
            ]
        )
        #expect(Self.said(rule, uses: Array(1...120)) == [])
    }

    @Test func whatWasMissedLeavesTimeBeforeTheLastStep() {
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30))
        // Looked at on day 50 for the first time: suspended at once, and revoked as long after as the rule says.
        #expect(Self.said(rule, days: 50...70) == ["50 suspend", "60 revoke"])
        let unsuspended = InactivityRule(neverUsed: Self.steps(10, nil, 30))
        #expect(Self.said(unsuspended, days: 50...80) == ["50 remind", "70 revoke"])
        #expect(Self.said(rule, step: 25) == ["25 suspend", "50 revoke"])
    }

    @Test func theTimeDoesNotCountFromBeforeAResume() {
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30))
        #expect(Self.said(rule, resumed: 25, days: 25...90) == ["35 remind", "45 suspend", "55 revoke"])
    }

    @Test func whatIsNotOnRecordIsNotKnown() {
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30), idle: Self.steps(15, 25, nil))
        #expect(Self.said(rule, recordedSince: 40, days: 40...99) == ["55 remind", "65 suspend"])
        // It may have been used before, and then nothing would become of it.
        let onlyUnused = InactivityRule(neverUsed: Self.steps(10, 20, 30))
        #expect(Self.said(onlyUnused, recordedSince: 40, days: 40...99) == [])
    }

    @Test func theTimeDoesNotCountFromBeforeAKeyCouldBeUsed() {
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30))
        #expect(Self.said(rule, notBefore: 50) == ["60 remind", "70 suspend", "80 revoke"])
        let idle = InactivityRule(idle: Self.steps(10, 20, 30))
        #expect(Self.said(idle, uses: [1], revived: 50, days: 50...99) == ["60 remind", "70 suspend", "80 revoke"])
    }

    @Test func aRuleThatIsNewLeavesADay() {
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30))
        #expect(Self.said(rule, ruled: 60, days: 60...99) == ["60 remind", "61 suspend", "71 revoke"])
        #expect(Self.said(rule, ruled: 5) == ["10 remind", "20 suspend", "30 revoke"])
        // Whoever has used the key since has known the rule.
        let short = InactivityRule(idle: Self.steps(nil, 0, nil))
        #expect(Self.said(short, uses: [60], ruled: 60, days: 60...99) == ["60 suspend"])
        #expect(Self.said(short, uses: [59], ruled: 60, days: 60...99) == ["61 suspend"])
        let last = InactivityRule(neverUsed: Self.steps(nil, nil, 30))
        #expect(Self.said(last, ruled: 60, days: 60...99) == ["60 remind", "61 revoke"])
    }

    @Test func stepsOfTwoRulesStayInOrder() {
        let one = InactivityRule(neverUsed: Self.steps(14, 30, nil))
        let other = InactivityRule(neverUsed: Self.steps(nil, nil, 25))
        #expect(one.stricter(with: other).neverUsed == Self.steps(14, nil, 25))
        #expect(Self.said(one.stricter(with: other)) == ["14 remind", "25 revoke"])
        let early = InactivityRule(neverUsed: Self.steps(nil, 10, nil))
        #expect(one.stricter(with: early).neverUsed == Self.steps(nil, 10, nil))
    }

    @Test func exemptionsEnd() {
        let exemption = InactivityRule.Exemption(keyID: Self.id, until: Self.at(40))
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30), exemptions: [exemption])
        // For a day there is nothing but the reminder.
        #expect(Self.said(rule) == ["40 remind", "41 suspend", "51 revoke"])
        let another = InactivityRule.Exemption(keyID: APIKey.ID(bits: 9), until: Self.at(40))
        #expect(Self.said(InactivityRule(neverUsed: Self.steps(1, nil, nil), exemptions: [another])) == ["1 remind"])
    }

    @Test func aKeyThatAPersonSuspendedWaitsForAPerson() {
        let rule = InactivityRule(neverUsed: Self.steps(1, 2, 3))
        func step(_ state: KeyState) -> InactivityClock.Step? {
            let (state, now) = (Self.life(state), Self.at(99))
            return state.inactivityStep(rule, ruledAt: nil, lastUse: nil, recordedSince: .earliest, at: now)
        }
        #expect(step(.suspended(Transition(at: Self.at(2), by: Self.id, reason: .unused))) == nil)
        #expect(step(.suspended(Transition(at: Self.at(2), by: nil, reason: .rotationOverdue))) == nil)
        #expect(step(.suspended(Transition(at: Self.at(2), by: nil, reason: .unused))) == .revoke)
        #expect(step(.pending) == nil)
        #expect(step(.revoked(Self.other)) == nil)
    }

    @Test func toTheMillisecond() {
        let rule = InactivityRule(idle: Self.steps(1, 2, 3))
        let key = Self.life()
        let due = Self.at(5) + Self.day * 2
        let told = Self.life(told: KeyNotices.Unused(since: Self.at(5), toldAt: Self.at(6)))
        func step(_ key: KeyLife, _ moment: Timestamp) -> InactivityClock.Step? {
            key.inactivityStep(rule, ruledAt: nil, lastUse: Self.at(5), recordedSince: .earliest, at: moment)
        }
        #expect(step(told, due - .milliseconds(1)) == nil)
        #expect(step(told, due) == .suspend)
        #expect(step(key, due - .milliseconds(1)) == .remind)
        #expect(step(key, Self.at(6) - .milliseconds(1)) == nil)
    }

    @Test func whatComesNextIsTold() {
        let rule = InactivityRule(neverUsed: Self.steps(10, 20, 30))
        let clock = Self.life().inactivityClock(rule, ruledAt: nil, lastUse: nil, recordedSince: .earliest)
        let next = clock.next(at: Self.at(10), .active(toldAt: Self.at(10)))
        #expect(next?.step == .suspend)
        #expect(next?.at == Self.at(20))
        #expect(clock.next(at: Self.at(20), .suspended(at: Self.at(21)))?.at == Self.at(31))
    }
}
