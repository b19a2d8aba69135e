import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

@testable import ClavigerCore

/// `POST /oauth/revoke` (RFC 7009).
@Suite struct RevocationTests {
    private func revoke(_ api: APIFixture, _ token: String) async throws -> APIFixture.Answer {
        try await api.form("/oauth/revoke", [("token", token), ("token_type_hint", "refresh_token")])
    }

    @Test func whoeverHoldsATokenEndsItAtOnce() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            #expect(try await api.verify(key.token)["valid"] == true)
            let answer = try await self.revoke(api, key.token)
            #expect(answer.status == 200)
            #expect(answer.bytes.isEmpty)
            #expect(try await api.verify(key.token)["code"] == "revoked")

            let shown = try await api.send(.get, "/v1/keys/\(key.id)").json
            #expect(shown["state"] == "revoked")
            #expect(shown["reason"] == "other")
            #expect(shown["note"] == "Revoked by its holder.")
            #expect(shown["stateChangedBy"]?.string == key.id)
            let events = try await api.send(.get, "/v1/audit/events?action=key.revoke").json["items"]?.array ?? []
            #expect(events.count == 1)
            #expect(events.first?["actor"]?["keyId"]?.string == key.id)
            #expect(events.first?["actor"]?["consumerId"]?.string == key.consumer)
            #expect(events.first?["target"]?["id"]?.string == key.id)
        }
    }

    @Test func aSuspendedAPublishableAndAManagementKeyAreNoException() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/keys/\(key.id)/suspend")
            _ = try await self.revoke(api, key.token)
            #expect(try await api.verify(key.token)["code"] == "revoked")

            _ = try await api.send(
                .patch,
                "/v1/apis/payments",
                ["scopes": [["name": "invoices.read"], ["name": "tiles.read", "publishable": true]]]
            )
            let issued = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "payments", "environment": "production", "consumerId": .string(key.consumer),
                    "name": "Page", "kind": "publishable", "scopes": ["tiles.read"],
                ]
            )
            let publishable = issued.json["token"]?.string ?? ""
            #expect(try await api.verify(publishable)["valid"] == true)
            _ = try await self.revoke(api, publishable)
            #expect(try await api.verify(publishable)["code"] == "revoked")

            let manager = try await api.makeManagementKey(roles: ["owner"])
            #expect(try await api.send(.get, "/v1/self", token: manager.token).status == 200)
            _ = try await self.revoke(api, manager.token)
            #expect(try await api.send(.get, "/v1/self", token: manager.token).status == 401)
        }
    }

    @Test func whatIsNoTokenGetsTheSameAnswerAndLeavesNoTrace() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let compromised = try await api.makeKey(name: "gone")
            _ = try await api.send(.post, "/v1/keys/\(compromised.id)/compromise")
            let wrong = String(key.token.dropLast()) + (key.token.last == "0" ? "1" : "0")
            let first = try await self.revoke(api, key.token)
            // Reading the log is on record itself, once for one question.
            _ = try await api.send(.get, "/v1/audit/events?limit=200")
            let before = try await api.send(.get, "/v1/audit/events?limit=200").json["items"]?.array?.count
            for token in [key.token, compromised.token, wrong, "x", "pay_live_nothing"] {
                let answer = try await self.revoke(api, token)
                #expect(answer.status == first.status)
                #expect(answer.bytes == first.bytes)
                #expect(answer.headers.map(\.name) == first.headers.map(\.name))
            }
            let after = try await api.send(.get, "/v1/audit/events?limit=200").json["items"]?.array?.count
            #expect(before == after)
            #expect(try await api.verify(compromised.token)["code"] == "compromised")
        }
    }

    @Test func anotherSecretForAKnownLookUpIDEndsNothing() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            // The public beginning, another secret, and the checksum that fits.
            let start = key.token.dropLast(49) + String(repeating: "A", count: 43)
            let checksum = Base62.digits(of: CRC32.checksum(start.utf8), width: 6)
            let forged = start + String(decoding: checksum, as: UTF8.self)
            _ = try await self.revoke(api, String(forged))
            #expect(try await api.verify(String(forged))["code"] == "not_found")
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }

    @Test func aReplacedTokenEndsNothing() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            try await api.replaceCredential(of: key.id, endsAt: api.test.time.now() + .seconds(30))
            api.test.time.advance(by: .seconds(30))
            let first = try await self.revoke(api, key.token)
            #expect(first.status == 200)
            #expect(first.bytes.isEmpty)
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["state"] == "active")

            let inGrace = try await api.makeKey(name: "in grace")
            try await api.replaceCredential(of: inGrace.id, endsAt: api.test.time.now() + .seconds(30))
            _ = try await self.revoke(api, inGrace.token)
            #expect(try await api.send(.get, "/v1/keys/\(inGrace.id)").json["state"] == "revoked")
        }
    }

    @Test func aNetworkThatSendsTooManyWaitsAndMayStillVerify() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            for _ in 0..<100 { #expect(try await self.revoke(api, "x").status == 200) }
            let refused = try await self.revoke(api, key.token)
            #expect(refused.status == 429)
            #expect(refused.problem == "rate-limited")
            let wait = Int(refused.headers[.retryAfter] ?? "") ?? 0
            #expect((1...60).contains(wait))
            #expect(try await api.verify(key.token)["valid"] == true)
            api.test.time.advance(by: .seconds(wait))
            #expect(try await self.revoke(api, key.token).status == 200)
            #expect(try await api.verify(key.token)["code"] == "revoked")
        }
    }

    @Test func aCredentialOfTheCallerDoesNotMatter() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let answer = try await api.form(
                "/oauth/revoke",
                [("token", key.token)],
                authorization: APIFixture.basic("x", "nonsense")
            )
            #expect(answer.status == 200)
            #expect(try await api.verify(key.token)["code"] == "revoked")
        }
    }
}
