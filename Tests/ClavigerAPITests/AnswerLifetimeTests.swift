import ClavigerCore
import ClavigerHTTP
import ClavigerTestSupport
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

/// How long a verdict may be kept by whoever asked (`verifier.answerLifetime`).
@Suite struct AnswerLifetimeTests {
    private static func withLifetime(
        _ lifetime: Duration,
        _ body: @escaping @Sendable (APIFixture) async throws -> Void
    ) async throws {
        let test = try await TestAuthority()
        let responder = test.registry(answerLifetime: lifetime).buildResponder()
        try await Application(responder: responder, logger: test.log.logger()).test(.router) { client in
            try await body(APIFixture(test: test, client: client))
        }
    }

    private static func cacheControl(_ api: APIFixture, _ body: JSON) async throws -> String? {
        try await api.send(.post, "/v1/keys/verify", body).headers[.cacheControl]
    }

    @Test func byDefaultNothingMayBeKept() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            #expect(try await Self.cacheControl(api, ["token": .string(key.token)]) == "no-store")
        }
    }

    @Test func onlyAValidVerdictThatCountedNothing() async throws {
        try await Self.withLifetime(.seconds(10)) { api in
            let key = try await api.makeKey()
            let token = JSON.string(key.token)
            let kept = "private, max-age=10"
            #expect(try await Self.cacheControl(api, ["token": token]) == kept)
            #expect(try await Self.cacheControl(api, ["token": token, "scopes": "refunds.create"]) == "no-store")
            #expect(try await Self.cacheControl(api, ["token": "nonsense"]) == "no-store")
            let limits: JSON = [["name": "burst", "requests": 9, "window": "1m"]]
            #expect(try await Self.cacheControl(api, ["token": token, "limits": limits]) == "no-store")
            for (name, value) in [("limits", limits), ("credits", ["amount": 5] as JSON)] {
                _ = try await api.send(.patch, "/v1/keys/\(key.id)", .object(JSONObject([(name, value)])))
                #expect(try await Self.cacheControl(api, ["token": token]) == "no-store", "\(name)")
                _ = try await api.send(.patch, "/v1/keys/\(key.id)", .object(JSONObject([(name, .null)])))
            }
            _ = try await api.send(.patch, "/v1/consumers/\(key.consumer)", ["limits": limits])
            #expect(try await Self.cacheControl(api, ["token": token]) == "no-store")
            _ = try await api.send(.patch, "/v1/consumers/\(key.consumer)", ["limits": .null])
            let windows: JSON = [["days": ["sat"], "from": "00:00", "to": "24:00", "timeZone": "UTC"]]
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["restrictions": ["timeWindows": windows]])
            #expect(try await Self.cacheControl(api, ["token": token]) == "no-store")
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["restrictions": .null])
            #expect(try await Self.cacheControl(api, ["token": token]) == kept)
            _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "leaked"])
            #expect(try await Self.cacheControl(api, ["token": token]) == "no-store")
        }
    }

    @Test func aVerdictDoesNotOutliveItsKey() async throws {
        try await Self.withLifetime(.seconds(10)) { api in
            let key = try await api.makeKey()
            let end = (api.test.time.now() + .milliseconds(8_500)).text
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["expiresAt": .string(end)])
            let body: JSON = ["token": .string(key.token)]
            #expect(try await Self.cacheControl(api, body) == "private, max-age=8")
            api.test.time.advance(by: .milliseconds(7_501))
            #expect(try await Self.cacheControl(api, body) == "no-store")
        }
    }

    @Test func partsOfASecondAreNothing() async throws {
        try await Self.withLifetime(.milliseconds(900)) { api in
            let key = try await api.makeKey()
            #expect(try await Self.cacheControl(api, ["token": .string(key.token)]) == "no-store")
        }
    }

    @Test func anExplanationIsNeverKept() async throws {
        try await Self.withLifetime(.seconds(10)) { api in
            let key = try await api.makeKey()
            let answer = try await api.send(.post, "/v1/keys/explain", ["token": .string(key.token)])
            #expect(answer.headers[.cacheControl] == "no-store")
        }
    }
}
