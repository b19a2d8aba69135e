import ArgumentParser
import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import Foundation
import Logging
import Testing

@testable import claviger

@Suite struct ProxyConfigurationTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "claviger-proxy-\(UUID().uuidString)")

    private func load(
        yaml: String? = nil,
        _ arguments: [String] = [],
        proxy: [String]? = nil
    ) throws -> ServerConfiguration {
        var arguments = arguments
        if let yaml {
            try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
            let file = self.folder.appending(path: "c.yaml")
            try Data(yaml.utf8).write(to: file)
            arguments += ["--config", file.path]
        }
        defer { try? FileManager.default.removeItem(at: self.folder) }
        return try ServerConfiguration.load(
            try ServeOptions.parse(arguments),
            proxy: try proxy.map { try ProxyOptions.parse($0) },
            environment: [:]
        )
    }

    private func problems(yaml: String? = nil, _ arguments: [String] = [], proxy: [String]? = nil) -> [String] {
        do {
            _ = try self.load(yaml: yaml, arguments, proxy: proxy)
            return []
        } catch let error as ConfigurationProblems {
            return error.problems.map { "\($0.place): \($0.message)".replacing(self.folder.path + "/", with: "") }
        } catch {
            return ["\(error)"]
        }
    }

    @Test func oneRouteFromFlags() throws {
        let flags = ["--api", "payments", "--environment", "staging", "--upstream", "http://127.0.0.1:9000"]
        let proxy = try #require(try self.load(proxy: flags + ["--proxy-port", "0", "--upstream-check", "off"]).proxy)
        #expect(proxy.address.description == "127.0.0.1:0")
        #expect(!proxy.checksUpstreams)
        #expect(proxy.routes.map(\.place) == ["--upstream"])
        #expect(proxy.routes.first?.environment == "staging")
        #expect(proxy.routes.first?.path.text == "/")
        #expect(try self.load().proxy == nil)
    }

    @Test func routesFromAFile() throws {
        let yaml = """
            listen:
              port: 1001
            proxy:
              listen: {port: 1002}
              routes:
                - path: /v1
                  api: payments
                  environment: production
                  upstream: http://127.0.0.1:9000
                - host: A.example
                  api: payments
                  environment: production
                  upstream: https://b.example/base
                  stripPrefix: true
                  preserveHost: true
                  scopes: a.b OR c.d
                  cost: 3
                  timeout: 2m
                  tls:
                    caFile: ca.pem
                    pins: [sha256/d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=]
            log:
              level: debug
            """
        let configuration = try self.load(yaml: yaml)
        #expect(configuration.listen.address.port == 1001 && configuration.log.level == .debug)
        let proxy = try #require(configuration.proxy)
        #expect(proxy.address.port == 1002 && proxy.checksUpstreams)
        #expect(proxy.routes.map(\.host) == [nil, "a.example"])
        let last = try #require(proxy.routes.last)
        #expect(last.place.hasSuffix("c.yaml:13"))
        #expect(last.stripsPrefix && last.preservesHost && last.cost == 3 && last.timeout == .seconds(120))
        #expect(last.scopes == (try ScopeQuery(parsing: "a.b OR c.d")))
        #expect(last.tls.caFile == "ca.pem" && last.tls.pins.count == 1)
        // A flag stands above the file.
        let flags = ["--api", "other", "--upstream", "http://u", "--proxy-port", "1003"]
        let both = try #require(try self.load(yaml: yaml, proxy: flags).proxy)
        #expect(both.address.port == 1003)
        #expect(both.routes.map(\.api) == ["payments", "payments", "other"])
    }

    @Test func everythingThatIsWrongHasItsLine() {
        let yaml = """
            proxy:
              listen:
                prt: 1
              routes:
                - path: v1
                  api: payments
                  upsteam: http://hunter2
                - api: payments
                  environment: production
                  upstream: ftp://hunter2
                  cost: hunter2
                  timeout: hunter2
                  scopes: hunter2 AND
                  stripPrefix: hunter2
                  host: hunter2:80
                  tls: {pins: [hunter2], caFil: x}
              rutes: []
            """
        let problems = self.problems(yaml: yaml)
        let lines = problems.map { String($0.prefix { $0 != " " }) }
        #expect(
            lines.sorted() == [3, 5, 5, 5, 7, 10, 11, 12, 13, 14, 15, 16, 16, 17].map { "c.yaml:\($0):" }.sorted(),
            "\(problems)"
        )
        #expect(problems.contains("c.yaml:3: proxy.listen.prt is not a known key; did you mean port?"))
        #expect(problems.contains("c.yaml:7: proxy.routes[0].upsteam is not a known key; did you mean upstream?"))
        #expect(problems.contains("c.yaml:5: proxy.routes[0] needs environment."))
        #expect(!problems.joined().contains("hunter2"))
    }

    @Test(arguments: [
        ("proxy: 1\n", "c.yaml:1: proxy is a section: put its keys below it."),
        ("proxy:\n  routes: []\n", "c.yaml:1: proxy needs routes: a list with at least one."),
        ("proxy:\n", "c.yaml:1: proxy needs routes: a list with at least one."),
        ("proxy:\n  routes: x\n", "c.yaml:2: proxy.routes must be a list: begin each entry with `-`."),
        ("prxy:\n  routes: []\n", "c.yaml:1: prxy is not a known section; did you mean proxy?"),
        (
            """
            proxy:
              routes:
                - {api: a, environment: p, upstream: "http://u"}
                - {path: /, api: b, environment: p, upstream: "http://v"}
            """, "c.yaml:4: proxy.routes[1] has the host and the path of the route at c.yaml:3."
        ),
        (
            "proxy:\n  routes:\n    - {api: a, environment: p, upstream: \"http://u\", tls: {caFile: x}}\n",
            "c.yaml:3: proxy.routes[0].tls is for an https upstream."
        ),
        (
            "proxy:\n  listen: {host: 0.0.0.0}\n  routes:\n    - {api: a, environment: p, upstream: \"http://u\"}\n",
            "c.yaml:2: the proxy would listen in clear text"
        ),
    ])
    func oneThingThatIsWrong(yaml: String, expected: String) {
        let problems = self.problems(yaml: yaml)
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }

    @Test(arguments: [
        ([], "claviger proxy: needs a route"), (["--api", "a"], "--upstream: is needed"),
        (["--upstream", "http://u"], "--api: is needed"), (["--preserve-host"], "--api: is needed"),
        (["--upstream-pin", "x"], "--upstream-pin: must be"), (["--upstream-ca", "x"], "--upstream: is needed"),
        (["--upstream-timeout", "banana"], "--upstream-timeout: must be"),
        (["--api", "a", "--upstream", "u"], "--upstream: must be a URL"),
        (["--api", "a", "--upstream", "http://u", "--upstream-pin", "x"], "--upstream-pin: must be the SHA-256"),
        (["--api", "a", "--upstream", "http://u", "--upstream-ca", "x"], "--upstream: is http"),
        (["--api", "a", "--upstream", "http://u", "--proxy-port", "x"], "--proxy-port: must be"),
        (["--api", "a", "--upstream", "http://u", "--proxy-host", "0.0.0.0"], "--proxy-host: the proxy would listen"),
    ])
    func wrongFlags(flags: [String], expected: String) {
        let problems = self.problems(proxy: flags)
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }

    /// A pin for a route of the file would be looked at by nobody.
    @Test func flagsOfARouteAreNotForTheFilesRoutes() {
        let yaml = "proxy:\n  routes:\n    - {api: a, environment: p, upstream: \"https://u\"}\n"
        let pin = "sha256/" + String(repeating: "A", count: 43) + "="
        let problems = self.problems(yaml: yaml, proxy: ["--upstream-pin", pin])
        #expect(problems.contains { $0.hasPrefix("--api: is needed") }, "\(problems)")
    }

    @Test func theExampleFileIsGood() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let example = try String(contentsOf: root.appending(path: "deploy/claviger-proxy.yaml"), encoding: .utf8)
        #expect(try self.load(yaml: example).proxy?.routes.count == 2)
    }
}
