import ClavigerCore
import ClavigerService
import ClavigerStore
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

    /// What a client says of itself can have the token in it; it goes to none who is told (promise P1).
    @Test(
        arguments: [true, false],
        ["app/TOKEN", "app/\(String(repeating: "x", count: 236)) TOKEN", "a%5FTOKEN \u{7}TOKEN"]
    )
    func noTokenIsTold(isImported: Bool, agent: String) async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyWrongEnvironment])
        let text = isImported ? Self.foreign : fixture.plaintext(of: try await fixture.key())
        if isImported { try await self.importForeign(fixture) }
        let query = VerificationQuery(
            api: .id(fixture.api.id),
            environment: try EnvironmentName(parsing: "staging"),
            context: ClientContext(userAgent: agent.replacing("TOKEN", with: text))
        )
        let authority = fixture.test.authority
        let token = PresentedToken(text)
        #expect(try await authority.verify(token, query, by: fixture.owner).code == .wrongEnvironment)
        fixture.test.time.advance(by: .seconds(3601))
        let route = try await authority.gatewayRoute(
            api: "payments",
            environment: "staging",
            in: fixture.test.workspaceID
        )
        #expect(try await authority.admit(token, query, on: route, requestID: "r").verdict.code == .wrongEnvironment)
        try await fixture.dispatcher.runUntilIdle()
        var told = fixture.receiver.requests.map { String(decoding: $0.json.serialized(), as: UTF8.self) }
        #expect(told.count == 2)
        #expect(told.allSatisfy { $0.contains(#""userAgent":"a"#) })
        told += try await fixture.test.database.read { connection in
            try connection.rows("SELECT body FROM outgoing_events").map { try $0.value("body") }
        }
        // Nor a part of its secret, which a cut would leave.
        let secret = isImported ? String(text.prefix(10)) : String(text.suffix(43).prefix(6))
        #expect(!told.contains { $0.contains(secret) }, "\(told)")
    }

    private static let foreign = "gX7pQ2vN.9aKc4LmRt8YwZb3EjHs6UdFo1iBxT5Vn"

    /// A key of production whose token another system made.
    private func importForeign(_ fixture: EventFixture) async throws {
        let key = ImportedKey(
            secret: .token(try ForeignToken(importing: Self.foreign)),
            owner: try Label(parsing: "acme"),
            ownerKind: .customer,
            plan: nil,
            start: "gX7p",
            attributes: APIKey.Attributes(name: try Label(parsing: "imported"))
        )
        let authority = fixture.test.authority
        let session = try await authority.beginImport(
            ImportSettings(api: .id(fixture.api.id), environment: .production),
            by: fixture.owner
        )
        let lines = [ImportLine(number: 1, content: .success(key))]
        let report = try await authority.take(lines, upTo: 1, in: session, by: fixture.owner)
        #expect(report.counts.imported == 1)
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
