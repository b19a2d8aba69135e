import ClavigerCore
import Foundation
import NIOHTTP1
import Testing

/// Many keys at once, from the command line and through a crash.
@Suite struct BulkTests {
    private static func prepare(_ caller: Caller, keys count: Int) async throws {
        _ = await caller.send(.POST, "/v1/apis", ["name": "payments", "prefix": "pay"])
        for consumer in ["acme", "globex"] {
            _ = await caller.send(
                .POST,
                "/v1/consumers",
                ["externalId": .string(consumer), "kind": "customer", "metadata": ["contact": "ops@example.com"]]
            )
        }
        for start in stride(from: 0, to: count, by: 1000) {
            let drafts = (start..<min(start + 1000, count)).map { number -> JSON in
                [
                    "apiId": "payments", "environment": "production", "consumerExternalId": "acme",
                    "name": .string("key \(number)"),
                ]
            }
            let answer = await caller.send(.POST, "/v1/keys/batch", ["keys": .array(drafts)])
            #expect(answer?.status == 201)
        }
    }

    private static func states(_ caller: Caller) async throws -> [String: Int] {
        try await caller.all("/v1/keys?apiId=payments").reduce(into: [:]) { counts, key in
            counts[key["state"]?.string ?? "", default: 0] += 1
        }
    }

    @Test(.timeLimit(.minutes(5))) func fromTheCommandLine() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let token = try folder.firstKey()
        let caller = Caller(url: server.url, token: token)
        try await Self.prepare(caller, keys: 30)
        let environment = ["CLAVIGER_URL": server.url, "CLAVIGER_TOKEN": token]
        func claviger(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
            try await ServerProcess.run(arguments, folder, environment: environment)
        }
        // Nobody can be asked, and nobody has said yes.
        let unasked = try await claviger("bulk", "run", "suspend", "--consumer", "acme")
        #expect(unasked.status == 2, "\(unasked.errors)")
        #expect(try await Self.states(caller) == ["active": 30])

        let suspended = try await claviger("bulk", "run", "suspend", "--consumer", "acme", "--yes")
        #expect(suspended.status == 0, "\(suspended.errors)")
        #expect(suspended.output.hasPrefix("suspend: 30 keys"))
        #expect(try await Self.states(caller) == ["suspended": 30])

        let preview = try await claviger("bulk", "preview", "resume", "--api", "payments", "--output", "json")
        let id = (try? JSON.parse(Array(preview.output.utf8)))?["previewId"]?.string ?? ""
        for _ in 0..<2 {
            let applied = try await claviger("bulk", "apply", id, "--yes")
            #expect(applied.status == 0, "\(applied.errors)")
        }
        #expect(try await Self.states(caller) == ["active": 30])

        let seen = try await claviger("consumer", "offboard", "acme")
        #expect(seen.status == 0, "\(seen.errors)")
        #expect(seen.output.contains("live keys  30"))
        let given = try await claviger(
            "consumer",
            "offboard",
            "acme",
            "--action",
            "transfer",
            "--to",
            "globex",
            "--yes"
        )
        #expect(given.status == 0, "\(given.errors)")
        let left = try await claviger("consumer", "offboard", "acme", "--output", "json")
        #expect((try? JSON.parse(Array(left.output.utf8)))?["count"] == 0)
        let revoked = try await claviger("consumer", "offboard", "globex", "--action", "revoke", "--yes")
        #expect(revoked.status == 0, "\(revoked.errors)")
        #expect(try await Self.states(caller) == ["revoked": 30])

        let hygiene = try await claviger("hygiene", "--api", "payments", "--output", "json")
        #expect((try? JSON.parse(Array(hygiene.output.utf8)))?["apis"]?.array?.first?["score"] == 100)
        let all = try await claviger("hygiene", "--all")
        #expect(all.status == 0)
        #expect(all.output.contains("never_expires"))
        await server.stop()
    }

    /// Killed in the middle of a bulk change: all of the keys have changed or none, and the records say the same.
    @Test(.timeLimit(.minutes(10))) func killedInTheMiddleAllOrNothing() async throws {
        let folder = try Folder()
        let count = 2000
        let first = try await ServerProcess.start(folder)
        try await Self.prepare(Caller(url: first.url, token: try folder.firstKey()), keys: count)
        await first.stop()
        var expected = ["active": count]
        for round in 0..<6 {
            let server = try await ServerProcess.start(folder)
            let caller = Caller(url: server.url, token: try folder.firstKey())
            #expect(try await Self.states(caller) == expected)
            let action = expected["active"] == count ? "suspend" : "resume"
            let preview = await caller.send(
                .POST,
                "/v1/bulk/preview",
                ["filter": ["apiId": "payments"], "action": .string(action)]
            )
            let body: JSON = ["previewId": preview?.body["previewId"]]
            let answer = Task { await caller.send(.POST, "/v1/bulk/apply", body) }
            try await Task.sleep(for: .milliseconds([20, 100, 250, 500, 900, 1500][round]))
            await server.kill()
            let wasAnswered = await answer.value?.status == 200

            let next = try await ServerProcess.start(folder)
            let again = Caller(url: next.url, token: try folder.firstKey())
            let states = try await Self.states(again)
            #expect(states == ["active": count] || states == ["suspended": count], "\(states)")
            if wasAnswered { #expect(states != expected) }
            let applied = try await again.all("/v1/audit/events?action=bulk.apply").count
            let records =
                try await again.all("/v1/audit/events?action=key.suspend").count
                + again.all("/v1/audit/events?action=key.resume").count
            #expect(records == applied * count)
            expected = states
            await next.stop()
        }
    }
}
