import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import HTTPTypes
import Testing

/// What slow hashes of imported keys may cost.
@Suite struct SlowHashTests {
    private static let token = SlowHashGate.token

    /// Twenty uses at once of one key: one hash is computed, the rest waits for that and needs no place of its own.
    @Test(.timeLimit(.minutes(10))) func theFirstUseIsComputedOnce() async throws {
        let gate = SlowHashGate(isOpen: false)
        try await gate.run { api in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await api.verify(Self.token, from: "203.0.113.9").status } }
                await gate.waitUntilAsked(1)
                gate.open()
                for try await status in group { #expect(status == 200) }
            }
            #expect(gate.asked == 1)
            #expect(try await api.verify(Self.token)["valid"] == true)
            #expect(try await api.verify(String(Self.token.dropLast()) + "x")["code"] == "not_found")
            #expect(gate.asked == 1)
        }
    }

    /// A queue that is full refuses; it lets nobody in and says nothing of the token.
    @Test(.timeLimit(.minutes(10))) func aFullQueueIsAnOverload() async throws {
        let gate = SlowHashGate(isOpen: false)
        try await gate.run(waiting: 0) { api in
            try await withThrowingTaskGroup(of: JSON.self) { group in
                for index in 0..<2 { group.addTask { try await api.verify("gX7pQ2vN.guess-number-\(index)") } }
                await gate.waitUntilAsked(2)
                let answer = try await api.send(.post, "/v1/keys/verify", ["token": .string(Self.token)])
                #expect(answer.status == 503)
                #expect(answer.problem == "unavailable")
                gate.open()
                for try await verdict in group { #expect(verdict["code"] == "not_found") }
            }
            #expect(gate.most == 2)
            #expect(try await api.verify(Self.token)["valid"] == true)
        }
    }

    /// Guessing at a key whose id is known is refused before anything slow is computed.
    @Test func guessingIsThrottledBeforeTheHash() async throws {
        let gate = SlowHashGate(isOpen: true)
        try await gate.run { api in
            for index in 0..<20 { _ = try await api.verify("gX7pQ2vN.guess-number-\(index)") }
            #expect(gate.asked == 10)
            #expect(try await api.verify("gX7pQ2vN.guess-number-21")["code"] == "too_many_attempts")
            func introspect(as token: String) async throws {
                for index in 0..<20 {
                    _ = try await api.form("/oauth/introspect", [("token", "gX7pQ2vN.guess-\(index)")], token: token)
                }
            }
            // The same caller by another way; and another caller, who is counted apart.
            try await introspect(as: api.test.ownerToken)
            #expect(gate.asked == 10)
            let other = try await api.makeManagementKey(scopes: ["apis.payments.production.keys.verify"])
            try await introspect(as: other.token)
            #expect(gate.asked == 20)
            // It was not looked at, and is not called inactive: whoever is right would be turned away.
            let waiting = try await api.form("/oauth/introspect", [("token", Self.token)], token: other.token)
            #expect(waiting.status == 429)
            #expect(waiting.problem == "rate-limited")
            #expect(waiting.headers[.retryAfter].flatMap { Int($0) }.map { (1...60).contains($0) } == true)
            api.test.time.advance(by: .seconds(60))
            let active = try await api.form("/oauth/introspect", [("token", Self.token)], token: other.token)
            #expect(active.json["active"] == true)
            #expect(try await api.verify(Self.token)["valid"] == true)
        }
    }

    /// No token is a management key because of an import, and asking costs nothing.
    @Test func noImportedTokenAuthenticates() async throws {
        let gate = SlowHashGate(isOpen: true)
        try await gate.run { api in
            let answer = try await api.send(.get, "/v1/keys", token: Self.token)
            #expect(answer.status == 401)
            #expect(gate.asked == 0)
        }
    }

    /// Who may not verify a key does not make the server compute its hash.
    @Test func whatTheCallerMayNotSeeCostsNothing() async throws {
        let gate = SlowHashGate(isOpen: true)
        try await gate.run { api in
            let other = try await api.makeManagementKey(scopes: ["apis.payments.staging.keys.verify"])
            #expect(try await api.verify(Self.token, as: other.token)["code"] == "not_found")
            #expect(gate.asked == 0)
        }
    }
}
