import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Keys by request: from asking to collecting, and what is in between.
@Suite struct KeyRequestTests {
    @Test func whereApprovalIsRequiredKeysAreMadeByRequestOnly() async throws {
        try await RequestFixture.run { fixture in
            var draft = RequestFixture.wish
            draft["purpose"] = nil
            draft["justification"] = nil
            let refused = try await fixture.api.send(.post, "/v1/keys", .object(draft))
            #expect(refused.status == 403)
            #expect(refused.problem == "approval-required")
            #expect(refused.json["detail"]?.string?.contains("/v1/key-requests") == true)
            let batch = try await fixture.api.send(.post, "/v1/keys/batch", ["keys": [.object(draft)]])
            #expect(batch.problem == "approval-required")
            draft["environment"] = "development"
            #expect(try await fixture.api.send(.post, "/v1/keys", .object(draft)).status == 201)
            let denied = try await fixture.api.send(.get, "/v1/audit/events?outcome=denied&action=key.create")
            #expect(denied.json["items"]?.array?.count == 2)
        }
    }

    @Test func aQuorumApprovesAndTheRequesterCollectsOnce() async throws {
        try await RequestFixture.run { fixture in
            let path = try await fixture.ask([
                ("wantedLife", "30d"), ("ticket", "OPS-1"), ("dataClasses", ["invoices"]),
            ])
            #expect(try await fixture.collect(path).problem == "state-conflict")
            let first = try await fixture.approve(path, fixture.approvers[0])
            #expect(first.json["state"] == "pending")
            #expect(first.json["approvals"]?.array?.first?["counts"] == true)
            // The same once more is the same approval.
            #expect(try await fixture.approve(path, fixture.approvers[0]).json["approvals"]?.array?.count == 1)
            let second = try await fixture.approve(path, fixture.approvers[1])
            #expect(second.json["state"] == "approved")
            #expect(second.json["ticket"] == "OPS-1")
            #expect(try await fixture.collect(path, as: fixture.approvers[0]).status == 403)
            fixture.api.test.time.advance(by: .seconds(3600))
            let collected = try await fixture.collect(path)
            #expect(collected.status == 201)
            #expect(collected.json["request"]?["state"] == "collected")
            #expect(collected.json["key"]?["createdBy"]?.string == fixture.requester.id)
            let end = fixture.api.test.time.now() + .seconds(30 * 86_400)
            #expect(collected.json["key"]?["expiresAt"]?.string == end.text)
            let token = try #require(collected.json["token"]?.string)
            #expect(try await fixture.api.verify(token)["valid"] == true)
            let again = try await fixture.collect(path)
            #expect(again.problem == "state-conflict")
            #expect(again.json["token"] == nil)
            let records = try await fixture.audit("request.approved")
            #expect(records.first?["after"]?["approvals"]?.array?.count == 2)
            #expect(try await fixture.audit("request.collect&outcome=done").count == 1)
            #expect(try await fixture.audit("key.create").first?["actor"]?["keyId"]?.string == fixture.requester.id)
        }
    }

