import ClavigerCore
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// `POST /v1/leaks` and `GET /v1/leaks`.
@Suite struct LeakTests {
    private func report(
        _ api: APIFixture,
        _ tokens: [String],
        as caller: String? = nil
    ) async throws -> [JSON] {
        let leaks = tokens.map { JSON.object(JSONObject([("token", .string($0))])) }
        let answer = try await api.send(.post, "/v1/leaks", ["tokens": .array(leaks), "source": "test"], token: caller)
        #expect(answer.status == 200, "\(answer.text)")
        return answer.json["items"]?.array ?? []
    }

    private func outcomes(_ items: [JSON]) -> [String] {
        items.compactMap { $0["outcome"]?.string }
    }

    private func count(_ api: APIFixture, _ action: String) async throws -> Int {
        try await api.send(.get, "/v1/audit/events?limit=200&action=\(action)").json["items"]?.array?.count ?? -1
    }

    @Test func aLeakedKeyIsCompromisedAtOnce() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            #expect(try await api.verify(key.token)["valid"] == true)
            let items = try await self.report(api, ["secret-token:\(key.token)"])
            #expect(items == [["outcome": "compromised", "keyId": .string(key.id)]])
            #expect(try await api.verify(key.token)["code"] == "compromised")
            let shown = try await api.send(.get, "/v1/keys/\(key.id)").json
            #expect(shown["state"] == "compromised")
            #expect(shown["reason"] == "leaked")
            #expect(try await self.count(api, "key.compromise") == 1)
            let record = try await api.send(.get, "/v1/audit/events?action=leak.report").json["items"]?.array?.first
            #expect(record?["after"] == ["tokens": 1, "compromised": 1])
            #expect(record?["target"]?["kind"] == "leak")
        }
    }

    @Test(arguments: [("compromise", "compromised"), ("suspend", "suspended"), ("report", "reported")])
    func theApiSaysWhatBecomesOfIt(policy: String, outcome: String) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let changed = try await api.send(.patch, "/v1/apis/payments", ["leakPolicy": .string(policy)])
            #expect(changed.json["leakPolicy"]?.string == policy)
            for _ in 0..<2 {
                // A compromised key cannot be compromised again; the others answer the same.
                let again = try await self.report(api, [key.token])
                let expected = policy == "compromise" ? [outcome, "already_ended"] : [outcome]
                #expect(expected.contains(self.outcomes(again).first ?? ""))
            }
            let code = try await api.verify(key.token)["code"]?.string
            #expect(code == (policy == "report" ? "valid" : outcome))
            // Repeating changes nothing: one transition, and one report that is kept.
            #expect(try await self.count(api, "key.compromise") == (policy == "compromise" ? 1 : 0))
            #expect(try await self.count(api, "key.suspend") == (policy == "suspend" ? 1 : 0))
            let reports = try await api.send(.get, "/v1/leaks?keyId=\(key.id)").json["items"]?.array ?? []
            #expect(reports.count == 1)
            #expect(reports.first?["outcome"]?.string == outcome)
            if policy == "suspend" {
                #expect(try await api.send(.post, "/v1/keys/\(key.id)/resume").status == 200)
                #expect(self.outcomes(try await self.report(api, [key.token])) == ["suspended"])
                #expect(try await api.verify(key.token)["code"] == "suspended")
            }
            // Without a policy of its own an api compromises.
            let removed = try await api.send(.patch, "/v1/apis/payments", ["leakPolicy": .null])
            #expect(removed.json["leakPolicy"] == "compromise")
        }
    }

    @Test func anEnvironmentMaySayOtherwise() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey()
            let test = try await api.makeKey(environment: "development")
            let before = try await api.send(.get, "/v1/apis/payments").json["environments"]?.array ?? []
            let environments = before.map { environment -> JSON in
                var object = environment.object ?? JSONObject()
                if environment["name"] == "development" { object["leakPolicy"] = "report" }
                return .object(object)
            }
            let changed = try await api.send(
                .patch,
                "/v1/apis/payments",
                ["environments": .array(environments), "leakPolicy": "suspend"]
            )
            #expect(changed.json["environments"]?.array == environments)
            let shown = try await api.send(.get, "/v1/apis/payments")
            #expect(shown.json["environments"]?.array == environments)
            let items = try await self.report(api, [live.token, test.token])
            #expect(self.outcomes(items) == ["suspended", "reported"])
            for bad: JSON in ["ignore", 1, ["compromise"]] {
                #expect(try await api.send(.patch, "/v1/apis/payments", ["leakPolicy": bad]).status == 422)
            }
        }
    }

    @Test func aThousandOfAllKindsAreAnsweredInTheirOrder() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey(name: "live")
            let gone = try await api.makeKey(name: "gone")
            let forgotten = try await api.makeKey(name: "forgotten")
            let expired = try await api.makeKey(name: "expired")
            _ = try await api.send(.post, "/v1/keys/\(gone.id)/revoke", ["reason": "unused"])
            _ = try await api.send(.post, "/v1/keys/\(forgotten.id)/revoke", ["reason": "unused"])
            _ = try await api.send(.delete, "/v1/keys/\(forgotten.id)")
            let end = api.test.time.now() + .seconds(1)
            _ = try await api.send(.patch, "/v1/keys/\(expired.id)", ["expiresAt": .string(end.text)])
            api.test.time.advance(by: .seconds(2))
            let foreign = try await ForeignKey.insert(into: api.test)
            let special = [
                live.token, gone.token, forgotten.token, expired.token, foreign.token, live.token, "ü",
                String(live.token.dropLast()),
            ]
            let tokens = (0..<(1000 - special.count)).map { "pay_live_unknown\($0)" } + special
            let items = try await self.report(api, tokens)
            #expect(items.count == 1000)
            #expect(Set(self.outcomes(Array(items.prefix(tokens.count - special.count)))) == ["unknown"])
            let expected = [
                "compromised", "already_ended", "unknown", "compromised", "unknown", "compromised", "unknown",
                "unknown",
            ]
            #expect(self.outcomes(Array(items.suffix(special.count))) == expected)
            #expect(items.allSatisfy { ($0["keyId"] == nil) == ($0["outcome"] == "unknown") })
            #expect(try await self.count(api, "key.compromise") == 2)
            // Time does not bring it back: it may be given a longer life, and then it would be in the wrong hands.
            #expect(try await api.send(.get, "/v1/keys/\(expired.id)").json["state"] == "compromised")
            #expect(try await api.send(.get, "/v1/keys/\(gone.id)").json["state"] == "revoked")
            let record = try await api.send(.get, "/v1/audit/events?action=leak.report").json["items"]?.array?.first
            #expect(
                record?["after"] == ["tokens": 1000, "compromised": 3, "already_ended": 1, "unknown": 996]
            )

            let more = try await api.send(
                .post,
                "/v1/leaks",
                ["tokens": .array((0...1000).map { ["token": .string("x\($0)")] })]
            )
            #expect(more.status == 422)
            #expect(more.pointers == ["/tokens"])
        }
    }

    @Test func whatIsNoReportIsRefusedWhole() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let good: JSON = ["token": .string(key.token)]
            let long = String(repeating: "x", count: 2049)
            let bodies: [(JSON, [String])] = [
                ([:], ["/tokens"]), (["tokens": []], ["/tokens"]), (["tokens": .string(key.token)], ["/tokens"]),
                (["tokens": [good, .object(JSONObject())]], ["/tokens/1/token"]),
                (["tokens": [good, .string(key.token)]], ["/tokens/1"]),
                (["tokens": [["token": .string(long)]]], ["/tokens/0/token"]),
                (["tokens": [["token": "x", "url": .string(long)]]], ["/tokens/0/url"]),
                (["tokens": [["token": "x", "source": .string(long)]]], ["/tokens/0/source"]),
                (["tokens": [good], "source": 1, "more": 1], ["/source", "/more"]),
            ]
            for (body, pointers) in bodies {
                let answer = try await api.send(.post, "/v1/leaks", body)
                #expect(answer.status == 422)
                #expect(answer.pointers == pointers)
            }
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }

    @Test func theKeyIsToldToThoseWhoMayReadIt() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey()
            let test = try await api.makeKey(environment: "development")
            let scanner = try await api.makeManagementKey(
                scopes: ["leaks.report", "apis.payments.development.keys.read"]
            )
            let items = try await self.report(api, [live.token, test.token, scanner.token], as: scanner.token)
            #expect(
                items == [
                    ["outcome": "compromised"], ["outcome": "compromised", "keyId": .string(test.id)],
                    ["outcome": "compromised"],
                ]
            )
            // The scanner's own key was among them.
            #expect(try await api.send(.post, "/v1/leaks", [:], token: scanner.token).status == 401)
            let reader = try await api.makeManagementKey(scopes: ["leaks.read"]).token
            let refused = try await api.send(.post, "/v1/leaks", ["tokens": [["token": "x"]]], token: reader)
            #expect(refused.status == 403)
            #expect(refused.json["neededScope"] == "leaks.report")
            let listed = try await api.send(.get, "/v1/leaks", token: reader).json["items"]?.array ?? []
            #expect(listed.compactMap { $0["reportedBy"]?.string } == [scanner.id, scanner.id, scanner.id])
            let reporter = try await api.makeManagementKey(scopes: ["leaks.report"]).token
            #expect(try await api.send(.get, "/v1/leaks", token: reporter).json["neededScope"] == "leaks.read")
        }
    }

    @Test func reportsAreKeptWithTheirSourceAndWithoutTokens() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.patch, "/v1/apis/payments", ["leakPolicy": "report"])
            let token = key.token
            let answer = try await api.send(
                .post,
                "/v1/leaks",
                [
                    "source": "scanner",
                    "tokens": [
                        ["token": .string(token), "url": .string("https://example.com/\(token)/a")],
                        ["token": .string(token), "source": .string("by\u{202E} \(token)")],
                        ["token": "pay_live_unknown", "url": .string("https://example.com/kept-nowhere")],
                    ],
                ]
            )
            #expect(answer.status == 200)
            let start = token.dropLast(49)
            func list(_ query: String) async throws -> [JSON] {
                try await api.send(.get, "/v1/leaks\(query)").json["items"]?.array ?? []
            }
            // Ids of one millisecond have no order.
            let listed = try await list("")
            let reports = listed.sorted { ($0["source"]?.string ?? "") < ($1["source"]?.string ?? "") }
            #expect(reports.map { $0["source"]?.string } == ["by \(start)…", "scanner"])
            #expect(reports.map { $0["url"]?.string } == [nil, "https://example.com/\(start)…/a"])
            #expect(reports.allSatisfy { $0["keyId"]?.string == key.id && $0["credentialId"] != nil })
            #expect(try await list("?source=scanner").count == 1)
            #expect(try await list("?outcome=reported").count == 2)
            #expect(try await list("?outcome=compromised").isEmpty)
            #expect(try await list("?keyId=key_0000000000000000000000").isEmpty)
            #expect(try await api.send(.get, "/v1/leaks?keyId=x&outcome=y").pointers == ["?keyId", "?outcome"])
            let first = try await api.send(.get, "/v1/leaks?limit=1").json
            let cursor = first["nextCursor"]?.string ?? ""
            let second = try await api.send(.get, "/v1/leaks?limit=1&cursor=\(cursor)").json
            #expect((first["items"]?.array ?? []) + (second["items"]?.array ?? []) == listed)
            #expect(second["nextCursor"] == nil)
        }
    }

    @Test func aReplacedTokenEndsNothing() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            try await api.replaceCredential(of: key.id, endsAt: api.test.time.now())
            #expect(self.outcomes(try await self.report(api, [key.token])) == ["already_ended"])
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["state"] == "active")
            #expect(try await api.send(.get, "/v1/leaks?keyId=\(key.id)").json["items"]?.array?.count == 1)
        }
    }

    @Test func aManagementKeyThatLeakedIsCompromisedToo() async throws {
        try await APIFixture.run { api in
            let leaked = try await api.makeManagementKey(roles: ["owner"])
            #expect(self.outcomes(try await self.report(api, [leaked.token])) == ["compromised"])
            #expect(try await api.send(.get, "/v1/self", token: leaked.token).status == 401)
        }
    }
}
