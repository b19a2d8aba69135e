import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Keys that are made at once, in an emergency, and looked at afterwards.
@Suite struct BreakGlassTests {
    private static let scopes = ["apis.payments.*.keys.break_glass", "apis.payments.*.keys.request"]

    private func draft(_ fixture: RequestFixture, until: Timestamp) -> JSON {
        [
            "apiId": "payments", "environment": "production", "consumerExternalId": "acme", "name": "Repair",
            "scopes": ["invoices.*"], "breakGlass": ["reason": "Billing is down", "until": .string(until.text)],
        ]
    }

    @Test func aKeyForHoursThatSomebodyElseHasToReview() async throws {
        try await RequestFixture.run { fixture in
            let api = fixture.api
            _ = try await api.send(
                .post,
                "/v1/webhooks",
                ["url": "https://hooks.example.com/", "types": ["key.break_glass"]]
            )
            let hero = try await api.person("kim", Self.scopes)
            let until = api.test.time.now() + .seconds(4 * 3600)
            let draft = self.draft(fixture, until: until)
            #expect(try await api.send(.post, "/v1/keys", draft, token: fixture.requester.token).status == 403)
            let made = try await api.send(.post, "/v1/keys", draft, token: hero.token)
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["key"]?["expiresAt"]?.string == until.text)
            let token = try #require(made.json["token"]?.string)
            let id = try #require(made.json["key"]?["id"]?.string)
            #expect(try await api.verify(token)["valid"] == true)

            let record = try await fixture.audit("key.break_glass").first
            #expect(record?["reason"] == "Billing is down")
            #expect(record?["target"]?["id"]?.string == id)
            let webhook = try await api.send(.get, "/v1/webhooks").json["items"]?.array?.first?["id"]?.string ?? ""
            let told = try await api.send(.get, "/v1/webhooks/\(webhook)/deliveries").json["items"]?.array
            #expect(told?.first?["event"]?["type"] == "key.break_glass")

            // It gets no more, not even by request.
            let longer: JSON = ["expiresAt": .null]
            #expect(try await api.send(.patch, "/v1/keys/\(id)", longer).problem == "state-conflict")
            let asked: JSON = ["keyId": .string(id), "change": longer, "purpose": "x", "justification": "y"]
            let refused = try await api.send(.post, "/v1/key-requests", asked, token: hero.token)
            #expect(refused.problem == "state-conflict")

            let open = try await api.send(.get, "/v1/key-requests?breakGlass=open", token: fixture.approvers[0].token)
            let item = try #require(open.json["items"]?.array?.first)
            #expect(item["keyId"]?.string == id)
            #expect(item["breakGlass"]?["review"]?["state"] == "open")
            let path = "/v1/key-requests/\(item["id"]?.string ?? "")/review"
            let decision: JSON = ["decision": "unjustified", "comment": "A request would have done"]
            let both = try await api.person("kim-2", ["apis.payments.*.keys.approve"], consumer: "kim")
            #expect(try await api.send(.post, path, decision, token: both.token).status == 403)
            let closed = try await api.send(.post, path, decision, token: fixture.approvers[0].token)
            #expect(closed.json["breakGlass"]?["review"]?["decision"] == "unjustified")
            #expect(try await api.verify(token)["code"] == "revoked")
            #expect(
                try await api.send(.post, path, decision, token: fixture.approvers[1].token).problem == "state-conflict"
            )
            #expect(try await api.send(.get, "/v1/key-requests?breakGlass=open").json["items"] == [])
            #expect(try await api.send(.get, "/v1/key-requests?breakGlass=closed").json["items"]?.array?.count == 1)
        }
    }

    @Test func atMostADayAndNotMoreThanOneHas() async throws {
        try await RequestFixture.run { fixture in
            let api = fixture.api
            let now = api.test.time.now()
            let hero = try await api.person("lea", Self.scopes)
            for (until, place): (Timestamp, String) in [
                (now + .seconds(86_401), "/breakGlass/until"), (now, "/breakGlass/until"),
            ] {
                let refused = try await api.send(
                    .post,
                    "/v1/keys",
                    self.draft(fixture, until: until),
                    token: hero.token
                )
                #expect(refused.pointers.contains(place), "\(refused.text)")
            }
            let brief = try await api.person("mia", Self.scopes, expiresAt: now + .seconds(3600))
            let draft = self.draft(fixture, until: now + .seconds(7200))
            #expect(try await api.send(.post, "/v1/keys", draft, token: brief.token).pointers == ["/expiresAt"])
            let whole = try await api.send(
                .post,
                "/v1/keys",
                self.draft(fixture, until: now + .seconds(86_400)),
                token: hero.token
            )
            #expect(whole.status == 201)
            let token = try #require(whole.json["token"]?.string)
            api.test.time.advance(by: .seconds(86_400))
            #expect(try await api.verify(token)["code"] == "expired")
        }
    }

    /// A review is no way to end the keys of those who stand higher (promise P8).
    @Test func aReviewerWithLessRevokesNoManagementKey() async throws {
        try await APIFixture.run { api in
            let until = api.test.time.now() + .seconds(3600)
            let hero = try await api.person("hera", ["*"])
            let made = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "claviger", "environment": "production", "consumerExternalId": "hera", "name": "Repair",
                    "scopes": ["*"], "breakGlass": ["reason": "Nobody is in", "until": .string(until.text)],
                ],
                token: hero.token
            )
            let token = try #require(made.json["token"]?.string, "\(made.text)")
            let approving = ["apis.claviger.*.keys.approve", "apis.claviger.*.keys.read"]
            let weak = try await api.person("wim", approving)
            let open = try await api.send(.get, "/v1/key-requests?breakGlass=open").json["items"]?.array?.first
            let path = "/v1/key-requests/\(open?["id"]?.string ?? "")/review"
            let unjustified: JSON = ["decision": "unjustified", "comment": "No"]
            let refused = try await api.send(.post, path, unjustified, token: weak.token)
            #expect(refused.status == 403)
            #expect(refused.json["neededScope"] == "*")
            #expect(try await api.send(.get, "/v1/self", token: token).status == 200)
            let still = try await api.send(.get, "/v1/key-requests?breakGlass=open").json["items"]?.array
            #expect(still?.count == 1)
            let strong = try await api.person("sue", ["*"])
            #expect(try await api.send(.post, path, unjustified, token: strong.token).status == 200)
            #expect(try await api.send(.get, "/v1/self", token: token).status == 401)
        }
    }

    @Test func thePendingRequestOfWhoeverIsInAHurry() async throws {
        try await RequestFixture.run { fixture in
            let api = fixture.api
            let hero = try await api.person("nia", Self.scopes)
            let path = try await fixture.ask([("wantedLife", "90d")], as: hero)
            let until = api.test.time.now() + .seconds(3600)
            let glass: JSON = ["reason": "Nobody is awake", "until": .string(until.text)]
            let strange = try await fixture.ask()
            #expect(try await api.send(.post, "\(strange)/break-glass", glass, token: hero.token).status == 403)
            let made = try await api.send(.post, "\(path)/break-glass", glass, token: hero.token)
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["key"]?["expiresAt"]?.string == until.text)
            #expect(made.json["request"]?["state"] == "collected")
            #expect(try await fixture.collect(path, as: hero).problem == "state-conflict")
            #expect(try await fixture.approve(path, fixture.approvers[0]).problem == "state-conflict")
            let open = try await api.send(.get, "/v1/key-requests?breakGlass=open").json["items"]?.array
            #expect(open?.count == 1)
        }
    }
}
