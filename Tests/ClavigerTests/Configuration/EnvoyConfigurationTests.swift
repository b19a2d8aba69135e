import ArgumentParser
import ClavigerCore
import ClavigerHTTP
import Testing

@testable import claviger

@Suite("Where Envoy asks") struct EnvoyConfigurationTests {
    private static let certificate = ["CLAVIGER_TLS_CERTIFICATE": "/c", "CLAVIGER_TLS_PRIVATE_KEY": "/k"]

    private func load(_ environment: [String: String]) throws -> ServerConfiguration.Envoy? {
        try ServerConfiguration.loadWithEntries(try ServeOptions.parse([]), environment: environment).configuration
            .envoy
    }

    private func problems(_ environment: [String: String]) -> [String] {
        do {
            _ = try self.load(environment)
            return []
        } catch {
            return (error as? ConfigurationProblems)?.problems.map { "\($0.place): \($0.message)" } ?? ["\(error)"]
        }
    }

    @Test func offUnlessThereIsAPort() throws {
        #expect(try self.load([:]) == nil)
        #expect(try self.load(Self.certificate) == nil)
    }

    @Test func clearTextOnLoopback() throws {
        let envoy = try #require(try self.load(["CLAVIGER_ENVOY_PORT": "9001"]))
        #expect(envoy.address.description == "127.0.0.1:9001")
        #expect(!envoy.usesTLS)
        let plain = ["CLAVIGER_ENVOY_PORT": "9001", "CLAVIGER_ENVOY_PLAINTEXT": "true"]
        #expect(try self.load(plain.merging(Self.certificate) { $1 })?.usesTLS == false)
    }

    @Test func tls() throws {
        let one = try #require(try self.load(Self.certificate.merging(["CLAVIGER_ENVOY_PORT": "0"]) { $1 }))
        #expect(one.usesTLS)
        #expect(one.clientCA == nil)
        let beyond = [
            "CLAVIGER_ENVOY_PORT": "9001", "CLAVIGER_ENVOY_HOST": "0.0.0.0", "CLAVIGER_ENVOY_CLIENT_CA": "/a",
            "CLAVIGER_ENVOY_TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.1",
        ]
        let both = try #require(try self.load(Self.certificate.merging(beyond) { $1 }))
        #expect(both.usesTLS)
        #expect(both.clientCA == "/a")
        #expect(both.trustedProxies.networks.count == 2)
    }

    @Test(
        arguments: [
            (["CLAVIGER_ENVOY_HOST": "127.0.0.1"], "CLAVIGER_ENVOY_HOST: envoy.host needs envoy.port beside it."),
            (
                ["CLAVIGER_ENVOY_CLIENT_CA": "/a"],
                "CLAVIGER_ENVOY_CLIENT_CA: envoy.clientCA needs envoy.port beside it."
            ),
            (
                ["CLAVIGER_ENVOY_PORT": "http"],
                "CLAVIGER_ENVOY_PORT: envoy.port must be a whole number from 0 to 65535."
            ),
            (
                ["CLAVIGER_ENVOY_PORT": "1", "CLAVIGER_ENVOY_HOST": "edge"],
                "CLAVIGER_ENVOY_HOST: envoy.host must be an IP address such as"
            ),
            (
                ["CLAVIGER_ENVOY_PORT": "1", "CLAVIGER_ENVOY_HOST": "0.0.0.0"],
                "CLAVIGER_ENVOY_HOST: Refusing to let Envoy ask in clear text on 0.0.0.0:1"
            ),
            (
                certificate.merging(["CLAVIGER_ENVOY_PORT": "1", "CLAVIGER_ENVOY_HOST": "::"]) { $1 },
                "CLAVIGER_ENVOY_HOST: envoy.host :: can be reached by other machines: set envoy.clientCA"
            ),
            (
                certificate.merging(
                    [
                        "CLAVIGER_ENVOY_PORT": "1", "CLAVIGER_ENVOY_HOST": "::", "CLAVIGER_ENVOY_CLIENT_CA": "/a",
                        "CLAVIGER_ENVOY_PLAINTEXT": "true",
                    ]
                ) { $1 },
                "CLAVIGER_ENVOY_HOST: Refusing to let Envoy ask in clear text on [::]:1"
            ),
            (
                ["CLAVIGER_ENVOY_PORT": "1", "CLAVIGER_ENVOY_CLIENT_CA": "/a"],
                "CLAVIGER_ENVOY_CLIENT_CA: envoy.clientCA needs TLS"
            ),
            (
                ["CLAVIGER_ENVOY_PORT": "1", "CLAVIGER_ENVOY_TRUSTED_PROXIES": "all"],
                "CLAVIGER_ENVOY_TRUSTED_PROXIES: envoy.trustedProxies must be networks"
            ),
        ] as [([String: String], String)]
    )
    func mistakesAreNamed(environment: [String: String], message: String) {
        let problems = self.problems(environment)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(message) == true, "\(problems)")
    }
}
