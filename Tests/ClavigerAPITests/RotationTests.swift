import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

@Suite struct RotationTests {
    private static let idempotency = HTTPField.Name("Idempotency-Key")!

    /// Rotates a key and answers its next token.
    private func rotate(_ api: APIFixture, _ id: String, _ body: JSON) async throws -> (token: String, key: JSON) {
        let answer = try await api.send(.post, "/v1/keys/\(id)/rotate", body)
        guard answer.status == 200, let token = answer.json["token"]?.string, let key = answer.json["key"] else {
            throw APIFixture.Unexpected(answer.text)
        }
        return (token, key)
    }

    private func states(_ key: JSON) -> [String] {
        (key["credentials"]?.array ?? []).compactMap { $0["state"]?.string }
    }

    @Test func bothTokensWorkUntilTheGraceEnds() async throws {
        try await APIFixture.run { api in
            let old = try await api.makeKey()
            #expect(try await api.verify(old.token)["valid"] == true)
            api.test.time.advance(by: .seconds(60))
            let rotatedAt = api.test.time.now()
            let (token, key) = try await self.rotate(api, old.id, ["grace": "24h"])
            #expect(key["id"]?.string == old.id)
            #expect(token.hasPrefix("pay_live_") && token != old.token)
            #expect(key["start"]?.string.map { token.hasPrefix($0) } == true)
            #expect(self.states(key) == ["current", "retiring"])
            let retiring = key["credentials"]?.array?.last
            #expect(retiring?["graceEndsAt"]?.string == (rotatedAt + .seconds(86_400)).text)
            #expect(retiring?["lastUsedAt"]?.string == (rotatedAt - .seconds(60)).text)

            for each in [old.token, token] {
                let verdict = try await api.verify(each)
                #expect(verdict["valid"] == true)
                #expect(verdict["key"]?["id"]?.string == old.id)
            }
            api.test.time.advance(by: .milliseconds(86_399_999))
            #expect(try await api.verify(old.token)["valid"] == true)
            api.test.time.advance(by: .milliseconds(1))
            #expect(try await api.verify(old.token)["code"] == "superseded")
            #expect(try await api.verify(token)["valid"] == true)
            let listed = try await api.send(.get, "/v1/keys/\(old.id)/credentials").json["items"]?.array
            #expect(listed?.map { $0["state"] } == ["current", "retired"])

            let events = try await api.send(.get, "/v1/audit/events?targetId=\(old.id)").json["items"]?.array ?? []
            #expect(events.compactMap { $0["action"]?.string } == ["key.rotate", "key.create"])
            #expect(events.first?["reason"] == "superseded")
            #expect(self.states(events.first?["before"] ?? .null) == ["current"])
            #expect(self.states(events.first?["after"] ?? .null) == ["current", "retiring"])
            #expect(!api.test.log.lines.contains { $0.contains(token.suffix(40)) })
        }
    }

