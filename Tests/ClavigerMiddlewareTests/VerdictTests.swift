import ClavigerClient
import ClavigerMiddleware
import ClavigerTestSupport
import HTTPTypes
import Testing

@testable import ClavigerCore

/// What clients get for each verdict of a real authority.
@Suite struct VerdictTests {
    @Test func aValidKeyPassesWithItsIdentity() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp { app in
                let answer = try await app.get(token: key.token)
                #expect(answer.status == 200)
                #expect(answer.text.contains("identity: \(key.id)|Acme|production|invoices.read|acme|gold"))
                let typed = try await app.get("/typed", token: key.token)
                #expect(typed.status == 200)
                #expect(typed.text == key.id)
            }
        }
    }

    @Test func withoutAKeyOnlyOpenPathsAnswer() async throws {
        try await Fixture.run { fixture in
            try await fixture.withApp { app in
                try await app.expect(200, "/open")
                for path in ["/seen", "/typed", "/write"] {
                    let answer = try await app.get(path)
                    #expect(answer.status == 401)
                    #expect(answer.headers[.wwwAuthenticate] == "Bearer")
                    #expect(answer.headers[.contentType] == "application/problem+json")
                    #expect(answer.headers[.cacheControl] == "no-store")
                    #expect(answer.problem == "unauthorized")
                }
                #expect(fixture.control.count == 0)
            }
        }
    }

    /// Promise P7.
    @Test func allBadKeysGetOneAnswer() async throws {
        try await Fixture.run { fixture in
            let good = try await fixture.makeKey()
            var tokens: [(code: String, token: String)] = [
                ("malformed", "nonsense"), ("malformed", String(good.token.dropLast())),
                ("not_found", try fixture.unknownToken()),
            ]
            for transition in ["suspend", "revoke", "compromise"] {
                let key = try await fixture.makeKey()
                let body: JSON = transition == "revoke" ? ["reason": "leaked"] : [:]
                try await fixture.send(.post, ["v1", "keys", key.id, transition], body)
                tokens.append((["suspend": "suspended", "revoke": "revoked"][transition] ?? "compromised", key.token))
            }
            let now = fixture.test.time.now()
            let short = try await fixture.makeKey([("expiresAt", .string((now + .seconds(60)).text))])
            let early = try await fixture.makeKey([("notBefore", .string((now + .seconds(86_400)).text))])
            tokens.append(("not_yet_valid", early.token))
            tokens.append(("expired", short.token))
            tokens.append(("wrong_api", try await fixture.makeKey([("apiId", "reports")]).token))
            tokens.append(("wrong_environment", try await fixture.makeKey([("environment", "staging")]).token))
            fixture.test.time.advance(by: .seconds(61))
            let given = tokens
            try await fixture.withApp { app in
                var answers: Set<String> = []
                for (code, token) in given {
                    let verdict = try await fixture.client.verify(
                        SecretText(token),
                        api: "payments",
                        environment: "production"
                    )
                    #expect(verdict.code == code)
                    let answer = try await app.get(token: token)
                    #expect(answer.status == 401)
                    let fields = answer.headers.filter { $0.name != .date && $0.name != .contentLength }
                    answers.insert("\(fields.map { "\($0)" }.sorted()) \(answer.withoutInstance)")
                    #expect(answer.json["instance"]?.string?.hasPrefix("req_") == true)
                }
                #expect(answers.count == 1, "\(answers)")
                #expect(answers.first?.contains("invalid_token") == true)
                try await app.expect(200, token: good.token)
            }
        }
    }

    @Test func restrictionsShareOneAnswer() async throws {
        try await Fixture.run { fixture in
            let restrictions: [(String, JSON)] = [
                ("ip_not_allowed", ["networks": ["allow": ["203.0.113.0/24"]]]),
                ("origin_not_allowed", ["origins": ["https://app.example.com"]]),
                (
                    "outside_time_window",
                    ["timeWindows": [["timeZone": "UTC", "days": ["mon"], "from": "08:00", "to": "09:00"]]]
                ),
            ]
            try await fixture.withApp { app in
                var bodies: Set<String> = []
                for (code, restriction) in restrictions {
                    let key = try await fixture.makeKey([("restrictions", restriction)])
                    #expect(try await fixture.client.verify(SecretText(key.token)).code == code)
                    let answer = try await app.get(token: key.token)
                    #expect(answer.status == 403)
                    #expect(answer.headers[.wwwAuthenticate] == nil)
                    bodies.insert(answer.withoutInstance)
                }
                #expect(bodies.count == 1)
            }
        }
    }

    @Test func endpointRulesDecideByTheRawPath() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let rules: JSON = [
                ["methods": ["GET"], "path": "/seen/public"],
                ["methods": ["GET"], "path": "/seen/secret", "scopes": "invoices.write"],
            ]
            try await fixture.send(.patch, ["v1", "apis", "payments"], ["endpointRules": rules])
            try await fixture.withApp(scopes: nil) { app in
                try await app.expect(200, "/seen/public?x=/seen/secret", token: key.token)
                try await app.expect(403, "/seen/other", token: key.token)
                try await app.expect(403, "/seen/public", token: key.token, method: .post)
                let refused = try await app.get("/seen/secret", token: key.token)
                #expect(refused.status == 403)
                #expect(refused.json["neededScope"] == "invoices.write")
                for path in ["/seen/secre%74", "/seen/x/../secret", "/seen//secret", "/seen/public%2f..%2fsecret"] {
                    try await app.expect(403, path, token: key.token)
                }
                #expect(fixture.control.lastContext["path"] == "/seen/public%2f..%2fsecret")
            }
        }
    }

    @Test func aMissingScopeIsNamed() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp(scopes: "invoices.read AND invoices.write") { app in
                let answer = try await app.get(token: key.token)
                #expect(answer.status == 403)
                #expect(
                    answer.headers[.wwwAuthenticate] == "Bearer error=\"insufficient_scope\", scope=\"invoices.write\""
                )
                #expect(answer.json["neededScope"] == "invoices.write")
            }
            try await fixture.withApp { app in
                let answer = try await app.get("/write", token: key.token)
                #expect(answer.status == 403)
                #expect(answer.json["neededScope"] == "invoices.write")
                try await fixture.change(key, ["scopes": ["invoices.*"]])
                try await app.expect(200, "/write", token: key.token)
            }
        }
    }

    @Test func limitsAreToldAndKept() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey([
                ("limits", [["name": "burst", "requests": 2, "window": "1m"]])
            ])
            try await fixture.withApp { app in
                for left in [1, 0] {
                    let answer = try await app.get(token: key.token)
                    #expect(answer.status == 200)
                    #expect(answer.headers[.rateLimitPolicy] == "\"burst\";q=2;w=60")
                    #expect(answer.headers[.rateLimit]?.hasPrefix("\"burst\";r=\(left);t=") == true)
                    #expect(answer.headers[.retryAfter] == nil)
                }
                let refused = try await app.get(token: key.token)
                #expect(refused.status == 429)
                #expect(refused.problem == "rate-limited")
                #expect(refused.headers[.rateLimit]?.hasPrefix("\"burst\";r=0;t=") == true)
                #expect(refused.headers[.retryAfter].flatMap { Int($0) } ?? 0 > 0)
            }
        }
    }

    @Test func creditsEnd() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey([("credits", ["amount": 1])])
            try await fixture.withApp { app in
                try await app.expect(200, token: key.token)
                let refused = try await app.get(token: key.token)
                #expect(refused.status == 429)
                #expect(refused.problem == "quota-exceeded")
            }
            let other = try await fixture.makeKey([("credits", ["amount": 10])])
            try await fixture.withApp(options: .init(cost: 10)) { app in
                try await app.expect(200, token: other.token)
                try await app.expect(429, token: other.token)
            }
        }
    }

    @Test func anAnswerToHeadHasNoBody() async throws {
        try await Fixture.run { fixture in
            try await fixture.withApp { app in
                let answer = try await app.get(method: .head)
                #expect(answer.status == 401)
                #expect(answer.text.isEmpty)
            }
        }
    }
}
