import ClavigerCore
import Testing

/// When a key is to be rotated, what is told of it, and what becomes of it.
@Suite struct RotationClockTests {
    private static let made = Timestamp(milliseconds: 1_795_243_200_000)
    private static let day = Duration.seconds(86_400)

    private func rule(_ mode: RotationRule.Mode, every: Int = 90, window: Int = 14) -> RotationRule {
        RotationRule(every: Self.day * every, mode: mode, window: Self.day * window)
    }

    private func clock(
        _ rule: RotationRule?,
        rotateBy: Double? = nil,
        ruled: Double? = nil,
        notBefore: Double? = nil,
        resumed: Double? = nil,
        revived: Double? = nil
    ) -> RotationClock {
        RotationClock(
            rule: rule,
            credentialAt: Self.made,
            rotateBy: rotateBy.map { Self.made + Self.day * $0 },
            ruledAt: ruled.map { Self.made + Self.day * $0 },
            notBefore: notBefore.map { Self.made + Self.day * $0 },
            resumedAt: resumed.map { Self.made + Self.day * $0 },
            revivedAt: revived.map { Self.made + Self.day * $0 }
        )
    }

    /// What the clock says, day after day, to one who listens every day: the day, and what.
    private func said(_ clock: RotationClock, days: ClosedRange<Int> = 0...120, step: Int = 1) -> [String] {
        var told: RotationClock.Told?
        var said: [String] = []
        for day in stride(from: days.lowerBound, through: days.upperBound, by: step) {
            switch clock.step(at: Self.made + Self.day * day, told: told) {
            case .tell(let milestone):
                said.append("\(day) \(milestone)")
                told = clock.dueAt.map { RotationClock.Told(dueAt: $0, milestone: milestone) }
            case .suspend: return said + ["\(day) suspend"]
            case .end: return said + ["\(day) end"]
            case nil: break
            }
        }
        return said
    }

    @Test func eachModeTellsBeforeAndActsAtTheEnd() {
        let before = ["76 window", "83 week", "89 day"]
        #expect(self.said(self.clock(self.rule(.remind))) == before + ["90 overdue"])
        #expect(self.said(self.clock(self.rule(.holder))) == before + ["90 suspend"])
        #expect(self.said(self.clock(self.rule(.enforce))) == before + ["90 end"])
        #expect(self.said(self.clock(nil)) == [])
        #expect(self.clock(nil).dueAt == nil)
    }

    @Test func whatLiesOutsideOfTheWindowIsNotTold() {
        #expect(self.said(self.clock(self.rule(.remind, window: 7))) == ["83 week", "89 day", "90 overdue"])
        #expect(self.said(self.clock(self.rule(.remind, window: 3))) == ["87 window", "89 day", "90 overdue"])
        #expect(self.said(self.clock(self.rule(.remind, every: 2, window: 2))) == ["0 window", "1 day", "2 overdue"])
        #expect(self.said(self.clock(self.rule(.remind, window: 0))) == ["90 overdue"])
        #expect(self.said(self.clock(self.rule(.holder, window: 0))) == ["90 suspend"])
    }

    @Test func toTheMillisecond() throws {
        let clock = self.clock(self.rule(.holder))
        let due = try #require(clock.dueAt)
        #expect(due == Self.made + Self.day * 90)
        let told = RotationClock.Told(dueAt: due, milestone: .day)
        #expect(clock.step(at: due - .milliseconds(1), told: told) == nil)
        #expect(clock.step(at: due, told: told) == .suspend)
        #expect(clock.step(at: due - Self.day * 14 - .milliseconds(1), told: nil) == nil)
        #expect(clock.step(at: due - Self.day * 14, told: nil) == .tell(.window))
    }

    @Test func ofWhatWasMissedOnlyTheLastIsTold() {
        #expect(self.said(self.clock(self.rule(.remind)), step: 25) == ["100 overdue"])
        #expect(self.said(self.clock(self.rule(.remind)), step: 29) == ["87 week", "116 overdue"])
    }

    @Test func anotherMomentIsToldOfAnew() {
        let clock = self.clock(self.rule(.remind))
        let other = RotationClock.Told(dueAt: Self.made + Self.day * 30, milestone: .overdue)
        #expect(clock.step(at: Self.made + Self.day * 80, told: other) == .tell(.window))
    }

    @Test func whoeverBringsAKeyBackHasADayToRotateIt() {
        let resumed = self.clock(self.rule(.holder), resumed: 95)
        #expect(resumed.dueAt == Self.made + Self.day * 96)
        #expect(self.said(resumed, days: 95...100) == ["95 day", "96 suspend"])
        #expect(self.clock(self.rule(.enforce), revived: 95).dueAt == Self.made + Self.day * 96)
        // Long before it was due, or before the credential was made: that changes nothing.
        #expect(self.clock(self.rule(.holder), resumed: 20).dueAt == Self.made + Self.day * 90)
        #expect(self.clock(self.rule(.holder), resumed: -1).dueAt == Self.made + Self.day * 90)
        let often = RotationRule(every: .seconds(3600), mode: .holder, window: .zero)
        #expect(self.clock(often, resumed: -0.01).dueAt == Self.made + .seconds(3600))
    }

