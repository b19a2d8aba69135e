import ClavigerCore
import ClavigerTestSupport
import ClavigerVerifier
import HTTPTypes
import Testing

/// What was used is on record, and can be asked for at once.
@Suite struct UsageTests {
    private static func context(_ ip: String, _ path: String = "/v1/invoices/7?token=secret") -> JSONObject {
        JSONObject([
            (
                "context",
                [
                    "ip": .string(ip), "method": "GET", "path": .string(path), "origin": "https://app.example.com",
                    "userAgent": "=cmd|' /C calc'!A0",
                ]
            )
        ])
    }

    @Test func everyVerificationIsOnRecord() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.verify(key.token, Self.context("203.0.113.9"))
            _ = try await api.verify(key.token, JSONObject([("scopes", "invoices.write")]))
            _ = try await api.verify("pay_live_nonsense", Self.context("198.51.100.7"))
            _ = try await api.send(.post, "/v1/keys/explain", ["token": .string(key.token)])
            let log = try await api.send(.get, "/v1/access-log")
            let items = try #require(log.json["items"]?.array)
            #expect(items.map { $0["code"] } == ["malformed", "insufficient_scope", "valid"])
            let first = try #require(items.last)
            #expect(first["keyId"]?.string == key.id)
            #expect(first["ip"] == "203.0.113.9")
            // The query is never recorded, and no token ever.
            #expect(first["path"] == "/v1/invoices/7")
            #expect(!log.text.contains("secret"))
            #expect(!log.text.contains(key.token))
            #expect(items.first?["keyId"] == nil)

            func count(_ query: String) async throws -> Int {
                try await api.send(.get, "/v1/access-log?\(query)").json["items"]?.array?.count ?? -1
            }
            #expect(try await count("keyId=\(key.id)") == 2)
            #expect(try await count("code=valid") == 1)
            #expect(try await count("network=203.0.113.0/24") == 1)
            #expect(try await count("consumerId=\(key.consumer)&apiId=\(key.api)") == 2)
            #expect(try await count("from=2027-01-01T00:00:00Z") == 0)
            #expect(try await api.send(.get, "/v1/access-log?code=good").status == 422)
            for list in ["access-log", "usage", "usage/top", "usage/refusals"] {
                let backwards = "/v1/\(list)?from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z"
                #expect(try await api.send(.get, backwards).pointers == ["?to"])
            }
            #expect(try await api.send(.get, "/v1/access-log?network=10.0.0.1/8").text.contains("10.0.0.0/8?"))

