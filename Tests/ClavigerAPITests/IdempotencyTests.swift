import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

@Suite struct IdempotencyTests {
    private let header = HTTPField.Name("Idempotency-Key")!
    private let replayed = HTTPField.Name("Idempotency-Replayed")!

    private func draft(_ consumer: String, name: String = "Same") -> JSON {
        [
            "apiId": "payments", "environment": "production", "consumerId": .string(consumer), "name": .string(name),
        ]
    }

    @Test func theSameRequestActsOnceAndAnswersTheSame() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let first = try await api.send(.post, "/v1/keys", self.draft(key.consumer), headers: [self.header: "abc"])
            let second = try await api.send(.post, "/v1/keys", self.draft(key.consumer), headers: [self.header: "abc"])
            #expect(first.status == 201)
            #expect(second.status == 201)
            #expect(first.bytes == second.bytes)
            #expect(first.headers[self.replayed] == nil)
            #expect(second.headers[self.replayed] == "true")
            #expect(try await api.send(.get, "/v1/keys?name=Same").json["items"]?.array?.count == 1)
        }
    }

    @Test func anotherRequestWithTheSameKeyIsRefused() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/keys", self.draft(key.consumer), headers: [self.header: "abc"])
            let other = try await api.send(
                .post,
                "/v1/keys",
                self.draft(key.consumer, name: "Other"),
                headers: [self.header: "abc"]
            )
            #expect(other.status == 422)
            #expect(other.problem == "idempotency-key-reused")
            #expect(try await api.send(.get, "/v1/keys?name=Other").json["items"] == .array([]))
        }
    }

    @Test func anotherCallersKeyIsAnother() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let other = try await api.makeManagementKey(roles: ["owner"])
            _ = try await api.send(.post, "/v1/keys", self.draft(key.consumer), headers: [self.header: "abc"])
            let answer = try await api.send(
                .post,
                "/v1/keys",
                self.draft(key.consumer),
                token: other.token,
                headers: [self.header: "abc"]
            )
            #expect(answer.headers[self.replayed] == nil)
            #expect(try await api.send(.get, "/v1/keys?name=Same").json["items"]?.array?.count == 2)
        }
    }

    @Test func afterADayItIsForgotten() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/keys", self.draft(key.consumer), headers: [self.header: "abc"])
            api.test.time.advance(by: .seconds(24 * 3600 + 1))
            try await api.test.runInBackground()
            let again = try await api.send(.post, "/v1/keys", self.draft(key.consumer), headers: [self.header: "abc"])
            #expect(again.status == 201)
            #expect(again.headers[self.replayed] == nil)
        }
    }

    @Test func aRefusedRequestIsNotRemembered() async throws {
        try await APIFixture.run { api in
            let bad = try await api.send(
                .post,
                "/v1/consumers",
                ["externalId": "", "kind": "user"],
                headers: [self.header: "abc"]
            )
            #expect(bad.status == 422)
            let good = try await api.send(
                .post,
                "/v1/consumers",
                ["externalId": "a", "kind": "user"],
                headers: [self.header: "abc"]
            )
            #expect(good.status == 201)
        }
    }

    @Test func repeatedAtTheSameTimeItActsOnce() async throws {
        try await APIFixture.run { api in
            let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await api.send(
                            .post,
                            "/v1/consumers",
                            ["externalId": "race", "kind": "user"],
                            headers: [self.header: "race"]
                        ).bytes
                    }
                }
                return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
            }
            #expect(answers.count == 1)
        }
    }

    @Test(arguments: ["", " ", "a b", "ä", String(repeating: "a", count: 256)])
    func badKeys(_ key: String) async throws {
        try await APIFixture.run { api in
            let answer = try await api.send(
                .post,
                "/v1/consumers",
                ["externalId": "a", "kind": "user"],
                headers: [self.header: key]
            )
            #expect(answer.status == 400)
        }
    }

    /// What is kept for a replay is sealed, and is sealed anew when the seal key is rotated.
    @Test func keptAnswersFollowTheSealKey() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let first = try await api.send(.post, "/v1/keys", self.draft(key.consumer), headers: [self.header: "abc"])
            #expect(try await api.send(.post, "/v1/keyring/rotate", ["purpose": "seal"]).status == 200)
            try await api.test.runInBackground()
            let second = try await api.send(.post, "/v1/keys", self.draft(key.consumer), headers: [self.header: "abc"])
            #expect(first.bytes == second.bytes)
            let events = try await api.send(.get, "/v1/audit/events?action=keyring.rewrap").json["items"]?.array ?? []
            #expect(events.count == 1)
        }
    }

    @Test func aRotatedPepperReachesCredentialsAtTheirNextUse() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let path = "/v1/keys/\(key.id)/credentials"
            let rotated = try await api.send(.post, "/v1/keyring/rotate", ["purpose": "pepper"])
            #expect(rotated.status == 200)
            #expect((rotated.json["credentialsOnOldPeppers"]?.integer ?? 0) >= 2)
            #expect(try await api.send(.get, path).json["items"]?.array?.first?["pepperVersion"] == 1)
            #expect(try await api.verify(key.token)["valid"] == true)
            try await api.test.runInBackground()
            #expect(try await api.send(.get, path).json["items"]?.array?.first?["pepperVersion"] == 2)
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }
}