    @Test func whatIsAskedForHoldsWhateverThePolicySays() {
        #expect(self.said(self.clock(nil, rotateBy: 10)) == ["0 window", "3 week", "9 day", "10 suspend"])
        #expect(self.said(self.clock(self.rule(.remind), rotateBy: 10)).last == "10 suspend")
        #expect(self.said(self.clock(self.rule(.enforce), rotateBy: 90)).last == "90 suspend")
        // What the policy asks for first, and its window, stay.
        let late = self.clock(self.rule(.enforce), rotateBy: 100)
        #expect(!late.isRequired)
        #expect(self.said(late) == ["76 window", "83 week", "89 day", "90 end"])
        // A policy that only reminds has nothing that comes before a demand.
        let reminded = self.clock(self.rule(.remind), rotateBy: 100)
        #expect(reminded.isRequired)
        #expect(self.said(reminded, days: 98...110) == ["98 week", "99 day", "100 suspend"])
        // Within a day, people are told at once, and once.
        #expect(self.said(self.clock(nil, rotateBy: 1)) == ["0 day", "1 suspend"])
    }

    @Test func aRuleThatIsNewLeavesADay() {
        let late = self.clock(self.rule(.enforce), ruled: 100)
        #expect(late.dueAt == Self.made + Self.day * 100.0 + Self.day)
        #expect(self.said(late, days: 100...110) == ["100 day", "101 end"])
        // One that was there before the credential, or long before its time is over, changes nothing.
        #expect(self.clock(self.rule(.enforce), ruled: -1).dueAt == Self.made + Self.day * 90)
        #expect(self.clock(self.rule(.enforce), ruled: 89).dueAt == Self.made + Self.day * 90)
        #expect(self.clock(nil, rotateBy: 10, ruled: 20).dueAt == Self.made + Self.day * 10)
    }

    @Test func aKeyThatHasNotBegunCanBeRotatedByItsHolderFirst() {
        let waiting = self.clock(self.rule(.holder), notBefore: 120)
        #expect(waiting.dueAt == Self.made + Self.day * 121)
        #expect(self.clock(self.rule(.holder), notBefore: 20).dueAt == Self.made + Self.day * 90)
    }

    @Test func resumingPutsOffOnlyAMomentThatIsOver() {
        #expect(self.clock(nil, rotateBy: 10, resumed: 9.9).dueAt == Self.made + Self.day * 10)
        #expect(self.clock(nil, rotateBy: 10, resumed: 10).dueAt == Self.made + Self.day * 11)
        #expect(self.clock(nil, rotateBy: 10, resumed: 30).dueAt == Self.made + Self.day * 31)
    }

    @Test func onlyAKeyThatCanBeUsedIsLookedAt() {
        func life(_ state: KeyState, endsAt: Timestamp? = nil, revivedAt: Timestamp? = nil) -> KeyLife {
            var notices = KeyNotices()
            notices.revivedAt = revivedAt
            return KeyLife(
                id: APIKey.ID(bits: 1),
                apiID: API.ID(bits: 2),
                environment: .production,
                state: state,
                createdAt: Self.made,
                endsAt: endsAt,
                rotateBy: nil,
                credentialAt: Self.made,
                notices: notices
            )
        }
        let rule = self.rule(.enforce)
        let now = Self.made + Self.day * 91
        let by = Transition(at: Self.made, by: nil, reason: .other)
        #expect(life(.active(since: nil)).rotationStep(rule, ruledAt: nil, at: now) == .end)
        #expect(life(.active(since: nil), endsAt: now).rotationStep(rule, ruledAt: nil, at: now) == nil)
        for state in [.pending, .suspended(by), .revoked(by), .compromised(by), .destroyed(by)] as [KeyState] {
            #expect(life(state).rotationStep(rule, ruledAt: nil, at: now) == nil)
        }
        // It was ended, and somebody gave it a later end just now.
        let revived = life(.active(since: nil), revivedAt: Self.made + Self.day * 91)
        #expect(revived.rotationStep(rule, ruledAt: nil, at: now) == .tell(.day))
        #expect(revived.rotationStep(rule, ruledAt: nil, at: now + Self.day) == .end)
        // That was a credential before this one.
        let before = life(.active(since: nil), revivedAt: Self.made - Self.day)
        #expect(before.rotationStep(rule, ruledAt: nil, at: now) == .end)
    }
}
