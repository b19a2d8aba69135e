import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Many keys at once: what a filter takes, what becomes of the keys, and what a confirmation is bound to.
@Suite struct BulkTests {
    @Test func everyKeyOfThePreviewIsRefusedWhenTheCallReturns() async throws {
        try await APIFixture.run { api in
            var keys: [(id: String, token: String, api: String, consumer: String)] = []
            for number in 0..<25 { keys.append(try await api.makeKey(name: "Key \(number)")) }
            let other = try await api.makeKey(name: "Other", environment: "staging")
            // In memory, all of them.
            for key in keys + [other] { #expect(try await api.verify(key.token)["valid"] == true) }

            let preview = try await api.previewBulk(
                ["apiId": "payments", "environment": "production"],
                "revoke",
                [("reason", "leaked"), ("note", "ticket 7")]
            )
            #expect(preview.status == 200)
            #expect(preview.json["count"] == 25)
            #expect(preview.json["unaffected"] == 0)
            #expect(preview.json["sample"]?.array?.count == 10)
            #expect(preview.json["sample"]?.array?.first?["id"]?.string == keys.map(\.id).min())
            #expect(preview.json["places"]?.array?.count == 1)
            #expect(preview.json["places"]?.array?.first?["count"] == 25)
            for key in keys { #expect(try await api.verify(key.token)["valid"] == true) }

            let applied = try await api.applyBulk(preview)
            #expect(applied.status == 200)
            #expect(applied.json["count"] == 25)
            #expect(applied.json["action"] == "revoke")
            for key in keys { #expect(try await api.verify(key.token)["code"] == "revoked") }
            #expect(try await api.verify(other.token)["valid"] == true)

            let shown = try await api.send(.get, "/v1/keys/\(keys[7].id)").json
            #expect(shown["reason"] == "leaked")
            #expect(shown["note"] == "ticket 7")
            // One record for each key, one for the whole, and one for the preview.
            #expect(try await api.audit("key.revoke").count == 25)
            let whole = try await api.audit("bulk.apply")
            #expect(whole.count == 1)
            #expect(whole.first?["after"]?["count"] == 25)
            #expect(whole.first?["target"]?["id"] == preview.json["previewId"])
            #expect(try await api.audit("bulk.preview").count == 1)
            let record = try #require(
                try await api.audit("key.revoke").first { $0["target"]?["id"]?.string == keys[7].id }
            )
            #expect(record["before"]?["state"] == "active")
            #expect(record["after"]?["state"] == "revoked")
            #expect(record["requestId"] == whole.first?["requestId"])
        }
    }

    @Test func confirmingAgainGivesTheSameAnswerAndChangesNothing() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let preview = try await api.previewBulk(["consumerId": .string(key.consumer)], "suspend")
            let first = try await api.applyBulk(preview)
            let version = try await api.send(.get, "/v1/keys/\(key.id)").headers[.eTag]
            // Also when the time for it is over.
            api.test.time.advance(by: .seconds(3600))
            let second = try await api.applyBulk(preview)
            #expect(second.status == 200)
            #expect(second.bytes == first.bytes)
            #expect(second.headers[HTTPField.Name("Idempotency-Replayed")!] == "true")
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").headers[.eTag] == version)
            #expect(try await api.audit("bulk.apply").count == 1)
        }
    }

    /// Between the preview and the confirmation something happens that makes it another set of keys.
    @Test(arguments: ["changed", "suspended", "created", "used", "gone"])
    func aStalePreviewIsRefusedAndChangesNothing(race: String) async throws {
        try await APIFixture.run { api in
            let one = try await api.makeKey(name: "One")
            let two = try await api.makeKey(name: "Two")
            api.test.time.advance(by: .seconds(7200))
            var filter: JSONObject = [("apiId", "payments")].reduce(into: JSONObject()) { $0[$1.0] = $1.1 }
            if race == "used" { filter["idleFor"] = "1h" }
            let preview = try await api.previewBulk(.object(filter), "revoke")
            #expect(preview.json["count"] == 2)
            switch race {
            case "changed": _ = try await api.send(.patch, "/v1/keys/\(one.id)", ["name": "Renamed"])
            case "suspended": _ = try await api.send(.post, "/v1/keys/\(one.id)/suspend")
            case "created": _ = try await api.makeKey(name: "Three")
            case "used": #expect(try await api.verify(one.token)["valid"] == true)
            default: _ = try await api.send(.post, "/v1/keys/\(one.id)/revoke", ["reason": "other"])
            }
            let revoked = try await api.audit("key.revoke").count
            let applied = try await api.applyBulk(preview)
            #expect(applied.status == 409, "\(race)")
            #expect(applied.problem == "state-conflict")
            #expect(try await api.verify(two.token)["valid"] == true)
            #expect(try await api.audit("key.revoke").count == revoked)
            #expect(try await api.audit("bulk.apply").isEmpty)
        }
    }

