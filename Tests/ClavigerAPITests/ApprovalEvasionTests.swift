import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Ways around approvals and policies that somebody with less power could try.
@Suite struct ApprovalEvasionTests {
    private static let both = ["apis.payments.*.keys.request", "apis.payments.*.keys.approve"]

    private func put(_ api: APIFixture, _ rules: [(String, JSON?)]) async throws {
        var document = JSONObject([("appliesTo", ["apis": ["payments"], "environments": ["production"]])])
        for (name, value) in rules { document[name] = value }
        let answer = try await api.send(.put, "/v1/policies/strict", .object(document))
        #expect(answer.status == 201, "\(answer.text)")
    }

    /// A role that an approved request names, and that nobody holds yet, gives what it gave when it was approved.
    @Test func aRoleThatGrowsAfterTheApprovalGivesNothing() async throws {
        try await RequestFixture.run { fixture in
            let api = fixture.api
            _ = try await api.send(.post, "/v1/roles", ["name": "helper", "scopes": ["audit.read"]])
            let climber = try await api.person("climber", ["roles.*", "apis.claviger.production.keys.request"])
            let path = try await fixture.ask(
                [("apiId", "claviger"), ("consumerExternalId", "acme"), ("scopes", nil), ("roles", ["helper"])],
                as: climber
            )
            let approver = try await api.person("joe", ["apis.claviger.production.keys.approve", "audit.read"])
            #expect(try await fixture.approve(path, approver).json["state"] == "approved")
            let grown = try await api.send(.patch, "/v1/roles/helper", ["scopes": ["*"]], token: climber.token)
            #expect(grown.status == 200, "\(grown.text)")
            let refused = try await fixture.collect(path, as: climber)
            #expect(refused.problem == "state-conflict", "\(refused.text)")
            _ = try await api.send(.patch, "/v1/roles/helper", ["scopes": ["audit.read"]], token: climber.token)
            #expect(try await fixture.collect(path, as: climber).status == 201)
        }
    }

    @Test func siblingsAreOnePerson() async throws {
        try await RequestFixture.run(quorum: 1) { fixture in
            let maker = try await fixture.api.person("eve", Self.both + ["apis.claviger.production.keys.create"])
            let asking = try await fixture.api.person("sock-1", Self.both, by: maker.token)
            let approving = try await fixture.api.person("sock-2", Self.both, by: maker.token)
            let path = try await fixture.ask(as: asking)
            #expect(try await fixture.approve(path, approving).status == 403)
            #expect(try await fixture.approve(path, fixture.approvers[0]).json["state"] == "approved")
        }
    }

    @Test func whoeverIsHandedOverIsStillTheOldPerson() async throws {
        try await RequestFixture.run(quorum: 1) { fixture in
            let api = fixture.api
            let asking = try await api.person("dora", Self.both)
            let twin = try await api.person("dora-2", Self.both, consumer: "dora")
            let path = try await fixture.ask(as: asking)
            _ = try await api.send(.post, "/v1/consumers", ["externalId": "elsewhere", "kind": "user"])
            let all = try await api.send(.get, "/v1/keys/\(twin.id)")
            let consumer = try #require(all.json["consumerId"]?.string)
            let preview = try await api.send(.post, "/v1/consumers/\(consumer)/offboard/preview")
            let moved = try await api.send(
                .post,
                "/v1/consumers/\(consumer)/offboard",
                [
                    "previewId": preview.json["previewId"], "action": "transfer",
                    "to": "elsewhere",
                ]
            )
            #expect(moved.status == 200, "\(preview.text) \(moved.text)")
            #expect(try await fixture.approve(path, twin).status == 403)
        }
    }

    @Test func nobodyTakesAnApproversTokenByRotation() async throws {
        try await RequestFixture.run(quorum: 1) { fixture in
            let scopes = ["apis.*.*.keys.*"]
            let taker = try await fixture.api.person("taker", scopes)
            let approver = try await fixture.api.person("peer", scopes)
            let path = "/v1/keys/\(approver.id)/rotate"
            let refused = try await fixture.api.send(.post, path, ["grace": "0s"], token: taker.token)
            #expect(refused.json["neededScope"] == "*", "\(refused.text)")
            #expect(try await fixture.api.send(.post, path, ["grace": "0s"]).status == 200)
        }
    }

    @Test func anApprovalThatCountsAgainIsEnough() async throws {
        try await RequestFixture.run { fixture in
            let path = try await fixture.ask()
            let first = fixture.approvers[0]
            _ = try await fixture.approve(path, first)
            _ = try await fixture.api.send(.post, "/v1/keys/\(first.id)/suspend")
            #expect(try await fixture.approve(path, fixture.approvers[1]).json["state"] == "pending")
            _ = try await fixture.api.send(.post, "/v1/keys/\(first.id)/resume")
            #expect(try await fixture.approve(path, fixture.approvers[1]).json["state"] == "approved")
        }
    }

