import AsyncHTTPClient
import ClavigerCore
import ClavigerHTTP
import ClavigerService
import ClavigerTestSupport
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization
import Testing

@testable import ClavigerGateway

/// A reverse proxy on a free loopback port, in front of an upstream, with an api `payments` and a key for it.
struct ProxyFixture: Sendable {
    let test: TestAuthority
    let port: Int
    let token: String
    let finished: Finished
    let scheme: String

    /// The statuses that were reported at the end of requests.
    final class Finished: Sendable {
        private let state = Mutex<[UInt16]>([])
        var all: [UInt16] { self.state.withLock { $0 } }
        func add(_ status: UInt16) { self.state.withLock { $0.append(status) } }
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
    }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: String

        var problem: String? {
            (try? JSON.parse(Array(self.body.utf8)))?["type"]?.string?.split(separator: ":").last.map(String.init)
        }
    }

    /// Runs `body` with a proxy in front of `upstream`, an URL.
    static func run(
        _ upstream: String,
        routes makeRoutes: ((ProxyRoute) throws -> [ProxyRoute])? = nil,
        timeout: Duration = .seconds(10),
        scopes: ScopeQuery? = nil,
        trustedProxies: TrustedProxies = TrustedProxies(),
        tls: TLSConfiguration? = nil,
        upstreamTLS: UpstreamTLS = UpstreamTLS(),
        limits: RequestLimits = RequestLimits(),
        checksUpstreams: Bool = false,
        _ body: @escaping @Sendable (ProxyFixture) async throws -> Void
    ) async throws {
        let test = try await TestAuthority()
        let token = try await Self.makeKey(test)
        let route = ProxyRoute(
            place: "test.yaml:7",
            path: try RequestPath(normalizing: "/"),
            api: "payments",
            environment: "production",
            upstream: try UpstreamAddress(parsing: upstream),
            scopes: scopes,
            timeout: timeout,
            tls: upstreamTLS
        )
        let finished = Finished()
        let requestIDs = RequestIDs(random: test.random)
        let workspace = try await test.owner().workspaceID
        let proxy = try await ReverseProxy(
            routes: try makeRoutes?(route) ?? [route],
            checksUpstreams: checksUpstreams,
            decider: GatewayDecider(
                authority: test.authority,
                workspaceID: workspace,
                requestIDs: requestIDs,
                logger: test.log.logger()
            ),
            requestIDs: requestIDs,
            trustedProxies: trustedProxies,
            isSecure: tls != nil,
            logger: test.log.logger(),
            onFinish: { finished.add($1) }
        )
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let application = proxy.application(
            address: try ListenAddress(host: "127.0.0.1", port: 0),
            tls: tls,
            limits: limits,
            connections: ConnectionLimit(1000, logger: quiet),
            logger: quiet,
            onListening: { continuation.yield($0) }
        )
        do {
            try await Running.run(application, ports) { port in
                try await body(
                    ProxyFixture(
                        test: test,
                        port: port,
                        token: token,
                        finished: finished,
                        scheme: tls == nil ? "http" : "https"
                    )
                )
            }
        } catch {
            await proxy.shutDown()
            throw error
        }
        await proxy.shutDown()
    }

    private static func makeKey(_ test: TestAuthority) async throws -> String {
        try await test.application().test(.router) { client in
            func post(_ path: String, _ json: JSON) async throws -> JSON {
                try await Self.manage(client, test, path, json)
            }
            let api = try await post(
                "/v1/apis",
                [
                    "name": "payments", "prefix": "pay",
                    "scopes": [["name": "invoices.read"], ["name": "invoices.write"]],
                ]
            )
            let consumer = try await post("/v1/consumers", ["externalId": "acme", "kind": "customer"])
            let key = try await post(
                "/v1/keys",
                [
                    "apiId": api["id"], "environment": "production", "consumerId": consumer["id"], "name": "Acme",
                    "scopes": ["invoices.read"],
                    "limits": [["name": "burst", "requests": 1000, "window": "1m"]],
                ]
            )
            guard let token = key["token"]?.string else { throw Unexpected(description: "no token") }
            return token
        }
    }

    private static func manage(
        _ client: any TestClientProtocol,
        _ test: TestAuthority,
        _ path: String,
        _ json: JSON
    ) async throws -> JSON {
        try await client.execute(
            uri: path,
            method: .post,
            headers: [.authorization: "Bearer \(test.ownerToken)", .contentType: "application/json"],
            body: ByteBuffer(bytes: json.serialized())
        ) { response in
            let text = String(buffer: response.body)
            guard response.status.kind == .successful else { throw Unexpected(description: text) }
            return try JSON.parse(Array(text.utf8))
        }
    }

    /// Makes a call of the management API.
    func manage(_ path: String, _ json: JSON) async throws {
        let test = self.test
        try await test.application().test(.router) { client in
            _ = try await Self.manage(client, test, path, json)
        }
    }

    /// Sends a request with the key.
    func send(
        _ method: HTTPMethod = .GET,
        _ path: String = "/",
        headers: [(String, String)] = [],
        token: String? = nil,
        withoutToken: Bool = false,
        body: HTTPClientRequest.Body? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(self.scheme)://127.0.0.1:\(self.port)\(path)")
        request.method = method
        request.headers = HTTPHeaders(headers)
        if !withoutToken { request.headers.add(name: "Authorization", value: "Bearer \(token ?? self.token)") }
        request.body = body
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 1 << 24)
        return Answer(status: Int(response.status.code), headers: response.headers, body: String(buffer: bytes))
    }

    /// The head of a request with the key, as text for a socket.
    func head(_ line: String, _ fields: String...) -> String {
        ([line + " HTTP/1.1", "Host: proxy.test", "Authorization: Bearer \(self.token)"] + fields)
            .joined(separator: "\r\n") + "\r\n\r\n"
    }
}

