import ClavigerCore
import ClavigerService
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
