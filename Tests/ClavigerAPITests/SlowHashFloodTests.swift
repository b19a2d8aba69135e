import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import Foundation
import HTTPTypes
import Testing

/// What happens while a slow hash is waited for, and whom a flood of wrong tokens for such keys hurts.
@Suite struct SlowHashFloodTests {
    private static let token = SlowHashGate.token

    private static func guess(_ index: Int) -> String { "gX7pQ2vN.guess-number-\(index)" }

    /// A key that ends while its hash is computed lets nobody in (promise P4).
    @Test(
        .timeLimit(.minutes(10)),
        arguments: [
            ("revoke", "revoked"), ("suspend", "suspended"), ("expire", "expired"), ("destroy", "not_found"),
        ]
    )
    func whatEndsMeanwhileIsRefused(action: String, code: String) async throws {
        let gate = SlowHashGate(isOpen: false)
        let end = "2027-06-01T00:00:00Z"
        try await gate.run([SlowHashGate.line("gX7pQ2vN", [("expiresAt", .string(end))])]) { api in
            let key = try await api.importedKey()
            let verdict = Task { try await api.verify(Self.token) }
            await gate.waitUntilAsked(1)
            switch action {
            case "expire": api.test.time.advance(by: .seconds(400 * 86_400))
            case "destroy":
                _ = try await api.send(.post, "/v1/keys/\(key)/revoke", ["reason": "other"])
                #expect(try await api.send(.delete, "/v1/keys/\(key)").status < 300)
            default:
                #expect(try await api.send(.post, "/v1/keys/\(key)/\(action)", ["reason": "other"]).status == 200)
            }
            gate.open()
            #expect(try await verdict.value["code"]?.string == code)
            #expect(gate.asked == 1)
        }
    }

