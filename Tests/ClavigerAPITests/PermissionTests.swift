import ClavigerCore
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// Promise P8 and the rules of management keys.
@Suite struct PermissionTests {
    @Test func nobodyGivesMoreThanTheyHave() async throws {
        try await APIFixture.run { api in
            let narrow = try await api.makeManagementKey(scopes: ["apis.claviger.production.keys.*", "consumers.read"])
            let draft: JSONObject = [
                ("apiId", "claviger"), ("environment", "production"), ("consumerExternalId", "owner"), ("name", "More"),
            ].reduce(into: JSONObject()) { $0[$1.0] = $1.1 }
            for (scopes, roles): (JSON, JSON) in [
                (["*"], []), (["audit.read"], []), (["consumers.*"], []), (["consumers.read", "roles.read"], []),
                ([], ["owner"]), ([], ["viewer"]), (["apis.*"], []), (["apis.claviger.*.keys.create"], []),
            ] {
                var wider = draft
                wider["scopes"] = scopes
                wider["roles"] = roles
                let answer = try await api.send(.post, "/v1/keys", .object(wider), token: narrow.token)
                #expect(answer.status == 403, "\(scopes) \(roles)")
                #expect(answer.json["neededScope"] != nil)
            }
            var same = draft
            same["scopes"] = ["consumers.read", "apis.claviger.production.keys.read"]
            let given = try await api.send(.post, "/v1/keys", .object(same), token: narrow.token)
            #expect(given.status == 201)
            let id = given.json["key"]?["id"]?.string ?? ""
            let patched = try await api.send(.patch, "/v1/keys/\(id)", ["scopes": ["*"]], token: narrow.token)
            #expect(patched.status == 403)
        }
    }

    @Test func nobodyGivesForLongerThanTheyHave() async throws {
        try await APIFixture.run { api in
            let end = api.test.time.now() + .seconds(3600)
            let brief = try await api.makeManagementKey(scopes: ["*"], expiresAt: end.text)
            let key = try await api.makeKey()
            func draft(_ expiresAt: Timestamp?) -> JSON {
                [
                    "apiId": "payments", "environment": "production", "consumerId": .string(key.consumer),
                    "name": "Later", "expiresAt": expiresAt.map { .string($0.text) },
                ]
            }
            for expiry in [nil, end + .milliseconds(1), end + .seconds(9)] {
                let answer = try await api.send(.post, "/v1/keys", draft(expiry), token: brief.token)
                #expect(answer.status == 422)
                #expect(answer.pointers == ["/expiresAt"])
            }
            #expect(try await api.send(.post, "/v1/keys", draft(end), token: brief.token).status == 201)
            let longer = try await api.send(.patch, "/v1/keys/\(brief.id)", ["expiresAt": .null], token: brief.token)
            #expect(longer.status == 422)
            api.test.time.advance(by: .seconds(3600))
            #expect(try await api.send(.get, "/v1/self", token: brief.token).status == 401)
        }
    }

    @Test func aRoleOfManagementKeysCannotBeWidenedByThoseWhoHaveLess() async throws {
        try await APIFixture.run { api in
            _ = try await api.send(.post, "/v1/roles", ["name": "helpers", "scopes": ["roles.*"]])
            let helper = try await api.makeManagementKey(roles: ["helpers"])
            let widened = try await api.send(.patch, "/v1/roles/helpers", ["scopes": ["*"]], token: helper.token)
            #expect(widened.status == 403)
            let description = try await api.send(.patch, "/v1/roles/helpers", ["description": "x"], token: helper.token)
            #expect(description.status == 200)
        }
    }

    @Test func resumingGivesPowerBackAndSoNeedsIt() async throws {
        try await APIFixture.run { api in
            let strong = try await api.makeManagementKey(roles: ["owner"])
            _ = try await api.send(.post, "/v1/keys/\(strong.id)/suspend")
            let narrow = try await api.makeManagementKey(scopes: ["apis.*.*.keys.resume", "apis.*.*.keys.suspend"])
            #expect(try await api.send(.post, "/v1/keys/\(strong.id)/resume", token: narrow.token).status == 403)
            #expect(try await api.send(.post, "/v1/keys/\(strong.id)/resume").status == 200)
        }
    }

    @Test(arguments: ["payments", "id"])
    func aScopeForOneEnvironmentIsNoScopeForAnother(form: String) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let segment = form == "id" ? key.api : "payments"
            let staging = try await api.makeManagementKey(scopes: ["apis.\(segment).staging.keys.create"])
            func create(_ environment: String) async throws -> Int {
                try await api.send(
                    .post,
                    "/v1/keys",
                    [
                        "apiId": "payments", "environment": .string(environment),
                        "consumerId": .string(key.consumer), "name": "S",
                    ],
                    token: staging.token
                ).status
            }
            #expect(try await create("staging") == 201)
            #expect(try await create("production") == 403)
        }
    }

    @Test func verifyingIsLimitedToWhatTheCallerMayVerify() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey()
            let test = try await api.makeKey(environment: "development")
            let verifier = try await api.makeManagementKey(scopes: ["apis.payments.production.keys.verify"])
            #expect(try await api.verify(live.token, as: verifier.token)["valid"] == true)
            #expect(try await api.verify(test.token, as: verifier.token)["code"] == "not_found")
            let refused = try await api.send(
                .post,
                "/v1/keys/verify",
                ["token": .string(test.token), "apiId": "payments", "environment": "development"],
                token: verifier.token
            )
            #expect(refused.status == 403)
            #expect(refused.json["neededScope"] == "apis.payments.development.keys.verify")
            // The management key itself is a key of another api, and not visible either.
            #expect(try await api.verify(api.test.ownerToken, as: verifier.token)["code"] == "not_found")
        }
    }

    @Test func keysOfOtherApisAreNoManagementKeys() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey(scopes: ["invoices.read"])
            #expect(try await api.send(.get, "/v1/consumers", token: key.token).status == 401)
        }
    }

    @Test func listsShowWhatMayBeSeen() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey()
            _ = try await api.makeKey(environment: "staging")
            let reader = try await api.makeManagementKey(
                scopes: ["apis.payments.production.keys.read", "apis.payments.read"]
            )
            let keys = try await api.send(.get, "/v1/keys", token: reader.token).json["items"]?.array ?? []
            #expect(keys.compactMap { $0["id"]?.string } == [live.id])
            let apis = try await api.send(.get, "/v1/apis", token: reader.token).json["items"]?.array ?? []
            #expect(apis.compactMap { $0["name"]?.string } == ["payments"])
            let refused = try await api.send(.get, "/v1/keys?environment=staging", token: reader.token)
            #expect(refused.status == 403)
        }
    }

    @Test func denialsAreInTheAuditLog() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let powerless = try await api.makeManagementKey()
            _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"], token: powerless.token)
            let events = try await api.send(.get, "/v1/audit/events?outcome=denied").json["items"]?.array ?? []
            #expect(events.first?["action"] == "key.revoke")
            #expect(events.first?["actor"]?["keyId"]?.string == powerless.id)
            #expect(events.first?["reason"] == "apis.payments.production.keys.revoke")
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }
}
