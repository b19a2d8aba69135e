import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import ClavigerVerifier
import Testing

/// An event is there if the change is, and only then.
@Suite struct OutboxTests {
    @Test func everyChangeOfAKeyIsTold() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint()
        let key = try await fixture.key().key.id
        for command: KeyCommand in [.suspend, .resume, .revoke, .compromise, .destroy] {
            try await fixture.transition(key, command)
            // What was told already is not told again.
            if command != .destroy { try await fixture.transition(key, command) }
        }
        try await fixture.dispatcher.runUntilIdle()
        #expect(
            fixture.receiver.requests.map(\.type) == [
                "key.created", "key.suspended", "key.resumed", "key.revoked", "key.compromised",
            ]
        )
        let first = try #require(fixture.receiver.requests.first)
        #expect(first.json["data"]?["key"]?["id"]?.string == key.text)
        #expect(first.json["data"]?["key"]?["metadata"] == nil)
        #expect(first.json["timestamp"]?.string == fixture.test.time.now().text)
    }

    @Test func aChangeThatFailsLeavesNoEvent() async throws {
        let fixture = try await EventFixture()
        let endpoint = try await fixture.endpoint().endpoint.id
        let key = try await fixture.key().key.id
        try await fixture.transition(key, .revoke)
        // The second of two is refused, and with it the first, which had its event in the same transaction.
        await #expect(throws: Problem.self) {
            let draft = KeyDraft(
                api: .id(fixture.api.id),
                environment: .production,
                owner: .id(fixture.consumer.id),
                attributes: APIKey.Attributes(name: try Label(parsing: "good"))
            )
            var bad = draft
            bad.pointer = "/keys/1"
            bad.environment = try EnvironmentName(parsing: "nowhere")
            _ = try await fixture.test.authority.issue([draft, bad], by: fixture.owner)
        }
        await #expect(throws: Problem.self) { try await fixture.transition(key, .suspend) }
        #expect(try await fixture.deliveries(endpoint).map(\.type) == [.keyRevoked, .keyCreated])
    }

    /// The other way round: where the outbox cannot be written, nothing changes.
    @Test func anEventThatCannotBeWrittenRefusesTheChange() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint()
        let key = try await fixture.key().key.id
        try await fixture.test.database.write {
            try $0.execute(
                "CREATE TRIGGER broken BEFORE INSERT ON outgoing_events BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        }
        await #expect(throws: (any Error).self) { try await fixture.transition(key, .revoke) }
        #expect(try await fixture.test.authority.key(key, by: fixture.owner).value.state.name == .active)
    }

    @Test func onlyWhatIsWantedIsKept() async throws {
        let fixture = try await EventFixture()
        let wanted = try await fixture.endpoint([.keyRevoked]).endpoint.id
        let disabled = try await fixture.endpoint().endpoint.id
        var patch = WebhookPatch()
        patch.state = .set(.disabled)
        _ = try await fixture.test.authority.updateWebhook(disabled, patch, expecting: nil, by: fixture.owner)
        let key = try await fixture.key().key.id
        try await fixture.transition(key, .revoke)
        #expect(try await fixture.deliveries(wanted).map(\.type) == [.keyRevoked])
        #expect(try await fixture.deliveries(disabled).isEmpty)
    }

    @Test func whatWaitsForADisabledEndpointGoesOnLater() async throws {
        let fixture = try await EventFixture()
        let endpoint = try await fixture.endpoint().endpoint.id
        try await fixture.key()
        var patch = WebhookPatch()
        patch.state = .set(.disabled)
        _ = try await fixture.test.authority.updateWebhook(endpoint, patch, expecting: nil, by: fixture.owner)
        #expect(try await fixture.dispatcher.runUntilIdle() == 0)
        patch.state = .set(.enabled)
        _ = try await fixture.test.authority.updateWebhook(endpoint, patch, expecting: nil, by: fixture.owner)
        #expect(try await fixture.dispatcher.runUntilIdle() == 1)
    }

    @Test func theDatabaseHasNoSecretAndTheKeyringCanBeRotated() async throws {
        let fixture = try await EventFixture()
        let issued = try await fixture.endpoint()
        _ = try await fixture.test.authority.rotateKeyring([.seal], by: fixture.owner)
        try await fixture.test.runInBackground()
        let versions = try await fixture.test.database.read {
            try $0.rows("SELECT seal_version FROM webhook_secrets").map { try $0.value("seal_version", as: Int.self) }
        }
        #expect(versions == [2])
        try await fixture.key()
        try await fixture.dispatcher.runUntilIdle()
        let request = try #require(fixture.receiver.requests.first)
        #expect(request.isSigned(with: issued.secret))
    }

    /// A secret that is damaged, even several pages of them, keeps nothing else from being sealed anew.
    @Test func aBrokenSecretIsLoggedAndLeft() async throws {
        let fixture = try await EventFixture()
        let broken = try await fixture.endpoint().endpoint.id
        let sound = try await fixture.endpoint().endpoint.id
        try await fixture.test.database.write {
            try $0.execute(
                """
                UPDATE webhook_secrets SET sealed = (SELECT sealed FROM webhook_secrets WHERE endpoint_id = \(sound))
                WHERE endpoint_id = \(broken)
                """
            )
            try $0.execute(
                """
                WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1100)
                INSERT INTO webhook_secrets (endpoint_id, number, sealed, seal_version, created_at, ends_at)
                SELECT endpoint_id, n, sealed, seal_version, created_at, created_at + 1 FROM webhook_secrets, numbers
                WHERE endpoint_id = \(broken)
                """
            )
            try $0.execute("UPDATE webhook_secrets SET sealed = X'00' WHERE endpoint_id = \(broken) AND number = 7")
        }
        _ = try await fixture.test.authority.rotateKeyring([.seal], by: fixture.owner)
        try await fixture.test.maintenance.runOnce()
        try await fixture.test.maintenance.runOnce()
        let sealed = try await fixture.test.database.read {
            try $0.rows("SELECT DISTINCT endpoint_id FROM webhook_secrets WHERE seal_version = 2").map {
                try $0.value("endpoint_id", as: WebhookEndpoint.ID.self)
            }
        }
        #expect(sealed == [sound])
        let lines = fixture.test.log.lines.filter { $0.contains("cannot be opened") }
        #expect(lines.count == 1100, "each once, not in every round")
        #expect(lines.allSatisfy { $0.contains(broken.text) })
    }

    /// What goes wrong in one step of maintenance is reported, and stops no other.
    @Test func aStepThatFailsStopsNoOther() async throws {
        let fixture = try await EventFixture()
        let key = try await fixture.key()
        _ = try await fixture.test.authority.rotate(
            key.key.id,
            RotationRequest(grace: .untilQuiet(for: .seconds(3600))),
            by: fixture.owner
        )
        try await fixture.test.database.write {
            try $0.execute("CREATE TRIGGER broken BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'no'); END")
        }
        fixture.test.time.advance(by: .seconds(3600))
        await #expect(throws: (any Error).self) { try await fixture.test.runInBackground() }
        let verdict = try await fixture.test.authority.verify(
            PresentedToken(fixture.plaintext(of: key)),
            VerificationQuery(),
            by: fixture.owner
        )
        #expect(verdict.code == .superseded)
    }

    @Test func oldDeliveriesAreForgotten() async throws {
        let fixture = try await EventFixture()
        let endpoint = try await fixture.endpoint().endpoint.id
        try await fixture.key()
        try await fixture.dispatcher.runUntilIdle()
        fixture.test.time.advance(by: .seconds(6 * 86_400))
        try await fixture.test.runInBackground()
        #expect(try await fixture.deliveries(endpoint).count == 1)
        fixture.test.time.advance(by: .seconds(2 * 86_400))
        try await fixture.test.runInBackground()
        #expect(try await fixture.deliveries(endpoint).isEmpty)
        let events = try await fixture.test.database.read { try $0.rows("SELECT id FROM outgoing_events") }
        #expect(events.isEmpty)
    }
}

extension Receiver.Request {
    func isSigned(with secret: WebhookSecret) -> Bool {
        guard let timestamp = Int64(self.header("webhook-timestamp")) else { return false }
        return WebhookSignature.isValid(
            self.header("webhook-signature"),
            id: self.header("webhook-id"),
            timestamp: timestamp,
            body: self.event.body,
            secret: secret
        )
    }
}
