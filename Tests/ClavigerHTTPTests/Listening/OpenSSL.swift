import ClavigerTestSupport
import Foundation

/// Runs the `openssl` command: an independent TLS client, and the maker of test certificates.
enum OpenSSL {
    struct Failure: Error {
        var output: String
    }

    /// Runs the command and returns both of its outputs, whether it succeeded or not.
    static func output(_ arguments: [String]) async throws -> (status: Int32, text: String) {
        try await Self.run(["openssl"] + arguments)
    }

    /// Runs any command with nothing to read.
    static func run(_ command: [String]) async throws -> (status: Int32, text: String) {
        let process = try ChildProcess("/usr/bin/env", command)
        let status = await process.wait()
        return (status, process.outputText + process.errorText)
    }

    /// Writes a self-signed certificate and its key to the folder; the key gets mode 0600.
    static func makeCertificate(
        named name: String,
        in folder: TestFolder,
        key: String = "ec"
    ) async throws -> (certificate: String, key: String) {
        let certificate = folder.path("\(name).crt")
        let keyFile = folder.path("\(name).key")
        let kind = key == "ec" ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["-newkey", "rsa:2048"]
        let arguments =
            ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout", keyFile, "-out", certificate]
            + kind
        let result = try await Self.output(arguments)
        guard result.status == 0 else { throw Failure(output: result.text) }
        try folder.setMode(0o600, of: keyFile)
        return (certificate, keyFile)
    }

    /// Connects and returns what `s_client` says about the connection.
    static func connect(port: Int, _ arguments: String...) async throws -> (status: Int32, text: String) {
        try await Self.output(["s_client", "-connect", "127.0.0.1:\(port)"] + arguments)
    }
}

/// A folder of its own, removed with the value.
final class TestFolder: Sendable {
    private let url: URL

    init() throws {
        self.url = FileManager.default.temporaryDirectory.appendingPathComponent("claviger-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: self.url)
    }

    func path(_ name: String) -> String { self.url.appendingPathComponent(name).path }

    func write(_ text: String, to path: String, mode: Int = 0o600) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try self.setMode(mode, of: path)
    }

    func copy(_ source: String, to target: String, mode: Int = 0o600) throws {
        try self.write(String(contentsOfFile: source, encoding: .utf8), to: target, mode: mode)
    }

    func setMode(_ mode: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
}
