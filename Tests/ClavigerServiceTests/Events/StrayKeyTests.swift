import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import Testing

/// Keys that are presented in another environment than their own, and the ends that policies set.
@Suite struct StrayKeyTests {
    private func present(
        _ key: IssuedKey,
        in environment: String,
        _ fixture: EventFixture,
        agent: String = "curl/8"
    )
        async throws
    {
        let query = VerificationQuery(
            api: .id(fixture.api.id),
            environment: try EnvironmentName(parsing: environment),
            context: ClientContext(ip: IPAddress(parsing: "203.0.113.9"), userAgent: agent)
        )
        let token = PresentedToken(fixture.plaintext(of: key))
        _ = try await fixture.test.authority.verify(token, query, by: fixture.owner)
        try await fixture.dispatcher.runUntilIdle()
    }

    @Test func itsOwnerIsToldWhereItCameFromOnceAnHour() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyWrongEnvironment])
        let key = try await fixture.key()
        let other = try await fixture.key("other")
        try await self.present(key, in: "production", fixture)
        #expect(fixture.receiver.requests.map(\.json).isEmpty)
        try await self.present(key, in: "staging", fixture, agent: "evil\u{1B}[2J" + String(repeating: "x", count: 500))
        let body = try #require(fixture.receiver.requests.map(\.json).first)
        #expect(body["type"] == "key.wrong_environment")
        #expect(body["data"]?["key"]?["id"]?.string == key.key.id.text)
        #expect(body["data"]?["use"]?["environment"] == "staging")
        #expect(body["data"]?["use"]?["address"] == "203.0.113.9")
        let agent = body["data"]?["use"]?["userAgent"]?.string ?? ""
        #expect(agent.hasPrefix("evil [2Jxxx"))
        #expect(agent.unicodeScalars.count == 256)
        for minutes in [0, 30, 29] {
            fixture.test.time.advance(by: .seconds(minutes * 60))
            try await self.present(key, in: "staging", fixture)
        }
        #expect(fixture.receiver.requests.map(\.json).count == 1)
        try await self.present(other, in: "staging", fixture)
        #expect(fixture.receiver.requests.map(\.json).count == 2)
        fixture.test.time.advance(by: .seconds(60))
        try await self.present(key, in: "staging", fixture)
        #expect(fixture.receiver.requests.map(\.json).count == 3)
    }

    @Test func remindersComeBeforeTheEndThatAPolicySets() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyExpiring, .keyExpired])
        try await fixture.test.runInBackground()
        let key = try await fixture.key()
        let sooner = try await fixture.key("sooner", expiresAt: fixture.test.time.now() + .seconds(20 * 86_400))
        let document = try PolicyDocument(reading: ["appliesTo": [:], "lifetime": ["maximum": "40d"]])
        _ = try await fixture.test.authority.setPolicy(
            try ResourceName(parsing: "p"),
            document,
            expecting: nil,
            isForced: false,
            by: fixture.owner
        )
        var told: [String] = []
        for _ in 0..<41 {
            fixture.test.time.advance(by: .seconds(86_400))
            try await fixture.test.runInBackground()
        }
        try await fixture.dispatcher.runUntilIdle()
        for body in fixture.receiver.requests.map(\.json) {
            let name = body["data"]?["key"]?["name"]?.string ?? ""
            let days = body["data"]?["daysLeft"]?.integer.map { " \($0)" } ?? ""
            told.append("\(name) \(body["type"]?.string ?? "")\(days)")
            if name == "k" {
                #expect(body["data"]?["key"]?["expiresAt"]?.string == (key.key.createdAt + .seconds(40 * 86_400)).text)
            }
        }
        #expect(sooner.key.attributes.expiresAt != nil)
        #expect(
            told.filter { $0.hasPrefix("k ") } == [
                "k key.expiring 30", "k key.expiring 7", "k key.expiring 1", "k key.expired",
            ]
        )
        #expect(
            told.filter { $0.hasPrefix("sooner ") } == [
                "sooner key.expiring 7", "sooner key.expiring 1", "sooner key.expired",
            ]
        )
    }
}
