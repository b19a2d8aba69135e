import ClavigerCore
import Foundation
import Testing

/// `claviger jobs` against a real server, and what jobs do there by themselves.
@Suite struct JobsCommandTests {
    private static let policy = """
        appliesTo: {apis: [payments]}
        inactivity:
          neverUsed: {suspend: 1s}
        """

    @Test func jobsAreSeenAndStarted() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        func run(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
            let environment = ["CLAVIGER_URL": server.url, "CLAVIGER_TOKEN": try folder.firstKey()]
            return try await ServerProcess.run(arguments, folder, environment: environment)
        }
        func job(_ name: String) async throws -> JSON {
            let listed = try await run("jobs", "--output", "json")
            let items = try JSON.parse(Array(listed.output.utf8))["items"]?.array ?? []
            return items.first { $0["name"]?.string == name } ?? .null
        }
        /// Asks again until it is so, for half a minute.
        func until(_ isSo: () async throws -> Bool) async throws -> Bool {
            for _ in 0..<150 {
                if try await isSo() { return true }
                try await Task.sleep(for: .milliseconds(200))
            }
            return false
        }
        // The first time of every job is at once.
        #expect(try await until { try await job("unused")["runs"] == 1 })
        _ = try await run("api", "create", "payments", "--prefix", "pay")
        _ = try await run("consumer", "create", "acme", "--kind", "customer")
        let file = folder.path + "/policy.yaml"
        try Data(Self.policy.utf8).write(to: URL(filePath: file))
        #expect(try await run("policy", "set", "unused", file).status == 0)
        let key = try await run(
            "key",
            "create",
            "k",
            "--api",
            "payments",
            "--environment",
            "production",
            "--consumer",
            "acme",
            "--output",
            "json"
        )
        let id = try JSON.parse(Array(key.output.utf8))["key"]?["id"]?.string ?? ""
        try await Task.sleep(for: .seconds(1))
        let asked = try await run("jobs", "run", "unused")
        #expect(asked.status == 0, "\(asked.errors)")
        #expect(asked.output.contains("unused"))
        #expect(try await until { try await run("key", "show", id).output.contains("suspended") })
        #expect(try await run("key", "show", id, "--output", "json").output.contains("\"unused\""))
        #expect(try await run("jobs", "run", "nothing").status == 1)
        let table = try await run("jobs")
        #expect(table.output.hasPrefix("NAME"))
        #expect(table.output.contains("rotation"))
        await server.stop()
    }
}
