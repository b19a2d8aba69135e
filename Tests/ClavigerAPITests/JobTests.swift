import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// `/v1/jobs`, and rotations that are asked for from outside.
@Suite struct JobTests {
    @Test func jobsAreSeenAndDoneOnRequest() async throws {
        try await APIFixture.run { api in
            let listed = try await api.send(.get, "/v1/jobs")
            #expect(listed.status == 200)
            let names = listed.json["items"]?.array?.compactMap { $0["name"]?.string } ?? []
            #expect(names == ["ends", "rotation", "unused", "requests", "reviews", "graces"])
            try await api.test.scheduler.runOnce()
            func rotation() async throws -> JSON {
                let items = try await api.send(.get, "/v1/jobs").json["items"]?.array ?? []
                return items.first { $0["name"] == "rotation" } ?? .null
            }
            #expect(try await rotation()["runs"] == 1)
            #expect(try await rotation()["state"] == "waiting")
            try await api.test.scheduler.runOnce()
            #expect(try await rotation()["runs"] == 1)

            let once = HTTPFields([HTTPField(name: try #require(HTTPField.Name("Idempotency-Key")), value: "again")])
            let asked = try await api.send(.post, "/v1/jobs/rotation/run", headers: once)
            #expect(asked.status == 200, "\(asked.text)")
            #expect(asked.json["name"] == "rotation")
            try await api.test.scheduler.runOnce()
            #expect(try await rotation()["runs"] == 2)
            // The same request again asks for nothing more.
            #expect(try await api.send(.post, "/v1/jobs/rotation/run", headers: once).json == asked.json)
            try await api.test.scheduler.runOnce()
            #expect(try await rotation()["runs"] == 2)

            let records = try await api.send(.get, "/v1/audit/events?action=job.run").json["items"]?.array ?? []
            #expect(records.map { $0["target"]?["id"] } == ["rotation"])
            #expect(try await api.send(.post, "/v1/jobs/nothing/run").status == 404)
            let surplus = try await api.send(.post, "/v1/jobs/rotation/run", ["x": 1])
            #expect(surplus.status == 422 || surplus.status == 400)
        }
    }

    @Test(arguments: [("admin", 200, 200), ("operator", 200, 200), ("auditor", 200, 403), ("viewer", 403, 403)])
    func whoMay(role: String, read: Int, run: Int) async throws {
        try await APIFixture.run { api in
            let manager = try await api.makeManagementKey(roles: [role])
            #expect(try await api.send(.get, "/v1/jobs", token: manager.token).status == read)
            #expect(try await api.send(.post, "/v1/jobs/ends/run", token: manager.token).status == run)
        }
    }

    @Test func rotationsAreAskedForOnAnIncident() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            #expect(try await api.send(.get, "/v1/self", token: key.token).json["rotation"]?["mustRotateBy"] == nil)
            let body: JSON = ["filter": ["apiId": "payments"], "action": "requireRotation", "within": "24h"]
            let preview = try await api.send(.post, "/v1/bulk/preview", body)
            #expect(preview.status == 200, "\(preview.text)")
            #expect(preview.json["count"] == 1)
            let applied = try await api.send(.post, "/v1/bulk/apply", ["previewId": preview.json["previewId"]])
            #expect(applied.json["action"] == "requireRotation")
            let by = (api.test.time.now() + .seconds(86_400)).text
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["rotateBy"]?.string == by)
            let own = try await api.send(.get, "/v1/self", token: key.token).json
            #expect(own["rotation"]?["mustRotateBy"]?.string == by)
            let report = try await api.send(.get, "/v1/keys/\(key.id)/rotation").json
            #expect(report["mustRotateBy"]?.string == by)

            let rotated = try await api.send(.post, "/v1/self/rotate", ["grace": "1h"], token: key.token)
            #expect(rotated.status == 200, "\(rotated.text)")
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["rotateBy"] == nil)

            let second = try await api.makeKey(name: "second")
            let again = try await api.send(.post, "/v1/bulk/preview", body)
            _ = try await api.send(.post, "/v1/bulk/apply", ["previewId": again.json["previewId"]])
            api.test.time.advance(by: .seconds(86_400))
            try await api.test.runInBackground()
            let late = try await api.send(.get, "/v1/keys/\(second.id)").json
            #expect(late["state"] == "suspended")
            #expect(late["reason"] == "rotation_overdue")
            #expect(try await api.verify(second.token)["code"] == "suspended")
        }
    }

    private static let wrong: [(body: JSON, pointer: String)] = [
        (["action": "requireRotation"], "/within"),
        (["action": "requireRotation", "within": "59m"], "/within"),
        (["action": "requireRotation", "within": "366d"], "/within"),
        (["action": "requireRotation", "within": "1h", "reason": "leaked"], "/reason"),
        (["action": "requireRotation", "within": "1h", "expiresAt": "2027-01-01T00:00:00Z"], "/expiresAt"),
        (["action": "revoke", "within": "1h"], "/within"),
        (["action": "setExpiry", "expiresAt": "2027-01-01T00:00:00Z", "within": "1h"], "/within"),
    ]

    @Test(arguments: wrong)
    func whatDoesNotBelongTogetherIsRefused(body: JSON, pointer: String) async throws {
        try await APIFixture.run { api in
            var whole = body.object ?? JSONObject()
            whole["filter"] = ["all": true]
            let answer = try await api.send(.post, "/v1/bulk/preview", .object(whole))
            #expect(answer.status == 422)
            #expect(answer.json["errors"]?.array?.map { $0["pointer"]?.string } == [pointer])
        }
    }

    /// Whoever may not rotate keys may not ask for it.
    @Test func askingForRotationsNeedsThatPermission() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let manager = try await api.makeManagementKey(scopes: [
                "apis.*.*.keys.read", "apis.*.*.keys.suspend", "apis.*.*.keys.update",
            ])
            let body: JSON = ["filter": ["apiId": "payments"], "action": "requireRotation", "within": "24h"]
            #expect(try await api.send(.post, "/v1/bulk/preview", body, token: manager.token).status == 403)
        }
    }
}