    /// One network, here the addresses of one /64, has few places; whoever else comes gets one.
    @Test(.timeLimit(.minutes(10)), arguments: [true, false])
    func aFloodOfOneNetworkLeavesRoom(isV6: Bool) async throws {
        let gate = SlowHashGate(isOpen: false)
        try await gate.run { api in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 1...9 {
                    let address = isV6 ? "2001:db8::\(index)" : "203.0.113.9"
                    group.addTask { try await api.verify(Self.guess(index), from: address).status }
                }
                // Two run and two wait; the others are refused at once.
                for _ in 0..<5 { #expect(try await group.next() == 503) }
                let other = Task { try await api.verify(Self.token, from: "198.51.100.7") }
                gate.open()
                for try await status in group { #expect(status == 200) }
                #expect(try await other.value.json["valid"] == true)
            }
            #expect(gate.asked == 5)
        }
    }

    /// Right tokens cost nothing, however many; ten wrong ones in a minute are enough.
    @Test func rightTokensAreTakenBack() async throws {
        let gate = SlowHashGate(isOpen: true)
        let ids = (0..<25).map { "customer\($0)" }
        try await gate.run(ids.map { SlowHashGate.line($0) }) { api in
            for id in ids {
                let answer = try await api.verify(id + SlowHashGate.secret, from: "203.0.113.9")
                #expect(answer.json["valid"] == true, "\(id): \(answer.text)")
            }
            #expect(gate.asked == 25)
        }
        let fresh = SlowHashGate(isOpen: true)
        try await fresh.run { api in
            for index in 0..<10 {
                #expect(try await api.verify(Self.guess(index), from: "203.0.113.9").json["code"] == "not_found")
            }
            let refused = try await api.verify(Self.guess(11), from: "203.0.113.9")
            #expect(refused.json["code"] == "too_many_attempts")
            #expect(fresh.asked == 10)
            #expect(try await api.verify(Self.token, from: "203.0.113.10").json["valid"] == true)
        }
    }

    /// A network that has sent too many bad tokens by the time of its turn makes nothing be computed.
    @Test(.timeLimit(.minutes(10))) func itIsAskedAgainWhenTheTurnComes() async throws {
        let gate = SlowHashGate(isOpen: false)
        try await gate.run(throttle: GuessThrottle.Configuration(allowance: 5)) { api in
            let held = (0..<2).map { index in
                Task { try await api.verify(Self.guess(index), from: "198.51.100.\(index)") }
            }
            await gate.waitUntilAsked(2)
            let waiting = Task { try await api.verify(Self.token, from: "203.0.113.9") }
            // Nothing tells when it waits; what it sends meanwhile is refused at once, and counts.
            for _ in 0..<50 { await Task.yield() }
            for _ in 0..<5 { _ = try await api.verify("nothing", from: "203.0.113.9") }
            gate.open()
            for task in held { _ = try await task.value }
            #expect(try await waiting.value.json["code"] == "too_many_attempts")
            #expect(gate.asked == 2)
        }
    }

    /// Whoever ends keys by showing tokens is counted by network, and is not told "done" when nothing was looked at.
    @Test func holdersAreCountedByNetwork() async throws {
        let gate = SlowHashGate(isOpen: true)
        try await gate.run { api in
            func revoke(_ token: String, from address: String) async throws -> Duration? {
                try await api.test.authority.revoke(
                    presented: PresentedToken(token),
                    network: IPAddress(parsing: address),
                    requestID: "req_test"
                )
            }
            for index in 0..<10 {
                let wait = try await revoke(Self.guess(index), from: "203.0.113.9")
                #expect(wait == nil)
            }
            let wait = try await revoke(Self.token, from: "203.0.113.9")
            #expect(wait != nil)
            #expect(gate.asked == 10)
            _ = try await revoke(Self.token, from: "198.51.100.7")
            #expect(try await api.verify(Self.token)["code"] == "revoked")
        }
    }

    /// Whoever asks about an own key and is right is told to wait, not that the key cannot be used.
    @Test func holdersWaitWhereNothingWasLookedAt() async throws {
        let gate = SlowHashGate(isOpen: true)
        try await gate.run { api in
            func ask(_ token: String) async throws -> String {
                let admission = try await api.test.authority.holder(
                    of: PresentedToken(token),
                    origin: nil,
                    network: IPAddress(parsing: "203.0.113.9"),
                    requestID: "req_test",
                    changes: false
                )
                switch admission {
                case .holder: return "holder"
                case .refused: return "refused"
                case .wait(let wait): return wait > .seconds(60) ? "too long" : "wait"
                }
            }
            for index in 0..<10 {
                let told = try await ask(Self.guess(index))
                #expect(told == "refused")
            }
            // More often than bad tokens are borne: waiting is none.
            for _ in 0..<200 {
                let told = try await ask(Self.token)
                #expect(told == "wait")
            }
            #expect(gate.asked == 10)
            api.test.time.advance(by: .seconds(60))
            let told = try await ask(Self.token)
            #expect(told == "holder")
        }
    }

    /// A token that another rule finds is decided about at the time of then, too (promise P4).
    @Test(.timeLimit(.minutes(10))) func aKeyOfTheNextRuleMayHaveEndedMeanwhile() async throws {
        let gate = SlowHashGate(isOpen: false)
        try await gate.run { api in
            // Rules for a part of a token are gone through in the order in which they were made.
            api.test.time.advance(by: .seconds(1))
            let token = "gX7pQ2vN.that-of-another-key-4T"
            let line: JSON = [
                "hash": .string(SHA256Reference.hash(token).map { String(format: "%02x", $0) }.joined()), "id": "gX7p",
                "consumerExternalId": "acme", "expiresAt": "2027-06-01T00:00:00Z",
            ]
            let imported = try await api.importLines([line], "&hashes=sha256&find=first:4")
            #expect(imported.json["imported"] == 1)
            let asked = Task { try await api.verify(token) }
            await gate.waitUntilAsked(1)
            api.test.time.advance(by: .seconds(400 * 86_400))
            gate.open()
            let verdict = try await asked.value
            #expect(verdict["code"] == "expired")
            #expect(gate.asked == 1)
        }
    }

    /// A report of leaks that was let in is looked through to its end.
    @Test func leaksBehindManyWrongOnesAreFound() async throws {
        let gate = SlowHashGate(isOpen: true)
        try await gate.run { api in
            let tokens = (0..<15).map { Self.guess($0) } + [Self.token]
            let body: JSON = ["tokens": .array(tokens.map { ["token": .string($0)] })]
            let answer = try await api.send(.post, "/v1/leaks", body)
            #expect(answer.json["items"]?.array?.last?["keyId"]?.string == (try await api.importedKey()))
            #expect(gate.asked == 16)
        }
    }
}
