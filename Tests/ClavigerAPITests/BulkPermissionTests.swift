import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Who may change many keys at once: no more than one by one.
@Suite struct BulkPermissionTests {
    @Test func everyApiAndEnvironmentThatIsTouchedHasToBeAllowed() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey()
            let staged = try await api.makeKey(name: "Staged", environment: "staging")
            let narrow = try await api.makeManagementKey(
                scopes: ["apis.payments.*.keys.read", "apis.payments.staging.keys.revoke"]
            )
            let both = try await api.previewBulk(["apiId": "payments"], "revoke", token: narrow.token)
            #expect(both.status == 403)
            #expect(both.json["neededScope"] == "apis.payments.production.keys.revoke")
            let other = try await api.previewBulk(["apiId": "payments"], "suspend", token: narrow.token)
            #expect(other.status == 403)
            let filter: JSON = ["apiId": "payments", "environment": "staging"]
            let one = try await api.previewBulk(filter, "revoke", token: narrow.token)
            #expect(one.json["count"] == 1)
            #expect(try await api.applyBulk(one, token: narrow.token).status == 200)
            #expect(try await api.verify(staged.token)["code"] == "revoked")
            #expect(try await api.verify(live.token)["valid"] == true)
            let denied = try await api.send(.get, "/v1/audit/events?outcome=denied&action=bulk.preview").json["items"]
            #expect(denied?.array?.count == 2)
        }
    }

    @Test func aRefusalDoesNotTellOfKeysThatCannotBeSeen() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let blind = try await api.makeManagementKey(scopes: ["apis.other.*.keys.*"])
            let refused = try await api.previewBulk(
                ["consumerId": .string(key.consumer)],
                "revoke",
                token: blind.token
            )
            #expect(refused.status == 403)
            #expect(!refused.text.contains("payments"))
        }
    }

    @Test func aPermissionThatIsTakenAwayMeanwhileIsMissing() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let scopes: JSON = ["apis.payments.*.keys.read", "apis.payments.*.keys.revoke"]
            let other = try await api.makeManagementKey(scopes: scopes.array?.compactMap(\.string) ?? [])
            let preview = try await api.previewBulk(["apiId": "payments"], "revoke", token: other.token)
            #expect(preview.status == 200)
            _ = try await api.send(
                .patch,
                "/v1/keys/\(other.id)",
                ["scopes": ["apis.payments.*.keys.read", "apis.payments.staging.keys.revoke"]]
            )
            let applied = try await api.applyBulk(preview, token: other.token)
            #expect(applied.status == 403)
            #expect(applied.json["neededScope"] == "apis.payments.production.keys.revoke")
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }

    @Test func powerOverClavigerIsOnlyTakenByThoseWhoHaveIt() async throws {
        try await APIFixture.run { api in
            let strong = try await api.makeManagementKey(roles: ["admin"])
            let narrow = try await api.makeManagementKey(scopes: ["apis.claviger.*.keys.*"])
            let refused = try await api.previewBulk(["apiId": "claviger"], "suspend", token: narrow.token)
            #expect(refused.status == 403)
            let end = (api.test.time.now() + .seconds(60)).text
            let ended = try await api.previewBulk(
                ["apiId": "claviger"],
                "setExpiry",
                [("expiresAt", .string(end))],
                token: narrow.token
            )
            #expect(ended.status == 403)
            _ = try await api.send(.post, "/v1/keys/\(strong.id)/suspend")
            let resumed = try await api.previewBulk(
                ["apiId": "claviger", "state": "suspended"],
                "resume",
                token: narrow.token
            )
            #expect(resumed.status == 403)
            // The owner may: every other management key, and never the own one.
            let owner = try await api.previewBulk(["apiId": "claviger"], "revoke")
            #expect(owner.json["count"] == 2)
            #expect(try await api.applyBulk(owner).status == 200)
            #expect(try await api.send(.get, "/v1/self").status == 200)
            #expect(try await api.send(.get, "/v1/self", token: narrow.token).status == 401)
        }
    }

    @Test func theLastOwnerStays() async throws {
        try await APIFixture.run { api in
            let end = (api.test.time.now() + .seconds(3600)).text
            let passing = try await api.makeManagementKey(roles: ["owner"], expiresAt: end)
            let later: [(String, JSON)] = [("expiresAt", .string(end))]
            let changes: [(String, [(String, JSON)])] = [
                ("revoke", []), ("suspend", []), ("compromise", []), ("setExpiry", later),
            ]
            for (action, more) in changes {
                let refused = try await api.previewBulk(
                    ["apiId": "claviger"],
                    action,
                    more,
                    token: passing.token
                )
                #expect(refused.status == 409, "\(action): \(refused.text)")
            }
            _ = try await api.makeManagementKey(roles: ["owner"])
            // Both of them, by one that ends in an hour.
            #expect(try await api.previewBulk(["apiId": "claviger"], "revoke", token: passing.token).status == 409)
            #expect(try await api.send(.get, "/v1/self").status == 200)
        }
    }

    @Test func nobodyLetsKeysLiveLongerThanTheirOwn() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let end = api.test.time.now() + .seconds(3600)
            let brief = try await api.makeManagementKey(scopes: ["*"], expiresAt: end.text)
            let later = try await api.previewBulk(
                ["apiId": "payments"],
                "setExpiry",
                [("expiresAt", .string((end + .milliseconds(1)).text))],
                token: brief.token
            )
            #expect(later.status == 422)
            #expect(later.pointers == ["/expiresAt"])
            let fitting = try await api.previewBulk(
                ["apiId": "payments"],
                "setExpiry",
                [("expiresAt", .string(end.text))],
                token: brief.token
            )
            #expect(try await api.applyBulk(fitting, token: brief.token).status == 200)
        }
    }

    @Test func keysOfAnotherWorkspaceAreNotTaken() async throws {
        try await APIFixture.run { api in
            let foreign = try await ForeignKey.insert(into: api.test)
            _ = try await api.makeKey()
            let preview = try await api.previewBulk(["all": true], "revoke")
            #expect(preview.json["count"] == 1)
            #expect(!preview.text.contains(foreign.keyID))
            #expect(try await api.previewBulk(["consumerId": .string(foreign.consumerID)], "revoke").status == 422)
        }
    }
}
