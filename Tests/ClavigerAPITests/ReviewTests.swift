import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Campaigns in which somebody looks at every key.
@Suite struct ReviewTests {
    private static let day = Duration.seconds(86_400)

    /// Begins a campaign over the keys of `payments` that is due in 14 days, and answers its path.
    private func begin(_ api: APIFixture, _ more: [(String, JSON?)] = []) async throws -> String {
        var body = JSONObject([
            ("name", "First quarter"), ("dueAt", .string((api.test.time.now() + Self.day * 14).text)),
            ("filter", ["apiId": "payments"]), ("onDeadline", "suspend"),
        ])
        for (name, value) in more { body[name] = value }
        let answer = try await api.send(.post, "/v1/reviews", .object(body))
        guard answer.status == 201, let path = answer.headers[.location] else {
            throw APIFixture.Unexpected(answer.text)
        }
        return path
    }

    private func items(_ api: APIFixture, _ path: String, token: String? = nil) async throws -> [JSON] {
        // Items are made in the same millisecond: their own order is none.
        let items = try await api.send(.get, "\(path)/items", token: token).json["items"]?.array ?? []
        return items.sorted { ($0["keyId"]?.string ?? "") < ($1["keyId"]?.string ?? "") }
    }

    private func decide(
        _ api: APIFixture,
        _ path: String,
        _ item: JSON,
        _ body: JSON,
        token: String? = nil
    ) async throws -> APIFixture.Answer {
        try await api.send(.post, "\(path)/items/\(item["id"]?.string ?? "")/decide", body, token: token)
    }

    @Test func keysAreKeptReducedAndRevokedAtOnceAndSomebodySignsItOff() async throws {
        try await APIFixture.run { api in
            let scopes = ["invoices.read", "invoices.write"]
            // In the order of the items.
            let keys = [
                try await api.makeKey(name: "a", scopes: scopes), try await api.makeKey(name: "b", scopes: scopes),
                try await api.makeKey(name: "c", scopes: scopes),
            ].sorted { $0.id < $1.id }
            let rules: JSON = ["endpointRules": [["methods": ["GET"], "path": "/invoices", "scopes": "invoices.read"]]]
            _ = try await api.send(.patch, "/v1/apis/payments", rules)
            let context: JSON = ["method": "GET", "path": "/invoices"]
            _ = try await api.verify(keys[0].token, JSONObject([("context", context)]))
            let path = try await self.begin(api)
            let items = try await self.items(api, path)
            #expect(items.compactMap { $0["keyId"]?.string } == keys.map(\.id))
            #expect(items[0]["usage"]?["proposed"] == ["invoices.read"])
            #expect(items[0]["lastUsed"]?["time"]?.string == api.test.time.now().text)
            #expect(items[1]["usage"]?["proposed"] == [])
            #expect(items[1]["lastUsed"] == nil)
            #expect(items[0]["fallback"] == true)

            #expect(try await self.decide(api, path, items[0], ["decision": "keep"]).status == 200)
            let wider = try await self.decide(api, path, items[1], ["decision": "reduce", "scopes": ["invoices.*"]])
            #expect(wider.pointers == ["/scopes/0"])
            let same: JSON = ["decision": "reduce", "scopes": ["invoices.read", "invoices.write"]]
            #expect(try await self.decide(api, path, items[1], same).pointers == ["/scopes"])
            let reduced = try await self.decide(
                api,
                path,
                items[1],
                ["decision": "reduce", "scopes": ["invoices.read"], "comment": "Never wrote"]
            )
            #expect(reduced.json["scopes"] == ["invoices.read"])
            let early = try await api.send(.post, "\(path)/sign-off")
            #expect(early.problem == "state-conflict")
            #expect(try await self.decide(api, path, items[2], ["decision": "revoke"]).json["keyState"] == "revoked")
            #expect(try await self.decide(api, path, items[2], ["decision": "keep"]).problem == "state-conflict")
            #expect(try await api.verify(keys[2].token)["code"] == "revoked")
            let write = JSONObject([("scopes", "invoices.write")])
            #expect(try await api.verify(keys[1].token, write)["code"] == "insufficient_scope")
            #expect(try await api.verify(keys[0].token, write)["valid"] == true)

            let signed = try await api.send(.post, "\(path)/sign-off", ["comment": "Complete"])
            #expect(signed.json["state"] == "closed")
            #expect(signed.json["signOff"]?["comment"] == "Complete")
            #expect(signed.json["items"] == ["open": 0, "decided": 3, "lapsed": 0])
            #expect(try await api.send(.post, "\(path)/sign-off").problem == "state-conflict")
            let records = try await api.send(.get, "/v1/audit/events?action=review.decide").json["items"]?.array
            #expect(records?.count == 3)

            let csv = try await api.send(.get, "\(path)/export?format=csv")
            let lines = csv.text.split(separator: "\r\n")
            #expect(lines.count == 4)
            #expect(lines.first?.hasPrefix("id,reviewId,state,keyId,name") == true)
            #expect(lines.dropFirst().contains { $0.contains(",reduce,") && $0.contains("Never wrote") })
            let jsonl = try await api.send(.get, "\(path)/export").text.split(separator: "\n")
            #expect(jsonl.count == 3)
        }
    }

