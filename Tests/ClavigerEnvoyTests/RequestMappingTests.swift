import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import ClavigerTestSupport
import Foundation
import SwiftProtobuf
import Testing

@testable import ClavigerEnvoy

@Suite("A client's request as Envoy tells of it")
struct RequestMappingTests {
    private static let token = "pay_live_" + String(repeating: "0", count: 61)

    private func request(
        _ headers: [(String, String)],
        source: String = "203.0.113.9",
        path: String = "/",
        method: String = "GET",
        certificate: String = "",
        trusted: [String] = []
    ) throws -> GatewayRequest {
        var attributes = EnvoyAttributeContext()
        attributes.source.address.socketAddress.address = source
        attributes.source.certificate = certificate
        attributes.request.http.method = method
        attributes.request.http.path = path
        attributes.request.http.headers = headers.map { Self.header($0.0, $0.1) }
        return GatewayRequest(
            attributes,
            ClientHeaders(attributes.request.http),
            try RouteSettings(["api": "payments", "environment": "production"]),
            trustedProxies: TrustedProxies(try trusted.map { try CIDR(parsing: $0) })
        )
    }

    private static func header(_ name: String, _ value: String) -> EnvoyHeaderValue {
        var header = EnvoyHeaderValue()
        header.key = name
        header.value = value
        return header
    }

    @Test func whatIsKnownOfTheRequest() throws {
        let context = try self.request(
            [
                ("origin", "https://a.example.com"), ("referer", "https://a.example.com/x"), ("user-agent", "curl/8"),
                (":path", "/ignored"),
            ],
            path: "/invoices/17?page=2&path=/x",
            method: "DELETE"
        ).context
        #expect(context.ip == IPAddress(parsing: "203.0.113.9"))
        #expect(context.method == "DELETE")
        #expect(context.path == "/invoices/17")
        #expect(context.origin == "https://a.example.com")
        #expect(context.referrer == "https://a.example.com/x")
        #expect(context.userAgent == "curl/8")
        #expect(context.certificateThumbprint == nil)
    }

    @Test(
        arguments: [
            ("/a?b", "/a"), ("/a#b", "/a#b"), ("/a#/../b?c", "/a#/../b?c"),
            ("/a?\u{301}b", "/a"), ("/a", "/a"), ("/a%3Fb?c", "/a%3Fb"), ("//a/../b", "//a/../b"), ("?a", nil),
            ("", nil), ("*", "*"),
        ] as [(String, String?)]
    )
    func paths(target: String, path: String?) throws {
        #expect(try self.request([], path: target).context.path == path)
    }

    @Test func nothingIsKnownOfNothing() throws {
        let request = try self.request([], source: "", path: "", method: "")
        #expect(request.context == ClientContext())
        #expect(request.token == nil)
    }

    @Test(
        arguments: [
            ([("authorization", "Bearer \(token)")], true),
            ([("authorization", "bearer   \(token)")], true),
            ([("Authorization", "Bearer \(token)")], true),
            ([("x-api-key", token)], true),
            ([("authorization", "Basic dXNlcjpwYXNz")], false),
            // A scheme that is no bearer's hides the other header, as on the management API.
            ([("authorization", "Basic dXNlcjpwYXNz"), ("x-api-key", token)], false),
            ([("authorization", "")], false),
            ([("x-authorization", "Bearer \(token)")], false),
            ([], false),
        ] as [([(String, String)], Bool)]
    )
    func tokens(headers: [(String, String)], isThere: Bool) throws {
        #expect((try self.request(headers).token != nil) == isThere)
    }

    @Test func rawHeadersAreReadToo() throws {
        var http = EnvoyAttributeContext.HttpRequest()
        http.headerMap.headers = [
            .with {
                $0.key = "authorization"
                $0.rawValue = Array("Bearer one".utf8).withUnsafeBytes { .init($0) }
            },
            .with {
                $0.key = "authorization"
                $0.rawValue = Array("Bearer two".utf8).withUnsafeBytes { .init($0) }
            },
            .with {
                $0.key = "x-claviger-plan"
                $0.rawValue = Array("gold".utf8).withUnsafeBytes { .init($0) }
            },
        ]
        let headers = ClientHeaders(http)
        #expect(headers.authorization == "Bearer one, Bearer two")
        #expect(headers.forged == ["x-claviger-plan"])
    }

    @Test(
        arguments: [
            // Nobody is trusted: what the client says about itself counts for nothing.
            ("203.0.113.9", "198.51.100.1", [], "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", ["10.0.0.0/8"], "198.51.100.1"),
            // Envoy with `use_remote_address` has added the other end of its connection.
            ("10.0.0.1", "192.0.2.66,198.51.100.1,10.0.0.1", ["10.0.0.0/8"], "198.51.100.1"),
            ("203.0.113.9", "192.0.2.66,203.0.113.9", ["10.0.0.0/8"], "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1,nonsense", ["10.0.0.0/8"], "10.0.0.1"),
            ("::ffff:10.0.0.1", "2001:db8::1", ["10.0.0.0/8"], "2001:db8::1"),
        ] as [(String, String, [String], String)]
    )
    func clientsBehindProxies(source: String, forwarded: String, trusted: [String], client: String) throws {
        let headers = [("x-forwarded-for", forwarded), ("forwarded", "for=192.0.2.99")]
        let context = try self.request(headers, source: source, trusted: trusted).context
        #expect(context.ip == IPAddress(parsing: client))
    }

    @Test func certificates() async throws {
        let folder = try TemporaryFolder()
        let made = try await TestCertificates.selfSigned("client", in: folder)
        let pem = try String(contentsOfFile: made.certificate, encoding: .utf8)
        let encoded = pem.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let expected = try await TestCertificates.fingerprint(of: made.certificate)
        let context = try self.request([], certificate: encoded).context
        #expect(context.certificateThumbprint == (try CertificateThumbprint(parsing: expected)))
        for bad in [pem.dropLast(60) + "", "%", "%4", "%zz", "AAAA", String(repeating: "A", count: 100_000)] {
            #expect(try self.request([], certificate: String(bad)).context.certificateThumbprint == nil)
        }
    }
}
