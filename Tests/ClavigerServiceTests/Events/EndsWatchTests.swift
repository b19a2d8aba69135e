import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// How far the ends of keys were looked at, where a clock or another process has been there.
@Suite struct EndsWatchTests {
    private static let day = Duration.seconds(86_400)

    private func expired(_ fixture: JobFixture) async throws -> [String] {
        try await fixture.told().filter { $0.type == "key.expired" }.map(\.key)
    }

    /// A clock that was far ahead for a minute keeps nobody from being told for as long.
    @Test func aClockThatWasAheadIsForgotten() async throws {
        let fixture = try await JobFixture([.keyExpired])
        let start = fixture.now
        fixture.test.time.jump(to: start + Self.day * 40)
        try await fixture.advance(.seconds(60))
        fixture.test.time.jump(to: start + .seconds(120))
        let key = try await fixture.keys(expiresAt: start + .seconds(3600))
        for _ in 0..<4 { try await fixture.advance(.seconds(1200)) }
        #expect(try await self.expired(fixture) == key.map(\.key.id.text))
    }

    /// A clock that is a little behind another's tells nobody twice.
    @Test func aLittleDifferenceIsBorne() async throws {
        let fixture = try await JobFixture([.keyExpired])
        let key = try await fixture.keys(expiresAt: fixture.now + .seconds(190))
        try await fixture.advance(.seconds(200))
        fixture.test.time.jump(to: fixture.now - .seconds(150))
        _ = try await fixture.test.authority.runJob(.ends, by: fixture.owner)
        try await fixture.test.scheduler.runOnce()
        for _ in 0..<4 { try await fixture.advance(.seconds(100)) }
        #expect(try await self.expired(fixture) == key.map(\.key.id.text))
    }

    /// Processes that look at the same time, each of which believes that it has the job alone.
    @Test func nobodyIsToldTwice() async throws {
        let fixture = try await JobFixture([.keyExpired])
        let keys = try await fixture.keys(1200, expiresAt: fixture.now + .seconds(100))
        try await fixture.test.database.write {
            try $0.execute(
                """
                CREATE TRIGGER shared AFTER UPDATE ON jobs WHEN NEW.name = 'ends' AND NEW.lease_holder IS NOT NULL
                BEGIN UPDATE jobs SET lease_holder = NULL, lease_until = NULL WHERE name = 'ends'; END
                """
            )
        }
        let schedulers = (0..<6).map { _ in
            Scheduler(
                fixture.test.maintenance,
                configuration: Scheduler.Configuration(spread: .zero),
                logger: fixture.test.log.logger()
            )
        }
        fixture.test.time.advance(by: .seconds(200))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for scheduler in schedulers { group.addTask { try await scheduler.runOnce() } }
            try await group.waitForAll()
        }
        let told = try await self.expired(fixture)
        #expect(told.count == keys.count)
        #expect(Set(told).count == keys.count)
    }
}
