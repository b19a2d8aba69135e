import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

@Suite struct WebhookTests {
    private static let url = "https://hooks.example.com/claviger"

    private func create(_ api: APIFixture, _ more: [(String, JSON)] = []) async throws -> APIFixture.Answer {
        try await api.send(.post, "/v1/webhooks", .object(JSONObject([("url", .string(Self.url))] + more)))
    }

    @Test func itsLife() async throws {
        try await APIFixture.run { api in
            let created = try await self.create(api, [("types", ["key.revoked", "key.created", "key.revoked"])])
            #expect(created.status == 201)
            #expect(created.json["secret"]?.string?.hasPrefix("whsec_") == true)
            let webhook = try #require(created.json["webhook"])
            #expect(webhook["types"] == ["key.created", "key.revoked"])
            let path = "/v1/webhooks/\(webhook["id"]?.string ?? "")"
            #expect(created.headers[.location] == path)
            let shown = try await api.send(.get, path)
            #expect(shown.json == webhook)
            #expect(shown.headers[.eTag] == "\"1\"")
            let changed = try await api.send(
                .patch,
                path,
                ["types": .null, "description": "On call", "state": "disabled"],
                headers: [.ifMatch: "\"1\""]
            )
            #expect(changed.json["types"] == [])
            #expect(changed.json["description"] == "On call")
            #expect(changed.json["state"] == "disabled")
            #expect(try await api.send(.patch, path, ["state": "enabled"], headers: [.ifMatch: "\"1\""]).status == 412)
            #expect(try await api.send(.post, "\(path)/test").problem == "state-conflict")
            #expect(try await api.send(.get, "/v1/webhooks").json["items"]?.array?.count == 1)
            #expect(try await api.send(.delete, path).status == 204)
            #expect(try await api.send(.get, path).status == 404)
            let actions = try await api.send(.get, "/v1/audit/events?targetId=\(webhook["id"]?.string ?? "")")
                .json["items"]?.array?.compactMap { $0["action"]?.string }
            #expect(actions == ["webhook.delete", "webhook.update", "webhook.create"])
        }
    }

    @Test(arguments: [
        ("http://hooks.example.com/", "/url"), ("https://127.0.0.1/", "/url"), ("https://169.254.169.254/", "/url"),
        ("https://[::1]/", "/url"), ("https://user:pass@example.com/", "/url"), ("ftp://example.com/", "/url"),
        ("https://2130706433/", "/url"), ("", "/url"),
    ])
    func whereEventsMayNotGoIsRefused(url: String, pointer: String) async throws {
        try await APIFixture.run { api in
            let refused = try await api.send(.post, "/v1/webhooks", ["url": .string(url)])
            #expect(refused.status == 422)
            #expect(refused.pointers == [pointer])
            let path = try await self.create(api).headers[.location] ?? ""
            #expect(try await api.send(.patch, path, ["url": .string(url)]).pointers == [pointer])
            #expect(try await api.send(.get, path).json["url"]?.string == Self.url)
        }
    }

    @Test func everythingThatIsWrongIsTold() async throws {
        try await APIFixture.run { api in
            let answer = try await api.send(
                .post,
                "/v1/webhooks",
                ["url": 1, "types": ["key.gone", "webhook.test"], "state": "off", "secret": "x"]
            )
            #expect(answer.pointers == ["/url", "/types/0", "/types/1", "/state", "/secret"])
            let path = try await self.create(api).headers[.location] ?? ""
            for (body, pointer): (JSON, String) in [
                (["grace": "31d"], "/grace"), (["grace": 5], "/grace"), (["grace": "soon"], "/grace"),
            ] {
                #expect(try await api.send(.post, "\(path)/rotate-secret", body).pointers == [pointer])
            }
            #expect(try await api.send(.get, "\(path)/deliveries?state=lost").pointers == ["?state"])
        }
    }

    @Test func aRepeatedCreationGivesTheSameSecretOnce() async throws {
        try await APIFixture.run { api in
            let headers: HTTPFields = [HTTPField.Name("Idempotency-Key")!: "hook-1"]
            let first = try await api.send(.post, "/v1/webhooks", ["url": .string(Self.url)], headers: headers)
            let second = try await api.send(.post, "/v1/webhooks", ["url": .string(Self.url)], headers: headers)
            #expect(first.json == second.json)
            #expect(try await api.send(.get, "/v1/webhooks").json["items"]?.array?.count == 1)
        }
    }

    @Test func whoMayNotReadAllKeysMayNotHaveThemSentSomewhere() async throws {
        try await APIFixture.run { api in
            let narrow = try await api.makeManagementKey(scopes: ["webhooks.*", "apis.payments.*.keys.read"])
            let body: JSON = ["url": .string(Self.url)]
            let refused = try await api.send(.post, "/v1/webhooks", body, token: narrow.token)
            #expect(refused.status == 403)
            #expect(refused.json["neededScope"] == "apis.*.*.keys.read")
            let wide = try await api.makeManagementKey(scopes: ["webhooks.manage", "apis.*.*.keys.read"])
            #expect(try await api.send(.post, "/v1/webhooks", body, token: wide.token).status == 201)
            #expect(try await api.send(.get, "/v1/webhooks", token: wide.token).status == 403)
            let auditor = try await api.makeManagementKey(roles: ["auditor"])
            #expect(try await api.send(.get, "/v1/webhooks", token: auditor.token).status == 200)
            #expect(try await api.send(.post, "/v1/webhooks", body, token: auditor.token).status == 403)
        }
    }

    @Test func deliveriesAreListedInPagesTheNewestFirst() async throws {
        try await APIFixture.run { api in
            let path = try await self.create(api).headers[.location] ?? ""
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/keys/\(key.id)/suspend")
            _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"])
            let first = try await api.send(.get, "\(path)/deliveries?state=pending&limit=2").json
            #expect(first["items"]?.array?.map { $0["event"]?["type"] } == ["key.revoked", "key.suspended"])
            let cursor = try #require(first["nextCursor"]?.string)
            let second = try await api.send(.get, "\(path)/deliveries?state=pending&limit=2&cursor=\(cursor)").json
            #expect(second["items"]?.array?.map { $0["event"]?["type"] } == ["key.created"])
            #expect(second["nextCursor"] == nil)
            #expect(second["items"]?.array?.first?["event"]?["subject"]?.string == key.id)
            // The first waits for its attempt, the others for the first.
            #expect(second["items"]?.array?.first?["nextAttemptAt"] != nil)
            #expect(first["items"]?.array?.first?["nextAttemptAt"] == nil)
            let id = second["items"]?.array?.first?["id"]?.string ?? ""
            #expect(try await api.send(.get, "\(path)/deliveries/\(id)").json["id"]?.string == id)
            #expect(try await api.send(.post, "\(path)/deliveries/\(id)/replay").problem == "state-conflict")
            #expect(try await api.send(.post, "\(path)/deliveries/replay").json == ["replayed": 0])
            #expect(try await api.send(.get, "\(path)/deliveries/dlv_0000000000000000000000").status == 404)
            // Another endpoint does not have it.
            let other = try await self.create(api).headers[.location] ?? ""
            #expect(try await api.send(.get, "\(other)/deliveries/\(id)").status == 404)
        }
    }

    @Test func thereIsAMostOfThem() async throws {
        try await APIFixture.run { api in
            for _ in 0..<50 {
                let created = try await self.create(api)
                #expect(created.status == 201)
            }
            let refused = try await self.create(api)
            #expect(refused.problem == "state-conflict")
        }
    }
}
