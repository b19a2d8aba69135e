import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Findings about keys, as callers get them.
@Suite struct HygieneTests {
    private func findings(_ report: JSON, _ key: String) -> Set<String> {
        let item = report["items"]?.array?.first { $0["keyId"]?.string == key }
        return Set(item?["findings"]?.array?.compactMap { $0["finding"]?.string } ?? [])
    }

    @Test func findingsComeFromWhatIsStoredAndFromWhatWasUsed() async throws {
        try await APIFixture.run { api in
            let careless = try await api.makeKey(name: "Careless")
            let careful = try await api.makeKey(name: "Careful")
            let shared = try await api.makeKey(name: "Shared")
            let staged = try await api.makeKey(name: "Staged", environment: "staging")
            let dead = try await api.makeKey(name: "Dead")
            _ = try await api.send(.post, "/v1/keys/\(dead.id)/revoke", ["reason": "other"])
            let now = api.test.time.now()
            let end = JSON.string((now + .seconds(400 * 86_400)).text)
            for id in [careful.id, shared.id] {
                _ = try await api.send(
                    .patch,
                    "/v1/keys/\(id)",
                    ["expiresAt": end, "restrictions": ["networks": ["allow": ["0.0.0.0/0"]]]]
                )
            }
            func use(_ token: String, from address: String) async throws {
                let context: JSON = ["ip": .string(address)]
                #expect(try await api.verify(token, JSONObject([("context", context)]))["valid"] == true)
            }
            try await use(careless.token, from: "198.51.100.1")
            api.test.time.advance(by: .seconds(100 * 86_400))
            try await use(careful.token, from: "198.51.100.1")
            for network in 0..<60 { try await use(shared.token, from: "203.0.\(network).1") }

            let report = try await api.send(.get, "/v1/hygiene?apiId=payments")
            #expect(report.status == 200, "\(report.text)")
            let items = report.json
            #expect(
                self.findings(items, careless.id)
                    == ["never_expires", "unrestricted", "idle", "no_contact", "rotation_overdue"]
            )
            #expect(self.findings(items, careful.id) == ["no_contact", "rotation_overdue"])
            #expect(self.findings(items, shared.id) == ["no_contact", "rotation_overdue", "shared"])
            #expect(
                self.findings(items, staged.id) == ["never_expires", "never_used", "no_contact", "rotation_overdue"]
            )
            #expect(self.findings(items, dead.id) == [])
            // The worst first.
            #expect(items["items"]?.array?.first?["keyId"]?.string == careless.id)
            let scores = items["apis"]?.array ?? []
            #expect(scores.map { $0["name"] } == ["payments"])
            #expect(scores.first?["keys"] == 4)
            // 35, 80, 40 and 60 points.
            #expect(scores.first?["score"] == 53)
            #expect(scores.first?["findings"]?["no_contact"] == 4)