    /// Promise P4, over and over, with a warm cache.
    @Test func withoutAGraceTheOldTokenIsRefusedAtOnce() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            var token = key.token
            for _ in 0..<20 {
                #expect(try await api.verify(token)["valid"] == true)
                let next = try await self.rotate(api, key.id, ["grace": "0"]).token
                #expect(try await api.verify(token)["code"] == "superseded")
                token = next
            }
            let shown = try await api.send(.get, "/v1/keys/\(key.id)/credentials").json["items"]?.array ?? []
            #expect(shown.filter { $0["state"] == "current" }.count == 1)
            #expect(shown.count == 21)
        }
    }

    @Test func untilAMoment() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let end = api.test.time.now() + .seconds(90)
            _ = try await self.rotate(api, key.id, ["until": .string(end.text)])
            api.test.time.advance(by: .seconds(89))
            #expect(try await api.verify(key.token)["valid"] == true)
            api.test.time.advance(by: .seconds(1))
            #expect(try await api.verify(key.token)["code"] == "superseded")
        }
    }

    @Test func untilItIsQuiet() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let token = try await self.rotate(api, key.id, ["quietFor": "6h"]).token
            for _ in 0..<4 {
                api.test.time.advance(by: .seconds(5 * 3600))
                try await api.test.runInBackground()
                #expect(try await api.verify(key.token)["valid"] == true)
            }
            // The other token may be used: that is no use of this one.
            api.test.time.advance(by: .seconds(6 * 3600 - 1))
            #expect(try await api.verify(token)["valid"] == true)
            try await api.test.runInBackground()
            #expect(try await api.send(.get, "/v1/keys/\(key.id)/rotation").json["retired"] == .null)
            api.test.time.advance(by: .seconds(1))
            try await api.test.runInBackground()
            #expect(try await api.verify(key.token)["code"] == "superseded")
            #expect(try await api.verify(token)["valid"] == true)
            let events = try await api.send(.get, "/v1/audit/events?targetId=\(key.id)").json["items"]?.array ?? []
            #expect(events.first?["action"] == "key.rotation_end")
            #expect(events.first?["actor"]?["kind"] == "system")
        }
    }

    @Test func aGraceThatWaitsForQuietHasAnEndAllTheSame() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await self.rotate(api, key.id, ["quietFor": "6h"])
            for _ in 0..<(30 * 6) {
                #expect(try await api.verify(key.token)["valid"] == true)
                api.test.time.advance(by: .seconds(4 * 3600))
                try await api.test.runInBackground()
            }
            #expect(try await api.verify(key.token)["code"] == "superseded")
        }
    }

    /// What is forgotten of a token's use would count as quiet.
    @Test func quietIsNoLongerThanTheAccessLogIsKept() async throws {
        try await APIFixture.run(test: try await TestAuthority(detailRetention: .seconds(7 * 86_400))) { api in
            let key = try await api.makeKey()
            let path = "/v1/keys/\(key.id)"
            for (place, token) in [("\(path)/rotate", api.test.ownerToken), ("/v1/self/rotate", key.token)] {
                let refused = try await api.send(.post, place, ["quietFor": "8d"], token: token)
                #expect(refused.pointers == ["/quietFor"])
                #expect(refused.text.contains("usage.keepDetail"))
            }
            _ = try await self.rotate(api, key.id, ["quietFor": "7d"])
            #expect(try await api.send(.post, "\(path)/rotation/extend", ["quietFor": "8d"]).pointers == ["/quietFor"])
            // One that was given while more was kept lasts until its latest end.
            try await api.test.database.write {
                try $0.execute("UPDATE credentials SET quiet_for = 9 * 86400000 WHERE quiet_for IS NOT NULL")
            }
            api.test.time.advance(by: .seconds(29 * 86_400))
            try await api.test.maintenance.runOnce()
            #expect(try await api.verify(key.token)["valid"] == true)
            api.test.time.advance(by: .seconds(86_400))
            try await api.test.maintenance.runOnce()
            #expect(try await api.verify(key.token)["code"] == "superseded")
        }
    }

    @Test(arguments: [
        (#"{"grace": "24h", "until": "2027-01-01T00:00:00Z"}"#, ["/until"]),
        (#"{"grace": "1h", "until": "2027-01-01T00:00:00Z", "quietFor": "1h"}"#, ["/until", "/quietFor"]),
        (#"{"grace": "31d"}"#, ["/grace"]), (#"{"grace": "soon"}"#, ["/grace"]), (#"{"grace": 5}"#, ["/grace"]),
        (#"{"until": "2026-11-21T06:40:00Z"}"#, ["/until"]), (#"{"until": "2027-06-01T00:00:00Z"}"#, ["/until"]),
        (#"{"quietFor": "0s"}"#, ["/quietFor"]), (#"{"quietFor": "31d"}"#, ["/quietFor"]),
        (#"{"endGrace": "yes"}"#, ["/endGrace"]), (#"{"reason": "whim"}"#, ["/reason"]), (#"{"x": 1}"#, ["/x"]),
    ])
    func badRequestsChangeNothing(body: String, pointers: [String]) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let answer = try await api.sendRaw(
                .post,
                "/v1/keys/\(key.id)/rotate",
                Array(body.utf8),
                token: api.test.ownerToken
            )
            #expect(answer.status == 422)
            #expect(answer.pointers == pointers)
            let listed = try await api.send(.get, "/v1/keys/\(key.id)/credentials").json["items"]?.array
            #expect(listed?.count == 1)
        }
    }

    @Test func rotatingInGraceIsRefusedUnlessThatEnds() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let second = try await self.rotate(api, key.id, ["grace": "24h"]).token
            for body: JSON in [["grace": "1h"], ["grace": "0"]] {
                let refused = try await api.send(.post, "/v1/keys/\(key.id)/rotate", body)
                #expect(refused.problem == "state-conflict")
                #expect(refused.json["detail"]?.string?.contains("endGrace") == true)
            }
            api.test.time.advance(by: .milliseconds(1))
            let (third, shown) = try await self.rotate(api, key.id, ["grace": "1h", "endGrace": true])
            #expect(self.states(shown) == ["current", "retiring", "retired"])
            #expect(try await api.verify(key.token)["code"] == "superseded")
            #expect(try await api.verify(second)["valid"] == true)
            #expect(try await api.verify(third)["valid"] == true)
            // A grace that is over is in nobody's way.
            api.test.time.advance(by: .seconds(3600))
            _ = try await self.rotate(api, key.id, ["grace": "1h"])
        }
    }

    /// Promise P6: nobody gets a limit or credits twice by rotating.
    @Test func limitsCreditsAndUsageGoOn() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                [
                    "limits": [["name": "hourly", "requests": 10, "window": "1h"]], "credits": ["amount": 8],
                ]
            )
            for _ in 0..<3 { #expect(try await api.verify(key.token)["valid"] == true) }
            let token = try await self.rotate(api, key.id, ["grace": "24h"]).token
            let next = try await api.verify(token)
            #expect(next["limits"]?.array?.first?["remaining"] == 6)
            #expect(next["credits"]?["remaining"] == 4)
            let old = try await api.verify(key.token)
            #expect(old["limits"]?.array?.first?["remaining"] == 5)
            #expect(old["credits"]?["remaining"] == 3)
            let usage = try await api.send(.get, "/v1/usage?keyId=\(key.id)").json["items"]?.array ?? []
            #expect(usage.compactMap { $0["count"]?.integer }.reduce(0, +) == 5)
        }
    }

    @Test func onlyAnActiveKeyIsRotated() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await self.rotate(api, key.id, ["grace": "24h"])
            func refusal() async throws -> String {
                let answer = try await api.send(.post, "/v1/keys/\(key.id)/rotate", ["endGrace": true])
                return answer.problem == "state-conflict" ? answer.json["detail"]?.string ?? "" : answer.text
            }
            _ = try await api.send(.post, "/v1/keys/\(key.id)/suspend")
            #expect(try await refusal().contains("suspended and cannot be rotated: resume it"))
            _ = try await api.send(.post, "/v1/keys/\(key.id)/resume")
            let end = (api.test.time.now() + .seconds(60)).text
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["expiresAt": .string(end)])
            api.test.time.advance(by: .seconds(60))
            #expect(try await refusal().contains("expired"))
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["expiresAt": .null])
            _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"])
            #expect(try await refusal().contains("revoked"))
            for verb in ["end", "extend"] {
                let answer = try await api.send(.post, "/v1/keys/\(key.id)/rotation/\(verb)", Self.extended(verb))
                #expect(answer.problem == "state-conflict")
            }
        }
    }

    private static func extended(_ verb: String) -> JSON {
        verb == "extend" ? ["grace": "1h"] : .object(JSONObject())
    }

    @Test(arguments: ["compromise", "revoke"])
    func theEndOfAKeyHasNoGrace(command: String) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let token = try await self.rotate(api, key.id, ["grace": "24h"]).token
            for each in [key.token, token] { #expect(try await api.verify(each)["valid"] == true) }
            _ = try await api.send(.post, "/v1/keys/\(key.id)/\(command)", ["reason": "leaked"])
            let code: JSON = command == "revoke" ? "revoked" : "compromised"
            for each in [key.token, token] { #expect(try await api.verify(each)["code"] == code) }
        }
    }

    @Test func aRepeatedRequestRotatesOnce() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            func send(_ headers: HTTPFields) async throws -> APIFixture.Answer {
                try await api.send(.post, "/v1/keys/\(key.id)/rotate", ["grace": "1h"], headers: headers)
            }
            let first = try await send([Self.idempotency: "abc"])
            let second = try await send([Self.idempotency: "abc"])
            #expect(first.status == 200)
            #expect(first.bytes == second.bytes)
            #expect(second.headers[HTTPField.Name("Idempotency-Replayed")!] == "true")
            #expect(try await send([Self.idempotency: "another"]).problem == "state-conflict")
        }
    }

    @Test func theETagIsHeeded() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let stale = try await api.send(.get, "/v1/keys/\(key.id)").headers[.eTag] ?? ""
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["name": "Another"])
            func rotate(_ tag: String) async throws -> APIFixture.Answer {
                try await api.send(.post, "/v1/keys/\(key.id)/rotate", ["grace": "1h"], headers: [.ifMatch: tag])
            }
            #expect(try await rotate(stale).problem == "precondition-failed")
            let fresh = try await api.send(.get, "/v1/keys/\(key.id)").headers[.eTag] ?? ""
            let rotated = try await rotate(fresh)
            #expect(rotated.status == 200)
            #expect(rotated.headers[.eTag] == (try await api.send(.get, "/v1/keys/\(key.id)").headers[.eTag]))
        }
    }

    /// Promise P8: a token is worth all that its key may do.
    @Test func nobodyGetsATokenThatIsWorthMoreThanTheirOwn() async throws {
        try await APIFixture.run { api in
            let owner = try await api.makeManagementKey(roles: ["owner"])
            let key = try await api.makeKey()
            let narrow = try await api.makeManagementKey(scopes: ["apis.*.*.keys.rotate"])
            let answer = try await api.send(.post, "/v1/keys/\(owner.id)/rotate", token: narrow.token)
            #expect(answer.status == 403)
            #expect(answer.json["neededScope"] != nil)
            #expect(try await api.send(.get, "/v1/self", token: owner.token).status == 200)
            let denied = try await api.send(.get, "/v1/audit/events?outcome=denied").json["items"]?.array ?? []
            #expect(denied.first?["action"] == "key.rotate")
            #expect(try await api.send(.post, "/v1/keys/\(key.id)/rotate", token: narrow.token).status == 200)
            // Its own it may.
            #expect(try await api.send(.post, "/v1/keys/\(narrow.id)/rotate", token: narrow.token).status == 200)

            let end = (api.test.time.now() + .seconds(3600)).text
            let brief = try await api.makeManagementKey(roles: ["owner"], expiresAt: end)
            for id in [owner.id, key.id] {
                let outlives = try await api.send(
                    .post,
                    "/v1/keys/\(id)/rotate",
                    ["endGrace": true],
                    token: brief.token
                )
                #expect(outlives.status == 403)
            }
            let reader = try await api.makeManagementKey(scopes: ["apis.*.*.keys.read"])
            #expect(try await api.send(.post, "/v1/keys/\(key.id)/rotate", token: reader.token).status == 403)
            #expect(try await api.send(.get, "/v1/keys/\(key.id)/rotation", token: reader.token).status == 403)
        }
    }

    @Test func aGraceIsEndedAndExtended() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let path = "/v1/keys/\(key.id)/rotation"
            #expect(try await api.send(.post, "\(path)/end").problem == "state-conflict")
            #expect(try await api.send(.post, "\(path)/extend", ["grace": "1h"]).problem == "state-conflict")
            _ = try await self.rotate(api, key.id, ["grace": "1h"])
            let extended = try await api.send(.post, "\(path)/extend", ["grace": "2h"])
            #expect(extended.status == 200)
            #expect(self.states(extended.json) == ["current", "retiring"])
            api.test.time.advance(by: .seconds(7199))
            #expect(try await api.verify(key.token)["valid"] == true)
            for body: JSON in [["grace": "30d"], ["grace": "0"], .object(JSONObject())] {
                #expect(try await api.send(.post, "\(path)/extend", body).pointers == ["/grace"])
            }
            let ended = try await api.send(.post, "\(path)/end")
            #expect(self.states(ended.json) == ["current", "retired"])
            #expect(try await api.verify(key.token)["code"] == "superseded")
            let events = try await api.send(.get, "/v1/audit/events?targetId=\(key.id)").json["items"]?.array ?? []
            let actions = events.compactMap { $0["action"]?.string }
            #expect(actions == ["key.rotation_end", "key.rotation_extend", "key.rotate", "key.create"])
        }
    }

    @Test func theReportNamesWhoStillUsesTheOldToken() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let path = "/v1/keys/\(key.id)/rotation"
            func use(_ token: String, _ ip: String, _ agent: String) async throws {
                _ = try await api.verify(
                    token,
                    JSONObject([("context", ["ip": .string(ip), "userAgent": .string(agent)])])
                )
            }
            try await use(key.token, "203.0.113.9", "before")
            let never = try await api.send(.get, path).json
            #expect(never["retiring"] == .null && never["retired"] == .null)
            #expect(never["rules"]?["maximumGrace"] == "30d")
            api.test.time.advance(by: .seconds(1))
            let token = try await self.rotate(api, key.id, ["grace": "24h"]).token
            #expect(try await api.send(.get, path).json["retiring"]?["users"] == .array([]))
            try await use(token, "203.0.113.9", "billing/2")
            for _ in 0..<3 { try await use(key.token, "198.51.100.7", "billing/1") }
            api.test.time.advance(by: .seconds(3600))
            try await use(key.token, "2001:db8::1", "cron")
            try await use(key.token, "2001:db8::2", "cron")
            let retiring = try await api.send(.get, path).json["retiring"]
            let users = retiring?["users"]?.array ?? []
            #expect(users.map { $0["network"] } == ["2001:db8::/64", "198.51.100.7/32"])
            #expect(users.map { $0["userAgent"] } == ["cron", "billing/1"])
            #expect(users.map { $0["count"] } == [2, 3])
            #expect(retiring?["lastUsedAt"]?.string == api.test.time.now().text)
            #expect((retiring?["hours"]?.array ?? []).map { $0["count"] } == [3, 2])

            api.test.time.advance(by: .seconds(86_400))
            try await use(key.token, "198.51.100.7", "billing/1")
            let after = try await api.send(.get, path).json
            #expect(after["retiring"] == .null)
            #expect(after["retired"]?["users"]?.array?.first?["count"] == 4)
            #expect(after["retired"]?["retiredAt"] != nil)
        }
    }
}