    /// Keys that were to expire in some minutes are not ended at once because somebody was slow.
    @Test func anEndThatHasPassedMeanwhileIsRefused() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let end = (api.test.time.now() + .seconds(300)).text
            let preview = try await api.previewBulk(["apiId": "payments"], "setExpiry", [("expiresAt", .string(end))])
            #expect(preview.status == 200)
            api.test.time.advance(by: .seconds(300))
            let applied = try await api.applyBulk(preview)
            #expect(applied.status == 409, "\(applied.text)")
            #expect(applied.problem == "state-conflict")
            #expect(try await api.verify(key.token)["valid"] == true)
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["expiresAt"] == nil)
        }
    }

    @Test func anOldPreviewIsRefused() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let preview = try await api.previewBulk(["apiId": "payments"], "revoke")
            api.test.time.advance(by: .seconds(15 * 60 - 1))
            let other = try await api.previewBulk(["apiId": "payments"], "revoke")
            api.test.time.advance(by: .seconds(1))
            #expect(try await api.applyBulk(preview).status == 409)
            #expect(try await api.verify(key.token)["valid"] == true)
            #expect(try await api.applyBulk(other).status == 200)
        }
    }

    @Test func thePreviewOfAnotherCallerIsRefused() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let other = try await api.makeManagementKey(roles: ["owner"])
            let preview = try await api.previewBulk(["apiId": "payments"], "revoke")
            #expect(try await api.applyBulk(preview, token: other.token).status == 409)
            #expect(try await api.verify(key.token)["valid"] == true)
            // And of one that was never made.
            let unknown = try await api.send(
                .post,
                "/v1/bulk/apply",
                ["previewId": "prv_0000000000000000000000"]
            )
            #expect(unknown.status == 404)
        }
    }

    @Test func everythingHasToBeSaid() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            #expect(try await api.previewBulk([:], "suspend").pointers == ["/filter"])
            #expect(try await api.previewBulk(["all": true, "apiId": "payments"], "suspend").pointers == ["/filter"])
            #expect(try await api.previewBulk(["all": false], "suspend").pointers == ["/filter/all"])
            #expect(try await api.previewBulk(["apiId": "nothing"], "suspend").pointers == ["/filter/apiId"])
            #expect(try await api.previewBulk(["apiID": "payments"], "suspend").status == 422)
            #expect(try await api.previewBulk(["all": true], "rotate").pointers == ["/action"])
            #expect(try await api.previewBulk(["all": true], "setExpiry").pointers == ["/expiresAt"])
            #expect(
                try await api.previewBulk(["all": true], "revoke", [("expiresAt", "2037-01-01T00:00:00Z")]).pointers
                    == ["/expiresAt"]
            )
            #expect(try await api.previewBulk(["all": true], "suspend").json["count"] == 1)
        }
    }

    @Test func eachConditionTakesWhatItSays() async throws {
        try await APIFixture.run { api in
            let first = try await api.makeKey(name: "First")
            let start = api.test.time.now()
            api.test.time.advance(by: .seconds(86_400))
            let maker = try await api.makeManagementKey(roles: ["operator"])
            _ = try await api.send(.post, "/v1/plans", ["name": "trial"])
            _ = try await api.send(
                .post,
                "/v1/consumers",
                ["externalId": "globex", "kind": "service", "planId": "trial"]
            )
            func create(_ more: [(String, JSON)], token: String? = nil) async throws -> String {
                let draft: [(String, JSON)] = [
                    ("apiId", "payments"), ("environment", "production"), ("name", "k"),
                ]
                let answer = try await api.send(.post, "/v1/keys", .object(JSONObject(draft + more)), token: token)
                return answer.json["key"]?["id"]?.string ?? answer.text
            }
            let acme = ("consumerExternalId", JSON.string("acme"))
            let globex = ("consumerExternalId", JSON.string("globex"))
            let tagged = try await create([acme, ("metadata", ["team": "blue", "tier": 2, "vip": true])])
            let other = try await create([acme, ("metadata", ["team": "red", "tier": 2])])
            let planned = try await create([acme, ("planId", "trial")])
            let shared = try await create([globex])
            let made = try await create([acme], token: maker.token)
            let staged = try await create([acme, ("environment", "staging")])
            let brief = try await create([
                acme, ("expiresAt", .string((api.test.time.now() + .seconds(60)).text)),
            ])
            api.test.time.advance(by: .seconds(120))
            _ = try await api.send(.post, "/v1/keys/\(other)/suspend")
            let context: JSON = ["ip": "203.0.113.9", "method": "GET", "path": "/"]
            #expect(try await api.verify(first.token, JSONObject([("context", context)]))["valid"] == true)

            func taken(_ filter: JSON, _ action: String = "compromise") async throws -> Set<String> {
                let answer = try await api.previewBulk(filter, action)
                #expect(answer.status == 200, "\(filter): \(answer.text)")
                return Set(answer.json["sample"]?.array?.compactMap { $0["id"]?.string } ?? [])
            }
            let all: Set = [first.id, tagged, other, planned, shared, made, staged, brief]
            #expect(try await taken(["apiId": "payments"]) == all)
            #expect(try await taken(["apiId": .string(first.api)]) == all)
            #expect(try await taken(["environment": "staging"]) == [staged])
            #expect(try await taken(["consumerId": .string(first.consumer)]) == all.subtracting([shared]))
            #expect(try await taken(["planId": "trial"]) == [planned, shared])
            #expect(try await taken(["metadata": ["team": "blue"]]) == [tagged])
            #expect(try await taken(["metadata": ["tier": 2]]) == [tagged, other])
            #expect(try await taken(["metadata": ["tier": "2", "vip": "true"]]) == [tagged])
            #expect(try await taken(["metadata": ["team": "green"]]) == [])
            #expect(try await taken(["createdBy": .string(maker.id)]) == [made])
            #expect(try await taken(["lastUsedFrom": "203.0.113.0/24"]) == [first.id])
            #expect(try await taken(["lastUsedFrom": "203.0.114.0/24"]) == [])
            #expect(try await taken(["state": "suspended"]) == [other])
            #expect(try await taken(["state": "expired"]) == [brief])
            #expect(try await taken(["createdBefore": .string((start + .seconds(1)).text)]) == [first.id])
            #expect(
                try await taken(["createdAfter": .string((start + .seconds(1)).text), "apiId": "payments"])
                    == all.subtracting([first.id])
            )
            // Used, and older than that; made since; and neither.
            #expect(try await taken(["idleFor": "1m", "apiId": "payments"]) == all.subtracting([first.id]))
            #expect(try await taken(["idleFor": "1h", "apiId": "payments"]) == [])
            #expect(try await taken(["state": "suspended", "environment": "staging"]) == [])
            // What is so already, or cannot be, is left alone.
            let resumed = try await api.previewBulk(["apiId": "payments"], "resume")
            #expect(resumed.json["count"] == 1)
            #expect(resumed.json["unaffected"] == 7)
        }
    }

    /// Nobody knows how management keys are used: the one that runs every night is not idle.
    @Test(arguments: [["idleFor": "1h"], ["lastUsedFrom": "0.0.0.0/0"]] as [JSON])
    func managementKeysAreNeverTakenByTheirUse(filter: JSON) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let context: JSON = ["ip": "203.0.113.9"]
            #expect(try await api.verify(key.token, JSONObject([("context", context)]))["valid"] == true)
            let other = try await api.makeManagementKey(roles: ["operator"])
            #expect(try await api.verify(other.token, JSONObject([("context", context)]))["valid"] == true)
            api.test.time.advance(by: .seconds(7200))
            let preview = try await api.previewBulk(filter, "suspend")
            #expect(preview.json["sample"]?.array?.map { $0["id"]?.string } == [key.id], "\(preview.text)")
            // Those of the owner, too.
            #expect(preview.json["unaffected"] == 2)
        }
    }

    @Test(arguments: ["suspend", "resume", "compromise", "destroy", "setExpiry"])
    func eachActionDoesWhatTheSingleCallDoes(action: String) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let end = (api.test.time.now() + .seconds(600)).text
            switch action {
            case "resume": _ = try await api.send(.post, "/v1/keys/\(key.id)/suspend")
            case "destroy": _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"])
            default: break
            }
            let more: [(String, JSON)] = action == "setExpiry" ? [("expiresAt", .string(end))] : []
            let preview = try await api.previewBulk(["apiId": "payments"], action, more)
            #expect(preview.json["count"] == 1, "\(preview.text)")
            #expect(try await api.applyBulk(preview).status == 200)
            let shown = try await api.send(.get, "/v1/keys/\(key.id)").json
            let code = try await api.verify(key.token)["code"]
            switch action {
            case "suspend": #expect(shown["state"] == "suspended" && code == "suspended")
            case "resume": #expect(shown["state"] == "active" && code == "valid")
            case "compromise":
                #expect(shown["state"] == "compromised" && code == "compromised" && shown["reason"] == "leaked")
            case "destroy":
                #expect(shown["state"] == "destroyed" && code == "not_found")
                let credentials = try await api.send(.get, "/v1/keys/\(key.id)/credentials").json["items"]?.array
                #expect(credentials?.first?["pepperVersion"] == nil)
            default:
                #expect(shown["expiresAt"]?.string == end && code == "valid")
                api.test.time.advance(by: .seconds(600))
                #expect(try await api.verify(key.token)["code"] == "expired")
            }
            let verb = action == "setExpiry" ? "update" : action
            #expect(try await api.audit("key.\(verb)").count >= 1)
        }
    }

    @Test func whatIsDeadIsNotBroughtBackByALaterEnd() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let now = api.test.time.now()
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["expiresAt": .string((now + .seconds(60)).text)])
            api.test.time.advance(by: .seconds(60))
            let end: [(String, JSON)] = [("expiresAt", .string((now + .seconds(9000)).text))]
            #expect(try await api.previewBulk(["apiId": "payments"], "setExpiry", end).json["count"] == 0)
            let wanted = try await api.previewBulk(["apiId": "payments", "state": "expired"], "setExpiry", end)
            #expect(wanted.json["count"] == 1)
        }
    }

    @Test func webhooksAreToldOfEveryKey() async throws {
        try await APIFixture.run { api in
            for number in 0..<3 { _ = try await api.makeKey(name: "Key \(number)") }
            let webhook = try await api.send(
                .post,
                "/v1/webhooks",
                ["url": "https://hooks.example.com/", "types": ["key.revoked"]]
            ).json["webhook"]?["id"]?.string
            _ = try await api.applyBulk(try await api.previewBulk(["apiId": "payments"], "revoke"))
            let deliveries = try await api.send(.get, "/v1/webhooks/\(webhook ?? "")/deliveries").json["items"]?.array
            #expect(deliveries?.count == 3)
        }
    }
}

extension APIFixture {
    func previewBulk(
        _ filter: JSON,
        _ action: String,
        _ more: [(String, JSON)] = [],
        token: String? = nil
    ) async throws -> Answer {
        let body = JSONObject([("filter", filter), ("action", .string(action))] + more)
        return try await self.send(.post, "/v1/bulk/preview", .object(body), token: token)
    }

    func applyBulk(_ preview: Answer, token: String? = nil) async throws -> Answer {
        try await self.send(.post, "/v1/bulk/apply", ["previewId": preview.json["previewId"]], token: token)
    }

    /// The audit events with an action, at most 200.
    func audit(_ action: String) async throws -> [JSON] {
        try await self.send(.get, "/v1/audit/events?limit=200&action=\(action)").json["items"]?.array ?? []
    }
}
