import ClavigerCore
import Testing

/// When a job is done, by whom, and what its clock may do meanwhile.
@Suite struct JobTests {
    private static let now = Timestamp(milliseconds: 1_795_243_200_000)
    private static let every = Job.Name.rotation.every

    private func job() -> Job { Job(.rotation, nextDueAt: Self.now) }

    @Test func oneMomentAfterTheOther() {
        var job = self.job()
        #expect(!job.isDue(at: Self.now - .milliseconds(1)))
        #expect(job.isDue(at: Self.now))
        job.begin(by: "a", at: Self.now + .seconds(3))
        #expect(job.dueAt == Self.now)
        #expect(job.activity(at: Self.now + .seconds(3)) == .running)
        job.advance(to: "key_1", at: Self.now + .seconds(40))
        #expect(job.lease?.until == Self.now + .seconds(100))
        job.finish(at: Self.now + .seconds(50), jitter: .seconds(2))
        #expect(job.nextDueAt == Self.now + Self.every + .seconds(2))
        #expect(job.runs == 1)
        #expect(job.cursor.isEmpty && job.dueAt == nil && job.lease == nil)
        #expect(!job.isDue(at: Self.now + .seconds(50)))
    }

    @Test func missedMomentsAreOneRun() {
        var job = self.job()
        let late = Self.now + Self.every * 700
        job.begin(by: "a", at: late)
        #expect(job.dueAt == Self.now)
        job.finish(at: late, jitter: .zero)
        #expect(job.nextDueAt == late + Self.every)
    }

    @Test func whatWasBegunIsGoneOnWith() {
        var job = self.job()
        job.begin(by: "a", at: Self.now)
        job.advance(to: "key_7", at: Self.now)
        let later = Self.now + Job.Lease.length
        #expect(job.isLeased(at: later - .milliseconds(1)))
        #expect(!job.isLeased(at: later))
        job.begin(by: "b", at: later)
        #expect(job.cursor == "key_7")
        #expect(job.dueAt == Self.now)
        #expect(job.startedAt == Self.now)
        #expect(job.lease?.holder == "b")
    }

    @Test func whoAsksNeedNotWait() {
        var job = self.job()
        job.begin(by: "a", at: Self.now)
        // Asked for while it runs: it may be past what was meant.
        job.requestedAt = Self.now + .seconds(1)
        job.finish(at: Self.now + .seconds(2), jitter: .zero)
        #expect(job.isDue(at: Self.now + .seconds(2)))
        job.begin(by: "a", at: Self.now + .seconds(3))
        #expect(job.dueAt == Self.now + .seconds(3))
        #expect(job.requestedAt == nil)
    }

    /// Who was asked and is killed leaves what others take over when the lease is over, and not at the regular time.
    @Test func whatWasAskedForStaysDue() {
        var job = Job(.rotation, nextDueAt: Self.now + .seconds(300))
        job.requestedAt = Self.now
        job.begin(by: "a", at: Self.now + .seconds(1))
        #expect(job.dueAt == Self.now + .seconds(1))
        #expect(job.isDue(at: Self.now + .seconds(1) + Job.Lease.length))
        job.begin(by: "b", at: Self.now + .seconds(61))
        #expect(job.dueAt == Self.now + .seconds(1))
        job.finish(at: Self.now + .seconds(62), jitter: .zero)
        #expect(!job.isDue(at: Self.now + .seconds(62)))
    }

    @Test func whatFailsWaitsLongerEachTime() {
        var job = self.job()
        var pauses: [Duration] = []
        var now = Self.now
        for _ in 0..<6 {
            job.begin(by: "a", at: now)
            job.advance(to: "key_3", at: now)
            job.fail("no", at: now, jitter: .zero)
            pauses.append(job.nextDueAt - now)
            #expect(job.activity(at: now) == .failing)
            now = job.nextDueAt
        }
        #expect(pauses == [30, 60, 120, 240, 300, 300].map { .seconds($0) })
        #expect(job.failures == 6)
        job.begin(by: "a", at: now)
        #expect(job.cursor == "key_3")
        #expect(job.dueAt == Self.now)
        job.finish(at: now, jitter: .zero)
        #expect(job.failures == 0)
        #expect(job.failure == nil)
    }

    @Test func aClockThatIsSetBackDoesNotStopIt() {
        var job = self.job()
        let ahead = Self.now + .seconds(86_400)
        job.begin(by: "a", at: ahead)
        #expect(!job.isLeased(at: Self.now))
        job.finish(at: ahead, jitter: .zero)
        job.bound(at: Self.now)
        #expect(job.nextDueAt == Self.now + Self.every + job.longestJitter)
        let next = job.nextDueAt
        job.bound(at: Self.now)
        #expect(job.nextDueAt == next)
        // Begun with a clock that was ahead, and ended after it was set back.
        job.begin(by: "a", at: ahead)
        job.dueAt = ahead
        job.finish(at: Self.now, jitter: .zero)
        #expect(job.nextDueAt == Self.now + Self.every)
    }

    @Test func aClockThatJumpsForwardRunsItOnce() {
        var job = self.job()
        var runs = 0
        for moment in [Self.now, Self.now + .seconds(86_400), Self.now + .seconds(86_401)] where job.isDue(at: moment) {
            job.begin(by: "a", at: moment)
            job.finish(at: moment, jitter: .zero)
            runs += 1
        }
        #expect(runs == 2)
    }
}
