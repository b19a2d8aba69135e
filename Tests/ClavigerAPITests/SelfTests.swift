import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// What a key can do with itself.
@Suite struct SelfTests {
    private static let idempotency = HTTPField.Name("Idempotency-Key")!

    private func rotate(
        _ api: APIFixture,
        _ token: String,
        _ body: JSON = ["grace": "1h"],
        once: String? = nil
    ) async throws -> APIFixture.Answer {
        var headers = HTTPFields()
        if let once { headers[Self.idempotency] = once }
        return try await api.send(.post, "/v1/self/rotate", body, token: token, headers: headers)
    }

    @Test func everyKeyIsToldAboutItself() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                [
                    "limits": [["name": "hourly", "requests": 10, "window": "1h"]], "credits": ["amount": 8],
                    "metadata": ["secret": "of the owner"],
                ]
            )
            _ = try await api.verify(key.token)
            for _ in 0..<3 {
                let own = try await api.send(.get, "/v1/self", token: key.token)
                #expect(own.status == 200)
                #expect(own.json["id"]?.string == key.id)
                #expect(own.json["state"] == "active")
                #expect(own.json["api"] == "payments")
                #expect(own.json["environment"] == "production")
                #expect(own.json["scopes"] == ["invoices.read"])
                // Asking uses nothing up.
                #expect(own.json["allowances"]?["limits"]?.array?.first?["remaining"] == 9)
                #expect(own.json["allowances"]?["credits"]?["remaining"] == 7)
                #expect(own.json["credentials"]?.array?.map { $0["id"] } == [own.json["credentialId"]])
                #expect(own.json["rotation"]?["mayRotate"] == true)
                for hidden in ["metadata", "note", "createdBy", "token"] { #expect(own.json[hidden] == nil) }
            }
            let manager = try await api.makeManagementKey(roles: ["viewer"])
            let own = try await api.send(.get, "/v1/self", token: manager.token).json
            #expect(own["name"] == "Narrow")
            #expect(own["roles"] == ["viewer"])
            #expect(own["scopes"]?.array?.contains("consumers.read") == true)
        }
    }

    @Test func aKeyWhoseLimitsAreUsedUpStillAsks() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                ["limits": [["name": "hourly", "requests": 1, "window": "1h"]]]
            )
            _ = try await api.verify(key.token)
            let own = try await api.send(.get, "/v1/self", token: key.token)
            #expect(own.json["allowances"]?["limits"]?.array?.first?["remaining"] == 0)
            #expect(try await self.rotate(api, key.token).status == 200)
        }
    }

    /// Promise P7: whoever has a token that cannot be used learns nothing by asking about it.
    @Test func whatCannotBeUsedIsAnsweredAlike() async throws {
        try await APIFixture.run { api in
            var tokens = ["x", "pay_live_nonsense"]
            for command in ["suspend", "revoke", "compromise"] {
                let key = try await api.makeKey(name: command)
                _ = try await api.send(.post, "/v1/keys/\(key.id)/\(command)", ["reason": "other"])
                tokens.append(key.token)
            }
            let replaced = try await api.makeKey(name: "replaced")
            _ = try await api.send(.post, "/v1/keys/\(replaced.id)/rotate", ["grace": "0"])
            let elsewhere = try await api.makeKey(name: "elsewhere")
            _ = try await api.send(
                .patch,
                "/v1/keys/\(elsewhere.id)",
                ["restrictions": ["networks": ["allow": ["203.0.113.0/24"]]]]
            )
            var answers: Set<[String]> = []
            for token in tokens + [replaced.token, elsewhere.token] {
                for answer in [
                    try await api.send(.get, "/v1/self", token: token), try await self.rotate(api, token),
                ] {
                    #expect(answer.status == 401)
                    let id = answer.json["instance"]?.string ?? "none"
                    answers.insert(
                        answer.headers.map(\.description).filter { !$0.contains(id) } + [
                            answer.text.replacing(id, with: "")
                        ]
                    )
                }
            }
            #expect(answers.count == 1)
        }
    }

    @Test func theHolderGetsTheNextToken() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let answer = try await self.rotate(api, key.token)
            #expect(answer.status == 200)
            let token = try #require(answer.json["token"]?.string)
            #expect(answer.json["key"]?["id"]?.string == key.id)
            #expect(answer.json["key"]?["metadata"] == nil)
            for each in [key.token, token] { #expect(try await api.verify(each)["valid"] == true) }
            let events = try await api.send(.get, "/v1/audit/events?action=key.rotate").json["items"]?.array ?? []
            #expect(events.count == 1)
            #expect(events.first?["actor"]?["keyId"]?.string == key.id)
            // The old one has had its successor; the new one can have another once the grace is over or ended.
            #expect(try await self.rotate(api, key.token).problem == "state-conflict")
            #expect(try await self.rotate(api, token).problem == "state-conflict")
            #expect(try await self.rotate(api, token, ["grace": "1h", "endGrace": true]).status == 200)
            #expect(try await api.verify(key.token)["code"] == "superseded")
        }
    }

    /// What the agent lives by: an answer that was lost is given again, with either token, as long as the grace is.
    @Test func aLostAnswerIsGivenAgain() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let first = try await self.rotate(api, key.token, ["grace": "72h"], once: "crash")
            let token = try #require(first.json["token"]?.string)
            for each in [key.token, token, key.token] {
                let again = try await self.rotate(api, each, ["grace": "72h"], once: "crash")
                #expect(again.status == 200)
                #expect(again.bytes == first.bytes)
            }
            let listed = try await api.send(.get, "/v1/keys/\(key.id)/credentials").json["items"]?.array
            #expect(listed?.count == 2)
            let other = try await self.rotate(api, key.token, ["grace": "1h"], once: "crash")
            #expect(other.problem == "idempotency-key-reused")

            // Longer than answers are kept otherwise, and under another seal key.
            _ = try await api.send(.post, "/v1/keyring/rotate", ["purpose": "seal"])
            api.test.time.advance(by: .seconds(71 * 3600))
            try await api.test.runInBackground()
            let late = try await self.rotate(api, key.token, ["grace": "72h"], once: "crash")
            #expect(late.bytes == first.bytes)
            api.test.time.advance(by: .seconds(3600))
            try await api.test.runInBackground()
            #expect(try await self.rotate(api, key.token, ["grace": "72h"], once: "crash").status == 401)
            let replays = try await api.send(.get, "/v1/audit/events?action=key.rotate.replay").json["items"]?.array
            #expect(replays?.count == 4)
        }
    }

    /// A grace that is extended takes the answer with it: otherwise the same request would rotate again.
    @Test func aLostAnswerIsGivenAgainInAnExtendedGrace() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let first = try await self.rotate(api, key.token, ["grace": "25h"], once: "crash")
            #expect(first.status == 200)
            _ = try await api.send(.post, "/v1/keys/\(key.id)/rotation/extend", ["grace": "72h"])
            api.test.time.advance(by: .seconds(71 * 3600))
            try await api.test.maintenance.runOnce()
            let late = try await self.rotate(api, key.token, ["grace": "25h"], once: "crash")
            #expect(late.bytes == first.bytes)
            // Not for ever, though.
            api.test.time.advance(by: .seconds(3600))
            try await api.test.maintenance.runOnce()
            let kept = try await api.test.database.read { try $0.rows("SELECT actor_id FROM idempotency") }
            #expect(kept.isEmpty)
        }
    }

    @Test func anotherHoldersAnswerIsNotGiven() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let other = try await api.makeKey(name: "other")
            let first = try await self.rotate(api, key.token, once: "same")
            let second = try await self.rotate(api, other.token, once: "same")
            #expect(second.json["key"]?["id"]?.string == other.id)
            #expect(first.json["token"] != second.json["token"])
        }
    }

    @Test(arguments: [
        (#"{"grace": "9m"}"#, "/grace"), (#"{"quietFor": "1m"}"#, "/quietFor"), (#"{"grace": "0"}"#, "/grace"),
    ])
    func theGraceIsLongEnoughToAskAgain(body: String, pointer: String) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let answer = try await self.rotate(api, key.token, try JSON.parse(Array(body.utf8)))
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
        }
    }

    @Test func aPublishableKeyIsEverybodys() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
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
            let token = issued.json["token"]?.string ?? ""
            #expect(try await api.send(.get, "/v1/self", token: token).json["rotation"]?["mayRotate"] == false)
            #expect(try await self.rotate(api, token).status == 403)
            let id = issued.json["key"]?["id"]?.string ?? ""
            let rotated = try await api.send(.post, "/v1/keys/\(id)/rotate", ["grace": "1h"])
            #expect(rotated.json["token"]?.string?.hasPrefix(String(token.prefix(9))) == true)
        }
    }

    @Test func aManagementKeyRotatesItself() async throws {
        try await APIFixture.run { api in
            let manager = try await api.makeManagementKey(scopes: ["consumers.read"])
            let token = try await self.rotate(api, manager.token).json["token"]?.string ?? ""
            for each in [manager.token, token] {
                #expect(try await api.send(.get, "/v1/consumers", token: each).status == 200)
            }
            api.test.time.advance(by: .seconds(3600))
            #expect(try await api.send(.get, "/v1/consumers", token: manager.token).status == 401)
            #expect(try await api.send(.get, "/v1/consumers", token: token).status == 200)
        }
    }

    @Test func aNetworkThatGuessesWaits() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            for _ in 0..<100 { #expect(try await api.send(.get, "/v1/self", token: "x").status == 401) }
            let refused = try await api.send(.get, "/v1/self", token: key.token)
            #expect(refused.status == 429)
            #expect(refused.problem == "rate-limited")
            #expect(Int(refused.headers[.retryAfter] ?? "").map { (1...60).contains($0) } == true)
            #expect(try await self.rotate(api, key.token).status == 429)
            // It is still welcome elsewhere.
            #expect(try await api.verify(key.token)["valid"] == true)
            api.test.time.advance(by: .seconds(60))
            #expect(try await api.send(.get, "/v1/self", token: key.token).status == 200)
        }
    }
}