    @Test func collectingTwiceWithOneIdempotencyKeyGivesOneKey() async throws {
        try await RequestFixture.run { fixture in
            let path = try await fixture.approved()
            let headers: HTTPFields = [HTTPField.Name("Idempotency-Key")!: "collect-1"]
            let first = try await fixture.collect(path, headers: headers)
            let second = try await fixture.collect(path, headers: headers)
            #expect(first.status == 201)
            #expect(second.status == 201)
            #expect(first.json == second.json)
            #expect(
                try await fixture.audit("key.create").filter { $0["after"]?["name"] == "Acme production" }.count == 1
            )
        }
    }

    @Test func anApprovalAfterTheRequestChangedIsRefused() async throws {
        try await RequestFixture.run { fixture in
            let path = try await fixture.ask()
            #expect(try await fixture.approve(path, fixture.approvers[0]).status == 200)
            let changed = try await fixture.api.send(
                .patch,
                path,
                ["scopes": ["*"], "ticket": "OPS-2"],
                token: fixture.requester.token,
                headers: [.ifMatch: "\"1\""]
            )
            #expect(changed.status == 200)
            #expect(changed.json["version"] == 2)
            #expect(changed.json["approvals"]?.array?.first?["counts"] == false)
            let stale = try await fixture.approve(path, fixture.approvers[1])
            #expect(stale.status == 412)
            #expect(try await fixture.approve(path, fixture.approvers[1], version: 2).json["state"] == "pending")
            #expect(try await fixture.approve(path, fixture.approvers[0], version: 2).json["state"] == "approved")
            let late = try await fixture.api.send(.patch, path, ["scopes": []], token: fixture.requester.token)
            #expect(late.problem == "state-conflict")
            let other = try await fixture.api.send(.patch, path, ["scopes": []], token: fixture.approvers[0].token)
            #expect(other.status == 403)
        }
    }

    @Test func requestsAndApprovalsEndInTime() async throws {
        try await RequestFixture.run { fixture in
            _ = try await fixture.api.send(.post, "/v1/webhooks", ["url": "https://hooks.example.com/"])
            let pending = try await fixture.ask()
            let approved = try await fixture.approved()
            fixture.api.test.time.advance(by: .seconds(3 * 86_400))
            #expect(try await fixture.state(approved) == "expired")
            #expect(try await fixture.collect(approved).problem == "state-conflict")
            #expect(try await fixture.state(pending) == "pending")
            fixture.api.test.time.advance(by: .seconds(4 * 86_400))
            #expect(try await fixture.approve(pending, fixture.approvers[0]).problem == "state-conflict")
            for _ in 0..<2 { try await fixture.api.test.runInBackground() }
            let expired = try await fixture.api.send(.get, "/v1/key-requests?state=expired").json["items"]?.array ?? []
            #expect(expired.count == 2)
            #expect(try await fixture.audit("request.expire").count == 2)
            let webhook = try await fixture.api.send(.get, "/v1/webhooks").json["items"]?.array?.first?["id"]?.string
            let told = try await fixture.api.send(.get, "/v1/webhooks/\(webhook ?? "")/deliveries").json["items"]?.array
            let types = (told ?? []).compactMap { $0["event"]?["type"]?.string }
            #expect(types.filter { $0 == "request.expired" }.count == 2)
            #expect(types.filter { $0 == "request.created" }.count == 2)
            #expect(types.filter { $0 == "request.approved" }.count == 1)
        }
    }

    @Test func oneDenialEndsARequest() async throws {
        try await RequestFixture.run { fixture in
            let path = try await fixture.approved()
            let denied = try await fixture.api.send(
                .post,
                "\(path)/deny",
                ["comment": "Too wide"],
                token: fixture.approvers[2].token
            )
            #expect(denied.json["state"] == "denied")
            #expect(denied.json["denials"]?.array?.first?["comment"] == "Too wide")
            #expect(try await fixture.collect(path).problem == "state-conflict")
            #expect(try await fixture.approve(path, fixture.approvers[2]).problem == "state-conflict")
        }
    }

    @Test func withdrawingIsTheRequestersAndCommentsAreForReaders() async throws {
        try await RequestFixture.run { fixture in
            let path = try await fixture.ask()
            let other = try await fixture.api.person("rob", ["apis.payments.*.keys.request"])
            #expect(try await fixture.api.send(.post, "\(path)/withdraw", token: other.token).status == 403)
            #expect(try await fixture.api.send(.get, path, token: other.token).status == 403)
            let comment: JSON = ["comment": "Which network?"]
            #expect(try await fixture.api.send(.post, "\(path)/comment", comment, token: other.token).status == 403)
            let said = try await fixture.api.send(.post, "\(path)/comment", comment, token: fixture.approvers[0].token)
            #expect(said.json["comments"]?.array?.first?["comment"] == "Which network?")
            let gone = try await fixture.api.send(.post, "\(path)/withdraw", token: fixture.requester.token)
            #expect(gone.json["state"] == "withdrawn")
            #expect(try await fixture.approve(path, fixture.approvers[0]).problem == "state-conflict")
        }
    }

    @Test func everybodySeesTheirOwnRequestsAndDecidersTheirPlaces() async throws {
        try await RequestFixture.run { fixture in
            var paths: [String] = []
            for _ in 0..<3 { paths.append(try await fixture.ask()) }
            let other = try await fixture.api.person("rob", ["apis.payments.*.keys.request"])
            _ = try await fixture.ask([("environment", "development")], as: other)
            func ids(_ query: String, _ token: String) async throws -> [String] {
                let items = try await fixture.api.send(.get, "/v1/key-requests\(query)", token: token).json["items"]
                return (items?.array ?? []).compactMap { $0["id"]?.string }
            }
            let own = try await ids("", fixture.requester.token)
            #expect(own == paths.map { String($0.dropFirst("/v1/key-requests/".count)) }.sorted(by: >))
            #expect(try await ids("", other.token).count == 1)
            #expect(try await ids("?environment=production", fixture.approvers[0].token).count == 3)
            let page = try await fixture.api.send(.get, "/v1/key-requests?limit=2", token: fixture.requester.token).json
            let cursor = try #require(page["nextCursor"]?.string)
            #expect(try await ids("?limit=2&cursor=\(cursor)", fixture.requester.token) == [own[2]])
            let nobody = try await fixture.api.makeManagementKey()
            #expect(try await fixture.api.send(.get, "/v1/key-requests", token: nobody.token).status == 403)
        }
    }

    @Test func whatIsWrongIsToldAtOnce() async throws {
        try await RequestFixture.run { fixture in
            let token = fixture.requester.token
            let answer = try await fixture.api.send(
                .post,
                "/v1/key-requests",
                ["purpose": "", "wantedLife": "x"],
                token: token
            )
            #expect(
                Set(answer.pointers) == [
                    "/apiId", "/environment", "/consumerId", "/name", "/purpose", "/justification", "/wantedLife",
                ]
            )
            var wish = RequestFixture.wish
            wish["consumerExternalId"] = "nobody"
            wish["roles"] = ["none"]
            let unknown = try await fixture.api.send(.post, "/v1/key-requests", .object(wish), token: token)
            #expect(Set(unknown.pointers) == ["/consumerExternalId", "/roles/0"])
            let path = try await fixture.ask()
            for body: JSON in [[:], ["version": 0], ["version": "1"]] {
                let refused = try await fixture.api.send(
                    .post,
                    "\(path)/approve",
                    body,
                    token: fixture.approvers[0].token
                )
                #expect(refused.pointers == ["/version"])
            }
            let mixed = try await fixture.api.send(.patch, path, ["change": ["scopes": []]], token: token)
            #expect(mixed.pointers == ["/change"])
        }
    }
}
