import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Changes that let a key do more, where that needs approval.
@Suite struct WideningTests {
    /// A key of production with a bit of everything.
    private func key(_ fixture: RequestFixture) async throws -> String {
        let path = try await fixture.approved([
            ("scopes", ["invoices.read", "refunds.*"]),
            ("expiresAt", .string((fixture.api.test.time.now() + .seconds(30 * 86_400)).text)),
            ("restrictions", ["networks": ["allow": ["10.0.0.0/8"], "deny": ["10.1.0.0/16"]]]),
            ("limits", [["name": "burst", "requests": 10, "window": "1m"]]), ("credits", ["amount": 100]),
        ])
        let collected = try await fixture.collect(path)
        return try #require(collected.json["key"]?["id"]?.string)
    }

    private static let wider: [(JSON, String)] = [
        (["scopes": ["invoices.*"]], "scopes"), (["scopes": ["invoices.read", "other"]], "scopes"),
        (["roles": ["some"]], "roles"), (["expiresAt": .null], "expiresAt"),
        (["expiresAt": "2099-01-01T00:00:00Z"], "expiresAt"), (["restrictions": .null], "restrictions"),
        (["restrictions": ["networks": ["allow": ["10.0.0.0/8"]]]], "restrictions"),
        (["restrictions": ["networks": ["allow": ["10.0.0.0/7"], "deny": ["10.1.0.0/16"]]]], "restrictions"),
        (["restrictions": ["origins": ["https://example.com"]]], "restrictions"),
        (["limits": .null], "limits"), (["limits": [["name": "burst", "requests": 11, "window": "1m"]]], "limits"),
        (["limits": [["name": "burst", "requests": 10, "window": "30s"]]], "limits"),
        (["limits": [["name": "other", "requests": 1, "window": "1m"]]], "limits"),
        (["credits": .null], "credits"), (["credits": ["amount": 100]], "credits"),
        (["planId": "free", "credits": .null], "credits"),
    ]

    private static let narrower: [JSON] = [
        ["scopes": ["refunds.create"]], ["name": "Another"], ["metadata": ["a": 1]],
        ["expiresAt": "2026-11-22T00:00:00Z"],
        [
            "restrictions": [
                "networks": ["allow": ["10.2.0.0/16"], "deny": ["10.0.0.0/9"]], "origins": ["https://a.com"],
            ]
        ],
        ["limits": [["name": "burst", "requests": 9, "window": "1m"], ["name": "b", "requests": 1, "window": "1s"]]],
        ["limits": [["name": "burst", "requests": 9, "window": "2m"], ["name": "b", "requests": 1, "window": "1s"]]],
    ]

    @Test func whatGivesMoreIsRefusedAndWhatDoesNotIsDone() async throws {
        try await RequestFixture.run { fixture in
            let key = try await self.key(fixture)
            _ = try await fixture.api.send(.post, "/v1/roles", ["name": "some", "scopes": ["invoices.read"]])
            _ = try await fixture.api.send(.post, "/v1/plans", ["name": "free", "credits": ["amount": 5]])
            for (patch, part) in Self.wider {
                let refused = try await fixture.api.send(.patch, "/v1/keys/\(key)", patch)
                #expect(refused.problem == "approval-required", "\(patch) \(refused.text)")
                #expect(refused.json["detail"]?.string?.contains("(\(part))") == true, "\(refused.text)")
            }
            #expect(try await fixture.api.send(.get, "/v1/keys/\(key)").headers[.eTag] == "\"1\"")
            for patch in Self.narrower {
                let done = try await fixture.api.send(.patch, "/v1/keys/\(key)", patch)
                #expect(done.status == 200, "\(patch) \(done.text)")
            }
        }
    }

    @Test func aChangeIsMadeWithTheLastApproval() async throws {
        try await RequestFixture.run { fixture in
            let key = try await self.key(fixture)
            let wish: JSON = [
                "keyId": .string(key), "change": ["scopes": ["invoices.*"], "name": "More"],
                "purpose": "Corrections", "justification": "They book themselves",
            ]
            let asked = try await fixture.api.send(.post, "/v1/key-requests", wish, token: fixture.requester.token)
            #expect(asked.status == 201, "\(asked.text)")
            #expect(asked.json["widens"] == ["scopes"])
            #expect(asked.json["changes"]?["name"] == ["from": "Acme production", "to": "More"])
            let path = try #require(asked.headers[.location])
            #expect(try await fixture.approve(path, fixture.approvers[0]).json["state"] == "pending")
            #expect(try await fixture.api.send(.get, "/v1/keys/\(key)").json["name"] == "Acme production")
            #expect(try await fixture.approve(path, fixture.approvers[1]).json["state"] == "applied")
            let changed = try await fixture.api.send(.get, "/v1/keys/\(key)").json
            #expect(changed["scopes"] == ["invoices.*"])
            #expect(changed["name"] == "More")
            #expect(changed["limits"]?.array?.count == 1)
            #expect(try await fixture.collect(path).problem == "state-conflict")
            let record = try await fixture.audit("key.update").first
            #expect(record?["reason"] == asked.json["id"])
        }
    }

    @Test func aKeyThatHasChangedMeanwhileHasToBeLookedAtAgain() async throws {
        try await RequestFixture.run(quorum: 1) { fixture in
            let key = try await self.key(fixture)
            let wish: JSON = [
                "keyId": .string(key), "change": ["scopes": ["invoices.*"]], "purpose": "x", "justification": "y",
            ]
            let asked = try await fixture.api.send(.post, "/v1/key-requests", wish, token: fixture.requester.token)
            let path = try #require(asked.headers[.location])
            _ = try await fixture.api.send(.patch, "/v1/keys/\(key)", ["name": "Other"])
            #expect(try await fixture.approve(path, fixture.approvers[0]).problem == "state-conflict")
            #expect(try await fixture.state(path) == "pending")
            let again = try await fixture.api.send(
                .patch,
                path,
                ["change": ["scopes": ["invoices.*"]]],
                token: fixture.requester.token
            )
            #expect(again.json["version"] == 2)
            #expect(try await fixture.approve(path, fixture.approvers[0], version: 2).json["state"] == "applied")
            #expect(try await fixture.api.send(.get, "/v1/keys/\(key)").json["name"] == "Other")
        }
    }

    @Test func aChangeThatChangesNothingIsRefused() async throws {
        try await RequestFixture.run { fixture in
            let key = try await self.key(fixture)
            let wish: JSON = [
                "keyId": .string(key), "change": ["name": "Acme production"], "purpose": "x", "justification": "y",
            ]
            let refused = try await fixture.api.send(.post, "/v1/key-requests", wish, token: fixture.requester.token)
            #expect(refused.pointers == ["/change/"])
        }
    }
}
