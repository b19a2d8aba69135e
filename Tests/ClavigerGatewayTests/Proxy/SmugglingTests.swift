import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import ClavigerGateway

/// Requests whose end is a matter of opinion (CWE-444), sent raw. None of them may bring a second one to the upstream.
@Suite struct SmugglingTests {
    private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
        ["Content-Length: 4", "Content-Length: 50"],
        ["Content-Length: 4, 50"],
        ["Content-Length: +4"],
        ["Content-Length: 0x4"],
        ["Content-Length: -1"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding : chunked"],
        ["Transfer_Encoding: chunked", "Content-Length: 4", "Content_Length: 50"],
        ["Host: b"],
        ["X: a\nTransfer-Encoding: chunked"],
        [" X: folded"],
        ["Transfer-Encoding: chunked\r\n , identity"],
        ["Transfer-Encoding: \u{0B}chunked"],
    ])
    func ambiguousRequests(fields: [String]) async throws {
        let seen = Seen()
        let router = Router()
        for method in [HTTPRequest.Method.get, .post] {
            router.on("**", method: method) { request, _ -> String in
                seen.add("\(request.method) \(request.uri.path)")
                return "ok"
            }
        }
        try await Running.upstream(router) { url in
            try await ProxyFixture.run(url) { proxy in
                let head =
                    (["POST /first HTTP/1.1", "Host: a", "Authorization: Bearer \(proxy.token)"] + fields)
                    .joined(separator: "\r\n") + "\r\n\r\n"
                let answer = try await RawClient.exchange(
                    proxy.port,
                    head + "0\r\n\r\n" + Self.smuggled,
                    until: "\r\n\r\n"
                )
                #expect(!seen.all.contains { $0.contains("smuggled") }, "\(fields): \(seen.all)")
                // What passes at all passes as what the proxy took it for.
                if answer.hasPrefix("HTTP/1.1 4") { #expect(seen.all.isEmpty) }
                #expect(
                    answer.hasPrefix("HTTP/1.1 4") || fields.first?.hasPrefix("Transfer_Encoding") == true,
                    "\(answer)"
                )
            }
        }
    }
}

/// What an upstream has seen.
final class Seen: Sendable {
    private let state = Mutex<[String]>([])
    var all: [String] { self.state.withLock { $0 } }
    func add(_ line: String) { self.state.withLock { $0.append(line) } }
}