            let shown = try await api.send(.get, "/v1/keys/\(key.id)").json["lastUsed"]
            #expect(shown?["ip"] == "203.0.113.9")
            let usage = try await api.send(.get, "/v1/usage?keyId=\(key.id)&resolution=hour&by=code").json["items"]
            #expect(usage?.array?.map { $0["count"] } == [1, 1])
            let top = try await api.send(.get, "/v1/usage/top?by=key").json["items"]?.array
            #expect(top?.first?["keyId"]?.string == key.id)
            let refusals = try await api.send(.get, "/v1/usage/refusals").json["items"]?.array ?? []
            #expect(refusals.contains { $0["network"] == "198.51.100.7/32" && $0["code"] == "malformed" })
        }
    }

    @Test func pagesAndExports() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            for number in 0..<25 { _ = try await api.verify(key.token, Self.context("203.0.113.\(number)")) }
            var cursor: String?
            var seen: [JSON?] = []
            repeat {
                let page = try await api.send(.get, "/v1/access-log?limit=10" + (cursor.map { "&cursor=\($0)" } ?? ""))
                #expect(page.status == 200)
                seen += (page.json["items"]?.array ?? []).map { $0["ip"] }
                cursor = page.json["nextCursor"]?.string
            } while cursor != nil
            #expect(seen == (0..<25).reversed().map { .string("203.0.113.\($0)") })

            let lines = try await api.send(.get, "/v1/access-log/export?format=jsonl").text.split(separator: "\n")
            #expect(lines.count == 25)
            #expect(try JSON.parse(Array(lines[0].utf8))["ip"] == "203.0.113.0")
            let csv = try await api.send(.get, "/v1/access-log/export?format=csv&keyId=\(key.id)")
            #expect(csv.headers[.contentType] == "text/csv; charset=utf-8")
            #expect(csv.text.hasPrefix("time,code,source,keyId,"))
            // No spreadsheet takes what a client sent for a formula.
            #expect(csv.text.contains(",'=cmd|' /C calc'!A0,"))
        }
    }

    @Test func hindsight() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey(scopes: ["invoices.*", "refunds.create"])
            let rules: JSON = [["path": "/v1/invoices/{id}", "scopes": "invoices.read"], ["path": "/health"]]
            _ = try await api.send(.patch, "/v1/apis/payments", ["endpointRules": rules])
            for number in 1...3 { _ = try await api.verify(key.token, Self.context("203.0.113.\(number)")) }
            _ = try await api.verify(key.token, Self.context("203.0.113.1", "/health"))
            let thought = try await api.send(
                .post,
                "/v1/keys/\(key.id)/what-if",
                ["restrictions": ["networks": ["deny": ["203.0.113.2"]]], "days": 7]
            ).json
            #expect(thought["uses"] == 4)
            #expect(thought["wouldBeRefused"] == 1)
            #expect(thought["byCode"] == [["code": "ip_not_allowed", "count": 1]])
            #expect(thought["refused"]?.array?.first?["use"]?["ip"] == "203.0.113.2")
            let scopes = try await api.send(.post, "/v1/keys/\(key.id)/what-if", ["scopes": ["refunds.create"]]).json
            #expect(scopes["wouldBeRefused"] == 3)
            // Nothing has changed.
            #expect(try await api.verify(key.token, Self.context("203.0.113.2"))["code"] == "valid")

            let usage = try await api.send(.get, "/v1/keys/\(key.id)/scope-usage?days=1").json
            #expect(usage["proposed"] == ["invoices.read"])
            #expect(usage["scopes"]?.array?.map { $0["uses"] } == [4, 0])
            #expect(try await api.send(.get, "/v1/keys/\(key.id)/scope-usage?days=0").status == 422)
        }
    }

    /// Guessing costs the guesser, before anything is looked up, and nobody else.
    @Test func guessing() async throws {
        let test = try await TestAuthority(throttle: .init(allowance: 5, window: .seconds(60)))
        try await APIFixture.run(test: test) { api in
            let key = try await api.makeKey()
            for _ in 0..<5 { _ = try await api.verify("pay_live_nonsense", Self.context("198.51.100.7")) }
            // While it is refused, more of them add nothing.
            for _ in 0..<20 {
                let refused = try await api.verify("pay_live_nonsense", Self.context("198.51.100.7"))
                #expect(refused["code"] == "malformed")
            }
            // What one service says of a network does not count for the clients of another.
            let other = try await api.makeManagementKey(scopes: ["apis.*.*.keys.verify"]).token
            let elsewhere = try await api.verify(key.token, Self.context("198.51.100.7"), as: other)
            #expect(elsewhere["code"] == "valid")
            let throttled = try await api.verify(key.token, Self.context("198.51.100.7"))
            #expect(throttled["code"] == "too_many_attempts")
            #expect(throttled["key"] == nil)
            let wait = try #require(throttled["retryAfter"]?.integer)
            #expect(try await api.verify(key.token, Self.context("203.0.113.9"))["code"] == "valid")
            api.test.time.advance(by: .seconds(wait))
            #expect(try await api.verify(key.token, Self.context("198.51.100.7"))["code"] == "valid")
        }
    }

    /// What cannot go on record is not answered, and takes nothing.
    @Test func aKeyDeletedMeanwhileIsStillInTheLog() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.verify(key.token)
            _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"])
            _ = try await api.send(.delete, "/v1/keys/\(key.id)")
            #expect(try await api.verify(key.token)["code"] == "not_found")
            let items = try await api.send(.get, "/v1/access-log?keyId=\(key.id)").json["items"]?.array
            #expect(items?.count == 1)
        }
    }

    /// Promise P1: clients put tokens where they do not belong, and nothing keeps them.
    @Test func tokensInContextsAreNotKept() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let token = key.token
            let secret = String(token.dropFirst("pay_live_".count + 12).prefix(43))
            for (path, agent, origin) in [
                ("/v1/x/\(token)", "curl \(token)", "https://a.example/?api_key=\(token)"),
                ("/v1/x/pay%5Flive%5F\(token.dropFirst(9))/y", "x_\(token)", "https://\(token).example"),
                ("/v1/x?\u{301}key=\(token)", "(\(token))", token),
            ] {
                let context: JSON = [
                    "path": .string(path), "method": "GET", "userAgent": .string(agent), "origin": .string(origin),
                ]
                _ = try await api.verify(token, JSONObject([("context", context)]))
            }
            let log = try await api.send(.get, "/v1/access-log").text
            #expect(log.contains("\(key.id)"))
            #expect(!log.contains(secret))
            #expect(!log.contains(secret.prefix(20)))
            #expect(log.contains("curl pay_live_"))
            for format in ["csv", "jsonl"] {
                let export = try await api.send(.get, "/v1/access-log/export?format=\(format)").text
                #expect(!export.contains(secret.prefix(20)))
            }
        }
    }
}
