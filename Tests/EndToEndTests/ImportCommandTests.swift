import ClavigerCore
import ClavigerTestSupport
import Foundation
import NIOHTTP1
import Testing

#if canImport(Glibc)
import Glibc
#endif

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

    /// All tokens go through the process, and the key of another system's hashes is as good as a password.
    @Test(.timeLimit(.minutes(5))) func whatIsSecretStaysInTheProcess() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let environment = ["CLAVIGER_URL": server.url, "CLAVIGER_TOKEN": try folder.firstKey()]
        _ = await Caller(url: server.url, token: environment["CLAVIGER_TOKEN"] ?? "").send(
            .POST,
            "/v1/apis",
            ["name": "payments", "prefix": "pay"]
        )
        let place = ["--api", "payments", "--environment", "production"]
        let (keys, secret) = (folder.path + "/hashed.jsonl", folder.path + "/hmac.key")
        try Data(#"{"hash": "\#(String(repeating: "ab", count: 32))"}"#.utf8).write(to: URL(fileURLWithPath: keys))
        try Data("0123456789abcdef0123456789abcdef\n".utf8).write(to: URL(fileURLWithPath: secret))
        for (mode, refusal) in [(0o640, true), (0o604, true), (0o600, false)] {
            #expect(chmod(secret, mode_t(mode)) == 0)
            let (status, _, errors) = try await ServerProcess.run(
                ["import", keys, "--hashes", "hmac-sha256", "--hmac-key-file", secret, "--dry-run"] + place,
                folder,
                environment: environment
            )
            // With the key, what is wrong is the line: it names no consumer.
            #expect(status == (refusal ? 2 : 1), "\(errors)")
            #expect(errors.contains("chmod 600") == refusal, "\(errors)")
        }
        #if os(Linux)
        // It waits for whoever writes into the pipe, and cannot leave a core dump then.
        let pipe = folder.path + "/keys.jsonl"
        #expect(mkfifo(pipe, 0o600) == 0)
        let process = try ServerProcess.launch(["import", pipe, "--dry-run"] + place, folder, environment)
        var limit: [Substring] = []
        for _ in 0..<500 where limit != ["0", "0"] {
            try await Task.sleep(for: .milliseconds(20))
            let limits = try? String(contentsOfFile: "/proc/\(process.id)/limits", encoding: .utf8)
            let line = limits?.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
            limit = line?.dropFirst(18).split(separator: " ").prefix(2).map { $0 } ?? []
        }
        #expect(limit == ["0", "0"])
        process.signal(SIGKILL)
        _ = await process.wait()
        #endif
        await server.stop()
    }
}
