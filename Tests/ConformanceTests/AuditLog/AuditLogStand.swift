import ArgumentParser
import ClavigerCore
import ClavigerTestSupport
import Foundation

@testable import claviger

/// A real server that writes a log, and what its operator does with it.
struct AuditLogStand: Sendable {
    private let temporary: TemporaryFolder
    private let authority: AuthorityProcess
    private let token: String

    init() async throws {
        self.temporary = try TemporaryFolder()
        self.authority = try await AuthorityProcess.start(folder: self.temporary.path, port: 0, settings: [:])
        self.token = try String(contentsOfFile: "\(self.temporary.path)/data/first-management-key", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
    }

    var folder: String { self.temporary.path }

    func stop() async {
        await self.authority.stop()
    }

    // MARK: Making entries

    /// Moves keys here from another system, which had their SHA-256: an entry for each 2,000 of them.
    func importKeys(_ count: Int, api: String, seed: UInt64) async throws {
        _ = try await self.call("/v1/apis", ["name": .string(api), "prefix": .string(api)])
        let random = SeededRandom(seed: seed)
        let lines = (0..<count).map { _ in
            let digits = random.bytes(32).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            return #"{"hash": "\#(digits)", "consumerExternalId": "acme"}"# + "\n"
        }
        let path = "\(self.folder)/\(api).jsonl"
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: path))
        _ = try await self.claviger(
            "import",
            path,
            "--api",
            api,
            "--environment",
            "production",
            "--hashes",
            "sha256",
            "--create-consumers"
        )
    }

    /// Does the same to all keys of an api: an entry for each.
    func changeAll(_ action: String, api: String) async throws {
        let preview = try await self.call(
            "/v1/bulk/preview",
            ["filter": ["apiId": .string(api)], "action": .string(action)]
        )
        let done = try await self.call("/v1/bulk/apply", ["previewId": preview["previewId"]])
        guard let count = done["count"]?.integer, count > 0 else { throw Unexpected("nothing was done: \(done)") }
    }

    private func call(_ path: String, _ body: JSON) async throws -> JSON {
        var exchange = Exchange(method: "POST", target: path, source: "127.0.0.1")
        exchange.headers = [("Authorization", "Bearer \(self.token)"), ("Content-Type", "application/json")]
        exchange.body = String(decoding: body.serialized(), as: UTF8.self)
        let answer = try await exchange.run(port: self.authority.port)
        guard (200..<300).contains(answer.status) else { throw Unexpected("\(path): \(answer.status) \(answer.body)") }
        return answer.json
    }

    // MARK: The command line

    /// Runs a command that has to work, and answers what it printed.
    @discardableResult
    func claviger(_ arguments: String...) async throws -> String {
        let (status, output, errors) = try await self.run(arguments)
        guard status == 0 else { throw Unexpected("\(arguments.joined(separator: " ")): \(status) \(errors)") }
        return output
    }

    /// Writes the log as it is now into a new folder of this name, and answers its path.
    func export(_ name: String) async throws -> String {
        try await self.claviger("audit", "export", "\(self.folder)/\(name)")
        return "\(self.folder)/\(name)"
    }

    /// Verifies a folder in a process of its own.
    func verify(
        _ folder: String,
        key: String,
        since: String
    ) async throws -> (status: Int32, output: String, errors: String) {
        try await self.run(
            ["audit", "verify", "--dir", folder, "--key", key, "--since", since, "--output", "json"]
        )
    }

    private func run(_ arguments: [String]) async throws -> (status: Int32, output: String, errors: String) {
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CLAVIGER_") }
        variables["SWIFT_BACKTRACE"] = "enable=no"
        variables["HOME"] = self.folder
        variables["CLAVIGER_URL"] = "http://127.0.0.1:\(self.authority.port)"
        variables["CLAVIGER_TOKEN"] = self.token
        let process = try ChildProcess(
            AuthorityProcess.program,
            arguments,
            environment: variables,
            folder: self.folder
        )
        let status = await process.wait()
        return (status, process.outputText, process.errorText)
    }

    /// Verifies a folder with the same command in this process, which is much quicker.
    ///
    /// - Returns: what it refuses the log with, and so ends with another exit code than 0; nil if it does not.
    static func refusal(of folder: String, key: String, since: String) async throws -> String? {
        let arguments = ["--dir", folder, "--key", key, "--since", since, "--quiet"]
        let command = try AuditVerifyCommand.parse(arguments)
        do {
            try await command.run()
            return nil
        } catch let failure as CommandFailure where failure.status == .refused {
            return failure.message
        }
    }
}
