import AsyncHTTPClient
import ClavigerCore
import Foundation
import NIOHTTP1
import Testing

/// Promise P5: SIGKILL loses no acknowledged verification from the access log, and no credit is spent twice or lost.
@Suite struct UsageCrashTests {
    private static let rounds = 100
    private static let clients = 32
    private static let amount: Int64 = 4000

    /// What the clients of the killed servers know.
    private actor Known {
        private(set) var granted: Set<String> = []
        private(set) var refused = 0
        /// Sent, with no answer: it was counted or not.
        private(set) var unanswered = 0

        var answered: Int { self.granted.count + self.refused }

        func note(_ answer: JSON?) {
            switch (answer?["code"]?.string, answer?["requestId"]?.string) {
            case ("valid", let id?): self.granted.insert(id)
            case ("credits_exhausted", _): self.refused += 1
            default: self.unanswered += 1
            }
        }
    }

    @Test(.timeLimit(.minutes(15))) func killedAHundredTimesWhileCreditsAreSpent() async throws {
        // Without this, most clients would wait for a connection of another.
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.clients
        let client = HTTPClient(configuration: configuration)
        defer { client.shutdown { _ in } }
        let folder = try Folder()
        let known = Known()
        var key = ("", "")
        for round in 0..<Self.rounds {
            let server = try await ServerProcess.start(folder)
            let caller = Caller(url: server.url, token: try folder.firstKey(), client: client)
            if round == 0 { key = try await Self.prepare(caller) }
            await withTaskGroup(of: Void.self) { [token = key.1] group in
                for _ in 0..<Self.clients {
                    group.addTask {
                        while true {
                            let answer = await caller.send(.POST, "/v1/keys/verify", ["token": .string(token)])
                            await known.note(answer?.body)
                            guard answer != nil else { return }
                        }
                    }
                }
                // However slow the machine is, there is something to lose.
                while await known.answered < (round + 1) * 6 { try? await Task.sleep(for: .milliseconds(2)) }
                try? await Task.sleep(for: .milliseconds(20 + round * 7 % 90))
                await server.kill()
                // Whoever waits for a new connection would wait for half a minute.
                group.cancelAll()
            }
        }
        let server = try await ServerProcess.start(folder)
        let caller = Caller(url: server.url, token: try folder.firstKey(), client: client)
        let entries = try await caller.all("/v1/access-log?keyId=\(key.0)&code=valid")
        let recorded = Set(entries.compactMap { $0["requestId"]?.string })
        let granted = await known.granted
        #expect(recorded.count == entries.count, "a verification is in the access log twice")
        #expect(granted.subtracting(recorded).isEmpty, "an acknowledged verification is not in the access log")
        #expect(recorded.count <= granted.count + (await known.unanswered))
        // Every credit that is gone is in the access log, and none was spent twice.
        let asked: JSON = ["token": .string(key.1), "cost": 0]
        let left = await caller.send(.POST, "/v1/keys/verify", asked)?.body["credits"]?["remaining"]?.integer
        #expect(left == Self.amount - Int64(recorded.count))
        #expect(recorded.count > Self.rounds * 5)
        let usage = await caller.send(.GET, "/v1/usage?keyId=\(key.0)&resolution=day&by=code", nil)
        let counted = usage?.body["items"]?.array?.first { $0["code"] == "valid" }?["count"]?.integer
        // The question above, which cost nothing, is counted too.
        #expect(counted == Int64(recorded.count) + 1, "something is counted twice, or not at all")
        #expect(await server.stop() == 0)
    }

    private static func prepare(_ caller: Caller) async throws -> (id: String, token: String) {
        _ = await caller.send(.POST, "/v1/apis", ["name": "payments", "prefix": "pay"])
        _ = await caller.send(.POST, "/v1/consumers", ["externalId": "acme", "kind": "customer"])
        let key = await caller.send(
            .POST,
            "/v1/keys",
            [
                "apiId": "payments", "environment": "production", "consumerExternalId": "acme", "name": "Metered",
                "credits": ["amount": .integer(Self.amount)],
            ]
        )
        return (
            try #require(key?.body["key"]?["id"]?.string), try #require(key?.body["token"]?.string)
        )
    }
}
