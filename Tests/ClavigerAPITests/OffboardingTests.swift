import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// A consumer leaves.
@Suite struct OffboardingTests {
    @Test func everythingThatDependsOnAConsumerIsShown() async throws {
        try await APIFixture.run { api in
            let used = try await api.makeKey(name: "Used")
            let unused = try await api.makeKey(name: "Unused", environment: "staging")
            let ended = try await api.makeKey(name: "Ended")
            _ = try await api.send(.post, "/v1/keys/\(ended.id)/revoke", ["reason": "other"])
            _ = try await api.send(.post, "/v1/plans", ["name": "gold"])
            _ = try await api.send(.post, "/v1/plans", ["name": "trial"])
            _ = try await api.send(.patch, "/v1/keys/\(unused.id)", ["planId": "trial"])
            _ = try await api.send(
                .patch,
                "/v1/consumers/\(used.consumer)",
                ["planId": "gold", "credits": ["amount": 50]]
            )
            for address in ["203.0.113.9", "203.0.113.9", "2001:db8::7"] {
                let context: JSON = ["ip": .string(address), "userAgent": "billing/2"]
                #expect(try await api.verify(used.token, JSONObject([("context", context)]))["valid"] == true)
            }
            let held = try await api.send(
                .post,
                "/v1/credits/reservations",
                ["keyId": .string(used.id), "amount": 7, "lease": "60s"]
            )
            let preview = try await api.send(.post, "/v1/consumers/\(used.consumer)/offboard/preview")
            #expect(preview.status == 200, "\(preview.text)")
            #expect(preview.json["count"] == 2)
            #expect(preview.json["consumer"]?["externalId"] == "acme")
            let keys = preview.json["keys"]?.array ?? []
            #expect(keys.map { $0["id"]?.string } == [used.id, unused.id])
            #expect(keys.first?["lastUsed"]?["ip"] == "2001:db8::7")
            #expect(keys.last?["lastUsed"] == nil)
            #expect(Set(preview.json["plans"]?.array?.compactMap { $0["name"]?.string } ?? []) == ["gold", "trial"])
            #expect(preview.json["reservations"]?.array?.map { $0["id"] } == [held.json["id"]])
            let users = preview.json["users"]?.array ?? []
            #expect(users.map { $0["network"] } == ["203.0.113.9/32", "2001:db8::/64"])
            #expect(users.first?["userAgent"] == "billing/2")
            #expect(users.first?["count"] == 2)

            let narrow = try await api.makeManagementKey(scopes: ["consumers.read", "apis.payments.*.keys.read"])
            let without = try await api.send(
                .post,
                "/v1/consumers/\(used.consumer)/offboard/preview",
                token: narrow.token
            )
            #expect(without.status == 200)
            #expect(without.json["users"] == nil)
        }
    }

