import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Who may approve, and whose approval counts.
@Suite struct SeparationTests {
    private static let both = ["apis.payments.*.keys.request", "apis.payments.*.keys.approve"]

    @Test func nobodyApprovesTheirOwnRequest() async throws {
        try await RequestFixture.run(quorum: 1) { fixture in
            let api = fixture.api
            let both = try await api.person("dora", Self.both + ["apis.claviger.production.keys.create"])
            let path = try await fixture.ask(as: both)
            #expect(try await fixture.approve(path, both).status == 403)
            // Another key of the same consumer.
            let second = try await api.person("dora-2", Self.both, consumer: "dora")
            #expect(try await fixture.approve(path, second).status == 403)
            // A key that the requester made for somebody else, and one that such a key made.
            let made = try await api.person(
                "puppet",
                Self.both + ["apis.claviger.production.keys.create"],
                by: both.token
            )
            #expect(try await fixture.approve(path, made).status == 403)
            _ = try await api.send(.post, "/v1/consumers", ["externalId": "puppet-2", "kind": "user"])
            let further = try await api.person("puppet-2", Self.both, consumer: "puppet-2", by: made.token)
            #expect(try await fixture.approve(path, further).status == 403)
            // The other way round: the key that made the requester's, here the owner's.
            let owner = try await api.send(.post, "\(path)/approve", ["version": 1])
            #expect(owner.status == 403)
            #expect(try await fixture.state(path) == "pending")
            #expect(try await fixture.approve(path, fixture.approvers[0]).json["state"] == "approved")
            let denials = try await api.send(.get, "/v1/audit/events?outcome=denied&action=request.approve")
            #expect(denials.json["items"]?.array?.count == 5)
        }
    }

    @Test func whoeverTheKeyIsForDoesNotApproveIt() async throws {
        try await RequestFixture.run(quorum: 1) { fixture in
            let own = try await fixture.api.person("acme-admin", Self.both, consumer: "acme")
            let path = try await fixture.ask()
            #expect(try await fixture.approve(path, own).status == 403)
        }
    }

    @Test func twoKeysOfOnePersonAreOneApprover() async throws {
        try await RequestFixture.run { fixture in
            let path = try await fixture.ask()
            let maker = try await fixture.api.person("eve", Self.both + ["apis.claviger.production.keys.create"])
            #expect(try await fixture.approve(path, maker).status == 200)
            let twin = try await fixture.api.person("eve-2", Self.both, consumer: "eve")
            #expect(try await fixture.approve(path, twin).status == 403)
            let made = try await fixture.api.person("sock", Self.both, by: maker.token)
            #expect(try await fixture.approve(path, made).status == 403)
            #expect(try await fixture.state(path) == "pending")
        }
    }

    @Test func askingAndApprovingNeedTheirPermissions() async throws {
        try await RequestFixture.run { fixture in
            let path = try await fixture.ask()
            let refused = try await fixture.approve(path, fixture.requester)
            #expect(refused.json["neededScope"] == "apis.payments.production.keys.approve")
            let asked = try await fixture.api.send(
                .post,
                "/v1/key-requests",
                .object(RequestFixture.wish),
                token: fixture.approvers[0].token
            )
            #expect(asked.json["neededScope"] == "apis.payments.production.keys.request")
            let elsewhere = try await fixture.api.person("zoe", ["apis.payments.development.keys.approve"])
            #expect(try await fixture.approve(path, elsewhere).status == 403)
        }
    }

    @Test(arguments: ["revoke", "narrow", "expire"])
    func whoLosesThePermissionBeforeTheQuorumDoesNotCount(how: String) async throws {
        try await RequestFixture.run { fixture in
            let api = fixture.api
            let end = api.test.time.now() + .seconds(30 * 86_400)
            let scopes = ["apis.payments.*.keys.approve"]
            let first = try await api.person("fay", scopes, expiresAt: how == "expire" ? end : nil)
            let path = try await fixture.ask([("expiresAt", .string((api.test.time.now() + .seconds(86_400)).text))])
            #expect(try await fixture.approve(path, first).status == 200)
            switch how {
            case "revoke": _ = try await api.send(.post, "/v1/keys/\(first.id)/revoke", ["reason": "owner_left"])
            case "narrow": _ = try await api.send(.patch, "/v1/keys/\(first.id)", ["scopes": ["roles.read"]])
            default:
                _ = try await api.send(.patch, "/v1/keys/\(first.id)", ["expiresAt": .string(api.test.time.now().text)])
            }
            let second = try await fixture.approve(path, fixture.approvers[0])
            #expect(second.json["state"] == "pending", "\(second.text)")
            #expect(second.json["approvals"]?.array?.map { $0["counts"] } == [false, true])
            #expect(try await fixture.approve(path, fixture.approvers[1]).json["state"] == "approved")
        }
    }

    /// Promise P8 for whoever approves: an approval gives.
    @Test func nobodyApprovesMoreThanTheyHave() async throws {
        try await RequestFixture.run(quorum: 1) { fixture in
            let api = fixture.api
            let now = api.test.time.now()
            let brief = try await api.person("gus", Self.both, expiresAt: now + .seconds(5 * 86_400))
            for life: [(String, JSON?)] in [
                [], [("wantedLife", "3d")], [("expiresAt", .string((now + .seconds(6 * 86_400)).text))],
            ] {
                // Without an end, with one that collecting late brings behind the approver's, and with a later one.
                let path = try await fixture.ask(life)
                let refused = try await fixture.approve(path, brief)
                #expect(refused.status == 403, "\(refused.text)")
            }
            let short = try await fixture.ask([("wantedLife", "1d")])
            #expect(try await fixture.approve(short, brief).json["state"] == "approved")

            let asking = try await api.person("hal", ["apis.claviger.production.keys.request"])
            let wish: [(String, JSON?)] = [
                ("apiId", "claviger"), ("consumerExternalId", "acme"), ("scopes", ["audit.read"]),
            ]
            let path = try await fixture.ask(wish, as: asking)
            let narrow = try await api.person("ivy", ["apis.claviger.production.keys.approve"])
            #expect(try await fixture.approve(path, narrow).json["neededScope"] == "audit.read")
            let wide = try await api.person("joe", ["apis.claviger.production.keys.approve", "audit.*"])
            #expect(try await fixture.approve(path, wide).json["state"] == "approved")
            // Whoever asked has no such scope, and gets a key that has it: that is what others agreed to.
            let key = try await fixture.collect(path, as: asking)
            #expect(key.status == 201, "\(key.text)")
            let token = key.json["token"]?.string
            #expect(try await api.send(.get, "/v1/audit/events", token: token).status == 200)
        }
    }
}
