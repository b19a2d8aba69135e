import ClavigerCore
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

@Suite struct KeyLifeTests {
    @Test func issueVerifyRevoke() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            #expect(key.token.hasPrefix("pay_live_"))
            let before = try await api.verify(key.token, JSONObject([("scopes", "invoices.read")]))
            #expect(before["valid"] == true)
            #expect(before["code"] == "valid")
            #expect(before["key"]?["id"]?.string == key.id)
            #expect(before["consumer"]?["externalId"] == "acme")

            let revoked = try await api.send(
                .post,
                "/v1/keys/\(key.id)/revoke",
                ["reason": "leaked", "note": "in a log"]
            )
            #expect(revoked.status == 200)
            #expect(revoked.json["state"] == "revoked")
            #expect(revoked.json["reason"] == "leaked")

            let after = try await api.verify(key.token)
            #expect(after["valid"] == false)
            #expect(after["code"] == "revoked")

            let events = try await api.send(.get, "/v1/audit/events?targetId=\(key.id)").json["items"]?.array ?? []
            #expect(events.compactMap { $0["action"]?.string } == ["key.revoke", "key.create"])
            #expect(events.first?["before"]?["state"] == "active")
            #expect(events.first?["after"]?["state"] == "revoked")
        }
    }

    /// Promise P4, over and over, with a warm cache.
    @Test func aRevokedKeyIsRefusedAtOnce() async throws {
        try await APIFixture.run { api in
            for round in 0..<50 {
                let key = try await api.makeKey(name: "Round \(round)")
                #expect(try await api.verify(key.token)["valid"] == true)
                _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"])
                #expect(try await api.verify(key.token)["code"] == "revoked")
            }
        }
    }

    @Test func suspendAndResume() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let suspended = try await api.sendRaw(
                .post,
                "/v1/keys/\(key.id)/suspend",
                nil,
                token: api.test.ownerToken
            )
            #expect(suspended.status == 200)
            #expect(try await api.verify(key.token)["code"] == "suspended")
            let again = try await api.send(.post, "/v1/keys/\(key.id)/suspend")
            #expect(again.headers[.eTag] == suspended.headers[.eTag])
            _ = try await api.send(.post, "/v1/keys/\(key.id)/resume")
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }

    @Test func expiryNeedsNoOne() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let end = (api.test.time.now() + .seconds(60)).text
            let patched = try await api.send(.patch, "/v1/keys/\(key.id)", ["expiresAt": .string(end)])
            #expect(patched.status == 200)
            #expect(try await api.verify(key.token)["valid"] == true)
            api.test.time.advance(by: .seconds(60))
            #expect(try await api.verify(key.token)["code"] == "expired")
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["state"] == "expired")
            let listed = try await api.send(.get, "/v1/keys?state=expired").json["items"]?.array ?? []
            #expect(listed.compactMap { $0["id"]?.string } == [key.id])
            #expect(try await api.send(.get, "/v1/keys?state=active&apiId=payments").json["items"] == .array([]))
        }
    }

    @Test func destroyedKeysKeepTheirRecordAndLoseTheirHash() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            #expect(try await api.send(.delete, "/v1/keys/\(key.id)").problem == "state-conflict")
            _ = try await api.send(.post, "/v1/keys/\(key.id)/compromise")
            #expect(try await api.verify(key.token)["code"] == "compromised")
            let destroyed = try await api.send(.delete, "/v1/keys/\(key.id)")
            #expect(destroyed.json["state"] == "destroyed")
            #expect(try await api.verify(key.token)["code"] == "not_found")
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["state"] == "destroyed")
            for command in ["suspend", "resume", "compromise"] {
                #expect(try await api.send(.post, "/v1/keys/\(key.id)/\(command)").problem == "state-conflict")
            }
        }
    }

    @Test func changesReachTheCacheThroughConsumersAndRoles() async throws {
        try await APIFixture.run { api in
            _ = try await api.send(.post, "/v1/roles", ["name": "reader", "scopes": ["invoices.read"]])
            let key = try await api.makeKey(scopes: [])
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["roles": ["reader"]])
            let read = JSONObject([("scopes", "invoices.read")])
            #expect(try await api.verify(key.token, read)["valid"] == true)
            _ = try await api.send(.patch, "/v1/roles/reader", ["scopes": ["invoices.write"]])
            let refused = try await api.verify(key.token, read)
            #expect(refused["code"] == "insufficient_scope")
            #expect(refused["missingScopes"] == ["invoices.read"])
            _ = try await api.send(.patch, "/v1/consumers/\(key.consumer)", ["metadata": ["tier": "gold"]])
            #expect(try await api.verify(key.token)["consumer"]?["metadata"] == ["tier": "gold"])
        }
    }

    @Test func theCallerSaysWhatItExpects() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/apis", ["name": "shipping", "prefix": "ship"])
            #expect(try await api.verify(key.token, JSONObject([("apiId", "shipping")]))["code"] == "wrong_api")
            #expect(try await api.verify(key.token, JSONObject([("apiId", .string(key.api))]))["valid"] == true)
            let staging = JSONObject([("apiId", "payments"), ("environment", "staging")])
            #expect(try await api.verify(key.token, staging)["code"] == "wrong_environment")
        }
    }

    @Test func explainTellsEveryStep() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let answer = try await api.send(
                .post,
                "/v1/keys/explain",
                ["token": .string(key.token), "scopes": "invoices.write"]
            ).json
            #expect(answer["code"] == "insufficient_scope")
            let steps = (answer["steps"]?.array ?? []).compactMap { $0["step"]?.string }
            #expect(steps == VerificationStep.allCases.map(\.rawValue))
        }
    }

    @Test func batchIsAllOrNothing() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let good: JSON = [
                "apiId": "payments", "environment": "production", "consumerId": .string(key.consumer), "name": "B",
            ]
            var bad = good.object ?? JSONObject()
            bad["environment"] = "moon"
            let refused = try await api.send(.post, "/v1/keys/batch", ["keys": [good, .object(bad), good]])
            #expect(refused.status == 422)
            #expect(refused.pointers == ["/keys/1/environment"])
            #expect(try await api.send(.get, "/v1/keys?apiId=payments").json["items"]?.array?.count == 1)

            let done = try await api.send(
                .post,
                "/v1/keys/batch",
                ["keys": .array(Array(repeating: good, count: 1000))]
            )
            #expect(done.status == 201)
            let tokens = Set((done.json["items"]?.array ?? []).compactMap { $0["token"]?.string })
            #expect(tokens.count == 1000)
            let many = try await api.send(
                .post,
                "/v1/keys/batch",
                ["keys": .array(Array(repeating: good, count: 1001))]
            )
            #expect(many.status == 422)
        }
    }

    @Test func listsArePagedByCursorsThatFitOnlyTheirList() async throws {
        try await APIFixture.run { api in
            for number in 0..<5 {
                _ = try await api.makeKey(name: "Key \(number)")
                api.test.time.advance(by: .milliseconds(1))
            }
            var seen: [String] = []
            var cursor: String?
            repeat {
                let suffix = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await api.send(.get, "/v1/keys?apiId=payments&limit=2\(suffix)").json
                seen += (page["items"]?.array ?? []).compactMap { $0["name"]?.string }
                cursor = page["nextCursor"]?.string
            } while cursor != nil
            #expect(seen == (0..<5).map { "Key \($0)" })
            let first = try await api.send(.get, "/v1/keys?apiId=payments&limit=2").json["nextCursor"]?.string ?? ""
            for path in ["/v1/keys?cursor=", "/v1/consumers?cursor=", "/v1/keys?apiId=claviger&cursor="] {
                #expect(try await api.send(.get, path + first).status == 422, "\(path)")
            }
        }
    }
}
