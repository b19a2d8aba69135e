import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// What somebody has asked for is done, also where the process that began it is killed.
@Suite struct RequestedJobTests {
    private static let day = Duration.seconds(86_400)

    /// A process that dies in the middle of a job is played by a lease and a cursor that nobody gives back.
    @Test func itIsGoneOnWithAfterTheLease() async throws {
        let fixture = try await JobFixture()
        let keys = try await fixture.keys(700)
        try await fixture.advance(Self.day * 11)
        try await fixture.policy([("rotation", ["every": "10d", "mode": "holder", "window": "1s"])])
        // The day that a new policy leaves is over in a minute, and the job's own time is further away.
        try await fixture.advance(Self.day - .seconds(60))
        #expect(try await fixture.job(.rotation).nextDueAt >= fixture.now + Job.Name.rotation.every)
        fixture.test.time.advance(by: .seconds(60))
        _ = try await fixture.test.authority.runJob(.rotation, by: fixture.owner)
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
        #expect(try await fixture.job(.rotation).lease != nil)
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
        #expect(try await suspended() == 700)
        #expect(try await fixture.job(.rotation).nextDueAt > fixture.now)
    }
}
