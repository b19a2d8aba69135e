import ClavigerCore
import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// All that a run needs: the authority, the application, the proxies, and a proxy in front of each.
final class Stand: Sendable {
    /// The trusted proxies in front connect from here.
    static let front = "127.0.0.9"
    static let secret = "0123456789abcdef0123456789abcdef"

    let folder: String
    let authorityPort: Int
    private let checkPort: Int
    private let upstream: EchoUpstream
    private let ports: [Proxy: Int]
    private let frontPorts: [Proxy: Int]
    private let running: Mutex<Running>
    private let sources = Atomic(0)

    private struct Running {
        var authority: AuthorityProcess
        var proxies: [Proxy: ProxyProcess] = [:]
        var front: ProxyProcess?
    }

    init() async throws {
        self.folder = FileManager.default.temporaryDirectory.path + "/claviger-conformance-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        let free = try await Self.freePorts(2 + 2 * Proxy.allCases.count)
        self.authorityPort = free[0]
        self.checkPort = free[1]
        self.ports = Dictionary(uniqueKeysWithValues: zip(Proxy.allCases, free[2...]))
        self.frontPorts = Dictionary(uniqueKeysWithValues: zip(Proxy.allCases, free[(2 + Proxy.allCases.count)...]))
        self.upstream = try await EchoUpstream()
        let authority = try await AuthorityProcess.start(
            folder: self.folder,
            port: free[0],
            settings: Self.settings(checkPort: free[1])
        )
        self.running = Mutex(Running(authority: authority))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.folder)
    }

    // MARK: Starting and stopping

    private static func settings(checkPort: Int) -> [String: String] {
        [
            "CLAVIGER_GATEWAY_TRUSTED_PROXIES": Self.front + "/32", "CLAVIGER_ENVOY_PORT": "\(checkPort)",
            "CLAVIGER_ENVOY_TRUSTED_PROXIES": Self.front + "/32",
        ]
    }

    /// Ports that nobody listens on.
    private static func freePorts(_ count: Int) async throws -> [Int] {
        var channels: [any Channel] = []
        for _ in 0..<count {
            channels.append(
                try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .bind(host: "127.0.0.1", port: 0).get()
            )
        }
        let ports = channels.compactMap { $0.localAddress?.port }
        for channel in channels { try await channel.close() }
        guard ports.count == count else { throw Unexpected("the system gave no ports") }
        return ports
    }

    /// Starts every proxy for a route and waits until each has answered something.
    ///
    /// - Parameter demands: what the route demands, for the proxies whose address may have a query.
    func startProxies(route: String, demands: String = "", secret: String? = nil) async throws {
        for proxy in Proxy.allCases {
            let process = try ProxyProcess.start(
                proxy,
                ProxyProcess.Setup(
                    port: self.port(of: proxy),
                    authority: self.authorityPort,
                    checks: self.checkPort,
                    application: self.upstream.port,
                    front: Self.front,
                    route: route,
                    demands: demands,
                    secret: secret,
                    folder: "\(self.folder)/\(proxy.rawValue)"
                )
            )
            self.running.withLock { $0.proxies[proxy] = process }
        }
        for proxy in Proxy.allCases { try await self.awaitAnswer(proxy) }
    }

    func startFront() throws {
        let ports = Proxy.allCases.map { (listen: self.frontPorts[$0] ?? 0, to: self.port(of: $0)) }
        let front = try ProxyProcess.front(Self.front, ports, "\(self.folder)/front")
        self.running.withLock { $0.front = front }
    }

    func stopProxies() async {
        let proxies = self.running.withLock { running in
            defer { running.proxies = [:] }
            return running.proxies
        }
        for process in proxies.values { await process.stop() }
    }

    func stop() async throws {
        await self.stopProxies()
        if let front = self.running.withLock({ $0.front }) { await front.stop() }
        let authority = self.running.withLock { $0.authority }
        authority.thaw()
        await authority.kill()
        try await self.upstream.stop()
    }

    private func awaitAnswer(_ proxy: Proxy) async throws {
        for _ in 0..<1000 {
            guard let process = self.running.withLock({ $0.proxies[proxy] }), process.isRunning else { break }
            // Until its routes are there, Traefik answers 404.
            if let answer = try? await self.ask(proxy), answer.status == 401 || answer.status == 403 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        let printed = self.running.withLock { $0.proxies[proxy]?.printed } ?? ""
        throw Unexpected("\(proxy.title) does not work: \(printed.suffix(2000))")
    }

    /// The file with the secret that gateways share with the authority.
    func writeSecret() throws -> String {
        let path = "\(self.folder)/gateway-secret"
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: path, contents: Data(Self.secret.utf8), attributes: attributes)
        else { throw Unexpected("\(path) cannot be written") }
        return path
    }

    // MARK: The authority

    func freezeAuthority() { self.running.withLock { $0.authority }.freeze() }
    func thawAuthority() { self.running.withLock { $0.authority }.thaw() }
    func killAuthority() async { await self.running.withLock { $0.authority }.kill() }

    /// Starts it again, on the same port and data.
    func startAuthority(_ settings: [String: String] = [:]) async throws {
        let authority = try await AuthorityProcess.start(
            folder: self.folder,
            port: self.authorityPort,
            settings: Self.settings(checkPort: self.checkPort).merging(settings) { $1 }
        )
        self.running.withLock { $0.authority = authority }
    }

    /// What it wrote, for a failure's report.
    var authorityPrinted: String { self.running.withLock { $0.authority }.printed }

    /// A call of the management API.
    func manage(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        let token = try String(contentsOfFile: "\(self.folder)/data/first-management-key", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        var exchange = Exchange(method: method, target: path, source: "127.0.0.1")
        exchange.headers = [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")]
        if let body { exchange.body = String(decoding: body.serialized(), as: UTF8.self) }
        let answer = try await exchange.run(port: self.authorityPort)
        guard (200..<300).contains(answer.status) else {
            throw Unexpected("\(method) \(path): \(answer.status) \(answer.body)")
        }
        return answer.json
    }

    // MARK: Asking

    func port(of proxy: Proxy) -> Int { self.ports[proxy] ?? 0 }

    /// A request through a proxy.
    ///
    /// - Parameter source: where the client is; a place of its own if nil, as whoever sends bad keys is soon refused.
    func ask(
        _ proxy: Proxy,
        _ target: String = "/public/a",
        key: String? = nil,
        with headers: [(name: String, value: String)] = [],
        method: String = "GET",
        body: String = "",
        from source: String? = nil,
        throughFront: Bool = false
    ) async throws -> Exchange.Answer {
        let number = self.sources.add(1, ordering: .relaxed).newValue
        let exchange = Exchange(
            method: method,
            target: target,
            headers: (key.map { [("Authorization", "Bearer \($0)")] } ?? []) + headers,
            body: body,
            source: source ?? "127.1.\(number / 250).\(number % 250 + 1)"
        )
        let port = throughFront ? self.frontPorts[proxy] : self.ports[proxy]
        return try await exchange.run(port: port ?? 0)
    }
}