    @Test func atTheDeadlineWhatNobodyReviewedIsSuspendedOnce() async throws {
        try await APIFixture.run { api in
            _ = try await api.send(.post, "/v1/webhooks", ["url": "https://hooks.example.com/"])
            let kept = try await api.makeKey(name: "kept")
            let forgotten = try await api.makeKey(name: "forgotten")
            let path = try await self.begin(api)
            let items = try await self.items(api, path).sorted { one, _ in one["keyId"]?.string == kept.id }
            _ = try await self.decide(api, path, items[0], ["decision": "keep"])
            // One reminder at each of its moments, and after a stop over both of them one.
            api.test.time.advance(by: Self.day * 7)
            for _ in 0..<2 { try await api.test.runInBackground() }
            #expect(try await self.told(api, "review.reminder") == 1)
            api.test.time.advance(by: Self.day * 6.5)
            for _ in 0..<2 { try await api.test.runInBackground() }
            #expect(try await self.told(api, "review.reminder") == 2)
            #expect(try await api.verify(forgotten.token)["valid"] == true)

            // The server was down when the deadline came.
            api.test.time.advance(by: Self.day * 3)
            let late = try await self.decide(api, path, items[1], ["decision": "keep"])
            #expect(late.problem == "state-conflict")
            for _ in 0..<2 { try await api.test.runInBackground() }
            #expect(try await api.verify(forgotten.token)["code"] == "suspended")
            #expect(try await api.verify(kept.token)["valid"] == true)
            #expect(try await api.send(.get, path).json["state"] == "due")
            #expect(try await self.told(api, "key.suspended") == 1)
            #expect(try await self.told(api, "review.due") == 1)
            let decisions = try await self.items(api, path).map { ($0["keyId"]?.string, $0["decision"]?.string) }
            #expect(decisions.contains { $0 == (kept.id, "keep") })
            #expect(decisions.contains { $0 == (forgotten.id, "suspend") })

            // Whoever resumes the key is not overruled by the campaign.
            _ = try await api.send(.post, "/v1/keys/\(forgotten.id)/resume")
            try await api.test.runInBackground()
            #expect(try await api.verify(forgotten.token)["valid"] == true)
            let signed = try await api.send(.post, "\(path)/sign-off")
            #expect(signed.json["state"] == "closed")
            #expect(signed.json["items"] == ["open": 0, "decided": 1, "lapsed": 1])
        }
    }

