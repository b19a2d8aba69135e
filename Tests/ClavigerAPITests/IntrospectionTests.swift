import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// `POST /oauth/introspect` (RFC 7662).
@Suite struct IntrospectionTests {
    private static let inactive = #"{"active":false}"#

    private func introspect(_ api: APIFixture, _ token: String, as caller: String? = nil) async throws -> String {
        let answer = try await api.form("/oauth/introspect", [("token", token)], token: caller ?? api.test.ownerToken)
        #expect(answer.status == 200)
        return answer.text
    }

    /// The shape of the example in RFC 7662 section 2.2.
    @Test func anActiveTokenTellsWhatItIs() async throws {
        try await APIFixture.run { api in
            let now = api.test.time.now()
            let key = try await api.makeKey(scopes: ["invoices.read", "refunds.create"])
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                [
                    "expiresAt": .string((now + .milliseconds(90_999)).text),
                    "notBefore": .string((now - .milliseconds(1500)).text),
                ]
            )
            let answer = try await api.form(
                "/oauth/introspect",
                [("token", key.token), ("token_type_hint", "access_token"), ("resource", "x")],
                token: api.test.ownerToken
            )
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(answer.headers[.cacheControl] == "no-store")
            let seconds = now.milliseconds / 1000
            let expected: JSON = [
                "active": true, "scope": "invoices.read refunds.create", "client_id": "acme",
                "sub": .string(key.consumer), "token_type": "Bearer", "exp": .integer(seconds + 90),
                "nbf": .integer(seconds - 1), "iat": .integer(seconds), "aud": "payments", "jti": .string(key.id),
                "claviger_environment": "production",
            ]
            #expect(answer.json == expected)
        }
    }

    @Test func aKeyWithoutScopesAndEndSaysNothingOfThem() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey(scopes: [])
            let answer = try await api.form("/oauth/introspect", [("token", key.token)], token: api.test.ownerToken)
            #expect(answer.json["active"] == true)
            for member in ["scope", "exp", "nbf", "username"] { #expect(answer.json[member] == nil, "\(member)") }
        }
    }

    @Test func everythingThatIsNotActiveLooksTheSame() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey()
            let wrong = String(live.token.dropLast()) + (live.token.last == "0" ? "1" : "0")
            let foreign = try await ForeignKey.insert(into: api.test)
            for token in [wrong, foreign.token, "x", "pay_live_", "acme_live_4ZqY8wK2mB7e", "\u{0}", "ü"] {
                #expect(try await self.introspect(api, token) == Self.inactive)
            }
            for command in ["suspend", "revoke", "compromise", "destroy"] {
                let key = try await api.makeKey(name: command)
                if command == "destroy" {
                    _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"])
                    #expect(try await api.send(.delete, "/v1/keys/\(key.id)").status == 200)
                } else {
                    let answer = try await api.send(.post, "/v1/keys/\(key.id)/\(command)", ["reason": "other"])
                    #expect(answer.status == 200, "\(command)")
                }
                #expect(try await self.introspect(api, key.token) == Self.inactive, "\(command)")
            }
            let early = try await api.makeKey(name: "early")
            let late = try await api.makeKey(name: "late")
            let now = api.test.time.now()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(early.id)",
                ["notBefore": .string((now + .seconds(60)).text)]
            )
            _ = try await api.send(.patch, "/v1/keys/\(late.id)", ["expiresAt": .string((now + .seconds(9)).text)])
            api.test.time.advance(by: .seconds(9))
            #expect(try await self.introspect(api, early.token) == Self.inactive)
            #expect(try await self.introspect(api, late.token) == Self.inactive)
            #expect(try await self.introspect(api, live.token) != Self.inactive)
            // A plan that is suspended.
            _ = try await api.send(.post, "/v1/plans", ["name": "free"])
            _ = try await api.send(.patch, "/v1/keys/\(live.id)", ["planId": "free"])
            _ = try await api.send(.post, "/v1/plans/free/suspend")
            #expect(try await self.introspect(api, live.token) == Self.inactive)
        }
    }

    @Test func aKeyThatTheCallerMayNotVerifyIsInactive() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey()
            let test = try await api.makeKey(environment: "development")
            let narrow = try await api.makeManagementKey(scopes: ["apis.payments.production.keys.verify"]).token
            #expect(try await self.introspect(api, live.token, as: narrow) != Self.inactive)
            #expect(try await self.introspect(api, test.token, as: narrow) == Self.inactive)
            #expect(try await self.introspect(api, api.test.ownerToken, as: narrow) == Self.inactive)
            #expect(try await self.introspect(api, api.test.ownerToken) != Self.inactive)
            let none = try await api.makeManagementKey(scopes: ["apis.payments.production.keys.read"]).token
            let refused = try await api.form("/oauth/introspect", [("token", live.token)], token: none)
            #expect(refused.status == 403)
            #expect(refused.json["neededScope"]?.string?.hasSuffix(".keys.verify") == true)
        }
    }

    @Test func itUsesNothingUp() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                ["limits": [["name": "two", "requests": 2, "window": "1h"]], "credits": ["amount": 2]]
            )
            for _ in 0..<5 { #expect(try await self.introspect(api, key.token) != Self.inactive) }
            #expect(try await api.verify(key.token)["valid"] == true)
            #expect(try await api.verify(key.token)["valid"] == true)
            #expect(try await api.verify(key.token)["code"] == "rate_limited")
            // Used up is not inactive.
            #expect(try await self.introspect(api, key.token) != Self.inactive)
            let log = try await self.log(api, key.id)
            #expect(
                log.map { $0["source"]?.string }.sorted { ($0 ?? "") < ($1 ?? "") } == [
                    "introspection", "verify", "verify", "verify",
                ]
            )
            // No request, and so in no count of them.
            let usage = try await api.send(.get, "/v1/usage?keyId=\(key.id)&resolution=hour&by=code").json["items"]
            #expect(usage?.array?.compactMap { $0["count"]?.integer }.reduce(0, +) == 3)
        }
    }

    private func log(_ api: APIFixture, _ key: String) async throws -> [JSON] {
        try await api.test.fold.runOnce()
        return try await api.send(.get, "/v1/access-log?keyId=\(key)").json["items"]?.array ?? []
    }

    /// A key that is only ever asked about is in use, and that can be seen; once an hour, so that asking stays cheap.
    @Test func itIsOnRecordAsAUseOnceAnHour() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            func ask(after seconds: Int) async throws -> Int {
                api.test.time.advance(by: .seconds(seconds))
                let fields = [("token", key.token), ("ip", "203.0.113.9")]
                let answer = try await api.form("/oauth/introspect", fields, token: api.test.ownerToken)
                #expect(answer.json["active"] == true)
                return try await self.log(api, key.id).count
            }
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["lastUsed"] == nil)
            #expect(try await ask(after: 0) == 1)
            #expect(try await ask(after: 0) == 1)
            #expect(try await ask(after: 3599) == 1)
            #expect(try await ask(after: 1) == 2)
            let last = api.test.time.now()
            #expect(try await self.log(api, key.id).first?["cost"] == 0)
            let shown = try await api.send(.get, "/v1/keys/\(key.id)").json
            #expect(String(decoding: (shown["lastUsed"] ?? .null).serialized(), as: UTF8.self).contains(last.text))
            for by in ["key", "network", "path"] {
                let top = try await api.send(.get, "/v1/usage/top?by=\(by)")
                #expect(top.status == 200)
                #expect(top.json["items"]?.array?.isEmpty == true, "\(top.text)")
            }
            // An inactive one is none.
            _ = try await api.send(.post, "/v1/keys/\(key.id)/suspend")
            api.test.time.advance(by: .seconds(7200))
            #expect(try await self.introspect(api, key.token) == Self.inactive)
            #expect(try await self.log(api, key.id).count == 2)
        }
    }

    /// A grace may end when the replaced token is quiet; whoever is asked about it within it is not quiet.
    @Test func aReplacedTokenIsOnRecordMoreOften() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            try await api.replaceCredential(of: key.id, endsAt: api.test.time.now() + .seconds(600))
            for (seconds, count) in [(0, 1), (59, 1), (1, 2)] {
                api.test.time.advance(by: .seconds(seconds))
                #expect(try await self.introspect(api, key.token) != Self.inactive)
                #expect(try await self.log(api, key.id).count == count)
            }
        }
    }

    @Test func aReplacedTokenEndsWithItsGrace() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let end = api.test.time.now() + .milliseconds(30_500)
            try await api.replaceCredential(of: key.id, endsAt: end)
            let answer = try await api.form("/oauth/introspect", [("token", key.token)], token: api.test.ownerToken)
            #expect(answer.json["exp"]?.integer == end.milliseconds / 1000)
            api.test.time.advance(by: .milliseconds(30_500))
            #expect(try await self.introspect(api, key.token) == Self.inactive)
        }
    }

    @Test func aRestrictedKeyNeedsWhatItIsRestrictedBy() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                ["restrictions": ["networks": ["allow": ["203.0.113.0/24"]], "origins": ["https://a.example"]]]
            )
            func ask(_ more: [(String, String)]) async throws -> String {
                try await api.form("/oauth/introspect", [("token", key.token)] + more, token: api.test.ownerToken).text
            }
            #expect(try await ask([]) == Self.inactive)
            #expect(try await ask([("ip", "203.0.113.9")]) == Self.inactive)
            #expect(try await ask([("ip", "198.51.100.1"), ("origin", "https://a.example")]) == Self.inactive)
            #expect(try await ask([("ip", "203.0.113.9"), ("origin", "https://a.example")]) != Self.inactive)
            let bad = try await api.form(
                "/oauth/introspect",
                [("token", key.token), ("ip", "here")],
                token: api.test.ownerToken
            )
            #expect(bad.status == 400)
        }
    }

    @Test func clientsMayPresentTheManagementKeyAsAPassword() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let caller = try await api.makeManagementKey(scopes: ["apis.*.*.keys.verify"])
            let other = try await api.makeManagementKey(scopes: ["apis.*.*.keys.verify"])
            func ask(_ authorization: String) async throws -> APIFixture.Answer {
                try await api.form("/oauth/introspect", [("token", key.token)], authorization: authorization)
            }
            for user in [caller.id, "anything at all", "", "ü:%"] {
                let answer = try await ask(APIFixture.basic(user, caller.token))
                #expect(answer.json["active"] == true, "\(user)")
            }
            let lower = "basic" + APIFixture.basic(caller.id, caller.token).dropFirst(5)
            #expect(try await ask(lower).json["active"] == true)
            for authorization in [
                APIFixture.basic(other.id, caller.token), APIFixture.basic(caller.id, "x"),
                APIFixture.basic(caller.token, ""), APIFixture.basic(key.id, key.token), "Basic", "Basic !",
                "Basic eA==",
                "Basic " + Data("a:%".utf8).base64EncodedString(), "Basic " + Data([0xFF, 0x3A]).base64EncodedString(),
            ] {
                let answer = try await ask(authorization)
                #expect(answer.status == 401, "\(authorization)")
                #expect(answer.text == #"{"error":"invalid_client"}"#)
                #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=") == true)
            }
            // Nowhere else.
            let elsewhere = try await api.rawForm(
                "/v1/keys/verify",
                "{}",
                authorization: APIFixture.basic(caller.id, caller.token)
            )
            #expect(elsewhere.status == 401)
        }
    }

    @Test(arguments: [
        "", "token=", "token", "tokens=x", "token=a&token=b", "token=%", "token=%zz", "token=%ff", "token=a&ip=1&ip=2",
        (0..<65).map { "f\($0)=x" }.joined(separator: "&"),
    ])
    func whatIsNoFormWithOneTokenIsInvalid(body: String) async throws {
        try await APIFixture.run { api in
            for (path, token) in [("/oauth/introspect", api.test.ownerToken), ("/oauth/revoke", nil)] {
                let answer = try await api.rawForm(path, body, token: token)
                #expect(answer.status == 400, "\(path)")
                #expect(answer.json["error"] == "invalid_request")
                #expect(answer.headers[.contentType] == "application/json")
            }
        }
    }

    @Test func onlyAFormIsRead() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            for path in ["/oauth/introspect", "/oauth/revoke"] {
                let json = try await api.rawForm(
                    path,
                    #"{"token": "\#(key.token)"}"#,
                    token: api.test.ownerToken,
                    contentType: "application/json"
                )
                #expect(json.json["error"] == "invalid_request")
                let query = try await api.rawForm("\(path)?token=\(key.token)", "", token: api.test.ownerToken)
                #expect(query.json["error"] == "invalid_request")
                let large = try await api.rawForm(
                    path,
                    "token=" + String(repeating: "x", count: 20_000),
                    token: api.test.ownerToken
                )
                #expect(large.status == 413)
                let charset = try await api.rawForm(
                    path,
                    "token=x",
                    token: api.test.ownerToken,
                    contentType: "application/x-www-form-urlencoded; charset=UTF-8"
                )
                #expect(charset.status == 200)
            }
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }
}
