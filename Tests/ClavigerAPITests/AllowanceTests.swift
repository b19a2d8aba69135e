import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Limits, plans and credits, as a caller of the API sees them.
@Suite struct AllowanceTests {
    private static let policy = HTTPField.Name("RateLimit-Policy")
    private static let state = HTTPField.Name("RateLimit")

    @Test func limitsBiteAndLetGo() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let limit: JSON = ["name": "burst", "requests": 3, "window": "1m"]
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["limits": [limit]])
            for left in [2, 1, 0] {
                let answer = try await api.verify(key.token)
                #expect(answer["code"] == "valid")
                #expect(answer["limits"]?.array?.first?["remaining"] == .integer(Int64(left)))
            }
            let refused = try await api.send(.post, "/v1/keys/verify", ["token": .string(key.token)])
            #expect(refused.status == 200)
            #expect(refused.json["code"] == "rate_limited")
            #expect(refused.headers[try #require(Self.policy)] == #""burst";q=3;w=60"#)
            #expect(refused.headers[try #require(Self.state)]?.hasPrefix(#""burst";r=0;t="#) == true)
            let wait = try #require(refused.json["retryAfter"]?.integer)
            #expect(refused.headers[.retryAfter] == String(wait))
            // Waiting as long as told is enough, and setting the clock on the wall is no way around.
            api.test.time.jump(to: api.test.time.now() + .seconds(86_400))
            #expect(try await api.verify(key.token)["code"] == "rate_limited")
            api.test.time.advance(by: .seconds(wait))
            #expect(try await api.verify(key.token)["code"] == "valid")
        }
    }

    /// A refused request takes nothing from any limit.
    @Test func severalLimitsAreOneDecision() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let limits: JSON = [
                ["name": "narrow", "requests": 1, "window": "1m"], ["name": "wide", "requests": 100, "window": "1h"],
            ]
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["limits": limits])
            #expect(try await api.verify(key.token)["code"] == "valid")
            for _ in 0..<5 {
                let refused = try await api.verify(key.token)
                #expect(refused["code"] == "rate_limited")
                #expect(refused["limits"]?.array?.map { $0["remaining"] } == [0, 99])
                #expect(refused["limits"]?.array?.map { $0["exceeded"] } == [true, nil])
            }
        }
    }

    /// A key and its consumer may call their limits the same; the header names each once, with what is left at least.
    @Test func aNameIsInTheHeaderOnce() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            func limit(_ requests: Int) -> JSON {
                [["name": "calls", "requests": .integer(Int64(requests)), "window": "1m"]]
            }
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["limits": limit(9)])
            _ = try await api.send(.patch, "/v1/consumers/\(key.consumer)", ["limits": limit(5)])
            let answer = try await api.send(.post, "/v1/keys/verify", ["token": .string(key.token)])
            #expect(Self.policy.flatMap { answer.headers[$0] } == "\"calls\";q=5;w=60")
            #expect(Self.state.flatMap { answer.headers[$0] }?.hasPrefix("\"calls\";r=4;t=") == true)
            #expect(answer.json["limits"]?.array?.count == 2)
        }
    }

    @Test func limitsOfConsumersAndAPIsAreShared() async throws {
        try await APIFixture.run { api in
            let one = try await api.makeKey(name: "One")
            let two = try await api.makeKey(name: "Two")
            let limit: JSON = ["name": "together", "requests": 2, "window": "1m"]
            _ = try await api.send(.patch, "/v1/consumers/\(one.consumer)", ["limits": [limit]])
            #expect(try await api.verify(one.token)["code"] == "valid")
            #expect(try await api.verify(two.token)["code"] == "valid")
            #expect(try await api.verify(one.token)["code"] == "rate_limited")
            _ = try await api.send(.patch, "/v1/consumers/\(one.consumer)", ["limits": .null])
            _ = try await api.send(.patch, "/v1/apis/payments", ["limits": [limit]])
            #expect(try await api.verify(one.token)["code"] == "valid")
            #expect(try await api.verify(two.token)["code"] == "valid")
            #expect(try await api.verify(two.token)["code"] == "rate_limited")
        }
    }

    @Test func overridesByWildcard() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                ["limits": [["name": "burst", "requests": 1, "window": "1m"]]]
            )
            let made = try await api.send(
                .post,
                "/v1/limits/overrides",
                [
                    "namespace": "payments", "identifier": "ac*",
                    "limit": ["name": "burst", "requests": 4, "window": "1m"],
                ]
            )
            #expect(made.status == 201)
            #expect(try await api.verify(key.token)["limits"]?.array?.first?["limit"] == 4)
            let id = try #require(made.json["id"]?.string)
            #expect(try await api.send(.delete, "/v1/limits/overrides/\(id)").status == 204)
            #expect(try await api.verify(key.token)["code"] == "rate_limited")

            func check(_ identifier: String) async throws -> JSON {
                try await api.send(
                    .post,
                    "/v1/limits/check",
                    [
                        "namespace": "login", "identifier": .string(identifier),
                        "limits": [["name": "tries", "requests": 1, "window": "1m"]],
                    ]
                ).json
            }
            _ = try await api.send(
                .post,
                "/v1/limits/overrides",
                [
                    "namespace": "login", "identifier": "*@acme.com",
                    "limit": ["name": "tries", "requests": 2, "window": "1m"],
                ]
            )
            #expect(try await check("bob@acme.com")["limits"]?.array?.first?["remaining"] == 1)
            #expect(try await check("bob@acme.com.evil.example")["limits"]?.array?.first?["remaining"] == 0)
            #expect(try await check("bob@acme.com.evil.example")["allowed"] == false)
            #expect(try await check("bob@acme.com")["allowed"] == true)
            #expect(try await check("bob@acme.com")["allowed"] == false)
        }
    }

    @Test func plans() async throws {
        try await APIFixture.run { api in
            let plan = try await api.send(
                .post,
                "/v1/plans",
                [
                    "name": "free", "limits": [["name": "burst", "requests": 1, "window": "1m"]],
                    "credits": ["amount": 10],
                ]
            )
            #expect(plan.status == 201)
            let key = try await api.makeKey()
            let other = try await api.makeKey(name: "Other")
            for id in [key.id, other.id] {
                #expect(try await api.send(.patch, "/v1/keys/\(id)", ["planId": "free"]).status == 200)
            }
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 9)
            #expect(try await api.verify(key.token)["code"] == "rate_limited")
            // Each holder has its own.
            #expect(try await api.verify(other.token)["code"] == "valid")
            // A change counts from the next verification on; what was used stays used.
            let wider: JSON = ["limits": [["name": "burst", "requests": 3, "window": "1m"]]]
            #expect(try await api.send(.patch, "/v1/plans/free", wider).status == 200)
            #expect(try await api.verify(key.token)["limits"]?.array?.first?["remaining"] == 1)
            // Its own limit of that name counts before the plan's.
            let own: JSON = ["limits": [["name": "burst", "requests": 50, "window": "1m"]]]
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", own)
            #expect(try await api.verify(key.token)["limits"]?.array?.first?["limit"] == 50)

            #expect(try await api.send(.post, "/v1/plans/free/suspend").json["state"] == "suspended")
            #expect(try await api.verify(key.token)["code"] == "suspended")
            #expect(try await api.verify(other.token)["code"] == "suspended")
            #expect(try await api.send(.post, "/v1/plans/free/resume").json["state"] == "active")
            #expect(try await api.verify(key.token)["code"] == "valid")

            #expect(try await api.send(.delete, "/v1/plans/free").status == 409)
            for id in [key.id, other.id] { _ = try await api.send(.patch, "/v1/keys/\(id)", ["planId": .null]) }
            #expect(try await api.send(.delete, "/v1/plans/free").status == 204)
            #expect(try await api.verify(key.token)["credits"] == nil)
        }
    }

    @Test func creditsRunOutAndRefill() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let policy: JSON = [
                "amount": 2, "refill": ["every": "day", "amount": 3, "timeZone": "Europe/Berlin"],
            ]
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["credits": policy])
            let first = try await api.verify(key.token)
            #expect(first["credits"]?["remaining"] == 1)
            // Midnight in Berlin.
            #expect(first["credits"]?["refillsAt"] == "2026-11-21T23:00:00.000Z")
            #expect(try await api.verify(key.token, JSONObject([("cost", 2)]))["code"] == "credits_exhausted")
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 0)
            #expect(try await api.verify(key.token)["code"] == "credits_exhausted")
            #expect(try await api.verify(key.token, JSONObject([("cost", 0)]))["code"] == "valid")
            api.test.time.advance(by: .seconds(17 * 3600))
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 2)
            // Setting them anew begins anew.
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["credits": ["amount": 100]])
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 99)
            // Another change leaves them alone.
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["name": "Renamed"])
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 98)
        }
    }

    /// What is refused for want of credits takes nothing from limits, and what limits refuse takes no credits.
    @Test func limitsAndCreditsAreOneDecision() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                ["limits": [["name": "burst", "requests": 3, "window": "1m"]], "credits": ["amount": 1]]
            )
            #expect(try await api.verify(key.token)["code"] == "valid")
            #expect(try await api.verify(key.token)["code"] == "credits_exhausted")
            #expect(try await api.verify(key.token)["code"] == "credits_exhausted")
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["credits": ["amount": 10]])
            #expect(try await api.verify(key.token)["limits"]?.array?.first?["remaining"] == 1)
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 8)
            #expect(try await api.verify(key.token)["code"] == "rate_limited")
            let explained = try await api.send(.post, "/v1/keys/explain", ["token": .string(key.token)]).json
            #expect(explained["code"] == "rate_limited")
            let shared = try await api.send(.patch, "/v1/keys/\(key.id)", ["limits": .null])
            #expect(shared.status == 200)
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 7)
        }
    }

    @Test func creditsOfAConsumerAreShared() async throws {
        try await APIFixture.run { api in
            let one = try await api.makeKey(name: "One")
            let two = try await api.makeKey(name: "Two")
            _ = try await api.send(.patch, "/v1/consumers/\(one.consumer)", ["credits": ["amount": 3]])
            _ = try await api.send(.patch, "/v1/keys/\(one.id)", ["credits": ["amount": 1]])
            #expect(try await api.verify(one.token)["credits"]?["remaining"] == 0)
            // Refused by its own account: nothing is taken from the shared one.
            #expect(try await api.verify(one.token)["code"] == "credits_exhausted")
            #expect(try await api.verify(two.token)["credits"]?["remaining"] == 1)
            #expect(try await api.verify(two.token)["credits"]?["remaining"] == 0)
            #expect(try await api.verify(two.token)["code"] == "credits_exhausted")
        }
    }

    @Test func reservations() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let without = try await api.send(
                .post,
                "/v1/credits/reservations",
                ["keyId": .string(key.id), "amount": 1, "lease": "60s"]
            )
            #expect(without.status == 409)
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["credits": ["amount": 100]])
            func reserve(_ amount: Int64) async throws -> APIFixture.Answer {
                try await api.send(
                    .post,
                    "/v1/credits/reservations",
                    ["token": .string(key.token), "amount": .integer(amount), "lease": "60s"]
                )
            }
            func settle(_ id: String, _ verb: String, _ body: JSON) async throws -> APIFixture.Answer {
                try await api.send(.post, "/v1/credits/reservations/\(id)/\(verb)", body)
            }
            func left() async throws -> JSON? {
                try await api.verify(key.token, JSONObject([("cost", 0)]))["credits"]?["remaining"]
            }
            let made = try await reserve(50)
            #expect(made.status == 201)
            let id = try #require(made.json["id"]?.string)
            #expect(id.hasPrefix("res_"))
            #expect(try await left() == 50)
            #expect(try await reserve(51).problem == "quota-exceeded")
            #expect(try await settle(id, "commit", ["amount": 51]).pointers == ["/amount"])
            #expect(try await settle(id, "commit", ["amount": 32]).json["used"] == 32)
            #expect(try await left() == 68)
            // Again the same is the same; something else is refused.
            #expect(try await settle(id, "commit", ["amount": 32]).status == 200)
            #expect(try await settle(id, "commit", ["amount": 31]).status == 409)
            #expect(try await settle(id, "release", [:]).status == 409)
            #expect(try await left() == 68)

            let released = try #require(try await reserve(60).json["id"]?.string)
            #expect(try await left() == 8)
            #expect(try await settle(released, "release", [:]).json["state"] == "released")
            #expect(try await left() == 68)

            let header = try #require(HTTPField.Name("Idempotency-Key"))
            let body: JSON = ["keyId": .string(key.id), "amount": 5, "lease": "60s"]
            let once = try await api.send(.post, "/v1/credits/reservations", body, headers: [header: "job-7"])
            let again = try await api.send(.post, "/v1/credits/reservations", body, headers: [header: "job-7"])
            #expect(again.status == 201)
            #expect(again.json["id"] == once.json["id"])
            #expect(again.headers[try #require(HTTPField.Name("Idempotency-Replayed"))] == "true")
            #expect(try await left() == 63)
            let other: JSON = ["keyId": .string(key.id), "amount": 6, "lease": "60s"]
            let reused = try await api.send(.post, "/v1/credits/reservations", other, headers: [header: "job-7"])
            #expect(reused.problem == "idempotency-key-reused")
            _ = try await settle(try #require(once.json["id"]?.string), "release", [:])

            let forgotten = try #require(try await reserve(60).json["id"]?.string)
            api.test.time.advance(by: .seconds(61))
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 67)
            #expect(try await settle(forgotten, "commit", ["amount": 1]).status == 409)
            #expect(try await settle("res_0000000000000000000000", "release", [:]).status == 404)
        }
    }

    @Test func permissions() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["credits": ["amount": 100]])
            let verifier = try await api.makeManagementKey(scopes: ["apis.*.*.keys.verify"]).token
            let body: JSON = ["keyId": .string(key.id), "amount": 1, "lease": "60s"]
            let refused = try await api.send(.post, "/v1/credits/reservations", body, token: verifier)
            #expect(refused.status == 403)
            let reserver = try await api.makeManagementKey(scopes: ["apis.payments.production.keys.reserve"]).token
            let made = try await api.send(.post, "/v1/credits/reservations", body, token: reserver)
            #expect(made.status == 201)
            let id = try #require(made.json["id"]?.string)
            let other = try await api.makeManagementKey(scopes: ["apis.payments.staging.keys.reserve"]).token
            #expect(
                try await api.send(.post, "/v1/credits/reservations/\(id)/release", [:], token: other).status == 403
            )
            let check: JSON = [
                "namespace": "a", "identifier": "b", "limits": [["name": "x", "requests": 1, "window": "1m"]],
            ]
            #expect(try await api.send(.post, "/v1/limits/check", check, token: verifier).status == 403)
            #expect(try await api.send(.get, "/v1/access-log", token: verifier).status == 403)
        }
    }

    /// No plan of a consumer locks management keys out, whoever gives it to whom.
    @Test func plansDoNotReachManagementKeys() async throws {
        try await APIFixture.run { api in
            _ = try await api.send(
                .post,
                "/v1/plans",
                ["name": "evil", "credits": ["amount": 0], "limits": [["name": "a", "requests": 1, "window": "31d"]]]
            )
            _ = try await api.send(.post, "/v1/plans/evil/suspend")
            let owner = try await api.send(.get, "/v1/consumers?externalId=owner").json["items"]?.array?.first
            let id = try #require(owner?["id"]?.string)
            #expect(try await api.send(.patch, "/v1/consumers/\(id)", ["planId": "evil"]).status == 200)
            #expect(try await api.send(.get, "/v1/self").status == 200)
        }
    }

    /// Reserving is using: what keeps a key from being used keeps it from reserving.
    @Test func reservationsAreForKeysThatCanBeUsed() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/plans", ["name": "p", "credits": ["amount": 100]])
            let networks: JSON = ["networks": ["allow": ["10.0.0.0/8"]]]
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["planId": "p", "restrictions": networks])
            func reserve(_ more: (String, JSON)...) async throws -> Int {
                let body = JSONObject([("amount", 1), ("lease", "60s")] + more)
                return try await api.send(.post, "/v1/credits/reservations", .object(body)).status
            }
            #expect(try await reserve(("token", .string(key.token))) == 409)
            let inside: JSON = ["ip": "10.1.2.3"]
            #expect(try await reserve(("token", .string(key.token)), ("context", inside)) == 201)
            #expect(try await reserve(("keyId", .string(key.id))) == 201)
            _ = try await api.send(.post, "/v1/plans/p/suspend")
            #expect(try await reserve(("keyId", .string(key.id))) == 409)
            #expect(try await reserve(("token", .string(key.token)), ("context", inside)) == 409)
            _ = try await api.send(.post, "/v1/plans/p/resume")
            _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"])
            #expect(try await reserve(("keyId", .string(key.id))) == 409)
        }
    }

    /// After a restart an account is not in memory. A change of something else must not open it anew.
    @Test func aChangeOfSomethingElseAfterARestartKeepsWhatIsLeft() async throws {
        let before = try await TestAuthority()
        let key = try await APIFixture.withResult(test: before) { api in
            let key = try await api.makeKey()
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["credits": ["amount": 10]])
            _ = try await api.send(.patch, "/v1/consumers/\(key.consumer)", ["credits": ["amount": 20]])
            for _ in 0..<4 { _ = try await api.verify(key.token) }
            try await before.fold.runOnce()
            return key
        }
        let owner = before.ownerToken
        let after = try await TestAuthority(database: before.database, seed: 2)
        try await APIFixture.run(test: after) { api in
            let name: JSON = ["name": "Renamed"]
            #expect(try await api.send(.patch, "/v1/keys/\(key.id)", name, token: owner).status == 200)
            #expect(try await api.send(.patch, "/v1/consumers/\(key.consumer)", name, token: owner).status == 200)
            let answer = try await api.verify(key.token, as: owner)
            #expect(answer["credits"]?["remaining"] == 5)
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["credits": ["amount": 50]], token: owner)
            #expect(try await api.verify(key.token, as: owner)["credits"]?["remaining"] == 14)
        }
    }
}
