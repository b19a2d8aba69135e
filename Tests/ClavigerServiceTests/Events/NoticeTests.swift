import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import ClavigerVerifier
import Testing

/// What is told without anybody having changed something.
@Suite struct NoticeTests {
    private static let day = Duration.seconds(86_400)

    @Test func theEndOfAKeyIsToldBeforeAndOnce() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyExpiring, .keyExpired])
        try await fixture.test.runInBackground()
        let start = fixture.test.time.now()
        try await fixture.key("long", expiresAt: start + Self.day * 40)
        try await fixture.key("short", expiresAt: start + .seconds(3600))
        let revoked = try await fixture.key("revoked", expiresAt: start + Self.day * 40).key.id
        try await fixture.transition(revoked, .revoke)
        try await fixture.key("endless")
        var told: [String] = []
        for hour in 1...(42 * 4) {
            fixture.test.time.advance(by: .seconds(6 * 3600))
            try await fixture.test.runInBackground()
            try await fixture.dispatcher.runUntilIdle()
            for request in fixture.receiver.requests.dropFirst(told.count) {
                let data = try #require(request.json["data"])
                let days = data["daysLeft"]?.integer.map { " \($0)" } ?? ""
                told.append("\(hour * 6 / 24): \(data["key"]?["name"]?.string ?? "") \(request.type)\(days)")
            }
        }
        #expect(
            told == [
                "0: short key.expired", "10: long key.expiring 30", "33: long key.expiring 7",
                "39: long key.expiring 1", "40: long key.expired",
            ]
        )
    }

    @Test func afterAStopOnlyWhatIsStillTrueIsTold() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyExpiring, .keyExpired])
        try await fixture.test.runInBackground()
        let start = fixture.test.time.now()
        try await fixture.key("gone", expiresAt: start + Self.day * 20)
        try await fixture.key("near", expiresAt: start + Self.day * 45)
        fixture.test.time.advance(by: Self.day * 40)
        try await fixture.test.runInBackground()
        try await fixture.dispatcher.runUntilIdle()
        let told = fixture.receiver.requests.map {
            "\($0.json["data"]?["key"]?["name"]?.string ?? "") \($0.type) \($0.json["data"]?["daysLeft"]?.integer ?? 0)"
        }
        #expect(told.sorted() == ["gone key.expired 0", "near key.expiring 30", "near key.expiring 7"])
    }

    /// Many keys that end in one moment are told of in several transactions, each once, also when one of these fails.
    @Test func manyEndsAreToldInParts() async throws {
        let fixture = try await EventFixture()
        let endpoint = try await fixture.endpoint([.keyExpired]).endpoint.id
        try await fixture.test.runInBackground()
        let end = fixture.test.time.now() + .seconds(60)
        let draft = KeyDraft(
            api: .id(fixture.api.id),
            environment: .production,
            owner: .id(fixture.consumer.id),
            attributes: APIKey.Attributes(name: try Label(parsing: "many"), expiresAt: end)
        )
        _ = try await fixture.test.authority.issue(Array(repeating: draft, count: 1200), by: fixture.owner)
        fixture.test.time.advance(by: .seconds(60))
        try await fixture.test.database.write {
            try $0.execute(
                """
                CREATE TRIGGER full BEFORE INSERT ON outgoing_events
                WHEN (SELECT count(*) FROM outgoing_events) >= 700 BEGIN SELECT RAISE(ABORT, 'no'); END
                """
            )
        }
        func subjects() async throws -> [String] {
            try await fixture.deliveries(endpoint).map(\.subject)
        }
        await #expect(throws: (any Error).self) { try await fixture.test.runInBackground() }
        #expect(try await subjects().count == 500)
        try await fixture.test.database.write { try $0.execute("DROP TRIGGER full") }
        fixture.test.time.advance(by: .seconds(5))
        try await fixture.test.runInBackground()
        try await fixture.test.runInBackground()
        let told = try await subjects()
        #expect(told.count == 1200)
        #expect(Set(told).count == 1200)
    }

    @Test func whatNobodyWantsIsNotKeptForLater() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyRevoked])
        try await fixture.test.runInBackground()
        try await fixture.key(expiresAt: fixture.test.time.now() + .seconds(60))
        fixture.test.time.advance(by: .seconds(60))
        try await fixture.test.runInBackground()
        let late = try await fixture.endpoint([.keyExpired]).endpoint.id
        fixture.test.time.advance(by: .seconds(5))
        try await fixture.test.runInBackground()
        #expect(try await fixture.deliveries(late).isEmpty)
    }

    /// An end that somebody puts into the past is told of like one that has come, and once.
    @Test func anEndThatIsPutIntoThePastIsTold() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyExpired])
        let key = try await fixture.key().key.id
        func told(after end: Timestamp?) async throws -> Int {
            var patch = KeyPatch()
            patch.expiresAt = end.map { .set($0) } ?? .remove
            _ = try await fixture.test.authority.updateKey(key, patch, expecting: nil, by: fixture.owner)
            try await fixture.test.runInBackground()
            try await fixture.dispatcher.runUntilIdle()
            return fixture.receiver.requests.count
        }
        let start = fixture.test.time.now()
        // Before anything has been looked for, and after.
        #expect(try await told(after: start - Self.day) == 1)
        #expect(try await told(after: start - Self.day * 2) == 1)
        #expect(try await told(after: nil) == 1)
        #expect(try await told(after: start - Self.day) == 2)
        #expect(try await told(after: start + Self.day) == 2)
        // Since the last look: maintenance meets it.
        fixture.test.time.advance(by: .seconds(10))
        #expect(try await told(after: start + .seconds(5)) == 3)
        #expect(try await told(after: start + .seconds(4)) == 3)
    }

    /// While an endpoint is down, use that goes on does not fill the outbox; changes of state are all kept.
    @Test func useIsKeptOnceForAnEndpointThatFails() async throws {
        let isBroken = Switch(true)
        let fixture = try await EventFixture { _, _ in
            isBroken.isOn ? .failed(.timedOut) : .answered(status: 200, retryAfter: nil)
        }
        let endpoint = try await fixture.endpoint([.limitReached, .keySuspended, .keyResumed]).endpoint.id
        let limits = try RateLimits([
            RateLimit(name: LimitName(parsing: "hourly"), requests: 1, window: .seconds(3600)),
            RateLimit(name: LimitName(parsing: "daily"), requests: 1, window: .seconds(7200)),
        ])
        let key = try await fixture.key(allowance: Allowance(limits: limits))
        try await self.verify(key, fixture)
        try await fixture.dispatcher.runUntilIdle()
        #expect(try await fixture.deliveries(endpoint).count == 2, "two limits, and nothing had failed yet")
        for _ in 0..<3 {
            fixture.test.time.advance(by: .seconds(3 * 3600))
            try await self.verify(key, fixture)
            try await fixture.transition(key.key.id, .suspend)
            try await fixture.transition(key.key.id, .resume)
            try await fixture.dispatcher.runUntilIdle()
        }
        let types = try await fixture.deliveries(endpoint).map(\.type)
        #expect(types.count { $0 == .limitReached } == 2)
        #expect(types.count { $0 == .keySuspended } == 3)
        isBroken.isOn = false
        try await fixture.settle(endpoint)
        fixture.test.time.advance(by: .seconds(3 * 3600))
        try await self.verify(key, fixture)
        try await fixture.dispatcher.runUntilIdle()
        #expect(try await fixture.deliveries(endpoint).count { $0.type == .limitReached } == 4)
    }

    @Test func whatWasNoticedIsStoredAtTheEnd() async throws {
        let fixture = try await EventFixture()
        let endpoint = try await fixture.endpoint([.limitReached]).endpoint.id
        let limit = try RateLimits([RateLimit(name: LimitName(parsing: "hourly"), requests: 1, window: .seconds(3600))])
        let key = try await fixture.key(allowance: Allowance(limits: limit))
        try await self.verify(key, fixture)
        try await fixture.test.database.write {
            try $0.execute("CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'no'); END")
        }
        await fixture.dispatcher.flush()
        #expect(fixture.test.log.lines.contains { $0.contains("could not be stored at the end") })
        try await fixture.test.database.write { try $0.execute("DROP TRIGGER full") }
        await fixture.dispatcher.flush()
        #expect(try await fixture.deliveries(endpoint).map(\.type) == [.limitReached])
    }

    private func verify(_ key: IssuedKey, _ fixture: EventFixture, times: Int = 1) async throws {
        let token = fixture.plaintext(of: key)
        for _ in 0..<times {
            _ = try await fixture.test.authority.verify(
                PresentedToken(token),
                VerificationQuery(),
                by: fixture.owner
            )
        }
    }

    private func told(_ fixture: EventFixture) async throws -> [String] {
        try await fixture.dispatcher.runUntilIdle()
        return fixture.receiver.requests.map { request in
            let data = request.json["data"]
            let left = data?["limit"]?["remaining"]?.integer ?? data?["credits"]?["remaining"]?.integer ?? -1
            return "\(request.type) \(left)"
        }
    }

    @Test func limitsAreToldAtTheirMarksAndOnce() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.limitWarning, .limitReached])
        let limit = try RateLimits([RateLimit(name: LimitName(parsing: "hourly"), requests: 10, window: .seconds(3600))]
        )
        let key = try await fixture.key(allowance: Allowance(limits: limit))
        try await self.verify(key, fixture, times: 7)
        #expect(try await self.told(fixture) == [])
        try await self.verify(key, fixture)
        #expect(try await self.told(fixture) == ["limit.warning 2"])
        try await self.verify(key, fixture, times: 5)
        #expect(try await self.told(fixture) == ["limit.warning 2", "limit.reached 0"])
        fixture.test.time.advance(by: .seconds(2 * 3600))
        try await self.verify(key, fixture, times: 8)
        #expect(try await self.told(fixture).count == 3)
    }

    @Test func creditsAreToldAtTheirMarksAndAgainWhenFilled() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.creditsLow, .creditsExhausted])
        let key = try await fixture.key(
            allowance: Allowance(credits: CreditPolicy(amount: 10), creditsSince: fixture.test.time.now())
        )
        try await self.verify(key, fixture, times: 12)
        #expect(try await self.told(fixture) == ["credits.low 2", "credits.exhausted 0"])
        var patch = KeyPatch()
        patch.allowance.credits = .set(CreditPolicy(amount: 5))
        _ = try await fixture.test.authority.updateKey(key.key.id, patch, expecting: nil, by: fixture.owner)
        try await self.verify(key, fixture, times: 4)
        #expect(try await self.told(fixture).last == "credits.low 1")
    }

    @Test func nothingIsRememberedWhereNobodyAsks() async throws {
        let fixture = try await EventFixture()
        let endpoint = try await fixture.endpoint([.keyRevoked]).endpoint.id
        let limit = try RateLimits([RateLimit(name: LimitName(parsing: "hourly"), requests: 1, window: .seconds(3600))])
        let key = try await fixture.key(allowance: Allowance(limits: limit))
        try await self.verify(key, fixture, times: 3)
        var patch = WebhookPatch()
        patch.types = .set([.limitReached])
        _ = try await fixture.test.authority.updateWebhook(endpoint, patch, expecting: nil, by: fixture.owner)
        #expect(try await self.told(fixture) == [])
        try await self.verify(key, fixture)
        #expect(try await self.told(fixture) == ["limit.reached 0"])
    }
}
