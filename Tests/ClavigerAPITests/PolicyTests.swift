import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// `/v1/policies` and what policies do to keys.
@Suite struct PolicyTests {
    static let path = "/v1/policies/production"

    static func put(
        _ api: APIFixture,
        _ rules: [(String, JSON)],
        name: String = "production",
        query: String = "",
        apis: [String] = ["payments"],
        environments: [String] = ["production"],
        as caller: String? = nil
    ) async throws -> APIFixture.Answer {
        let reach: JSON = [
            "apis": .array(apis.map(JSON.string)), "environments": .array(environments.map(JSON.string)),
        ]
        let document = JSON.object(JSONObject([("appliesTo", reach)] + rules))
        return try await api.send(.put, "/v1/policies/\(name)\(query)", document, token: caller)
    }

    /// Tries to make a key.
    static func create(_ api: APIFixture, _ more: [(String, JSON)] = []) async throws -> APIFixture.Answer {
        var draft = JSONObject([
            ("apiId", "payments"), ("environment", "production"), ("consumerExternalId", "acme"), ("name", "k"),
            ("scopes", ["invoices.read"]),
        ])
        for (name, value) in more { draft[name] = value }
        return try await api.send(.post, "/v1/keys", .object(draft))
    }

    static func rules(_ answer: APIFixture.Answer) -> [String] {
        (answer.json["errors"]?.array ?? []).map { "\($0["policy"]?.string ?? "-") \($0["rule"]?.string ?? "-")" }
    }

