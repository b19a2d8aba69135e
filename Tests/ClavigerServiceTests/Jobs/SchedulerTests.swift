import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Synchronization
import Testing

/// Jobs are done when they are due, once, by one process, and go on where one was killed.
@Suite struct SchedulerTests {
    private static let day = Duration.seconds(86_400)

    @Test func eachIsDoneAtItsTime() async throws {
        let fixture = try await JobFixture()
        #expect(try await fixture.job(.rotation).runs == 1)
        for _ in 0..<3 { try await fixture.test.scheduler.runOnce() }
        #expect(try await fixture.job(.rotation).runs == 1)
        try await fixture.advance(.seconds(331))
        #expect(try await fixture.job(.rotation).runs == 2)
        #expect(try await fixture.job(.ends).runs == 2)
        #expect(try await fixture.job(.unused).runs == 1)
        // After days, once, and then at its time again.
        try await fixture.advance(Self.day * 3)
        try await fixture.advance(.seconds(1))
        #expect(try await fixture.job(.rotation).runs == 3)
        let next = try await fixture.job(.rotation).nextDueAt
        #expect(next - fixture.now <= .seconds(330))
    }

    @Test func whatWasMissedIsSpreadAfterAStart() async throws {
        let fixture = try await JobFixture()
        fixture.test.time.advance(by: Self.day)
        let restarted = Scheduler(
            fixture.test.maintenance,
            configuration: Scheduler.Configuration(spread: .seconds(3600)),
            logger: fixture.test.log.logger()
        )
        var begun: [Int] = []
        for minute in 0...61 {
            try await restarted.runOnce()
            let jobs = try await fixture.test.authority.jobs(by: fixture.owner).map(\.job)
            begun.append(
                jobs.filter { $0.endedAt.map { $0 >= fixture.now - .seconds(60 * Int64(minute)) } ?? false }.count
            )
            fixture.test.time.advance(by: .seconds(60))
        }
        // Not all at once, and all in the end.
        #expect(begun.first.map { $0 < 6 } ?? false)
        #expect(begun.last == 6)
        #expect(Set(begun).count > 3)
    }

    @Test func whoAsksNeedNotWaitForTheStart() async throws {
        let fixture = try await JobFixture()
        let restarted = Scheduler(
            fixture.test.maintenance,
            configuration: Scheduler.Configuration(spread: .seconds(1_000_000)),
            logger: fixture.test.log.logger()
        )
        _ = try await fixture.test.authority.runJob(.rotation, by: fixture.owner)
        try await restarted.runOnce()
        #expect(try await fixture.job(.rotation).runs == 2)
        #expect(try await fixture.job(.reviews).runs == 1)
    }

    /// A process that dies in the middle of a job is played by a lease and a cursor that nobody gives back.
    @Test func anotherProcessGoesOnWhereOneWasKilled() async throws {
        let fixture = try await JobFixture([.keySuspended])
        try await fixture.policy([("rotation", ["every": "10d", "mode": "holder", "window": "1s"])])
        let keys = try await fixture.keys(1100)
        // The first part is done, and then no transaction of this process gets through.
        fixture.test.time.advance(by: Self.day * 11)
        try await fixture.test.database.write {
            try $0.execute(
                """
                CREATE TRIGGER killed BEFORE UPDATE OF cursor ON jobs
                WHEN OLD.cursor <> '' AND NEW.name = 'rotation' BEGIN SELECT RAISE(ABORT, 'killed'); END
                """
            )
        }
        try await fixture.test.scheduler.runOnce()
        try await fixture.test.database.write { try $0.execute("DROP TRIGGER killed") }
        var job = try await fixture.job(.rotation)
        #expect(!job.cursor.isEmpty)
        #expect(job.lease != nil)
        func suspended() async throws -> Int {
            var count = 0
            for key in keys where try await fixture.read(key.key.id).state.name == .suspended { count += 1 }
            return count
        }
        #expect(try await suspended() == 500)

        let other = Scheduler(
            fixture.test.maintenance,
            configuration: Scheduler.Configuration(spread: .zero),
            logger: fixture.test.log.logger()
        )
        try await other.runOnce()
        #expect(try await suspended() == 500)
        fixture.test.time.advance(by: Job.Lease.length)
        try await other.runOnce()
        #expect(try await suspended() == 1100)
        job = try await fixture.job(.rotation)
        #expect(job.runs == 2)
        #expect(job.cursor.isEmpty)
        #expect(try await fixture.told().count == 1100)
    }