            // Each is fixed by what it says, as far as that is a call of its own.
            _ = try await api.send(
                .patch,
                "/v1/consumers/\(careful.consumer)",
                ["metadata": ["contact": "ops@example.com"]]
            )
            let fixed = try await api.send(.get, "/v1/hygiene?apiId=payments&rotateAfter=200d").json
            #expect(self.findings(fixed, careful.id) == [])
            #expect(self.findings(fixed, shared.id) == ["shared"])
        }
    }

    @Test func networksAreForgottenAfterFourWeeks() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            for network in 0..<60 {
                _ = try await api.verify(key.token, JSONObject([("context", ["ip": .string("203.0.\(network).1")])]))
            }
            let shared = try await api.send(.get, "/v1/hygiene").json
            #expect(self.findings(shared, key.id).contains("shared"))
            api.test.time.advance(by: .seconds(36 * 86_400))
            let later = try await api.send(.get, "/v1/hygiene").json
            #expect(!self.findings(later, key.id).contains("shared"))
        }
    }

    @Test func aSecretUnderAnOlderPepperIsSaid() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            #expect(!self.findings(try await api.send(.get, "/v1/hygiene").json, key.id).contains("legacy_hash"))
            _ = try await api.send(.post, "/v1/keyring/rotate", ["purpose": "pepper"])
            #expect(self.findings(try await api.send(.get, "/v1/hygiene").json, key.id).contains("legacy_hash"))
        }
    }

    @Test func aForeignHashIsOneThatNewSecretsNoLongerGet() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            _ = try await api.importLines(
                [["hash": .string(String(repeating: "ab", count: 32)), "consumerExternalId": "acme"]],
                "&hashes=sha256"
            )
            let key = try await api.importedKey()
            #expect(self.findings(try await api.send(.get, "/v1/hygiene").json, key).contains("legacy_hash"))
        }
    }

    /// That management keys call this server is recorded nowhere: nothing is said of their use.
    @Test func nothingIsSaidOfTheUseOfManagementKeys() async throws {
        try await APIFixture.run { api in
            let busy = try await api.makeManagementKey(scopes: ["apis.*.*.keys.read", "apis.*.*.keys.verify"])
            let context: JSON = ["ip": "203.0.113.9"]
            #expect(try await api.verify(busy.token, JSONObject([("context", context)]))["valid"] == true)
            let quiet = try await api.makeManagementKey(scopes: ["apis.*.*.keys.read"])
            api.test.time.advance(by: .seconds(100 * 86_400))
            _ = try await api.send(.get, "/v1/keys", token: busy.token)
            let report = try await api.send(.get, "/v1/hygiene?apiId=claviger").json
            for key in [busy.id, quiet.id] {
                let found = self.findings(report, key)
                #expect(found.contains("never_expires"))
                #expect(found.isDisjoint(with: ["idle", "never_used", "shared"]), "\(found)")
                let item = report["items"]?.array?.first { $0["keyId"]?.string == key }
                #expect(item?["networks"] == nil)
                #expect(item?["lastUsedAt"] == nil)
            }
        }
    }

    /// A policy ends keys that say nothing of an end.
    @Test func policiesEndKeysToo() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let free = try await api.makeKey(name: "Free", environment: "staging")
            let policy = try await PolicyTests.put(api, [("lifetime", ["maximum": "30d"])])
            #expect(policy.status == 201, "\(policy.text)")
            let report = try await api.send(.get, "/v1/hygiene?apiId=payments").json
            #expect(!self.findings(report, key.id).contains("never_expires"))
            #expect(self.findings(report, free.id).contains("never_expires"))
            #expect(report["apis"]?.array?.first?["keys"] == 2)
            api.test.time.advance(by: .seconds(30 * 86_400))
            let later = try await api.send(.get, "/v1/hygiene?apiId=payments").json
            #expect(self.findings(later, key.id) == [])
            #expect(later["apis"]?.array?.first?["keys"] == 1)
        }
    }

    /// What is said of a suspended key can be done to a suspended key.
    @Test func suspendedKeysAreNotToldToBeSuspended() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/keys/\(key.id)/suspend")
            api.test.time.advance(by: .seconds(100 * 86_400))
            let report = try await api.send(.get, "/v1/hygiene?apiId=payments")
            let found = self.findings(report.json, key.id)
            #expect(found.contains("never_used"))
            #expect(!found.contains("rotation_overdue"))
            #expect(report.text.contains("claviger key revoke \(key.id) --reason unused"))
            #expect(!report.text.contains("claviger key suspend"))
            #expect(!report.text.contains("claviger key rotate"))
        }
    }

    @Test func theEnvironmentsRestrictionsCount() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            #expect(self.findings(try await api.send(.get, "/v1/hygiene").json, key.id).contains("unrestricted"))
            let environments: JSON = [
                [
                    "name": "production", "tag": "live",
                    "restrictions": ["required": ["networks": ["allow": ["10.0.0.0/8"]]]],
                ],
                ["name": "staging", "tag": "stage"], ["name": "development", "tag": "test"],
            ]
            let changed = try await api.send(.patch, "/v1/apis/payments", ["environments": environments])
            #expect(changed.status == 200, "\(changed.text)")
            #expect(!self.findings(try await api.send(.get, "/v1/hygiene").json, key.id).contains("unrestricted"))
        }
    }

    @Test func scopesThatNobodyNeededAreSaid() async throws {
        try await APIFixture.run { api in
            let wide = try await api.makeKey(name: "Wide", scopes: ["invoices.read", "invoices.write"])
            let fit = try await api.makeKey(name: "Fit")
            let unclear = try await api.makeKey(name: "Unclear", scopes: ["invoices.read", "invoices.write"])
            let rules: JSON = [["methods": ["GET"], "path": "/invoices/{id}", "scopes": "invoices.read"]]
            let changed = try await api.send(.patch, "/v1/apis/payments", ["endpointRules": rules])
            #expect(changed.status == 200, "\(changed.text)")
            func use(_ token: String, _ path: String) async throws {
                let context: JSON = ["method": "GET", "path": .string(path)]
                _ = try await api.verify(token, JSONObject([("context", context)]))
            }
            for key in [wide, fit, unclear] { try await use(key.token, "/invoices/7") }
            // Nobody asked what it was for.
            #expect(try await api.verify(unclear.token)["valid"] == true)
            let report = try await api.send(.get, "/v1/hygiene?apiId=payments&scopesFor=30d")
            #expect(report.status == 200, "\(report.text)")
            #expect(self.findings(report.json, wide.id).contains("unused_scopes"))
            #expect(report.text.contains("claviger key update \(wide.id) --scope 'invoices.read'"))
            #expect(!self.findings(report.json, fit.id).contains("unused_scopes"))
            #expect(!self.findings(report.json, unclear.id).contains("unused_scopes"))
            let without = try await api.send(.get, "/v1/hygiene?apiId=payments").json
            #expect(!self.findings(without, wide.id).contains("unused_scopes"))
            #expect(try await api.send(.get, "/v1/hygiene?scopesFor=30d").pointers == ["?scopesFor"])
            let reader = try await api.makeManagementKey(scopes: ["apis.*.*.keys.read"])
            let refused = try await api.send(.get, "/v1/hygiene?apiId=payments&scopesFor=30d", token: reader.token)
            #expect(refused.json["neededScope"] == "usage.read")
        }
    }

    @Test func theExportHasEveryKeyWithFindings() async throws {
        try await APIFixture.run { api in
            var ids: [String] = []
            for number in 0..<7 { ids.append(try await api.makeKey(name: "Key \(number)").id) }
            let export = try await api.send(.get, "/v1/hygiene/export?apiId=payments")
            #expect(export.status == 200)
            #expect(export.headers[.contentType] == "application/jsonl")
            let lines = export.text.split(separator: "\n").compactMap { try? JSON.parse(Array($0.utf8)) }
            #expect(lines.compactMap { $0["keyId"]?.string } == ids.sorted())
            #expect(!export.text.contains("claviger_live"))
            let few = try await api.send(.get, "/v1/hygiene?apiId=payments&limit=3").json
            #expect(few["items"]?.array?.count == 3)
            #expect(few["apis"]?.array?.first?["keysWithFindings"] == 7)
        }
    }

    @Test func onlyWhatTheCallerMayReadIsLookedThrough() async throws {
        try await APIFixture.run { api in
            let live = try await api.makeKey()
            let staged = try await api.makeKey(name: "Staged", environment: "staging")
            let narrow = try await api.makeManagementKey(scopes: ["apis.payments.staging.keys.read"])
            for path in ["/v1/hygiene", "/v1/hygiene?apiId=payments"] {
                let report = try await api.send(.get, path, token: narrow.token)
                #expect(report.json["apis"]?.array?.map { $0["name"] } == ["payments"])
                #expect(report.json["apis"]?.array?.first?["keys"] == 1)
                #expect(report.text.contains(staged.id))
                #expect(!report.text.contains(live.id))
            }
            #expect(try await api.send(.get, "/v1/hygiene?apiId=claviger", token: narrow.token).status == 403)
            #expect(try await api.send(.get, "/v1/hygiene/export?apiId=claviger", token: narrow.token).status == 403)
            #expect(try await api.send(.get, "/v1/hygiene?apiId=none").status == 404)
            #expect(try await api.send(.get, "/v1/hygiene?idleAfter=0d").status == 422)
        }
    }
}
