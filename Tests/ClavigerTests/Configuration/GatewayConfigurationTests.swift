import ArgumentParser
import ClavigerCore
import ClavigerHTTP
import Testing

@testable import claviger

@Suite struct GatewayConfigurationTests {
    private func problems(_ environment: [String: String]) throws -> [String] {
        do {
            _ = try ServerConfiguration.load(try ServeOptions.parse([]), environment: environment)
            return []
        } catch let error as ConfigurationProblems {
            return error.problems.map { "\($0.place): \($0.message)" }
        }
    }

    @Test func addressesAreRead() throws {
        #expect(try GatewayAddress(parsing: "127.0.0.1:8081").description == "127.0.0.1:8081")
        #expect(try GatewayAddress(parsing: "[::1]:0").description == "[::1]:0")
        #expect(try GatewayAddress(parsing: "unix:/run/claviger/gateway.sock").isLocal)
        #expect(try !GatewayAddress(parsing: "0.0.0.0:8081").isLocal)
        for text in [
            "", "8081", "example.org:8081", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "unix:relative.sock",
            "unix:", "unix:/" + String(repeating: "a", count: 107), ":8081",
        ] {
            #expect(throws: FieldError.self, "\(text)") { try GatewayAddress(parsing: text) }
        }
    }

    @Test func nothingListensForGatewaysUnlessItIsSaid() throws {
        let configuration = try ServerConfiguration.load(try ServeOptions.parse([]), environment: [:])
        #expect(configuration.gateway.address == nil && configuration.gateway.secretFile == nil)
        #expect(configuration.gateway.trustedProxies.networks.isEmpty)
    }

    /// An address that other machines reach is neither in clear nor open to everybody.
    @Test func othersAreKeptOut() throws {
        let address = ["CLAVIGER_LISTEN_GATEWAY": "0.0.0.0:8081"]
        let tls = ["CLAVIGER_TLS_CERTIFICATE": "c.pem", "CLAVIGER_TLS_PRIVATE_KEY": "k.pem"]
        func merged(_ parts: [String: String]...) -> [String: String] {
            parts.reduce(address) { $0.merging($1) { $1 } }
        }
        let secret = ["CLAVIGER_GATEWAY_SECRET_FILE": "secret"]
        let authorities = ["CLAVIGER_GATEWAY_CLIENT_CA": "ca.pem"]
        #expect(try self.problems(merged()).count == 2)
        #expect(try self.problems(merged(tls)).map { $0.contains("only gateways can ask") } == [true])
        #expect(try self.problems(merged(secret)).map { $0.contains("in clear text") } == [true])
        #expect(try self.problems(merged(authorities)).contains { $0.contains("gateway.clientCA needs TLS") })
        #expect(try self.problems(merged(secret, ["CLAVIGER_LISTEN_TRUSTED_PLAINTEXT": "true"])) == [])
        #expect(try self.problems(merged(tls, secret)) == [])
        #expect(try self.problems(merged(tls, authorities)) == [])
        #expect(try self.problems(["CLAVIGER_LISTEN_GATEWAY": "unix:/run/g.sock"]) == [])
    }
}
