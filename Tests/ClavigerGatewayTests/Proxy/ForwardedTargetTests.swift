import ClavigerCore
import Testing

@testable import ClavigerGateway

@Suite struct ForwardedTargetTests {
    private func route(_ upstream: String, path: String = "/", strips: Bool = false) throws -> ProxyRoute {
        ProxyRoute(
            place: "test",
            path: try RequestPath(normalizing: path),
            api: "a",
            environment: "production",
            upstream: try UpstreamAddress(parsing: upstream),
            stripsPrefix: strips
        )
    }

    @Test(arguments: [
        ("/", "/"), ("/a/b", "/a/b"), ("/a/b/", "/a/b/"), ("/%7ea", "/~a"), ("/a%3ab", "/a%3Ab"), ("/ä", "/%C3%A4"),
        ("/a?b=c/../d", "/a?b=c/../d"), ("/?", "/?"), ("/x?\u{301}a=1", "/x?%CC%81a=1"),
        ("/a?x=%2F&y=%zz|[]", "/a?x=%2F&y=%25zz%7C%5B%5D"),
    ])
    func whatIsPassedOn(target: String, expected: String) throws {
        #expect(try ForwardedTarget(parsing: target).text(for: self.route("http://u:1")) == expected)
    }

    @Test(arguments: [
        "/a/../b", "/a/./b", "/a//b", "//a", "/a//", "/.", "/a/..", "/%2e%2e/a", "/a%2fb", "/a%5cb", "/a\\b", "/a;b",
        "/a%3bb", "/a%00", "/a%252fb", "/a#b", "/a?b#c", "*", "http://h/a", "", "a",
    ])
    func whatCouldBeReadDifferentlyIsRefused(target: String) {
        #expect(throws: FieldError.self) { try ForwardedTarget(parsing: target) }
    }

    @Test func theUpstreamsOwnPathComesFirst() throws {
        let route = try self.route("http://u/base/", path: "/v1", strips: true)
        #expect(try ForwardedTarget(parsing: "/v1/x/?q").text(for: route) == "/base/x/?q")
        #expect(try ForwardedTarget(parsing: "/v1").text(for: route) == "/base")
        #expect(try ForwardedTarget(parsing: "/v1/").text(for: route) == "/base/")
        let bare = try self.route("http://u", path: "/v1", strips: true)
        #expect(try ForwardedTarget(parsing: "/v1").text(for: bare) == "/")
    }

    @Test(arguments: ["ftp://a", "http://", "a:80", "http://u@h", "http://h?q", "http://h:0", "http://h/a;b", "", "/x"])
    func whatIsNoUpstream(text: String) {
        #expect(throws: FieldError.self) { try UpstreamAddress(parsing: text) }
    }

    @Test func addresses() throws {
        #expect(try UpstreamAddress(parsing: "https://[::1]:8443/x").description == "https://[::1]:8443/x")
        #expect(try UpstreamAddress(parsing: "HTTP://h").description == "http://h")
        #expect(try UpstreamAddress(parsing: "https://[::1]").host == "::1")
    }
}
