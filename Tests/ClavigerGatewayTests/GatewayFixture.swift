import ClavigerAPI
import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import ClavigerTestSupport
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore

/// The adapters of gateways over a fresh authority, which is set up through the API beside them.
struct GatewayFixture {
    static let secret = "0123456789abcdef0123456789abcdef"

    let test: TestAuthority
    let client: any TestClientProtocol

    static func run(
        access: GatewayAccess = .connection,
        trustedProxies: TrustedProxies = TrustedProxies(),
        _ body: @escaping @Sendable (GatewayFixture) async throws -> Void
    ) async throws {
        let test = try await TestAuthority()
        var registry = test.registry()
        let decider = GatewayDecider(
            authority: test.authority,
            workspaceID: test.workspaceID,
            requestIDs: RequestIDs(random: test.random),
            logger: test.log.logger()
        )
        ForwardAuth(decider: decider, access: access, trustedProxies: trustedProxies).register(in: &registry)
        let application = Application(responder: registry.buildResponder(), logger: test.log.logger())
        try await application.test(.router) { try await body(GatewayFixture(test: test, client: $0)) }
    }

    struct Answer {
        let status: Int
        let headers: HTTPFields
        let text: String

        var json: JSON { (try? JSON.parse(Array(self.text.utf8))) ?? .null }

        subscript(_ name: String) -> String? { HTTPField.Name(name).flatMap { self.headers[$0] } }
    }

    func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: [(String, String)] = [],
        _ body: JSON? = nil
    ) async throws -> Answer {
        var headers = HTTPFields()
        for (name, value) in fields {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        if body != nil { headers[.contentType] = "application/json" }
        return try await self.client.execute(
            uri: target,
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(bytes: $0.serialized()) }
        ) { Answer(status: $0.status.code, headers: $0.headers, text: String(buffer: $0.body)) }
    }

    /// A call of the management API.
    func manage(_ method: HTTPRequest.Method, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        let answer = try await self.send(method, path, [("Authorization", "Bearer \(self.test.ownerToken)")], body)
        guard (200..<300).contains(answer.status) else { throw Unexpected(answer.text) }
        return answer.json
    }

    /// An api `payments` with endpoint rules, and a consumer `acme`.
    func makeAPI() async throws {
        _ = try await self.manage(
            .post,
            "/v1/apis",
            [
                "name": "payments", "prefix": "pay",
                "scopes": [["name": "invoices.read"], ["name": "invoices.write"]],
                "endpointRules": [
                    ["methods": ["GET"], "path": "/v1/invoices/**", "scopes": "invoices.read"],
                    ["methods": ["POST"], "path": "/v1/invoices/**", "scopes": "invoices.write", "cost": 2],
                ],
            ]
        )
        _ = try await self.manage(.post, "/v1/consumers", ["externalId": "acmé & söhne", "kind": "customer"])
    }

    /// A key with `invoices.read` for production, and whatever `more` says.
    func makeKey(_ more: [(String, JSON)] = []) async throws -> (id: String, token: String) {
        var body = JSONObject([
            ("apiId", "payments"), ("environment", "production"), ("consumerExternalId", "acmé & söhne"),
            ("name", "Key"), ("scopes", ["invoices.read"]),
        ])
        for (name, value) in more { body[name] = value }
        let made = try await self.manage(.post, "/v1/keys", .object(body))
        guard let id = made["key"]?["id"]?.string, let token = made["token"]?.string else {
            throw Unexpected(made.text)
        }
        return (id, token)
    }

    /// Asks as nginx does.
    func ask(
        _ token: String?,
        _ method: String = "GET",
        _ target: String = "/v1/invoices/7",
        adapter: String = "nginx",
        query: String = "",
        with more: [(String, String)] = []
    ) async throws -> Answer {
        let names =
            ["nginx", "haproxy"].contains(adapter)
            ? ("X-Original-Method", "X-Original-URI") : ("X-Forwarded-Method", "X-Forwarded-Uri")
        var fields = [(names.0, method), (names.1, target)] + more
        if let token { fields.append(("Authorization", "Bearer \(token)")) }
        return try await self.send(.get, "/gateway/\(adapter)/payments/production\(query)", fields)
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
        init(_ text: String) { self.description = text }
    }
}

extension JSON {
    /// The JSON text.
    var text: String { String(decoding: self.serialized(), as: UTF8.self) }
}