    @Test func itsLife() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let created = try await Self.put(api, [("scopes", ["most": 5]), ("description", "One")])
            #expect(created.status == 201, "\(created.text)")
            #expect(created.headers[.location] == Self.path)
            #expect(created.headers[.eTag] == "\"1\"")
            #expect(created.json["document"]?["scopes"] == ["most": 5])
            #expect(try await Self.put(api, [("scopes", ["most": 5]), ("description", "One")]).json["version"] == 1)
            let second = try await Self.put(api, [("scopes", ["most": 4])])
            #expect(second.status == 200)
            #expect(second.json["version"] == 2)
            #expect(second.json["createdAt"] == created.json["createdAt"])
            #expect(try await api.send(.get, Self.path).json == second.json)
            #expect(try await api.send(.get, "\(Self.path)?version=1").json["document"]?["description"] == "One")
            #expect(try await api.send(.get, "\(Self.path)?version=9").status == 404)
            let versions = try await api.send(.get, "\(Self.path)/versions?limit=1")
            #expect(versions.json["items"]?.array?.compactMap { $0["version"]?.integer } == [2])
            let cursor = try #require(versions.json["nextCursor"]?.string)
            let older = try await api.send(.get, "\(Self.path)/versions?limit=1&cursor=\(cursor)")
            #expect(older.json["items"]?.array?.compactMap { $0["version"]?.integer } == [1])
            #expect(try await api.send(.get, "/v1/policies").json["items"]?.array?.count == 1)
            let stale = try await api.send(.delete, Self.path, headers: [.ifMatch: "\"1\""])
            #expect(stale.status == 412)
            #expect(try await api.send(.delete, Self.path).status == 204)
            #expect(try await api.send(.get, Self.path).status == 404)
            #expect(try await api.send(.get, "/v1/policies").json["items"] == [])
            // What it was is kept, and its numbers go on.
            let again = try await Self.put(api, [("scopes", ["most": 4])])
            #expect(again.status == 201)
            #expect(again.json["version"] == 4)
            let all = try await api.send(.get, "\(Self.path)/versions").json["items"]?.array ?? []
            #expect(all.map { $0["deleted"]?.bool ?? false } == [false, true, false, false])
            let actions = try await api.send(.get, "/v1/audit/events?targetId=production").json["items"]?.array ?? []
            #expect(
                actions.compactMap { $0["action"]?.string } == [
                    "policy.set", "policy.delete", "policy.set", "policy.set",
                ]
            )
            #expect(actions[2]["before"]?["document"]?["scopes"] == ["most": 5])
            #expect(actions[2]["after"] == ["version": 2, "document": second.json["document"]])
        }
    }

    @Test func everythingThatIsWrongIsToldAtOnceWithRuleAndPolicy() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            #expect(
                try await Self.put(
                    api,
                    [
                        ("name", ["patterns": ["svc-*"]]), ("scopes", ["allowed": ["invoices.*"]]),
                        ("metadata", ["required": [["name": "team"]]]), ("owners", ["kinds": ["service"]]),
                        ("restrictions", ["required": ["networks"]]), ("lifetime", ["mustExpire": true]),
                    ],
                    query: "?force=true"
                ).status == 201
            )
            let all: JSON = ["appliesTo": [:], "scopes": ["most": 1]]
            #expect(try await api.send(.put, "/v1/policies/everywhere", all).status == 201)
            let answer = try await Self.create(api, [("scopes", ["invoices.read", "refunds.create", "unknown.x"])])
            #expect(answer.status == 422)
            #expect(
                Set(zip(answer.pointers, Self.rules(answer)).map { "\($0) \($1)" }) == [
                    "/scopes/2 - -", "/name production name.patterns", "/consumerId production owners.kinds",
                    "/scopes/1 production scopes.allowed", "/scopes/2 production scopes.allowed",
                    "/restrictions/networks/allow production restrictions.required",
                    "/metadata/team production metadata.required", "/expiresAt production lifetime.mustExpire",
                    "/scopes everywhere scopes.most",
                ]
            )
            // In a batch, each key has its place; another environment is not meant by the first policy.
            let draft: JSON = [
                "apiId": "payments", "environment": "staging", "consumerExternalId": "acme", "name": "k",
                "scopes": ["invoices.read", "refunds.create"],
            ]
            let batch = try await api.send(.post, "/v1/keys/batch", ["keys": [draft, draft]])
            #expect(batch.status == 422)
            #expect(batch.pointers == ["/keys/0/scopes", "/keys/1/scopes"])
            #expect(Self.rules(batch) == ["everywhere scopes.most", "everywhere scopes.most"])
        }
    }

    @Test func aChangeIsHeldToWhatItTouches() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey(name: "Old name")
            let path = "/v1/keys/\(key.id)"
            let rules: [(String, JSON)] = [("name", ["patterns": ["svc-*"]]), ("scopes", ["most": 2])]
            #expect(try await Self.put(api, rules).status == 409)
            #expect(try await Self.put(api, rules, query: "?force=true").status == 201)
            // The name was wrong before, and is not what this is about.
            #expect(try await api.send(.patch, path, ["scopes": ["invoices.read", "invoices.write"]]).status == 200)
            let three: JSON = ["scopes": ["invoices.read", "invoices.write", "refunds.create"]]
            #expect(Self.rules(try await api.send(.patch, path, three)) == ["production scopes.most"])
            #expect(Self.rules(try await api.send(.patch, path, ["name": "still"])) == ["production name.patterns"])
            #expect(try await api.send(.patch, path, ["name": "svc-x"]).status == 200)
        }
    }

    @Test func aKeyInBreachIsNotResumed() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.makeKey(name: "svc-other")
            _ = try await api.send(.post, "/v1/keys/\(key.id)/suspend")
            #expect(try await Self.put(api, [("name", ["patterns": ["svc-*"]])]).status == 201)
            let refused = try await api.send(.post, "/v1/keys/\(key.id)/resume")
            #expect(refused.status == 422)
            #expect(Self.rules(refused) == ["production name.patterns"])
            #expect(try await api.send(.patch, "/v1/keys/\(key.id)", ["name": "svc-x"]).status == 200)
            #expect(try await api.send(.post, "/v1/keys/\(key.id)/resume").status == 200)
        }
    }

    @Test func aTightenedLifetimeReachesKeysAndALoosenedOneReleasesThem() async throws {
        try await APIFixture.run { api in
            let old = try await api.makeKey(name: "old")
            api.test.time.advance(by: .seconds(100 * 86_400))
            let young = try await api.makeKey(name: "young")
            #expect(try await api.verify(old.token)["code"] == "valid")
            #expect(try await Self.put(api, [("lifetime", ["maximum": "90d"])]).status == 201)
            // The old one was in memory.
            #expect(try await api.verify(old.token)["code"] == "expired")
            let verdict = try await api.verify(young.token)
            #expect(verdict["code"] == "valid")
            let end = (api.test.time.now() + .seconds(90 * 86_400)).text
            #expect(verdict["key"]?["expiresAt"]?.string == end)
            let shown = try await api.send(.get, "/v1/keys/\(young.id)").json
            #expect(shown["expiresAt"] == nil)
            #expect(shown["effectiveExpiresAt"]?.string == end)
            #expect(try await api.send(.get, "/v1/keys/\(old.id)").json["state"] == "expired")
            func ids(_ state: String) async throws -> [String] {
                (try await api.send(.get, "/v1/keys?apiId=payments&state=\(state)").json["items"]?.array ?? [])
                    .compactMap { $0["id"]?.string }
            }
            #expect(try await ids("expired") == [old.id])
            #expect(try await ids("active") == [young.id])
            #expect(try await Self.put(api, [("lifetime", ["maximum": "200d"])]).status == 200)
            #expect(try await api.verify(old.token)["code"] == "valid")
            #expect(try await Self.put(api, [("lifetime", ["maximum": "90d"])]).status == 200)
            #expect(try await api.verify(old.token)["code"] == "expired")
            #expect(try await api.send(.delete, Self.path).status == 204)
            #expect(try await api.verify(old.token)["code"] == "valid")
            #expect(try await api.send(.get, "/v1/keys/\(old.id)").json["effectiveExpiresAt"] == nil)
        }
    }

    @Test func aNewApiOrEnvironmentIsMeantToo() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let all: JSON = ["appliesTo": [:], "lifetime": ["maximum": "1d"]]
            #expect(try await api.send(.put, "/v1/policies/short", all).status == 201)
            _ = try await api.send(.post, "/v1/apis", ["name": "later", "prefix": "lat"])
            let draft: JSON = [
                "apiId": "later", "environment": "production", "consumerExternalId": "acme", "name": "k",
            ]
            let made = try await api.send(.post, "/v1/keys", draft)
            #expect(made.json["key"]?["effectiveExpiresAt"] != nil)
            let token = try #require(made.json["token"]?.string)
            #expect(try await api.verify(token)["code"] == "valid")
            api.test.time.advance(by: .seconds(86_400))
            #expect(try await api.verify(token)["code"] == "expired")
        }
    }

    @Test func livesAreFilledInAndBounded() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let rules: [(String, JSON)] = [
                ("lifetime", ["default": "7d", "maximum": "30d", "mustExpire": true]),
                ("template", ["scopes": ["invoices.write"], "metadata": ["team": "x"]]),
            ]
            #expect(try await Self.put(api, rules, query: "?force=true").status == 201)
            let now = api.test.time.now()
            let filled = try await Self.create(api, [("scopes", [])]).json["key"]
            #expect(filled?["expiresAt"]?.string == (now + .seconds(7 * 86_400)).text)
            #expect(filled?["scopes"] == ["invoices.write"])
            #expect(filled?["metadata"] == ["team": "x"])
            let longest = JSON.string((now + .seconds(30 * 86_400)).text)
            #expect(try await Self.create(api, [("expiresAt", longest)]).status == 201)
            let longer = JSON.string((now + .seconds(30 * 86_400) + .milliseconds(1)).text)
            let refused = try await Self.create(api, [("expiresAt", longer)])
            #expect(refused.pointers == ["/expiresAt"])
            #expect(Self.rules(refused) == ["production lifetime.maximum"])
            let id = filled?["id"]?.string ?? ""
            #expect(try await api.send(.patch, "/v1/keys/\(id)", ["expiresAt": longer]).status == 422)
            #expect(try await api.send(.patch, "/v1/keys/\(id)", ["expiresAt": .null]).status == 422)
        }
    }

    @Test func aDiffSaysInNumbersWhatWouldChange() async throws {
        try await APIFixture.run { api in
            let first = try await api.makeKey(name: "svc-a", scopes: ["invoices.read", "invoices.write"])
            _ = try await api.makeKey(name: "b")
            let third = try await api.makeKey(name: "svc-c")
            let gone = try await api.makeKey(name: "d")
            _ = try await api.send(.post, "/v1/keys/\(gone.id)/revoke", ["reason": "other"])
            _ = try await api.makeKey(name: "e", environment: "staging")
            #expect(try await Self.put(api, [("name", ["patterns": ["svc-*"]])]).status == 201)
            api.test.time.advance(by: .seconds(10 * 86_400))
            let young = try await api.makeKey(name: "svc-young")
            let document: JSON = [
                "appliesTo": ["apis": ["payments"], "environments": ["production"]],
                "scopes": ["most": 1], "lifetime": ["maximum": "5d"],
            ]
            let diff = try await api.send(.post, "\(Self.path)/diff", document)
            #expect(diff.status == 200, "\(diff.text)")
            #expect(diff.json["currentVersion"] == 1)
            #expect(diff.json["keys"] == 4)
            #expect(diff.json["met"] == 1)
            let breaches = diff.json["breaches"]
            #expect(breaches?["before"] == 1)
            #expect(breaches?["after"] == 1)
            #expect(breaches?["new"] == 1)
            #expect(breaches?["released"] == 1)
            #expect(
                breaches?["byRule"] == [
                    ["rule": "name.patterns", "before": 1, "after": 0],
                    ["rule": "scopes.most", "before": 0, "after": 1],
                ]
            )
            #expect(diff.json["ends"] == ["now": 3, "sooner": 1, "later": 0, "again": 0])
            let pointers = diff.json["changes"]?.array?.compactMap { $0["pointer"]?.string }
            #expect(pointers == ["/name/patterns", "/scopes/most", "/lifetime/maximum"])
            #expect(diff.json["examples"]?.array?.count == 3)
            // A dry run says the same, and neither changes anything.
            let dry = try await api.send(.put, "\(Self.path)?dryRun=true", document)
            #expect(dry.status == 200)
            #expect(dry.json == diff.json)
            #expect(try await api.send(.get, Self.path).json["version"] == 1)
            #expect(try await api.verify(first.token)["code"] == "valid")
            #expect(try await api.send(.put, Self.path, document).status == 200)
            #expect(try await api.verify(third.token)["code"] == "expired")
            #expect(try await api.verify(young.token)["code"] == "valid")
            // Whoever may not see keys gets the numbers, and no key.
            let reader = try await api.makeManagementKey(scopes: ["policies.read"])
            let blind = try await api.send(.post, "\(Self.path)/diff", ["appliesTo": [:]], token: reader.token)
            #expect(blind.json["ends"]?["again"] == 3)
            #expect(blind.json["examples"] == [])
        }
    }

    @Test func aPolicyThatNoKeyMeetsIsRefusedInNumbers() async throws {
        try await APIFixture.run { api in
            for name in ["a", "b", "c"] { _ = try await api.makeKey(name: name) }
            let refused = try await Self.put(
                api,
                [("name", ["patterns": ["svc-*"]]), ("metadata", ["required": [["name": "team"]]])]
            )
            #expect(refused.status == 409)
            let detail = refused.json["detail"]?.string ?? ""
            #expect(detail.contains("None of the 3 keys"))
            #expect(detail.contains("3 by metadata.required, 3 by name.patterns"))
            #expect(try await api.send(.get, Self.path).status == 404)
            api.test.time.advance(by: .seconds(3600))
            let ending = try await Self.put(api, [("lifetime", ["maximum": "1h"])])
            #expect(ending.json["detail"]?.string?.contains("3 would end at once") == true)
            // For nobody's keys yet, any rule will do.
            #expect(try await Self.put(api, [("scopes", ["most": 0])], environments: ["staging"]).status == 201)
        }
    }

    @Test func breachesAreListedPageByPageAndAsAStream() async throws {
        try await APIFixture.run { api in
            var wrong: [String] = []
            for number in 0..<5 { wrong.append(try await api.makeKey(name: "n\(number)").id) }
            _ = try await api.makeKey(name: "svc-x")
            _ = try await api.makeKey(name: "n", environment: "staging")
            #expect(try await Self.put(api, [("name", ["patterns": ["svc-*"]])]).status == 201)
            var found: [String] = []
            var cursor = ""
            repeat {
                let page = try await api.send(.get, "/v1/policies/breaches?limit=2\(cursor)")
                #expect(page.status == 200)
                found += (page.json["items"]?.array ?? []).compactMap { $0["key"]?["id"]?.string }
                cursor = page.json["nextCursor"]?.string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(found == wrong.sorted())
            let stream = try await api.send(.get, "/v1/policies/breaches/export")
            let lines = try stream.text.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
            #expect(lines.count == 6)
            #expect(lines.first?["key"]?["id"]?.string == found.first)
            #expect(lines.first?["violations"]?.array?.first?["rule"] == "name.patterns")
            #expect(lines.last == ["summary": ["checked": 6, "inBreach": 5]])
            for query in ["?environment=staging", "?policy=production&environment=staging"] {
                #expect(try await api.send(.get, "/v1/policies/breaches\(query)").json["items"] == [])
            }
            #expect(try await api.send(.get, "/v1/policies/breaches?policy=nothing").status == 404)
            let reader = try await api.makeManagementKey(scopes: ["policies.read"])
            let blind = try await api.send(.get, "/v1/policies/breaches", token: reader.token)
            #expect(blind.json["neededScope"] == "apis.payments.production.keys.read")
        }
    }

    @Test func yamlAndJSONSayTheSame() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let yaml = """
                # Keys of production
                description: R & D
                appliesTo: {apis: [payments], environments: [production]}
                scopes:
                  allowed:
                    - "invoices.*"   # all of them
                  most: 3
                metadata:
                  required:
                  - name: tier
                    values: ["7", gold]
                lifetime: {maximum: 30d}
                """
            let json: JSON = [
                "description": "R & D", "appliesTo": ["apis": ["payments"], "environments": ["production"]],
                "scopes": ["allowed": ["invoices.*"], "most": 3],
                "metadata": ["required": [["name": "tier", "values": ["7", "gold"]]]], "lifetime": ["maximum": "30d"],
            ]
            for type in ["application/yaml", "text/yaml; charset=utf-8", "application/x-yaml"] {
                let written = try await api.sendRaw(
                    .put,
                    "\(Self.path)?force=true",
                    Array(yaml.utf8),
                    token: api.test.ownerToken,
                    headers: [.contentType: type]
                )
                #expect(written.json["document"] == json, "\(written.text)")
            }
            // Nothing to do: it is the same document.
            #expect(try await api.send(.put, "\(Self.path)?force=true", json).json["version"] == 1)
            let other = try await api.sendRaw(
                .put,
                Self.path,
                Array(yaml.utf8),
                token: api.test.ownerToken,
                headers: [.contentType: "text/plain"]
            )
            #expect(other.status == 415)
        }
    }

    static let hostile: [(String, Int)] = [
        ("", 400), ("# nothing", 400), ("- a", 422), ("appliesTo: {}\nappliesTo: {}", 400), ("a: [", 400),
        ("a: \"\u{0}\"", 400), ("appliesTo: &a {}\nscopes: *a", 400), ("appliesTo: {}\nscopes: *a", 400),
        ("a: &a [x,x]\nb: &b [*a,*a]\n? *b\n: c", 400), ("{\"a\":&x 1}", 400), ("appliesTo: !!map {}", 400),
        ("appliesTo: !x {}", 400), ("? [a]\n: b", 400), ("a: 1\n---\nb: 2", 400),
        (String(repeating: "[", count: 30_000), 400), (String(repeating: "- ", count: 30_000), 400),
        (String(repeating: "{a: ", count: 900) + String(repeating: "}", count: 900), 400),
        (String(repeating: "? ", count: 5000), 400), (String(repeating: "x", count: 70_000), 413),
        ("a: [" + String(repeating: "x,", count: 30_000) + "]", 400), ("<<: {appliesTo: {}}", 422),
    ]

    @Test(arguments: Self.hostile)
    func hostileDocumentsAreRefusedAndNothingIsRepeated(text: String, status: Int) async throws {
        try await APIFixture.run { api in
            let answer = try await api.sendRaw(
                .put,
                Self.path,
                Array(text.utf8),
                token: api.test.ownerToken,
                headers: [.contentType: "application/yaml"]
            )
            #expect(answer.status == status, "\(answer.text)")
            #expect(answer.json["detail"]?.string?.contains("x,x") != true)
        }
    }

    @Test func aDeepJSONDocumentIsRefused() async throws {
        try await APIFixture.run { api in
            let deep = String(repeating: "{\"a\":", count: 5000) + "1" + String(repeating: "}", count: 5000)
            let answer = try await api.sendRaw(.put, Self.path, Array(deep.utf8), token: api.test.ownerToken)
            #expect(answer.status == 400)
        }
    }

    @Test func whatThereIsNotIsTold() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let answer = try await Self.put(
                api,
                [("scopes", ["required": ["payouts.send"]]), ("template", ["scopes": ["payouts.send", "nope"]])],
                apis: ["payments", "nothing"],
                environments: ["production", "moon"]
            )
            #expect(answer.status == 422)
            #expect(
                answer.pointers == [
                    "/appliesTo/apis/1", "/appliesTo/environments/1", "/scopes/required/0", "/template/scopes/0",
                    "/template/scopes/1",
                ]
            )
            #expect(try await Self.put(api, [("scopes", ["allowed": ["invoices.*"]])]).status == 201)
            let against = try await Self.put(api, [("scopes", ["required": ["refunds.create"]])], name: "other")
            #expect(against.status == 422)
            #expect(against.json["errors"]?.array?.first?["message"]?.string?.contains("policy production") == true)
            for path in ["/v1/policies/Bad", "/v1/policies/none"] {
                #expect(try await api.send(.get, path).status == 404)
            }
            #expect(try await api.send(.put, "/v1/policies/breaches", ["appliesTo": [:]]).status == 405)
        }
    }

    @Test func permissions() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let reader = try await api.makeManagementKey(scopes: ["policies.read", "apis.*.*.keys.read"])
            let manager = try await api.makeManagementKey(scopes: ["policies.*"])
            let powerless = try await api.makeManagementKey()
            #expect(try await Self.put(api, [], as: reader.token).json["neededScope"] == "policies.manage")
            #expect(try await Self.put(api, [], as: manager.token).status == 201)
            #expect(try await api.send(.get, Self.path, token: reader.token).status == 200)
            #expect(try await api.send(.get, "/v1/policies/breaches", token: reader.token).status == 200)
            for (method, path) in [
                (HTTPRequest.Method.get, "/v1/policies"), (.get, Self.path), (.get, "\(Self.path)/versions"),
                (.delete, Self.path), (.get, "/v1/policies/breaches"), (.get, "/v1/policies/breaches/export"),
            ] {
                #expect(try await api.send(method, path, token: powerless.token).status == 403, "\(path)")
            }
            let denied = try await api.send(.get, "/v1/audit/events?outcome=denied&action=policy.set").json["items"]
            #expect(denied?.array?.count == 1)
            for role in ["admin", "operator", "auditor", "viewer"] {
                let key = try await api.makeManagementKey(roles: [role])
                #expect(try await api.send(.get, Self.path, token: key.token).status == 200, "\(role)")
                let status = try await api.send(.delete, "/v1/policies/other", token: key.token).status
                #expect(status == (role == "admin" ? 404 : 403), "\(role)")
            }
        }
    }

    @Test func managementKeysAreMeantOnlyByName() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeManagementKey(roles: ["viewer"])
            api.test.time.advance(by: .seconds(10 * 86_400))
            let all: JSON = ["appliesTo": [:], "lifetime": ["maximum": "1d"], "scopes": ["wildcards": false]]
            #expect(try await api.send(.put, "/v1/policies/all", all).status == 201)
            #expect(try await api.send(.get, "/v1/self", token: key.token).status == 200)
            // Naming it needs power over it.
            let manager = try await api.makeManagementKey(scopes: ["policies.*"])
            let named: JSON = ["appliesTo": ["apis": ["claviger"]], "lifetime": ["maximum": "1d"]]
            let refused = try await api.send(.put, "/v1/policies/managers", named, token: manager.token)
            #expect(refused.json["neededScope"] == "apis.claviger.update")
            let applied = try await api.send(.put, "/v1/policies/managers", named)
            #expect(applied.status == 201, "\(applied.text)")
            #expect(try await api.send(.get, "/v1/self", token: key.token).status == 401)
            // The owner, by a role, and one with the scope itself, are spared: there would be nobody to undo it.
            #expect(try await api.send(.get, "/v1/self").status == 200)
            let second = try await api.makeManagementKey(scopes: ["*"])
            let third = try await api.makeManagementKey(scopes: ["policies.read"])
            api.test.time.advance(by: .seconds(2 * 86_400))
            #expect(try await api.send(.get, "/v1/self", token: second.token).status == 200)
            #expect(try await api.send(.get, "/v1/self", token: third.token).status == 401)
            #expect(try await api.send(.delete, "/v1/policies/managers", token: second.token).status == 204)
            #expect(try await api.send(.get, "/v1/self", token: key.token).status == 200)
        }
    }

    @Test func lifecycleRulesArePublished() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let rules: [(String, JSON)] = [
                ("rotation", ["every": "30d", "mode": "enforce"]), ("inactivity", ["idle": ["revoke": "90d"]]),
                ("approvals", ["quorum": 2]),
            ]
            #expect(try await Self.put(api, rules).status == 201)
            let found = try await api.test.authority.lifecycleRules(
                of: try API.ID(parsing: key.api),
                .production,
                in: api.test.workspaceID
            )
            #expect(found.rotation?.mode == .enforce)
            #expect(found.inactivity?.idle.revoke == .seconds(90 * 86_400))
            #expect(found.approvals?.quorum == 2)
            #expect(!found.sparesOwners)
            let none = try await api.test.authority.lifecycleRules(
                of: try API.ID(parsing: key.api),
                .staging,
                in: api.test.workspaceID
            )
            #expect(none == LifecycleRules())
        }
    }
}
