@_spi(Plaintext) import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import Testing

/// What is told of tokens that take the place of others.
@Suite struct RotationEventTests {
    private func verify(_ token: String, _ fixture: EventFixture) async throws {
        _ = try await fixture.test.authority.verify(PresentedToken(token), VerificationQuery(), by: fixture.owner)
    }

    private func told(_ fixture: EventFixture) async throws -> [String] {
        try await fixture.dispatcher.runUntilIdle()
        return fixture.receiver.requests.map(\.type)
    }

    @Test func aRotationIsTold() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyRotated])
        let key = try await fixture.key()
        let issued = try await fixture.test.authority.rotate(
            key.key.id,
            RotationRequest(grace: .lasting(.seconds(60))),
            by: fixture.owner
        ).value
        #expect(try await self.told(fixture) == ["key.rotated"])
        let data = try #require(fixture.receiver.requests.first?.json["data"])
        #expect(data["key"]?["id"]?.string == key.key.id.text)
        #expect(data["key"]?["start"]?.string == issued.token.publicStart)
        #expect(data["credential"]?["state"] == "current")
        #expect(data["replaced"]?["graceEndsAt"]?.string == (fixture.test.time.now() + .seconds(60)).text)
        #expect(data["rotation"]?["reason"] == "superseded")
        let secret = issued.token.withPlaintext { String(decoding: $0, as: UTF8.self) }.suffix(40)
        #expect(fixture.receiver.requests.first?.event.body.contains(secret) == false)
    }

    @Test func theUseAndTheRefusalOfAReplacedTokenAreToldOnceAnHour() async throws {
        let fixture = try await EventFixture()
        try await fixture.endpoint([.keyReplacedUsed, .keyReplacedRefused])
        let key = try await fixture.key()
        let old = fixture.plaintext(of: key)
        try await self.verify(old, fixture)
        let issued = try await fixture.test.authority.rotate(
            key.key.id,
            RotationRequest(grace: .lasting(.seconds(7200))),
            by: fixture.owner
        ).value
        try await self.verify(issued.token.withPlaintext { String(decoding: $0, as: UTF8.self) }, fixture)
        #expect(try await self.told(fixture) == [])
        for _ in 0..<3 { try await self.verify(old, fixture) }
        #expect(try await self.told(fixture) == ["key.replaced_used"])
        let replaced = issued.reading.credentials.last?.id.text
        #expect(fixture.receiver.requests.first?.json["data"]?["credential"]?["id"]?.string == replaced)
        fixture.test.time.advance(by: .seconds(3599))
        try await self.verify(old, fixture)
        #expect(try await self.told(fixture).count == 1)
        fixture.test.time.advance(by: .seconds(1))
        try await self.verify(old, fixture)
        #expect(try await self.told(fixture) == ["key.replaced_used", "key.replaced_used"])

        fixture.test.time.advance(by: .seconds(3600))
        for _ in 0..<3 { try await self.verify(old, fixture) }
        #expect(try await self.told(fixture).dropFirst(2) == ["key.replaced_refused"])
        try await fixture.transition(key.key.id, .revoke)
        fixture.test.time.advance(by: .seconds(3600))
        try await self.verify(old, fixture)
        #expect(try await self.told(fixture).count == 3)
    }
}