    /// One that was away for longer than its lease does nothing more when it comes back.
    @Test func aProcessThatWasAwayForTooLongLetsGo() async throws {
        let fixture = try await JobFixture([.keySuspended])
        try await fixture.policy([("rotation", ["every": "10d", "mode": "holder", "window": "1s"])])
        let keys = try await fixture.keys(600)
        fixture.test.time.advance(by: Self.day * 11)
        // Somebody else has taken the job by the time the second part begins.
        try await fixture.test.database.write {
            try $0.execute(
                """
                CREATE TRIGGER taken AFTER UPDATE OF cursor ON jobs
                WHEN OLD.cursor = '' AND NEW.cursor <> '' AND NEW.name = 'rotation'
                BEGIN UPDATE jobs SET lease_holder = 'other' WHERE name = 'rotation'; END
                """
            )
        }
        try await fixture.test.scheduler.runOnce()
        var suspended = 0
        for key in keys where try await fixture.read(key.key.id).state.name == .suspended { suspended += 1 }
        #expect(suspended == 500)
        let job = try await fixture.job(.rotation)
        #expect(job.lease?.holder == "other")
        #expect(job.runs == 1)
        #expect(job.failures == 0)
    }

    @Test func twoProcessesDoNotDoTheSame() async throws {
        let fixture = try await JobFixture([.keySuspended])
        try await fixture.policy([("rotation", ["every": "10d", "mode": "holder", "window": "1s"])])
        _ = try await fixture.keys(700)
        let schedulers = (0..<4).map { _ in
            Scheduler(
                fixture.test.maintenance,
                configuration: Scheduler.Configuration(spread: .zero),
                logger: fixture.test.log.logger()
            )
        }
        fixture.test.time.advance(by: Self.day * 11)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for scheduler in schedulers { group.addTask { try await scheduler.runOnce() } }
            try await group.waitForAll()
        }
        #expect(try await fixture.told().count == 700)
        #expect(try await fixture.job(.rotation).runs == 2)
        #expect(try await fixture.job(.requests).runs == 2)
    }

    @Test func aJobThatFailsIsTriedAgainAndStopsNoOther() async throws {
        let fixture = try await JobFixture([.keySuspended, .keyExpired])
        try await fixture.policy([("rotation", ["every": "10d", "mode": "holder", "window": "1s"])])
        let key = try await fixture.key().key.id
        let short = try await fixture.keys(expiresAt: fixture.now + Self.day * 10)
        try await fixture.test.database.write {
            try $0.execute(
                """
                CREATE TRIGGER broken BEFORE UPDATE ON keys WHEN NEW.state = 'suspended'
                BEGIN SELECT RAISE(ABORT, 'no'); END
                """
            )
        }
        try await fixture.advance(Self.day * 11)
        var job = try await fixture.job(.rotation)
        #expect(job.failures == 1)
        #expect(job.failure?.isEmpty == false)
        #expect(job.activity(at: fixture.now) == .failing)
        #expect(try await fixture.state(key) == "active")
        #expect(try await fixture.job(.graces).failures == 0)
        #expect(try await fixture.told().map(\.key) == short.map(\.key.id.text))
        #expect(fixture.test.log.lines.contains { $0.contains("a job failed") })
        try await fixture.advance(.seconds(70))
        #expect(try await fixture.job(.rotation).failures == 2)

        try await fixture.test.database.write { try $0.execute("DROP TRIGGER broken") }
        try await fixture.advance(.seconds(300))
        job = try await fixture.job(.rotation)
        #expect(job.failures == 0)
        #expect(job.failure == nil)
        #expect(try await fixture.state(key) == "suspended rotation_overdue")
    }

    @Test func aClockThatIsSetBackStopsNothing() async throws {
        let fixture = try await JobFixture()
        try await fixture.advance(Self.day)
        let runs = try await fixture.job(.rotation).runs
        fixture.test.time.jump(to: fixture.now - Self.day)
        try await fixture.test.scheduler.runOnce()
        #expect(try await fixture.job(.rotation).runs == runs)
        try await fixture.advance(.seconds(331))
        #expect(try await fixture.job(.rotation).runs == runs + 1)
        try await fixture.advance(.seconds(331))
        #expect(try await fixture.job(.rotation).runs == runs + 2)
    }
}
