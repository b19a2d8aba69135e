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
        return (bundle ?? URL(filePath: CommandLine.arguments[0])).deletingLastPathComponent().appending(path: "claviger")
    }()

    private func run(_ arguments: [String], _ environment: [String: String] = [:], input: String = "") throws -> Outcome {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        process.environment = ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        let (out, error, standardInput) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = error
        process.standardInput = standardInput
        try process.run()
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        // The texts are shorter than the buffer of a pipe, so one after the other is enough.
        let outData = out.fileHandleForReading.readDataToEndOfFile()
        let errorData = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            out: String(decoding: outData, as: UTF8.self),
            error: String(decoding: errorData, as: UTF8.self)
        )
    }

    @Test(arguments: [["--help"], ["--version"], ["key", "create", "--help"], ["help", "key"], []])
    func helpIsNoError(arguments: [String]) throws {
        let outcome = try self.run(arguments)
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
        ["ready", "--ca-file", "/dev/null"],
    ])
    func wrongUsageIsTwo(arguments: [String]) throws {
        let outcome = try self.run(arguments)
        #expect(outcome.status == 2, "\(arguments): \(outcome.error)")
        #expect(outcome.out.isEmpty)
        #expect(outcome.error.hasPrefix("Error: "))
    }

    @Test func anUnreachableServerIsThree() throws {
        let outcome = try self.run(["ready", "--url", "http://127.0.0.1:1"])
        #expect(outcome.status == 3)
        #expect(outcome.error.contains("nothing listens there"))
        #expect(outcome.error.contains("claviger serve"))
    }

    @Test func somethingMissingIsOne() throws {
        #expect(try self.run(["backup", "/nonexistent/b", "--data", "/nonexistent"]).status == 1)
        #expect(try self.run(["restore", "/nonexistent/b", "--data", "/nonexistent"]).status == 1)
    }

    @Test func aKeyDoesNotGoInClearTextToAnotherMachine() throws {
        // The file is only read for its shape: nothing is sent.
        let token = "claviger_live_00000000000000000000000000000000000000000000000000000000000"
        let outcome = try self.run(["self", "--url", "http://keys.example.com"], ["CLAVIGER_TOKEN": token])
        #expect(outcome.status == 2)
        #expect(!outcome.error.contains(token))
    }

    @Test func unknownVariablesStopTheServer() throws {
        let outcome = try self.run(["config", "check"], ["CLAVIGER_LISTEN_PROT": "1"])
        #expect(outcome.status == 2)
        #expect(outcome.error.contains("did you mean CLAVIGER_LISTEN_PORT?"))
    }

    @Test func completionsAreMade() throws {
        #expect(try self.run(["--generate-completion-script", "bash"]).out.contains("claviger"))
    }
}
