import ArgumentParser
import ClavigerCore
import ClavigerHTTP
import Foundation
import Logging
import Testing

@testable import claviger

@Suite struct ServerConfigurationTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "claviger-config-\(UUID().uuidString)")

    private func load(
        yaml: String? = nil,
        _ arguments: [String] = [],
        _ environment: [String: String] = [:]
    ) throws -> (configuration: ServerConfiguration, entries: [ServerConfiguration.Entry]) {
        var arguments = arguments
        if let yaml {
            try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
            let file = self.folder.appending(path: "c.yaml")
            try Data(yaml.utf8).write(to: file)
            arguments += ["--config", file.path]
        }
        defer { try? FileManager.default.removeItem(at: self.folder) }
        return try ServerConfiguration.loadWithEntries(try ServeOptions.parse(arguments), environment: environment)
    }

    private func problems(
        yaml: String? = nil,
        _ arguments: [String] = [],
        _ environment: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try self.load(yaml: yaml, arguments, environment)
            return []
        } catch let error as ConfigurationProblems {
            return error.problems.map { problem in
                "\(problem.place): \(problem.message)".replacing(self.folder.path + "/", with: "")
            }
        } catch {
            return ["\(error)"]
        }
    }

    @Test func defaults() throws {
        let configuration = try self.load().configuration
        #expect(configuration.data == .init(directory: "claviger-data", isEphemeral: false))
        #expect(configuration.listen.address.description == "127.0.0.1:8080")
        #expect(configuration.listen.trustedProxies.networks.isEmpty)
        #expect(configuration.tls == nil)
        #expect(configuration.sealing == .file(path: "claviger-data/root-key"))
        #expect(
            configuration.verifier
                == .init(cacheCapacity: 2_000_000, negativeLifetime: .seconds(5), answerLifetime: .zero)
        )
        #expect(configuration.log == .init(level: .info, format: .text))
        #expect(configuration.http == .init(requestTimeout: .seconds(30), idleTimeout: .seconds(60)))
    }

    @Test func flagsStandAboveTheEnvironmentAndThatAboveTheFile() throws {
        let yaml = "listen:\n  port: 1001\n  host: 127.0.0.2\nlog:\n  level: debug\n"
        let environment = ["CLAVIGER_LISTEN_PORT": "1002", "CLAVIGER_LISTEN_HOST": "127.0.0.3"]
        let (configuration, entries) = try self.load(yaml: yaml, ["--port", "1003"], environment)
        #expect(configuration.listen.address.description == "127.0.0.3:1003")
        #expect(configuration.log.level == .debug)
        let sources = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.source) })
        #expect(sources[.listenPort] == "--port")
        #expect(sources[.listenHost] == "CLAVIGER_LISTEN_HOST")
        #expect(sources[.logLevel]?.hasSuffix("c.yaml:5") == true)
        #expect(sources[.logFormat] == "default")
    }

    @Test func lists() throws {
        let file = try self.load(yaml: "listen:\n  trustedProxies: [10.0.0.0/8, 192.0.2.1]\n").configuration
        #expect(file.listen.trustedProxies.networks.map(\.description) == ["10.0.0.0/8", "192.0.2.1/32"])
        let envoy = try self.load(yaml: "envoy:\n  port: 1\n  trustedProxies: [10.0.0.0/8]\n").configuration.envoy
        #expect(envoy?.trustedProxies.networks.map(\.description) == ["10.0.0.0/8"])
        let environment = ["CLAVIGER_LISTEN_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1"]
        #expect(try self.load([], environment).configuration.listen == file.listen)
    }

    @Test func sealing() throws {
        #expect(try self.load(["--data", "/d"]).configuration.sealing == .file(path: "/d/root-key"))
        #expect(try self.load(yaml: "sealing:\n  provider: environment\n").configuration.sealing == .environment)
        let passphrase = "sealing:\n  provider: passphrase\n  passphraseFile: /p\n"
        #expect(try self.load(yaml: passphrase).configuration.sealing == .passphrase(.file(path: "/p")))
    }

    @Test(arguments: ["", "# nothing\n", "listen:\n", "listen:\n  # port: 1\ntls:\n"])
    func aFileMaySayNothing(yaml: String) throws {
        #expect(try self.load(yaml: yaml).configuration == (try self.load().configuration))
    }

    @Test func everythingThatIsWrongIsFoundAtOnce() {
        let yaml = """
            listen:
              prot: 80
              port: 99999
              trustedProxies: [10.0.0.1/8]
            dta:
              directory: x
            log:
              level: loud
            """
        let problems = self.problems(yaml: yaml, ["--log-format", "xml"], ["CLAVIGER_LISTEN_PROT": "1"])
        #expect(
            problems.map { String($0.prefix { $0 != " " }) }.sorted() == [
                "--log-format:", "CLAVIGER_LISTEN_PROT:", "c.yaml:2:", "c.yaml:3:", "c.yaml:4:", "c.yaml:5:",
                "c.yaml:8:",
            ]
        )
        #expect(problems.contains("c.yaml:2: listen.prot is not a known key; did you mean port?"))
        #expect(problems.contains("c.yaml:3: listen.port must be a whole number from 0 to 65535."))
        #expect(problems.contains { $0.contains("did you mean 10.0.0.0/8?") })
    }

    @Test(arguments: [
        ("listen.port: 1\n", "c.yaml:1: listen.port is written as a section: `listen:`, and `port:` below it."),
        ("listen: 1\n", "c.yaml:1: listen is a section: put its keys below it."),
        ("listen:\n  port: {a: 1}\n", "c.yaml:2: listen.port must be a value, not a section."),
        ("listen:\n  port: [1]\n", "c.yaml:2: listen.port must be one value, not a list."),
        ("listen:\n  port:\n", "c.yaml:2: listen.port has no value: give one, or remove the key."),
        ("listen:\n  port: 1\n  port: 2\n", "c.yaml: has a key twice: port."),
        ("- a\n", "c.yaml: must hold sections such as `listen:` with keys below them."),
        ("tls:\n  certificate: a\n", "c.yaml:2: tls.certificate needs tls.privateKey beside it."),
        ("http:\n  idleTimeout: 5\n", "c.yaml:2: http.idleTimeout must be a time from 1s to 1h, such as 60s."),
    ])
    func oneThingThatIsWrong(yaml: String, expected: String) {
        let problems = self.problems(yaml: yaml)
        #expect(problems.contains(expected), "\(problems)")
    }

    @Test func clearTextBeyondThisMachineIsRefused() throws {
        #expect(self.problems(["--host", "0.0.0.0"]).count == 1)
        #expect(self.problems(["--host", "0.0.0.0", "--trusted-plaintext"]).isEmpty)
        #expect(self.problems(["--host", "::", "--tls-certificate", "a", "--tls-key", "b"]).isEmpty)
    }

    @Test func aBadValueIsNotRepeated() {
        let text = self.problems(yaml: "listen:\n  port: \"hunter2\"\n", [], ["CLAVIGER_LOG_LEVEL": "hunter2"]).joined()
        #expect(!text.contains("hunter2"))
    }

    @Test func otherVariablesAreKnown() {
        let environment = Dictionary(
            ["URL", "TOKEN", "PROFILE", "ROOT_KEY", "PASSPHRASE", "BIN", "WARNINGS_AS_ERRORS"].map {
                ("CLAVIGER_" + $0, "x")
            }
        ) { $1 }
        #expect(self.problems([], environment).isEmpty)
    }

    @Test func theExampleFileHasTheDefaults() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let example = try String(contentsOf: root.appending(path: "deploy/claviger.yaml"), encoding: .utf8)
        let defaults = try self.load(["--data", "/var/lib/claviger"]).configuration
        #expect(try self.load(yaml: example).configuration == defaults)
    }

    @Test func gitHubsReportsAreTakenOnlyWhenTheyAreWanted() throws {
        #expect(try self.load().configuration.leaks.gitHubKeysURL == nil)
        let standard = "https://api.github.com/meta/public_keys/secret_scanning"
        let on = try self.load(yaml: "leaks:\n  github:\n    enabled: true\n").configuration
        #expect(on.leaks.gitHubKeysURL == standard)
        let byVariable = try self.load([], ["CLAVIGER_LEAKS_GITHUB_ENABLED": "true"]).configuration
        #expect(byVariable.leaks.gitHubKeysURL == standard)
        let other = "leaks:\n  github:\n    enabled: true\n    keysUrl: http://127.0.0.1:9/keys\n"
        #expect(try self.load(yaml: other).configuration.leaks.gitHubKeysURL == "http://127.0.0.1:9/keys")
    }

    @Test(arguments: [
        ("leaks:\n  github:\n    enabled: maybe\n", "c.yaml:3: leaks.github.enabled must be true or false."),
        (
            "leaks:\n  github:\n    enabeld: true\n",
            "c.yaml:3: leaks.github.enabeld is not a known key; did you mean enabled?"
        ),
        ("leaks:\n  github: true\n", "c.yaml:2: leaks.github is a section: put its keys below it."),
        ("leaks:\n  gitlab:\n    enabled: true\n", "c.yaml:2: leaks.gitlab is not a known key; did you mean github?"),
        (
            "leaks.github.enabled: true\n",
            "c.yaml:1: leaks.github.enabled is written as a section: `leaks:`, and `github:`, and `enabled:` below it."
        ),
        (
            "leaks:\n  github.enabled: true\n",
            "c.yaml:2: leaks.github.enabled is not a known key; leaks has github."
        ),
        (
            "leaks:\n  github:\n    keysUrl: http://example.com/keys\n",
            "c.yaml:3: leaks.github.keysUrl must be an https address (http only for this machine), without a user in it."
        ),
    ])
    func mistakesInASectionWithinASectionAreNamed(yaml: String, message: String) {
        #expect(self.problems(yaml: yaml) == [message])
    }
}
