import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import Synchronization

@testable import ClavigerEnvoy

/// An authority with a port for Envoy, and an api `payments` with what is asked of it.
struct EnvoyFixture: Sendable {
    let test: TestAuthority
    let port: Int
    /// Whether the health service says so.
    let isReady: Flag

    final class Flag: Sendable {
        private let state = Mutex(true)
        var value: Bool {
            get { self.state.withLock { $0 } }
            set { self.state.withLock { $0 = newValue } }
        }
    }

    struct Unexpected: Error {
        let text: String
    }

    /// Runs `body` while Envoy can ask.
    static func run(
        tls: TLSConfiguration? = nil,
        connections: Int = 100,
        trustedProxies: TrustedProxies = TrustedProxies(),
        _ body: @escaping @Sendable (EnvoyFixture) async throws -> Void
    ) async throws {
        let test = try await TestAuthority()
        let isReady = Flag()
        let listener = try await Self.listener(
            test,
            tls: tls,
            connections: connections,
            trustedProxies: trustedProxies,
            isReady: isReady
        )
        let group = ServiceGroup(services: [listener], logger: test.log.logger())
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let port = await listener.port else { throw Unexpected(text: "the port is not open") }
            try await body(EnvoyFixture(test: test, port: port, isReady: isReady))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    static func listener(
        _ test: TestAuthority,
        port: Int = 0,
        tls: TLSConfiguration? = nil,
        connections: Int = 100,
        trustedProxies: TrustedProxies = TrustedProxies(),
        isReady: Flag = Flag()
    ) async throws -> EnvoyListener {
        let owner = try await test.owner()
        let requestIDs = RequestIDs(random: test.random)
        return try EnvoyListener(
            address: ListenAddress(host: "127.0.0.1", port: port),
            tls: tls,
            connections: connections,
            decider: GatewayDecider(
                authority: test.authority,
                workspaceID: owner.workspaceID,
                requestIDs: requestIDs,
                logger: test.log.logger()
            ),
            trustedProxies: trustedProxies,
            requestIDs: requestIDs,
            isReady: { isReady.value },
            logger: test.log.logger()
        )
    }

    /// Calls the management API as the owner.
    @discardableResult
    func send(_ method: HTTPRequest.Method, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        let bytes = body?.serialized()
        let token = self.test.ownerToken
        return try await self.test.application().test(.router) { client in
            var fields: HTTPFields = [.authorization: "Bearer \(token)"]
            if bytes != nil { fields[.contentType] = "application/json" }
            return try await client.execute(
                uri: path,
                method: method,
                headers: fields,
                body: bytes.map { ByteBuffer(bytes: $0) }
            ) { response in
                let text = String(buffer: response.body)
                guard response.status.kind == .successful else { throw Unexpected(text: text) }
                return text.isEmpty ? .null : try JSON.parse(Array(text.utf8))
            }
        }
    }

    /// Takes the storage away.
    func closeStorage() async throws {
        try await self.test.database.close()
    }

    /// The api `payments` and the consumer that owns all keys.
    func makeCatalogue() async throws {
        try await self.send(
            .post,
            "/v1/apis",
            [
                "name": "payments", "prefix": "pay",
                "scopes": [["name": "invoices.read"], ["name": "invoices.write"]],
            ]
        )
        try await self.send(.post, "/v1/consumers", ["externalId": "acme & söhne", "kind": "customer"])
    }

    /// A key with `invoices.read`; `more` goes into the call that makes it.
    func makeKey(
        _ name: String = "Acme",
        api: String = "payments",
        environment: String = "production",
        _ more: JSONObject = JSONObject()
    ) async throws -> (id: String, token: String) {
        var body = more
        body["apiId"] = .string(api)
        body["environment"] = .string(environment)
        body["consumerExternalId"] = "acme & söhne"
        body["name"] = .string(name)
        if api == "payments" { body["scopes"] = ["invoices.read"] }
        let made = try await self.send(.post, "/v1/keys", .object(body))
        guard let id = made["key"]?["id"]?.string, let token = made["token"]?.string else {
            throw Unexpected(text: "no key was made")
        }
        return (id, token)
    }

    static let route: JSON = ["api": "payments", "environment": "production"]

    /// A check as Envoy sends it, with much that Claviger does not look at.
    func check(
        _ headers: [String: String],
        route: JSON = Self.route,
        source: String = "203.0.113.9",
        path: String = "/invoices?page=2",
        certificate: String? = nil,
        tls: JSON? = nil,
        bulk: Int64 = 0
    ) -> JSON {
        var all = headers
        all[":method"] = "GET"
        all[":path"] = path
        let fields = JSON.object(JSONObject(all.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        return [
            "call": "check", "port": .integer(Int64(self.port)), "tls": tls, "bulk": .integer(bulk),
            "request": [
                "attributes": [
                    "source": [
                        "address": [
                            "socket_address": ["protocol": "TCP", "address": .string(source), "port_value": 41_234]
                        ],
                        "service": "edge", "labels": ["zone": "a"], "principal": "spiffe://example/edge",
                        "certificate": certificate.map(JSON.string),
                    ],
                    "destination": ["address": ["pipe": ["path": "/run/envoy", "mode": 432]]],
                    "request": [
                        "time": "2026-11-21T06:40:00.123Z",
                        "http": [
                            "id": "17", "method": "GET", "headers": fields, "path": .string(path),
                            "host": "example.com",
                            "scheme": "https", "size": "-1", "protocol": "HTTP/2", "body": "text", "raw_body": "AAEC",
                        ],
                    ],
                    "context_extensions": route, "tls_session": ["sni": "example.com"],
                    "metadata_context": ["filter_metadata": ["a": ["b": [1, "c", true]]]],
                ]
            ],
        ]
    }

    func check(token: String, _ more: [String: String] = [:], route: JSON = Self.route) -> JSON {
        self.check(more.merging(["authorization": "Bearer \(token)"]) { $1 }, route: route)
    }

    func call(_ name: String, _ service: String, tls: JSON? = nil) -> JSON {
        ["call": .string(name), "port": .integer(Int64(self.port)), "service": .string(service), "tls": tls]
    }
}
