import ClavigerCore
import ClavigerTestSupport
import Foundation

/// Two implementations of transparent logs that are not ours.
struct ForeignVerifiers: Sendable {
    /// `foreign/verify.go`, around golang.org/x/mod/sumdb of Debian.
    private let go: String
    /// `foreign/verify.py`, around pymerkle of PyPI.
    private let python: [String]
    private let folder: String

    /// Compiles the one and finds the other.
    init(in folder: String) async throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/foreign"
        let modules = "/usr/share/gocode"
        guard FileManager.default.fileExists(atPath: modules + "/src/golang.org/x/mod/sumdb/tlog") else {
            throw Unexpected("golang.org/x/mod is missing: run scripts/bootstrap.sh --test")
        }
        let interpreter = ShippedFile.root + "/.venv/bin/python"
        guard FileManager.default.isExecutableFile(atPath: interpreter) else {
            throw Unexpected("there is no \(interpreter): run scripts/bootstrap.sh --test")
        }
        self.folder = folder
        self.go = folder + "/verify"
        self.python = [interpreter, sources + "/verify.py"]
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("GO") }
        environment["GO111MODULE"] = "off"
        environment["GOPATH"] = modules
        environment["GOCACHE"] = ShippedFile.root + "/.build/go-cache"
        environment["GOFLAGS"] = ""
        let compiler = try ChildProcess(
            "go",
            ["build", "-o", self.go, sources + "/verify.go"],
            environment: environment,
            folder: folder
        )
        guard await compiler.wait() == 0 else { throw Unexpected("verify.go: \(compiler.errorText)") }
    }

    /// What Go's says of a log, with its checkpoints of before and proofs of the server.
    func go(_ log: String, key: String, earlier: [String] = [], proofs: [String] = []) async throws -> JSON {
        let options = earlier.flatMap { ["-since", $0] } + proofs.flatMap { ["-proof", $0] }
        return try await self.run(self.go, [log, key] + options)
    }

    /// What Python's says; it has no signatures.
    func python(_ log: String, earlier: [String] = [], proofs: [String] = []) async throws -> JSON {
        try await self.run(self.python[0], [self.python[1], log] + earlier + proofs)
    }

    private func run(_ program: String, _ arguments: [String]) async throws -> JSON {
        let process = try ChildProcess(program, arguments, folder: self.folder)
        guard await process.wait() == 0 else { throw Unexpected("refused: \(process.errorText)") }
        return try JSON.parse(Array(process.outputText.utf8))
    }
}