/// Runs applications beside a test.
enum Running {
    static func run(
        _ application: some ApplicationProtocol,
        _ ports: AsyncStream<Int>,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: application, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger
            )
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw ChannelError.ioOnClosedChannel }
            let result: Result<Void, any Error>
            do { result = .success(try await body(port)) } catch { result = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    /// Runs a web application as an upstream.
    static func upstream(
        _ router: Router<BasicRequestContext>,
        tls: TLSConfiguration? = nil,
        _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            server: .claviger(tls: tls, limits: RequestLimits(arrival: .seconds(600))),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        try await Self.run(application, ports) { port in
            try await body("\(tls == nil ? "http" : "https")://127.0.0.1:\(port)")
        }
    }

    /// Runs an upstream that speaks in bytes, one call of `talk` for each connection.
    static func rawUpstream(
        _ talk:
            @escaping @Sendable (
                NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>
            ) async throws -> Void,
        _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await withThrowingDiscardingTaskGroup { connections in
                    try await server.executeThenClose { inbound in
                        for try await client in inbound {
                            connections.addTask {
                                try? await client.executeThenClose { try await talk($0, $1) }
                            }
                        }
                    }
                }
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body("http://127.0.0.1:\(port)")) } catch { result = .failure(error) }
            tasks.cancelAll()
            try? await server.channel.close()
            try? await tasks.waitForAll()
            try result.get()
        }
    }
}

/// A connection of bytes to the proxy.
enum RawClient {
    static func connect<Result: Sendable>(
        _ port: Int,
        _ body:
            @escaping @Sendable (
                NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>, any Channel
            ) async throws -> Result
    ) async throws -> Result {
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await client.executeThenClose { try await body($0, $1, client.channel) }
    }

    /// Sends text and returns what comes back until `marker` has come or the connection ends.
    static func exchange(_ port: Int, _ text: String, until marker: String? = nil) async throws -> String {
        try await Self.connect(port) { inbound, outbound, _ in
            try await outbound.write(ByteBuffer(string: text))
            var answer = ""
            do {
                for try await part in inbound {
                    answer += String(buffer: part)
                    if let marker, answer.contains(marker) { break }
                }
            } catch is IOError {
                // Reset: what came before is what counts.
            }
            return answer
        }
    }
}

/// Something that a test waits for.
final class Signal: Sendable {
    private let (stream, continuation) = AsyncStream<Void>.makeStream()

    func send() { self.continuation.yield() }

    /// Fails the test if it does not come in time.
    func wait(_ what: Comment, for time: Duration = .seconds(20)) async {
        let came = await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                var iterator = self.stream.makeAsyncIterator()
                return await iterator.next() != nil
            }
            tasks.addTask {
                try? await Task.sleep(for: time)
                return false
            }
            let first = await tasks.next() ?? false
            tasks.cancelAll()
            return first
        }
        #expect(came, what)
    }
}
