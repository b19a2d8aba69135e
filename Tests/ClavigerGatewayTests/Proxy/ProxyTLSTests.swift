import ClavigerCore
import ClavigerHTTP
import ClavigerTestSupport
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@testable import ClavigerGateway

/// TLS to the upstream, with and without pins, and HTTP/2 to the proxy.
@Suite struct ProxyTLSTests {
    private struct Certificate {
        let folder: TemporaryFolder
        let path: String
        let pin: SPKIPin
        let server: TLSConfiguration
    }

    /// A certificate for 127.0.0.1 that is its own authority; the pin is what `openssl` computes.
    private static func makeCertificate() async throws -> Certificate {
        let folder = try TemporaryFolder()
        let script = """
            cd \(folder.path) && umask 077 && openssl req -x509 -nodes -days 2 -subj /CN=upstream \
            -addext subjectAltName=IP:127.0.0.1 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
            -keyout k.pem -out c.pem 2>/dev/null && openssl x509 -in c.pem -pubkey -noout \
            | openssl pkey -pubin -outform der | openssl sha256 -binary | base64
            """
        let process = try ChildProcess("/bin/sh", ["-c", script])
        try #require(await process.wait() == 0)
        let files = TLSFiles(certificate: folder.path + "/c.pem", privateKey: folder.path + "/k.pem")
        let certificates = try TLSCertificates(
            files: files,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return Certificate(
            folder: folder,
            path: files.certificate,
            pin: try SPKIPin(parsing: process.outputText.trimmingCharacters(in: .whitespacesAndNewlines)),
            server: try certificates.configuration()
        )
    }

    private static let otherPin = "d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM="

    @Test func upstreamsProveWhoTheyAre() async throws {
        let certificate = try await Self.makeCertificate()
        let other = try SPKIPin(parsing: Self.otherPin)
        let cases: [(UpstreamTLS, Int)] = [
            (UpstreamTLS(caFile: certificate.path), 200),
            (UpstreamTLS(caFile: certificate.path, pins: [other, certificate.pin]), 200),
            (UpstreamTLS(caFile: certificate.path, pins: [other]), 502),
            (UpstreamTLS(pins: [certificate.pin]), 502),
            (UpstreamTLS(), 502),
        ]
        let asked = Counted()
        let router = Router()
        router.get("x") { _, _ -> String in
            asked.add()
            return "x"
        }
        try await Running.upstream(router, tls: certificate.server) { url in
            for (tls, status) in cases {
                try await ProxyFixture.run(url, timeout: .seconds(5), upstreamTLS: tls) { proxy in
                    let before = asked.count
                    #expect(try await proxy.send(.GET, "/x").status == status)
                    #expect(asked.count - before == (status == 200 ? 1 : 0))
                    // A WebSocket has a connection of its own.
                    let head = proxy.head("GET /x", "Connection: Upgrade", "Upgrade: websocket")
                    let answer = try await RawClient.exchange(proxy.port, head)
                    #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
                }
            }
        }
    }

    @Test func theStartFailsWithTheLineThatIsWrong() async throws {
        let certificate = try await Self.makeCertificate()
        let router = Router()
        try await Running.upstream(router, tls: certificate.server) { url in
            func failure(
                _ url: String,
                _ tls: UpstreamTLS,
                _ change: @escaping (inout ProxyRoute) -> Void = { _ in }
            ) async -> String {
                do {
                    try await ProxyFixture.run(
                        url,
                        routes: { route in
                            var route = route
                            change(&route)
                            return [route]
                        },
                        upstreamTLS: tls,
                        checksUpstreams: true
                    ) { _ in }
                    return "started"
                } catch {
                    return "\(error)"
                }
            }
            #expect(await failure(url, UpstreamTLS(caFile: certificate.path)) == "started")
            let other = UpstreamTLS(caFile: certificate.path, pins: [try SPKIPin(parsing: Self.otherPin)])
            for (text, word) in [
                (await failure(StreamingTests.nowhere, UpstreamTLS()), "refuses connections"),
                (await failure(url, UpstreamTLS()), "cannot be verified"),
                (await failure(url, UpstreamTLS(caFile: "/none.pem")), "/none.pem"),
                (await failure(url, other), "pinned"),
                (await failure(url, UpstreamTLS(caFile: certificate.path)) { $0.api = "none" }, "api"),
                (await failure(url, UpstreamTLS(caFile: certificate.path)) { $0.environment = "none" }, "environment"),
            ] {
                #expect(text.hasPrefix("test.yaml:7: ") && text.contains(word), "\(text)")
            }
        }
    }

    private static func curl(_ arguments: [String]) async throws -> (status: Int32, text: String) {
        let process = try ChildProcess("/usr/bin/env", ["curl", "-sS", "--max-time", "20"] + arguments)
        let status = await process.wait()
        return (status, process.outputText + process.errorText)
    }

    @Test func http2() async throws {
        let certificate = try await Self.makeCertificate()
        try await Running.upstream(ProxyTests.echo()) { url in
            try await ProxyFixture.run(url, tls: certificate.server) { proxy in
                let base = [
                    "--http2", "--cacert", certificate.path, "-H", "Authorization: Bearer \(proxy.token)", "-w",
                    "\nversion %{http_version} status %{http_code}",
                ]
                let address = "https://127.0.0.1:\(proxy.port)/v1/things?a=b"
                let get = try await Self.curl(base + [address, "-b", "a=1; b=2"])
                #expect(get.text.contains("version 2 status 200"), "\(get.text)")
                #expect(get.text.contains("/v1/things?a=b"))
                #expect(get.text.contains("cookie: a=1; b=2"))
                #expect(get.text.contains("x-forwarded-proto: https"))
                #expect(!get.text.contains(proxy.token))
                let post = try await Self.curl(base + [address, "-d", "hello"])
                #expect(post.text.contains("body: hello") && post.text.contains("version 2 status 200"), "\(post.text)")
                let head = try await Self.curl(base + ["-I", address])
                #expect(head.text.contains("version 2"), "\(head.text)")
                let bad = try await Self.curl(
                    base + ["-H", "Authorization: Bearer x", "https://127.0.0.1:\(proxy.port)/a%2fb"]
                )
                #expect(bad.text.contains("status 400"), "\(bad.text)")
                let old = try await Self.curl(base + ["--http1.1", address])
                #expect(old.text.contains("version 1.1 status 200"), "\(old.text)")
            }
        }
    }
}
