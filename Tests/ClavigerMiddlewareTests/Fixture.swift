import ClavigerClient
@_spi(Plaintext) import ClavigerCore
import ClavigerHTTP
import ClavigerMiddleware
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Testing

/// A real authority that listens, with an api `payments`, and a client that calls it with the first management key.
struct Fixture: Sendable {
    let test: TestAuthority
    let control: AuthorityControl
    let client: ClavigerClient
    let settings: ClavigerClient.Settings
    /// Everything that the apps log.
    let log = RecordedLog()

    /// - Parameters:
    ///   - answerLifetime: how long the authority lets answers be kept.
    ///   - body: runs while the authority listens.
    static func run(
        answerLifetime: Duration = .zero,
        _ body: @escaping @Sendable (Fixture) async throws -> Void
    ) async throws {
        let test = try await TestAuthority()
        let control = AuthorityControl()
        let responder = ControlledAuthority(
            routes: test.registry(answerLifetime: answerLifetime).buildResponder(),
            control: control
        )
        let authority = Application(
            responder: responder,
            server: .http1(configuration: .init(additionalChannelHandlers: [ConnectionCounter(control)])),
            logger: test.log.logger()
        )
        try await authority.test(.live) { server in
            let settings = ClavigerClient.Settings(
                url: try ServerURL(parsing: "http://localhost:\(server.port ?? 0)"),
                token: SecretText(test.ownerToken)
            )
            try await ClavigerClient.with(settings) { client in
                let fixture = Fixture(test: test, control: control, client: client, settings: settings)
                try await fixture.setUp()
                try await body(fixture)
            }
        }
    }

    private func setUp() async throws {
        for name in ["payments", "reports"] {
            try await self.send(
                .post,
                ["v1", "apis"],
                [
                    "name": .string(name), "prefix": .string(String(name.prefix(3))),
                    "scopes": [["name": "invoices.read"], ["name": "invoices.write"]],
                ]
            )
        }
        try await self.send(
            .post,
            ["v1", "consumers"],
            ["externalId": "acme", "kind": "customer", "metadata": ["tier": "gold"]]
        )
    }

    @discardableResult
    func send(_ method: Method, _ path: [String], _ body: JSON? = nil) async throws -> JSON {
        try await self.client.send(method, path, body: body).body
    }

    struct Key: Sendable {
        let id: String
        let token: String
    }

    /// A key for the api `payments` in production with `invoices.read`, and what `more` says.
    func makeKey(_ more: [(String, JSON)] = []) async throws -> Key {
        var body = JSONObject([
            ("apiId", "payments"), ("environment", "production"), ("consumerExternalId", "acme"), ("name", "Acme"),
            ("scopes", ["invoices.read"]),
        ])
        for (name, value) in more { body[name] = value }
        let answer = try await self.send(.post, ["v1", "keys"], .object(body))
        return Key(id: answer["key"]?["id"]?.string ?? "", token: answer["token"]?.string ?? "")
    }

    func change(_ key: Key, _ body: JSON) async throws {
        try await self.send(.patch, ["v1", "keys", key.id], body)
    }

    func revoke(_ key: Key) async throws {
        try await self.send(.post, ["v1", "keys", key.id, "revoke"], ["reason": "leaked"])
    }

    /// A token that looks like one of the api and belongs to nobody.
    func unknownToken() throws -> String {
        KeyToken(prefix: try TokenPrefix(parsing: "pay"), tag: .live, from: SeededRandom(seed: 77)).withPlaintext {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// An app with the paths `/open`, `/seen` behind the middleware, and `/typed` behind it with a typed context.
    func app(
        scopes: ClavigerScopes? = "invoices.read",
        client: ClavigerClient? = nil,
        options: ClavigerAuthenticationOptions = ClavigerAuthenticationOptions(),
        router: Router<ClavigerContext> = Router(context: ClavigerContext.self)
    ) -> some ApplicationProtocol {
        var options = options
        options.time = self.test.time
        let authentication = ClavigerAuthentication<ClavigerContext>(
            client: client ?? self.client,
            api: "payments",
            environment: "production",
            scopes: scopes,
            options: options
        )
        router.get("open") { _, _ in "open" }
        router.authenticated("typed", by: authentication).get { _, context in context.claviger.keyID }
        router.add(middleware: authentication)
        router.group("write").add(middleware: ClavigerScopeCheck("invoices.write")).get { _, _ in "written" }
        for path in ["seen", "seen/**"] {
            for method in [HTTPRequest.Method.get, .head, .post] {
                router.on(RouterPath(path), method: method) { request, context in Self.seen(request, context) }
            }
        }
        router.post("echo") { request, _ in try await request.body.collect(upTo: 1 << 20) }
        return Application(router: router, logger: self.log.logger(label: "app"))
    }

    /// What a handler sees of a request.
    private static func seen(_ request: Request, _ context: ClavigerContext) -> String {
        let fields = request.headers.map { "\($0.name.canonicalName): \($0.value)" }
        let identity = context.claviger
        let members = [
            identity?.keyID, identity?.keyName, identity?.environment, identity?.scopes.joined(separator: " "),
            identity?.consumerExternalID, identity?.consumerMetadata["tier"]?.string,
        ]
        return (fields + ["identity: " + members.map { $0 ?? "none" }.joined(separator: "|")]).joined(separator: "\n")
    }

    /// Runs an app without a network before it.
    func withApp(
        scopes: ClavigerScopes? = "invoices.read",
        client: ClavigerClient? = nil,
        options: ClavigerAuthenticationOptions = ClavigerAuthenticationOptions(),
        _ body: @escaping @Sendable (Caller) async throws -> Void
    ) async throws {
        try await self.app(scopes: scopes, client: client, options: options).test(.router) { app in
            try await body(Caller(app: app))
        }
    }
}

/// Calls an app.
struct Caller: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let text: String

        var json: JSON { (try? JSON.parse(Array(self.text.utf8))) ?? .null }
        /// The last part of the problem's type.
        var problem: String? { self.json["type"]?.string?.split(separator: ":").last.map(String.init) }
        /// Everything but what is different for each request.
        var withoutInstance: String {
            guard var body = self.json.object else { return self.text }
            body["instance"] = nil
            return String(decoding: JSON.object(body).serialized(), as: UTF8.self)
        }
    }

    let app: any TestClientProtocol

    /// Calls, and expects a status.
    func expect(
        _ status: Int,
        _ path: String = "/seen",
        token: String? = nil,
        method: HTTPRequest.Method = .get,
        headers: HTTPFields = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await self.get(path, token: token, method: method, headers: headers)
        #expect(answer.status == status, "\(method) \(path.prefix(80)): \(answer.text)", sourceLocation: sourceLocation)
    }

    func get(
        _ path: String = "/seen",
        token: String? = nil,
        method: HTTPRequest.Method = .get,
        headers: HTTPFields = [:],
        body: String? = nil
    ) async throws -> Answer {
        var headers = headers
        if let token { headers.append(HTTPField(name: .authorization, value: "Bearer \(token)")) }
        let bytes = body.map { ByteBuffer(string: $0) }
        return try await self.app.execute(uri: path, method: method, headers: headers, body: bytes) { response in
            Answer(status: response.status.code, headers: response.headers, text: String(buffer: response.body))
        }
    }
}

extension HTTPField.Name {
    static let apiKey = HTTPField.Name("X-API-Key")!
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
    static let rateLimit = HTTPField.Name("RateLimit")!
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy")!
}
