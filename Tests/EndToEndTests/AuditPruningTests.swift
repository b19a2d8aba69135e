import ClavigerCore
import Foundation
import NIOHTTP1
import Testing

/// Entries that are removed when they are old enough, and entries that somebody has merely left out.
@Suite struct AuditPruningTests {
    @Test(.timeLimit(.minutes(5))) func whatIsMissingHasToBeOnRecord() async throws {
        let folder = try Folder()
        var server = try await ServerProcess.start(folder)
        var caller = Caller(url: server.url, token: try folder.firstKey())
        let drafts = (0..<300).map { number -> JSON in
            [
                "apiId": "payments", "environment": "production", "consumerExternalId": "acme",
                "name": .string("key \(number)"),
            ]
        }
        _ = await caller.send(.POST, "/v1/apis", ["name": "payments", "prefix": "pay"])
        _ = await caller.send(.POST, "/v1/consumers", ["externalId": "acme", "kind": "customer"])
        #expect(await caller.send(.POST, "/v1/keys/batch", ["keys": .array(drafts)])?.status == 201)
        let whole = try await Self.export("whole", caller, folder)
        await server.stop()

        // Somebody leaves out the first entries of an export, and says that they are not to be looked for.
        #expect(try await Self.verify(whole, folder).status == 0)
        let place = whole + "/log.json"
        let said = try String(contentsOfFile: place, encoding: .utf8)
        let changed = said.replacing("\"firstIndex\": 0", with: "\"firstIndex\": 256")
        #expect(changed != said)
        try changed.write(toFile: place, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: whole + "/tile/entries/000")
        let refused = try await Self.verify(whole, folder)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("The entries below 256 are not there"), "\(refused.errors)")

        // The server removes those that are older than they are kept.
        _ = try await folder.changeEvents("UPDATE audit_events SET at = at - 40 * 86400000 WHERE event_index < 300")
        server = try await ServerProcess.start(folder, environment: ["CLAVIGER_AUDIT_KEEP": "30d"])
        caller = Caller(url: server.url, token: caller.token)
        var record: JSON?
        for _ in 0..<500 where record == nil {
            try await Task.sleep(for: .milliseconds(20))
            record = await caller.send(.GET, "/v1/audit/events?action=audit.prune")?.body["items"]?.array?.first
        }
        #expect(record?["after"]?["below"] == 256)
        let pruned = try await Self.export("pruned", caller, folder)
        let verified = try await Self.verify(pruned, folder)
        #expect(verified.status == 0, "\(verified.errors)")
        #expect(verified.output.contains("256 to"), "\(verified.output)")
        // A copy of the log alone does not say where it begins.
        try FileManager.default.removeItem(atPath: pruned + "/log.json")
        for (from, status) in [(nil, 1), ("256", 0), ("512", 1)] as [(String?, Int32)] {
            let result = try await Self.verify(pruned, folder, from.map { ["--from", $0] } ?? [], key: caller)
            #expect(result.status == status, "\(from ?? "nothing"): \(result.errors)")
        }
        await server.stop()
    }

    private static func export(_ name: String, _ caller: Caller, _ folder: Folder) async throws -> String {
        let path = folder.path + "/" + name
        let environment = ["CLAVIGER_URL": caller.url, "CLAVIGER_TOKEN": caller.token]
        // What was recorded a moment ago may not be signed yet.
        try await Task.sleep(for: .seconds(1))
        let exported = try await ServerProcess.run(["audit", "export", path], folder, environment: environment)
        #expect(exported.status == 0, "\(exported.errors)")
        return path
    }

    private static func verify(
        _ path: String,
        _ folder: Folder,
        _ arguments: [String] = [],
        key caller: Caller? = nil
    ) async throws -> (status: Int32, output: String, errors: String) {
        var options: [String] = []
        if let caller {
            let key = await caller.send(.GET, "/v1/audit/key")?.body["key"]?.string
            options = ["--key", try #require(key)]
        }
        return try await ServerProcess.run(["audit", "verify", "--dir", path] + options + arguments, folder)
    }
}
