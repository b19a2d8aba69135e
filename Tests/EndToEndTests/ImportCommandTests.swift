import ClavigerCore
import Foundation
import NIOHTTP1
import Testing

/// `claviger import` against a real server.
@Suite struct ImportCommandTests {
    @Test(.timeLimit(.minutes(5))) func standardInputAndTheSameFileAgain() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let token = try folder.firstKey()
        let caller = Caller(url: server.url, token: token)
        _ = await caller.send(.POST, "/v1/apis", ["name": "payments", "prefix": "pay"])
        func run(_ arguments: [String], input: String = "") async throws -> (Int32, JSON, String) {
            let result = try await ServerProcess.run(
                ["import"] + arguments + ["--api", "payments", "--environment", "production", "--output", "json"],
                folder,
                environment: ["CLAVIGER_URL": server.url, "CLAVIGER_TOKEN": token],
                input: input
            )
            return (result.status, (try? JSON.parse(Array(result.output.utf8))) ?? .null, result.errors)
        }
        func line(_ number: Int) -> String {
            #"{"token": "token-\#(number)-qkXw7dRb2LmZ9sTvJhYc", "consumerExternalId": "acme"}"# + "\n"
        }
        // More lines than one part has: one import, with one account of them.
        let many = (0..<5003).map(line).joined()
        let (status, total, errors) = try await run(
            ["-", "--format", "jsonl", "--create-consumers"],
            input: many
        )
        #expect(status == 0, "\(errors)")
        #expect(total["imported"] == 5003)
        #expect(total["lastLine"] == 5003)
        #expect(errors.contains("--name stdin:"))

        // The consumer of these is missing at first.
        let path = folder.path + "/keys.jsonl"
        let text = (6000..<6003).map(line).joined().replacing("acme", with: "globex")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let refused = try await run([path])
        #expect(refused.0 == 1)
        #expect(refused.1["refused"] == 3)
        let again = try await run([path])
        #expect(again.0 == 1)
        #expect(again.2.contains("imported before"))
        #expect(again.2.contains("--name"))
        let corrected = try await run([path, "--create-consumers"])
        #expect(corrected.0 == 0, "\(corrected.2)")
        #expect(corrected.1["imported"] == 3)
        await server.stop()
    }
}
