import AsyncHTTPClient
import ClavigerCore
import ClavigerHTTP
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import ClavigerGateway

/// Whole requests through a proxy that listens, to an upstream that listens.
@Suite struct ProxyTests {
    /// Tells what it was asked.
    static func echo() -> Router<BasicRequestContext> {
        let router = Router()
        @Sendable func answer(_ request: Request) async throws -> Response {
            var request = request
            let body = try await request.collectBody(upTo: 1 << 20)
            var lines = ["\(request.method) \(request.uri.string)", "host: \(request.head.authority ?? "-")"]
            lines += request.headers.map { "\($0.name.canonicalName): \($0.value)" }
            lines.append("body: \(String(buffer: body))")
            return Response(
                status: .ok,
                headers: [
                    .contentType: "text/plain", HTTPField.Name.known("X-Claviger-Secret"): "x",
                    HTTPField.Name.known("X-Upstream"): "y",
                ],
                body: ResponseBody(byteBuffer: ByteBuffer(string: lines.joined(separator: "\n")))
            )
        }
        for method in [HTTPRequest.Method.get, .post, .put, .delete, .patch, .options] {
            router.on("", method: method) { request, _ in try await answer(request) }
            router.on("**", method: method) { request, _ in try await answer(request) }
        }
        return router
    }

