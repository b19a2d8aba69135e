import ClavigerTestSupport
import Foundation
import Testing

/// The address of gateways, as the real program opens it.
@Suite struct GatewayListenerTests {
    private static func run(_ program: String, _ arguments: [String]) async throws -> (status: Int32, output: String) {
        let process = try ChildProcess("/usr/bin/env", [program] + arguments)
        let status = await process.wait()
        return (status, process.outputText)
    }

    /// The status that curl gets; 000 where it gets none.
    private static func status(_ url: String, _ arguments: String...) async throws -> String {
        let common = [
            "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "10",
            "--header", "X-Original-Method: GET", "--header", "X-Original-URI: /",
        ]
        return try await Self.run("curl", common + arguments + [url]).output
    }

    private static let route = "/gateway/nginx/payments/production"

    @Test func aSocketOfItsOwnOutlivesKilling() async throws {
        let folder = try Folder()
        let socket = folder.path + "/gateway.sock"
        let environment = ["CLAVIGER_LISTEN_GATEWAY": "unix:\(socket)"]
        for _ in 0..<2 {
            let server = try await ServerProcess.start(folder, environment: environment)
            // Nothing was asked that could pass: the api does not exist. It is the gateway that says so.
            let answer = try await Self.status("http://gateway" + Self.route, "--unix-socket", socket)
            #expect(answer == "403")
            let management = try await Self.status("http://gateway/v1/keys", "--unix-socket", socket)
            #expect(management == "404")
            #expect(try folder.mode("gateway.sock") == 0o660)
            // The socket stays behind, and is in nobody's way.
            await server.kill()
        }
    }

    @Test func onlyCertificatesOfTheAuthorityAreLetIn() async throws {
        let folder = try Folder()
        func make(_ name: String, _ arguments: [String]) async throws {
            let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
            let files = ["-keyout", "\(folder.path)/\(name).key", "-out", "\(folder.path)/\(name).pem"]
            let made = try await Self.run(
                "openssl",
                ["req", "-x509", "-subj", "/CN=\(name)"] + key + files + arguments
            )
            try #require(made.status == 0)
        }
        let authority = ["-CA", "\(folder.path)/authority.pem", "-CAkey", "\(folder.path)/authority.key"]
        try await make("authority", [])
        try await make("gateway", authority)
        try await make("stranger", [])
        try await make("server", ["-addext", "subjectAltName=IP:127.0.0.1"])
        let port = Int.random(in: 20_000..<30_000)
        let server = try await ServerProcess.start(
            folder,
            environment: [
                "CLAVIGER_LISTEN_GATEWAY": "127.0.0.1:\(port)",
                "CLAVIGER_GATEWAY_CLIENT_CA": folder.path + "/authority.pem",
                "CLAVIGER_TLS_CERTIFICATE": folder.path + "/server.pem",
                "CLAVIGER_TLS_PRIVATE_KEY": folder.path + "/server.key",
            ]
        )
        let url = "https://127.0.0.1:\(port)" + Self.route
        let trust = ["--cacert", folder.path + "/server.pem"]
        func status(as name: String?) async throws -> String {
            let certificate = name.map {
                ["--cert", "\(folder.path)/\($0).pem", "--key", "\(folder.path)/\($0).key"]
            }
            let arguments = trust + (certificate ?? [])
            let common = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "10"]
            return try await Self.run("curl", common + arguments + [url]).output
        }
        #expect(try await status(as: "gateway") == "403")
        #expect(try await status(as: "stranger") == "000")
        #expect(try await status(as: nil) == "000")
        await server.stop()
    }

    @Test func whatIsWrongIsSaidAtTheStart() async throws {
        let folder = try Folder()
        let file = folder.path + "/file"
        try Data("short\n".utf8).write(to: URL(fileURLWithPath: file))
        let wrong: [([String: String], String)] = [
            (["CLAVIGER_GATEWAY_SECRET_FILE": file], "at least 32"),
            (["CLAVIGER_GATEWAY_SECRET_FILE": folder.path + "/none"], "no such file"),
            (["CLAVIGER_LISTEN_GATEWAY": "unix:\(file)"], "is no socket"),
            (["CLAVIGER_LISTEN_GATEWAY": "unix:\(folder.path)/none/g.sock"], "cannot be listened on"),
        ]
        for (environment, words) in wrong {
            let result = try await ServerProcess.run(
                ["serve", "--ephemeral", "--port", "0"],
                folder,
                environment: environment
            )
            #expect(result.status == 1 && result.errors.contains(words), "\(result.errors)")
        }
        #expect(FileManager.default.fileExists(atPath: file))
    }
}
