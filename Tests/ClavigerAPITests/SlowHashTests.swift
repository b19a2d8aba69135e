import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import Dispatch
import Foundation
import HTTPTypes
import Synchronization
import Testing

/// What slow hashes of imported keys may cost.
@Suite struct SlowHashTests {
    private static let token = APIFixture.foreignToken
    private static let line: JSON = [
        "hash": "pbkdf2_sha256$1000$saltsaltsalt$VKLALtWwecEHGsnbEuIenA0yI2coK13BnGVjYl4I8cE=", "id": "gX7pQ2vN",
        "consumerExternalId": "acme",
    ]
    private static let right: [UInt8] = Array(
        Data(base64Encoded: "VKLALtWwecEHGsnbEuIenA0yI2coK13BnGVjYl4I8cE=") ?? Data()
    )

    /// Counts, and holds whoever asks until it is told to go on.
    private final class Gate: SlowHasher {
        private struct State {
            var asked = 0
            var running = 0
            var most = 0
        }

        private let state = Mutex(State())
        private let semaphore = DispatchSemaphore(value: 0)
        private let isOpen: Bool

        init(isOpen: Bool) {
            self.isOpen = isOpen
        }

        var asked: Int { self.state.withLock { $0.asked } }
        var most: Int { self.state.withLock { $0.most } }

        func open() {
            for _ in 0..<100 { self.semaphore.signal() }
        }

        func hash(_ bytes: [UInt8], _ hash: SlowHash) throws -> [UInt8]? {
            self.state.withLock {
                $0.asked += 1
                $0.running += 1
                $0.most = max($0.most, $0.running)
            }
            if !self.isOpen { self.semaphore.wait() }
            self.state.withLock { $0.running -= 1 }
            return bytes == Array(SlowHashTests.token.utf8) ? SlowHashTests.right : [UInt8](repeating: 0, count: 32)
        }
    }

    private func run(
        _ gate: Gate,
        waiting: Int = 64,
        throttle: GuessThrottle.Configuration = GuessThrottle.Configuration(),
        _ body: @escaping @Sendable (APIFixture) async throws -> Void
    ) async throws {
        let test = try await TestAuthority(throttle: throttle, slowHasher: gate, mostSlowHashesWaiting: waiting)
        try await APIFixture.run(test: test) { api in
            _ = try await api.makeKey()
            let answer = try await api.importLines([Self.line], "&find=before:.")
            #expect(answer.json["imported"] == 1, "\(answer.text)")
            try await body(api)
        }
    }

    /// Twenty uses at once of one key: one hash is computed by each of two threads, the rest waits and needs none.
    @Test(.timeLimit(.minutes(1))) func theFirstUseIsComputedOnce() async throws {
        let gate = Gate(isOpen: false)
        try await self.run(gate) { api in
            try await withThrowingTaskGroup(of: JSON.self) { group in
                for _ in 0..<20 { group.addTask { try await api.verify(Self.token) } }
                while gate.asked < 2 { await Task.yield() }
                gate.open()
                for try await verdict in group { #expect(verdict["valid"] == true) }
            }
            #expect(gate.asked == 2)
            #expect(gate.most == 2)
            #expect(try await api.verify(Self.token)["valid"] == true)
            #expect(try await api.verify(String(Self.token.dropLast()) + "x")["code"] == "not_found")
            #expect(gate.asked == 2)
        }
    }

    /// A queue that is full refuses; it lets nobody in and says nothing of the token.
    @Test(.timeLimit(.minutes(1))) func aFullQueueIsAnOverload() async throws {
        let gate = Gate(isOpen: false)
        try await self.run(gate, waiting: 0) { api in
            try await withThrowingTaskGroup(of: JSON.self) { group in
                for _ in 0..<2 { group.addTask { try await api.verify(Self.token) } }
                while gate.asked < 2 { await Task.yield() }
                let answer = try await api.send(.post, "/v1/keys/verify", ["token": .string(Self.token)])
                #expect(answer.status == 503)
                #expect(answer.problem == "unavailable")
                gate.open()
                for try await verdict in group { #expect(verdict["valid"] == true) }
            }
        }
    }

    /// Guessing at a key whose id is known is refused before anything slow is computed.
    @Test func guessingIsThrottledBeforeTheHash() async throws {
        let gate = Gate(isOpen: true)
        try await self.run(gate, throttle: GuessThrottle.Configuration(allowance: 5, window: .seconds(60))) { api in
            for index in 0..<20 { _ = try await api.verify("gX7pQ2vN.guess-number-\(index)") }
            #expect(gate.asked == 5)
            #expect(try await api.verify("gX7pQ2vN.guess-number-21")["code"] == "too_many_attempts")
            // Callers of the server itself are counted for themselves, and bounded too.
            for index in 0..<20 {
                _ = try await api.form(
                    "/oauth/introspect",
                    [("token", "gX7pQ2vN.guess-\(index)")],
                    token: api.test.ownerToken
                )
            }
            #expect(gate.asked == 10)
            api.test.time.advance(by: .seconds(60))
            #expect(try await api.verify(Self.token)["valid"] == true)
        }
    }

    /// No token is a management key because of an import, and asking costs nothing.
    @Test func noImportedTokenAuthenticates() async throws {
        let gate = Gate(isOpen: true)
        try await self.run(gate) { api in
            let answer = try await api.send(.get, "/v1/keys", token: Self.token)
            #expect(answer.status == 401)
            #expect(gate.asked == 0)
        }
    }

    /// Who may not verify a key does not make the server compute its hash.
    @Test func whatTheCallerMayNotSeeCostsNothing() async throws {
        let gate = Gate(isOpen: true)
        try await self.run(gate) { api in
            let other = try await api.makeManagementKey(scopes: ["apis.payments.staging.keys.verify"])
            #expect(try await api.verify(Self.token, as: other.token)["code"] == "not_found")
            #expect(gate.asked == 0)
        }
    }
}