    @Test func anotherLifeAloneIsHeldToPolicies() async throws {
        try await RequestFixture.run { fixture in
            try await self.put(fixture.api, [("lifetime", ["maximum": "365d"])])
            let path = try await fixture.ask([("wantedLife", "30d")])
            let longer = try await fixture.api.send(
                .patch,
                path,
                ["wantedLife": "3650d"],
                token: fixture.requester.token
            )
            #expect(longer.status == 422, "\(longer.text)")
            let shorter = try await fixture.api.send(
                .patch,
                path,
                ["wantedLife": "10d"],
                token: fixture.requester.token
            )
            #expect(shorter.json["wantedLife"] == "10d")
        }
    }

    @Test func aRoleDoesNotBringWhatThePoliciesKeepAway() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            _ = try await api.send(.post, "/v1/roles", ["name": "reader", "scopes": ["invoices.read"]])
            let made = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "payments", "environment": "production", "consumerExternalId": "acme", "name": "k",
                    "roles": ["reader"],
                ]
            )
            let id = try #require(made.json["key"]?["id"]?.string)
            try await self.put(api, [("scopes", ["allowed": ["invoices.*"], "most": 2])])
            let grown = try await api.send(.patch, "/v1/roles/reader", ["scopes": ["invoices.read", "payouts.send"]])
            #expect(grown.pointers == ["/scopes/1"], "\(grown.text)")
            #expect(try await api.send(.patch, "/v1/roles/reader", ["scopes": ["invoices.*"]]).status == 200)
            // A key that has too many scopes gets no more of them through roles.
            _ = try await api.send(.post, "/v1/roles", ["name": "more", "scopes": ["invoices.a", "invoices.b"]])
            let few = try await api.send(.patch, "/v1/keys/\(id)", ["roles": ["reader", "more"]])
            #expect(few.status == 422, "\(few.text)")
            try await self.put2(api)
            let still = try await api.send(.patch, "/v1/keys/\(id)", ["roles": ["reader", "more"]])
            #expect(still.status == 422, "\(still.text)")
        }
    }

    /// The same policy, tightened, so that the key is in breach of it before.
    private func put2(_ api: APIFixture) async throws {
        let document: JSON = [
            "appliesTo": ["apis": ["payments"], "environments": ["production"]], "scopes": ["most": 0],
        ]
        let answer = try await api.send(.put, "/v1/policies/strict?force=true", document)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func aReviewTakesNoMoreThanItsMakerCould() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let end = (api.test.time.now() + .seconds(86_400)).text
            let body: JSON = [
                "name": "r", "dueAt": .string(end), "filter": ["apiId": "payments"], "onDeadline": "suspend",
                "every": "2d",
            ]
            let weak = try await api.makeManagementKey(scopes: ["reviews.manage"])
            let refused = try await api.send(.post, "/v1/reviews", body, token: weak.token)
            #expect(refused.json["neededScope"] == "apis.payments.production.keys.suspend", "\(refused.text)")
            let maker = try await api.makeManagementKey(scopes: ["reviews.manage", "apis.*.*.keys.suspend"])
            let made = try await api.send(.post, "/v1/reviews", body, token: maker.token)
            #expect(made.status == 201, "\(made.text)")
            _ = try await api.send(.post, "/v1/keys/\(maker.id)/revoke", ["reason": "owner_left"])
            for _ in 0..<4 {
                api.test.time.advance(by: .seconds(86_400))
                try await api.test.runInBackground()
            }
            #expect(try await api.verify(key.token)["valid"] == true)
            let all = try await api.send(.get, "/v1/reviews").json["items"]?.array
            #expect(all?.count == 1)
            let ended = try await api.send(.get, "/v1/audit/events?action=review.series_ended").json["items"]?.array
            #expect(ended?.count == 1)
        }
    }

    @Test func aCancelledReviewDoesNothingAndHasNoSuccessor() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let end = (api.test.time.now() + .seconds(86_400)).text
            let made = try await api.send(
                .post,
                "/v1/reviews",
                ["name": "r", "dueAt": .string(end), "onDeadline": "suspend", "every": "2d", "filter": [:]]
            )
            let path = try #require(made.headers[.location])
            let cancelled = try await api.send(.post, "\(path)/cancel", ["comment": "Wrong filter"])
            #expect(cancelled.json["state"] == "cancelled", "\(cancelled.text)")
            #expect(try await api.send(.post, "\(path)/cancel").problem == "state-conflict")
            #expect(try await api.send(.post, "\(path)/sign-off").problem == "state-conflict")
            for _ in 0..<4 {
                api.test.time.advance(by: .seconds(86_400))
                try await api.test.runInBackground()
            }
            #expect(try await api.verify(key.token)["valid"] == true)
            #expect(try await api.send(.get, "/v1/reviews").json["items"]?.array?.count == 1)
        }
    }
}
