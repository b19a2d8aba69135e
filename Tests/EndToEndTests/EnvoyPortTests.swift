import Foundation
import Testing

/// The port for Envoy in the real program; what is said there is tested in ClavigerEnvoyTests.
@Suite struct EnvoyPortTests {
    @Test func opensAndClosesWithTheServer() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder, environment: ["CLAVIGER_ENVOY_PORT": "0"])
        // It is open before the server says that it is ready.
        let line = try #require(server.printed.split(separator: "\n").first { $0.contains("Envoy can ask over gRPC") })
        let port = try #require(line.firstMatch(of: /port=(\d+)/)?.1)
        let other = try Folder()
        let second = try await ServerProcess.run(
            ["serve", "--port", "0", "--data", other.data],
            other,
            environment: ["CLAVIGER_ENVOY_PORT": String(port)]
        )
        #expect(second.status == 1)
        #expect(second.errors.contains("envoy.host and envoy.port: this process cannot listen on 127.0.0.1:\(port)"))
        #expect(await server.stop() == 0)
        // What was in use is free again.
        let third = try await ServerProcess.start(other, environment: ["CLAVIGER_ENVOY_PORT": String(port)])
        #expect(await third.stop() == 0)
    }

    @Test func filesThatAreNotThereAreNamed() async throws {
        let folder = try Folder()
        let result = try await ServerProcess.run(
            [
                "serve", "--port", "0", "--data", folder.data, "--tls-certificate", "/none.crt", "--tls-key",
                "/none.key",
            ],
            folder,
            environment: ["CLAVIGER_ENVOY_PORT": "0", "CLAVIGER_ENVOY_CLIENT_CA": "/none.pem"]
        )
        #expect(result.status != 0)
        #expect(result.errors.contains("/none"))
        #expect(!result.errors.contains("Fatal error"))
    }
}
