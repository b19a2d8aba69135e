import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import Dispatch
import Foundation
import HTTPTypes
import Synchronization
import Testing

/// A slow hash that counts, and holds whoever asks until it is told to go on.
final class SlowHashGate: SlowHasher {
    private struct State {
        var asked = 0
        var running = 0
        var most = 0
    }

    static let token = APIFixture.foreignToken
    /// What every right token ends with.
    static let secret = String(token.drop { $0 != "." })
    static let line: JSON = SlowHashGate.line("gX7pQ2vN")
    private static let result: [UInt8] = Array(
        Data(base64Encoded: "VKLALtWwecEHGsnbEuIenA0yI2coK13BnGVjYl4I8cE=") ?? Data()
    )

    private let state = Mutex(State())
    private let semaphore = DispatchSemaphore(value: 0)
    private let isOpen: Bool

    init(isOpen: Bool) {
        self.isOpen = isOpen
    }

    static func line(_ id: String, _ more: [(String, JSON)] = []) -> JSON {
        .object(
            JSONObject(
                [
                    ("hash", "pbkdf2_sha256$1000$saltsaltsalt$VKLALtWwecEHGsnbEuIenA0yI2coK13BnGVjYl4I8cE="),
                    ("id", .string(id)), ("consumerExternalId", "acme"),
                ] + more
            )
        )
    }

    var asked: Int { self.state.withLock { $0.asked } }
    var most: Int { self.state.withLock { $0.most } }

    func open() {
        for _ in 0..<100 { self.semaphore.signal() }
    }

    /// Waits until so many hashes have been begun.
    func waitUntilAsked(_ count: Int) async {
        while self.asked < count { await Task.yield() }
    }

    func hash(_ bytes: [UInt8], _ hash: SlowHash) throws -> [UInt8]? {
        self.state.withLock {
            $0.asked += 1
            $0.running += 1
            $0.most = max($0.most, $0.running)
        }
        if !self.isOpen { self.semaphore.wait() }
        self.state.withLock { $0.running -= 1 }
        return String(decoding: bytes, as: UTF8.self).hasSuffix(Self.secret)
            ? Self.result : [UInt8](repeating: 0, count: 32)
    }

    /// Runs `body` against a server with the api `payments` and imported keys.
    func run(
        waiting: Int = 64,
        throttle: GuessThrottle.Configuration = GuessThrottle.Configuration(),
        _ lines: [JSON] = [SlowHashGate.line],
        _ body: @escaping @Sendable (APIFixture) async throws -> Void
    ) async throws {
        let test = try await TestAuthority(throttle: throttle, slowHasher: self, mostSlowHashesWaiting: waiting)
        try await APIFixture.run(test: test) { api in
            _ = try await api.makeKey()
            let answer = try await api.importLines(lines, "&find=before:.")
            #expect(answer.json["imported"]?.integer == Int64(lines.count), "\(answer.text)")
            try await body(api)
        }
    }
}

extension APIFixture {
    /// Verifies a token that came from an address.
    func verify(_ token: String, from address: String) async throws -> Answer {
        try await self.send(
            .post,
            "/v1/keys/verify",
            ["token": .string(token), "context": ["ip": .string(address)]]
        )
    }

    /// The id of the one key that was imported.
    func importedKey() async throws -> String {
        let keys = try await self.send(.get, "/v1/keys?name=Imported%20key").json["items"]?.array
        return keys?.first?["id"]?.string ?? ""
    }
}
