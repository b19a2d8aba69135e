import ClavigerTestSupport
import Foundation
import Testing

@testable import claviger

/// The built program as a process: exit codes, and what goes where.
@Suite struct ExitCodeTests {
    private struct Outcome {
        var status: Int32
        var out: String
        var error: String
    }

    /// The program beside the tests' own.
    private static let program: URL = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
        return (bundle ?? URL(filePath: CommandLine.arguments[0])).deletingLastPathComponent().appending(
            path: "claviger"
        )
    }()

    private func run(
        _ arguments: [String],
        _ environment: [String: String] = [:],
        input: String = ""
    ) async throws -> Outcome {
        let process = try ChildProcess(
            Self.program.path,
            arguments,
            environment: ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin"].merging(environment) { $1 },
            input: input
        )
        let status = await process.wait()
        return Outcome(status: status, out: process.outputText, error: process.errorText)
    }

    @Test(arguments: [["--help"], ["--version"], ["key", "create", "--help"], ["help", "key"], []])
    func helpIsNoError(arguments: [String]) async throws {
        let outcome = try await self.run(arguments)
        #expect(outcome.status == 0)
        #expect(!outcome.out.isEmpty)
        #expect(outcome.error.isEmpty)
    }

    @Test(arguments: [
        ["frob"], ["key", "frob"], ["key", "list", "--frob"], ["key", "create"], ["key", "revoke", "x"],
        ["key", "revoke", "x", "--reason", "boredom"], ["key", "list", "--limit", "0"], ["self"],
        ["self", "--url", "nonsense"], ["self", "--token-file", "/nonexistent"], ["config", "check", "--port", "x"],
        ["config", "check", "--config", "/nonexistent"], ["serve", "--ephemeral", "--data", "x"],
        ["ready", "--profile", "nobody"], ["profile", "add", "a b"], ["key", "verify", "-", "--token-file", "-"],
        ["ready", "--ca-file", "/dev/null"], ["plan", "create", "x", "--limit", "burst"],
        ["plan", "create", "x", "--credits", "1000/fortnight"], ["limit", "check", "login", "bob"],
        ["credit", "reserve", "foo", "5"], ["usage", "log", "--code", "boredom"], ["usage", "top", "--limit", "0"],
        ["usage", "export", "--format", "csv", "--output", "json"], ["key", "what-if", "x"],
        ["key", "verify", "-", "--method", "GET"], ["key", "update", "x", "--allow-network", "10.0.0.1/8"],
        ["api", "restrict", "x", "production", "--as", "required"],
    ])
    func wrongUsageIsTwo(arguments: [String]) async throws {
        let outcome = try await self.run(arguments)
        #expect(outcome.status == 2, "\(arguments): \(outcome.error)")
        #expect(outcome.out.isEmpty)
        #expect(outcome.error.hasPrefix("Error: "))
    }

    @Test func anUnreachableServerIsThree() async throws {
        let outcome = try await self.run(["ready", "--url", "http://127.0.0.1:1"])
        #expect(outcome.status == 3)
        #expect(outcome.error.contains("nothing listens there"))
        #expect(outcome.error.contains("claviger serve"))
    }

    @Test func somethingMissingIsOne() async throws {
        #expect(try await self.run(["backup", "/nonexistent/b", "--data", "/nonexistent"]).status == 1)
        #expect(try await self.run(["restore", "/nonexistent/b", "--data", "/nonexistent"]).status == 1)
    }

    @Test func aKeyDoesNotGoInClearTextToAnotherMachine() async throws {
        // The file is only read for its shape: nothing is sent.
        let token = "claviger_live_00000000000000000000000000000000000000000000000000000000000"
        let outcome = try await self.run(["self", "--url", "http://keys.example.com"], ["CLAVIGER_TOKEN": token])
        #expect(outcome.status == 2)
        #expect(!outcome.error.contains(token))
    }

    @Test func unknownVariablesStopTheServer() async throws {
        let outcome = try await self.run(["config", "check"], ["CLAVIGER_LISTEN_PROT": "1"])
        #expect(outcome.status == 2)
        #expect(outcome.error.contains("did you mean CLAVIGER_LISTEN_PORT?"))
    }

    @Test func whatIsTypedCannotDriveTheTerminal() async throws {
        let outcome = try await self.run(["plan", "create", "x", "--limit", "\u{1B}[2J=1/1m"])
        #expect(outcome.status == 2)
        #expect(!outcome.error.contains("\u{1B}"))
    }

    @Test func completionsAreMade() async throws {
        #expect(try await self.run(["--generate-completion-script", "bash"]).out.contains("claviger"))
    }
}