    @Test(arguments: [("suspend", "suspended"), ("revoke", "revoked")])
    func itsKeysEnd(action: String, state: String) async throws {
        try await APIFixture.run { api in
            let one = try await api.makeKey(name: "One")
            let two = try await api.makeKey(name: "Two", environment: "staging")
            _ = try await api.send(.post, "/v1/keys/\(two.id)/suspend", ["reason": "unused"])
            let other = try await api.keyOfGlobex()
            for key in [one.token, other.token] { #expect(try await api.verify(key)["valid"] == true) }
            let preview = try await api.previewOffboarding(one.consumer)
            let done = try await api.offboard(one.consumer, preview, action)
            #expect(done.status == 200, "\(done.text)")
            #expect(done.json["count"] == (action == "revoke" ? 2 : 1))
            #expect(try await api.verify(one.token)["code"]?.string == state)
            #expect(try await api.verify(two.token)["code"]?.string == state)
            #expect(try await api.verify(other.token)["valid"] == true)
            let shown = try await api.send(.get, "/v1/keys/\(one.id)").json
            #expect(shown["reason"] == "owner_left")
            #expect(try await api.audit("consumer.offboard").count == 1)
            #expect(try await api.audit("consumer.offboard").first?["reason"] == "owner_left")

            let again = try await api.offboard(one.consumer, preview, action)
            #expect(again.bytes == done.bytes)
            #expect(try await api.audit("consumer.offboard").count == 1)
        }
    }

    @Test func aTransferKeepsTheKeyAndChangesWhatItsOwnerShares() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let other = try await api.keyOfGlobex()
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["credits": ["amount": 100]])
            _ = try await api.send(.patch, "/v1/consumers/\(key.consumer)", ["credits": ["amount": 10]])
            _ = try await api.send(
                .patch,
                "/v1/consumers/\(other.consumer)",
                ["credits": ["amount": 3], "limits": [["name": "shared", "requests": 50, "window": "1h"]]]
            )
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 9)
            #expect(try await api.verify(other.token)["credits"]?["remaining"] == 2)
            let ended = try await api.makeKey(name: "Ended")
            _ = try await api.send(.post, "/v1/keys/\(ended.id)/revoke", ["reason": "other"])

            let preview = try await api.previewOffboarding(key.consumer)
            let done = try await api.offboard(key.consumer, preview, "transfer", to: "globex")
            #expect(done.status == 200, "\(done.text)")
            #expect(done.json["to"]?.string == other.consumer)
            #expect(done.json["count"] == 1)

            // From now on it shares the new owner's credits and limits, and has its own as before.
            let verdict = try await api.verify(key.token)
            #expect(verdict["consumer"]?["externalId"] == "globex")
            #expect(verdict["credits"]?["remaining"] == 1)
            #expect(verdict["limits"]?.array?.map { $0["name"] } == ["shared"])
            #expect(try await api.verify(other.token)["credits"]?["remaining"] == 0)
            #expect(try await api.verify(key.token)["code"] == "credits_exhausted")
            _ = try await api.send(.patch, "/v1/consumers/\(other.consumer)", ["credits": .null])
            #expect(try await api.verify(key.token)["credits"]?["remaining"] == 97)

            let shown = try await api.send(.get, "/v1/keys/\(key.id)").json
            #expect(shown["id"]?.string == key.id)
            #expect(shown["consumerId"]?.string == other.consumer)
            #expect(shown["state"] == "active")
            let records = try await api.audit("key.transfer")
            #expect(records.count == 1)
            #expect(records.first?["before"]?["consumerId"]?.string == key.consumer)
            #expect(records.first?["after"]?["consumerId"]?.string == other.consumer)
            // What has ended is the history of the one that left, and so is what was used.
            #expect(try await api.send(.get, "/v1/keys/\(ended.id)").json["consumerId"]?.string == key.consumer)
            let log = try await api.send(.get, "/v1/access-log?keyId=\(key.id)").json["items"]?.array ?? []
            #expect(Set(log.compactMap { $0["consumerId"]?.string }) == [key.consumer, other.consumer])
        }
    }

    @Test func creditsThatAreSetAsideForWorkUnderWayHoldATransferUp() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.keyOfGlobex()
            _ = try await api.send(.patch, "/v1/consumers/\(key.consumer)", ["credits": ["amount": 10]])
            let held = try await api.send(
                .post,
                "/v1/credits/reservations",
                ["keyId": .string(key.id), "amount": 4, "lease": "60s"]
            )
            let preview = try await api.previewOffboarding(key.consumer)
            let refused = try await api.offboard(key.consumer, preview, "transfer", to: "globex")
            #expect(refused.status == 409)
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["consumerId"]?.string == key.consumer)
            let id = held.json["id"]?.string ?? ""
            #expect(try await api.send(.post, "/v1/credits/reservations/\(id)/release", [:]).status == 200)
            #expect(try await api.offboard(key.consumer, preview, "transfer", to: "globex").status == 200)
        }
    }

    @Test(arguments: ["key", "new", "consumer", "time", "caller", "subject"])
    func aPreviewThatIsNotTrueAnyMoreIsRefused(race: String) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let other = try await api.keyOfGlobex()
            let preview = try await api.previewOffboarding(race == "subject" ? other.consumer : key.consumer)
            var token: String?
            switch race {
            case "key": _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["name": "Renamed"])
            case "new": _ = try await api.makeKey(name: "New")
            case "consumer": _ = try await api.send(.patch, "/v1/consumers/\(key.consumer)", ["name": "Acme"])
            case "time": api.test.time.advance(by: .seconds(15 * 60))
            case "caller": token = try await api.makeManagementKey(roles: ["owner"]).token
            default: break
            }
            let refused = try await api.offboard(key.consumer, preview, "revoke", token: token)
            #expect(refused.status == (race == "subject" ? 404 : 409), "\(race): \(refused.text)")
            #expect(try await api.verify(key.token)["valid"] == true)
            // Nor is it one of a bulk change.
            #expect([404, 409].contains(try await api.applyBulk(preview).status))
        }
    }

    @Test func whatIsAskedHasToFit() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let preview = try await api.previewOffboarding(key.consumer)
            #expect(try await api.offboard(key.consumer, preview, "transfer").pointers == ["/to"])
            #expect(try await api.offboard(key.consumer, preview, "transfer", to: "nobody").pointers == ["/to"])
            #expect(try await api.offboard(key.consumer, preview, "transfer", to: "acme").pointers == ["/to"])
            #expect(try await api.offboard(key.consumer, preview, "revoke", to: "acme").pointers == ["/to"])
            #expect(try await api.offboard(key.consumer, preview, "destroy").pointers == ["/action"])
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }

    @Test func nobodyShowsThemselvesTheDoor() async throws {
        try await APIFixture.run { api in
            let consumers = try await api.send(.get, "/v1/consumers?externalId=owner").json["items"]?.array
            let own = try #require(consumers?.first?["id"]?.string)
            #expect(try await api.previewOffboarding(own).status == 409)
        }
    }

    @Test func theKeysOfThoseWithMorePowerAreSafe() async throws {
        try await APIFixture.run { api in
            _ = try await api.send(.post, "/v1/consumers", ["externalId": "ops", "kind": "user"])
            let strong = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "claviger", "environment": "production", "consumerExternalId": "ops", "name": "Ops",
                    "roles": ["admin"],
                ]
            )
            let consumer = try #require(strong.json["key"]?["consumerId"]?.string)
            _ = try await api.keyOfGlobex()
            let narrow = try await api.makeManagementKey(scopes: ["consumers.*", "apis.*.*.keys.*"])
            let preview = try await api.previewOffboarding(consumer, token: narrow.token)
            #expect(preview.json["count"] == 1)
            for action in ["revoke", "suspend", "transfer"] {
                let refused = try await api.offboard(
                    consumer,
                    preview,
                    action,
                    to: action == "transfer" ? "globex" : nil,
                    token: narrow.token
                )
                #expect(refused.status == 403, "\(action): \(refused.text)")
            }
            let reader = try await api.makeManagementKey(scopes: ["consumers.*", "apis.*.*.keys.read"])
            let seen = try await api.previewOffboarding(consumer, token: reader.token)
            #expect(try await api.offboard(consumer, seen, "revoke", token: reader.token).status == 403)
        }
    }
}

extension APIFixture {
    func previewOffboarding(_ consumer: String, token: String? = nil) async throws -> Answer {
        try await self.send(.post, "/v1/consumers/\(consumer)/offboard/preview", token: token)
    }

    func offboard(
        _ consumer: String,
        _ preview: Answer,
        _ action: String,
        to: String? = nil,
        token: String? = nil
    ) async throws -> Answer {
        try await self.send(
            .post,
            "/v1/consumers/\(consumer)/offboard",
            ["previewId": preview.json["previewId"], "action": .string(action), "to": to.map(JSON.string)],
            token: token
        )
    }

    /// Another consumer, `globex`, with a key of the same api.
    func keyOfGlobex() async throws -> (token: String, consumer: String) {
        _ = try await self.send(.post, "/v1/apis", ["name": "payments", "prefix": "pay"])
        let consumer = try await self.send(.post, "/v1/consumers", ["externalId": "globex", "kind": "customer"])
        let key = try await self.send(
            .post,
            "/v1/keys",
            ["apiId": "payments", "environment": "production", "consumerExternalId": "globex", "name": "Globex"]
        )
        guard let token = key.json["token"]?.string, let id = consumer.json["id"]?.string else {
            throw Unexpected(key.text)
        }
        return (token, id)
    }
}