    @Test func withoutAConsequenceTheDeadlineChangesNoKey() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let path = try await self.begin(api, [("onDeadline", "nothing")])
            api.test.time.advance(by: Self.day * 14)
            // Signing off does what is due first.
            let signed = try await api.send(.post, "\(path)/sign-off")
            #expect(signed.json["items"] == ["open": 0, "decided": 0, "lapsed": 1], "\(signed.text)")
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }

    /// A campaign takes power, and does not make last what a role gives.
    @Test func whatIsReducedIsLess() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey(scopes: ["refunds.create"])
            let role: JSON = ["name": "clerk", "scopes": ["invoices.read", "invoices.write"]]
            #expect(try await api.send(.post, "/v1/roles", role).status == 201)
            let given = try await api.send(.patch, "/v1/keys/\(key.id)", ["roles": ["clerk"]])
            #expect(given.status == 200, "\(given.text)")
            let path = try await self.begin(api)
            let item = try await self.items(api, path)[0]
            func reduce(_ scopes: JSON, _ roles: JSON? = nil) async throws -> APIFixture.Answer {
                try await self.decide(api, path, item, ["decision": "reduce", "scopes": scopes, "roles": roles])
            }
            // The role stays, and what it gives would be the key's own besides.
            #expect(try await reduce(["invoices.read"]).pointers == ["/scopes/0"])
            #expect(try await reduce(["refunds.create", "invoices.write"], ["clerk"]).pointers == ["/scopes/1"])
            // The role goes, and all that it gives stays for good.
            let all: JSON = ["invoices.read", "invoices.write", "refunds.create"]
            #expect(try await reduce(all, []).pointers == ["/scopes"])
            #expect(try await reduce(["refunds.create"]).pointers == ["/scopes"])
            #expect(try await reduce(["refunds.create"], ["clerk"]).pointers == ["/scopes"])
            let reduced = try await reduce(["invoices.read"], [])
            #expect(reduced.status == 200, "\(reduced.text)")
            #expect(reduced.json["scopes"] == ["invoices.read"])
            #expect(reduced.json["roles"] == [])
        }
    }

    @Test func whoHasTheKeyNowLooksAtIt() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/consumers", ["externalId": "globex", "kind": "customer"])
            let path = try await self.begin(api, [("reviewers", ["owner": true])])
            let preview = try await api.send(.post, "/v1/consumers/\(key.consumer)/offboard/preview")
            let given = try await api.offboard(key.consumer, preview, "transfer", to: "globex")
            #expect(given.status == 200, "\(given.text)")
            let former = try await api.person("acme-admin", [], consumer: "acme")
            let present = try await api.person("globex-admin", [], consumer: "globex")
            let item = try await self.items(api, path)[0]
            #expect(item["reviewers"] == [.string(present.id)])
            let keep: JSON = ["decision": "keep"]
            #expect(try await api.send(.get, "\(path)/items", token: former.token).status == 403)
            #expect(try await self.decide(api, path, item, keep, token: former.token).status == 403)
            #expect(try await api.send(.get, "/v1/reviews", token: former.token).status == 403)
            let listed = try await api.send(.get, "/v1/reviews", token: present.token).json["items"]?.array
            #expect(listed?.count == 1)
            #expect(try await self.items(api, path, token: present.token).count == 1)
            #expect(try await self.decide(api, path, item, keep, token: present.token).status == 200)
        }
    }

    /// Between the deadline and the job that comes by, nobody takes back what the campaign says.
    @Test func whatIsDueIsDoneBeforeACancellation() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let path = try await self.begin(api)
            api.test.time.advance(by: Self.day * 14)
            let cancelled = try await api.send(.post, "\(path)/cancel")
            #expect(cancelled.json["state"] == "cancelled", "\(cancelled.text)")
            #expect(cancelled.json["items"] == ["open": 0, "decided": 0, "lapsed": 1])
            #expect(try await api.verify(key.token)["code"] == "suspended")
        }
    }

    @Test func reviewersSeeAndDecideTheirKeysAndNoOthers() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let own = try await api.person("acme-admin", [], consumer: "acme")
            let named = try await api.person("nora", [])
            let stranger = try await api.person("sam", [])
            _ = try await api.send(.post, "/v1/consumers", ["externalId": "other", "kind": "customer"])
            let other = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "payments", "environment": "production", "consumerExternalId": "other", "name": "Other",
                    "scopes": ["invoices.read"],
                ]
            )
            #expect(other.status == 201)
            let reviewers: JSON = ["owner": true, "keys": [.string(named.id)]]
            let path = try await self.begin(api, [("reviewers", reviewers)])
            let mine = try await self.items(api, path, token: own.token)
            #expect(mine.compactMap { $0["keyId"]?.string } == [key.id])
            #expect(Set(mine[0]["reviewers"]?.array ?? []) == [.string(own.id), .string(named.id)])
            #expect(try await self.items(api, path, token: named.token).count == 2)
            #expect(try await api.send(.get, "/v1/reviews", token: own.token).json["items"]?.array?.count == 1)
            for call in ["\(path)/items", path, "/v1/reviews", "\(path)/export"] {
                #expect(try await api.send(.get, call, token: stranger.token).status == 403, "\(call)")
            }
            let all = try await self.items(api, path)
            let foreign = try #require(all.first { $0["keyId"]?.string != key.id })
            let keep: JSON = ["decision": "keep"]
            #expect(try await self.decide(api, path, foreign, keep, token: own.token).status == 403)
            #expect(try await self.decide(api, path, mine[0], keep, token: stranger.token).status == 403)
            #expect(try await self.decide(api, path, mine[0], keep, token: own.token).status == 200)
            #expect(try await self.decide(api, path, foreign, ["decision": "revoke"], token: named.token).status == 200)
        }
    }

    @Test func aReviewerWhoIsGoneIsReportedAndManagersDecide() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let gone = try await api.person("gina", [])
            let unknown = try await api.send(
                .post,
                "/v1/reviews",
                [
                    "name": "x", "dueAt": .string((api.test.time.now() + Self.day).text),
                    "reviewers": ["keys": ["key_0000000000000000000000"]],
                ]
            )
            #expect(unknown.pointers == ["/reviewers/keys/0"])
            let path = try await self.begin(api, [("reviewers", ["keys": [.string(gone.id)]])])
            #expect(try await self.items(api, path)[0]["fallback"] == nil)
            _ = try await api.send(.post, "/v1/keys/\(gone.id)/revoke", ["reason": "owner_left"])
            let item = try await self.items(api, path)[0]
            #expect(item["fallback"] == true)
            #expect(item["missingReviewers"] == [.string(gone.id)])
            #expect(try await self.decide(api, path, item, ["decision": "keep"]).status == 200)
        }
    }

    @Test func nobodyReviewsTheirOwnManagementKeyAndNobodyIsLockedOut() async throws {
        try await APIFixture.run { api in
            let manager = try await api.person("max", ["reviews.manage", "apis.claviger.*.keys.suspend"])
            let other = try await api.person("ole", ["audit.read"])
            let path = try await self.begin(api, [("filter", ["management": true])])
            let items = try await self.items(api, path)
            func item(_ id: String) throws -> JSON { try #require(items.first { $0["keyId"]?.string == id }) }
            let keep: JSON = ["decision": "keep"]
            #expect(try await self.decide(api, path, try item(manager.id), keep, token: manager.token).status == 403)
            #expect(try await self.decide(api, path, try item(other.id), keep, token: manager.token).status == 200)
            // The owner's campaign lets a manager with less take power from the owner's key; its own does not.
            let owner = try await api.send(.get, "/v1/self").json["id"]?.string ?? ""
            let begun = try await api.send(
                .post,
                "/v1/reviews",
                [
                    "name": "Mine", "dueAt": .string((api.test.time.now() + Self.day).text),
                    "filter": ["management": true], "onDeadline": "suspend",
                ],
                token: manager.token
            )
            let mine = try #require(begun.headers[.location])
            let target = try #require(try await self.items(api, mine).first { $0["keyId"]?.string == owner })
            let refused = try await self.decide(api, mine, target, ["decision": "revoke"], token: manager.token)
            #expect(refused.json["neededScope"] == "*")
            api.test.time.advance(by: Self.day * 14)
            try await api.test.runInBackground()
            // The manager's key was suspended by the owner's campaign; the owner's is the last one of its kind.
            #expect(try await api.send(.get, "/v1/self", token: manager.token).status == 401)
            #expect(try await api.send(.get, "/v1/self").status == 200)
            let spared = try await self.items(api, path).first { $0["keyId"]?.string == owner }
            #expect(spared?["decision"] == "none")
            #expect(spared?["comment"]?.string?.contains("last management key") == true)
        }
    }

    @Test func aSeriesGoesOnWithOneCampaignHoweverLongTheStop() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let path = try await self.begin(api, [("every", "90d")])
            api.test.time.advance(by: Self.day * 200)
            for _ in 0..<3 { try await api.test.runInBackground() }
            let all = try await api.send(.get, "/v1/reviews").json["items"]?.array ?? []
            #expect(all.count == 2)
            #expect(all[0]["follows"] == all[1]["id"])
            #expect(all[1]["id"]?.string.map { path.hasSuffix($0) } == true)
            #expect(all[0]["dueAt"]?.string == (api.test.time.now() + Self.day * 14).text)
            #expect(all[0]["repeatsAt"]?.string == (api.test.time.now() + Self.day * 70).text)
            #expect(all[1]["repeatsAt"] == nil)
            let page = try await api.send(.get, "/v1/reviews?limit=1").json
            let cursor = try #require(page["nextCursor"]?.string)
            let rest = try await api.send(.get, "/v1/reviews?limit=1&cursor=\(cursor)").json["items"]?.array
            #expect(rest?.first?["id"] == all[1]["id"])
        }
    }

    @Test func whatIsWrongIsToldAtOnce() async throws {
        try await APIFixture.run { api in
            let answer = try await api.send(
                .post,
                "/v1/reviews",
                [
                    "onDeadline": "delete", "every": "1h", "filter": ["management": 1, "x": 1],
                    "reviewers": ["keys": ["x"]],
                ]
            )
            #expect(
                Set(answer.pointers) == [
                    "/name", "/dueAt", "/onDeadline", "/every", "/filter/management", "/filter/x", "/reviewers/keys/0",
                ]
            )
            let past = try await api.send(
                .post,
                "/v1/reviews",
                ["name": "x", "dueAt": .string(api.test.time.now().text), "filter": ["apiId": "none"]]
            )
            #expect(Set(past.pointers) == ["/filter/apiId", "/dueAt"])
            _ = try await api.makeKey()
            let path = try await self.begin(api)
            let item = try await self.items(api, path)[0]
            for (body, pointer): (JSON, String) in [
                (["decision": "suspend"], "/decision"), (["decision": "reduce"], "/scopes"),
                (["decision": "keep", "scopes": []], "/scopes"), ([:], "/decision"),
            ] { #expect(try await self.decide(api, path, item, body).pointers == [pointer]) }
        }
    }

    private func told(_ api: APIFixture, _ type: String) async throws -> Int {
        let webhook = try await api.send(.get, "/v1/webhooks").json["items"]?.array?.first?["id"]?.string ?? ""
        let list = try await api.send(.get, "/v1/webhooks/\(webhook)/deliveries?limit=200").json["items"]?.array ?? []
        return list.count { $0["event"]?["type"]?.string == type }
    }
}