    @Test func aRequestWithAKeyPasses() async throws {
        try await Running.upstream(Self.echo()) { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await proxy.send(.POST, "/v1/invoices/?a=b", body: .bytes(ByteBuffer(string: "hello")))
                #expect(answer.status == 200)
                let lines = answer.body.split(separator: "\n").map(String.init)
                #expect(lines.first == "POST /v1/invoices/?a=b")
                #expect(lines.contains("host: \(url.dropFirst("http://".count))"))
                #expect(lines.contains("x-claviger-consumer: acme"))
                #expect(lines.contains("x-claviger-scopes: invoices.read"))
                #expect(lines.contains("x-claviger-environment: production"))
                #expect(lines.contains { $0.hasPrefix("x-claviger-key-id: key_") })
                #expect(lines.contains("via: 1.1 claviger"))
                #expect(lines.contains("x-forwarded-for: 127.0.0.1"))
                #expect(lines.contains("x-forwarded-host: 127.0.0.1:\(proxy.port)"))
                #expect(lines.contains("body: hello"))
                #expect(!answer.body.contains(proxy.token) && !answer.body.contains("authorization"))
                #expect(answer.headers["x-request-id"].first?.hasPrefix("req_") == true)
                #expect(answer.headers["ratelimit"].first?.contains("r=999") == true)
                #expect(answer.headers["via"] == ["1.1 claviger"])
                #expect(answer.headers["x-upstream"] == ["y"])
                #expect(!answer.headers.contains(name: "x-claviger-secret"))
                #expect(proxy.finished.all == [200])
                #expect(!proxy.test.log.lines.joined().contains(proxy.token))
            }
        }
    }

    @Test func whatAClientMakesUpIsTakenAway() async throws {
        try await Running.upstream(Self.echo()) { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await proxy.send(
                    headers: [
                        ("X-Claviger-Consumer", "spoofed"), ("X_Claviger_Consumer", "spoofed"),
                        ("X-API-Key", "spoofed"), ("X-Forwarded-For", "spoofed"), ("X-Real-IP", "spoofed"),
                        ("X-HTTP-Method-Override", "spoofed"), ("Connection", "x-claviger-consumer, x-secret"),
                        ("X-Secret", "spoofed"), ("Proxy-Authorization", "spoofed"), ("X-Kept", "kept"),
                    ]
                )
                #expect(answer.status == 200)
                #expect(!answer.body.contains("spoofed"), "\(answer.body)")
                #expect(answer.body.contains("x-claviger-consumer: acme"))
                #expect(answer.body.contains("x-kept: kept"))
            }
        }
    }

    @Test func theKeyMayBeInXAPIKey() async throws {
        try await Running.upstream(Self.echo()) { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await proxy.send(headers: [("X-API-Key", proxy.token)], withoutToken: true)
                #expect(answer.status == 200)
                #expect(!answer.body.contains(proxy.token))
            }
        }
    }

    @Test func refusalsDoNotReachTheUpstream() async throws {
        let asked = Counted()
        let router = Router()
        router.on("**", method: .get) { _, _ -> String in
            asked.add()
            return "asked"
        }
        try await Running.upstream(router) { url in
            try await ProxyFixture.run(url, scopes: try ScopeQuery(parsing: "invoices.write")) { proxy in
                let missing = try await proxy.send(withoutToken: true)
                #expect(missing.status == 401)
                #expect(missing.headers["www-authenticate"] == ["Bearer"])
                let bad = try await proxy.send(token: "pay_live_nonsense")
                let management = try await proxy.send(token: proxy.test.ownerToken)
                #expect(bad.status == 401 && management.status == 401)
                #expect(bad.headers["www-authenticate"] == management.headers["www-authenticate"])
                let scope = try await proxy.send()
                #expect(scope.status == 403)
                #expect(scope.headers["www-authenticate"].first?.contains("invoices.write") == true)
                #expect(scope.problem == "forbidden")
                let body = HTTPClientRequest.Body.bytes(ByteBuffer(repeating: 0x61, count: 100_000))
                #expect(try await proxy.send(.POST, "/x", withoutToken: true, body: body).status == 401)
                #expect(asked.count == 0)
                #expect(proxy.finished.all.isEmpty)
            }
        }
    }

    @Test func limitsHold() async throws {
        try await Running.upstream(Self.echo()) { url in
            try await ProxyFixture.run(
                url,
                routes: { route in
                    var route = route
                    route.cost = 600
                    return [route]
                },
                { proxy in
                    #expect(try await proxy.send().status == 200)
                    let second = try await proxy.send()
                    #expect(second.status == 429)
                    #expect(second.headers.contains(name: "retry-after"))
                }
            )
        }
    }

    @Test func aRevokedKeyIsRefusedAtOnce() async throws {
        try await Running.upstream(Self.echo()) { url in
            try await ProxyFixture.run(url) { proxy in
                let first = try await proxy.send()
                let line = try #require(
                    first.body.split(separator: "\n").first { $0.hasPrefix("x-claviger-key-id: ") }
                )
                let id = line.dropFirst("x-claviger-key-id: ".count)
                try await proxy.manage("/v1/keys/\(id)/revoke", ["reason": "leaked"])
                #expect(try await proxy.send().status == 401)
            }
        }
    }

    @Test(arguments: ["/a%2fb", "/a/..%2fb", "/a;b", "/%2e%2e/x", "//a", "/a//b", "/a\\b"])
    func pathsThatCouldBeReadDifferentlyAreRefused(path: String) async throws {
        try await Running.upstream(Self.echo()) { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await RawClient.exchange(proxy.port, proxy.head("GET \(path)"), until: "}")
                #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
            }
        }
    }

    @Test func severalRoutes() async throws {
        try await Running.upstream(Self.echo()) { url in
            try await ProxyFixture.run(
                url,
                routes: { route in
                    var named = route
                    named.path = try RequestPath(normalizing: "/v2")
                    named.stripsPrefix = true
                    named.preservesHost = true
                    var other = route
                    other.path = try RequestPath(normalizing: "/v1")
                    return [other, named]
                },
                { proxy in
                    let stripped = try await proxy.send(.GET, "/v2/things")
                    #expect(
                        stripped.body.hasPrefix("get /things\nhost: 127.0.0.1:\(proxy.port)")
                            || stripped.body.hasPrefix("GET /things\nhost: 127.0.0.1:\(proxy.port)")
                    )
                    #expect(try await proxy.send(.GET, "/v1/things").body.contains("/v1/things"))
                    let none = try await proxy.send(.GET, "/v3")
                    #expect(none.status == 404 && none.problem == "not-found")
                }
            )
        }
    }

    @Test func answersWithoutABody() async throws {
        let router = Router()
        router.on("head", method: .head) { _, _ in
            Response(status: .ok, headers: [.contentLength: "1234"], body: ResponseBody { try await $0.finish(nil) })
        }
        router.get("none") { _, _ in Response(status: .noContent) }
        router.get("same") { _, _ in Response(status: .notModified, headers: [.eTag: "\"a\""]) }
        router.get("next") { _, _ in "next" }
        try await Running.upstream(router) { url in
            try await ProxyFixture.run(url) { proxy in
                // All on one connection: a body that should not be there would be taken for the next answer.
                let text =
                    proxy.head("HEAD /head") + proxy.head("GET /none") + proxy.head("GET /same")
                    + proxy.head("GET /next", "Connection: close")
                let answer = try await RawClient.exchange(proxy.port, text)
                let heads = answer.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
                #expect(heads == ["200", "204", "304", "200"], "\(answer)")
                #expect(answer.contains("ontent-Length: 1234") || answer.contains("content-length: 1234"))
                #expect(answer.hasSuffix("\r\n\r\nnext"), "\(answer)")
            }
        }
    }

    /// An answer to HEAD that does not tell its length must not end like a chunked one.
    @Test func headWithoutALength() async throws {
        try await Running.rawUpstream { inbound, outbound in
            for try await _ in inbound {
                try await outbound.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
            }
        } _: { url in
            try await ProxyFixture.run(url) { proxy in
                let head = proxy.head("HEAD /")
                let answer = try await RawClient.exchange(proxy.port, head + proxy.head("HEAD /x", "Connection: close"))
                #expect(answer.components(separatedBy: "HTTP/1.1 200").count == 3, "\(answer)")
                #expect(!answer.contains("0\r\n\r\n"), "\(answer)")
            }
        }
    }

    @Test func oldClientsGetNoChunks() async throws {
        let router = Router()
        router.get("stream") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "one "))
                    try await writer.write(ByteBuffer(string: "two"))
                    try await writer.finish(nil)
                }
            )
        }
        try await Running.upstream(router) { url in
            try await ProxyFixture.run(url) { proxy in
                let text = "GET /stream HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer \(proxy.token)\r\n\r\n"
                let answer = try await RawClient.exchange(proxy.port, text)
                #expect(answer.hasPrefix("HTTP/1.0 200"))
                #expect(answer.hasSuffix("\r\n\r\none two"), "\(answer)")
            }
        }
    }

    @Test func theClientIsToldToGoOnOnlyWhenItsRequestPasses() async throws {
        try await Running.upstream(Self.echo()) { url in
            try await ProxyFixture.run(url) { proxy in
                let head = proxy.head("PUT /x", "Content-Length: 5", "Expect: 100-continue", "Connection: close")
                let answer = try await RawClient.connect(proxy.port) { inbound, outbound, _ in
                    try await outbound.write(ByteBuffer(string: head))
                    var answer = ""
                    for try await part in inbound {
                        answer += String(buffer: part)
                        if answer == "HTTP/1.1 100 Continue\r\n\r\n" {
                            try await outbound.write(ByteBuffer(string: "hello"))
                        }
                    }
                    return answer
                }
                #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), "\(answer)")
                #expect(answer.contains("body: hello"))
                #expect(!answer.contains("expect: "))
                let bad = head.replacing(proxy.token, with: "x")
                let refused = try await RawClient.exchange(proxy.port, bad, until: "}")
                #expect(refused.hasPrefix("HTTP/1.1 401"), "\(refused)")
            }
        }
    }
}

/// Counts.
final class Counted: Sendable {
    private let state = Mutex(0)
    var count: Int { self.state.withLock { $0 } }
    func add(_ more: Int = 1) { self.state.withLock { $0 += more } }
}
