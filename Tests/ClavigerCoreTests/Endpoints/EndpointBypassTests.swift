import Testing

@testable import ClavigerCore

/// Ways around a path rule that other programs have had, each with the name that it got there.
@Suite("Ways around an endpoint rule")
struct EndpointBypassTests {
    /// What is guarded takes the scope `admin`; everything weaker does not.
    private static func rules(_ otherwise: EndpointRules.Otherwise) throws -> EndpointRules {
        let admin = ScopeQuery(try Scope(parsing: "admin"))
        let guarded = [
            "/admin", "/admin/**", "/v1/secrets/{id}", "/v1/secrets/{id}/**", "/v1/jobs/run:force", "/v1/jobs/root",
            "/v1/metadata/team/*",
        ]
        let open = [
            "/public/**", "/{page}", "/v1/jobs/{name}", "/v1/data/**", "/v1/metadata/**", "/v1/secrets-demo/**",
        ]
        return try EndpointRules(
            guarded.map { EndpointRule(path: try PathPattern(parsing: $0), scopes: admin) }
                + open.map { EndpointRule(path: try PathPattern(parsing: $0)) } + [
                    EndpointRule(
                        methods: [try HTTPMethodName(parsing: "DELETE")],
                        path: try PathPattern(parsing: "/v1/data/{id}"),
                        scopes: admin
                    )
                ],
            whenNoRuleMatches: otherwise
        )
    }

    @Test(
        "reaches the guarded rule or none",
        arguments: [
            ("prefix without its slash, CVE-2026-3605", "/admin/"),
            ("prefix: the parent of **, CVE-2026-3605", "/admin"),
            ("prefix that begins alike, CVE-2026-3605", "/v1/secrets-demo/../secrets/7"),
            ("glob that spans segments, CVE-2026-3605", "/v1/metadata/team/x"),
            ("glob sent as a path, CVE-2026-3605", "/admin/*"), ("glob sent as a path, CVE-2026-3605", "/admin/**"),
            ("glob sent as a path, CVE-2026-3605", "/v1/secrets/{id}"),
            ("glob with an empty segment, CVE-2026-3605", "/v1/metadata/team//x"),
            ("glob with a slash as an escape, CVE-2026-3605", "/v1/data/x%2F..%2F..%2Fsecrets%2F7"),
            ("name that becomes another when decoded, CVE-2024-9180", "/v1/jobs/%72oot"),
            ("name that becomes another when decoded, CVE-2024-9180", "/v1/jobs/r%6F%6Ft"),
            ("name with a space, CVE-2024-9180", "/v1/jobs/root "),
            ("name with a zero, CVE-2024-9180", "/v1/jobs/root%00"),
            ("name with a line end, CVE-2024-9180 and CVE-2022-32532", "/v1/jobs/root%0a"),
            ("name with a semicolon, CVE-2024-9180", "/v1/jobs/root;x"),
            ("reserved character as an escape", "/v1/jobs/run%3Aforce"),
            ("the same in lower case", "/v1/jobs/run%3aforce"),
            ("dot segments, CVE-2019-9901", "/public/../admin/users"),
            ("dot segments, CVE-2019-9901", "/public/./../admin"),
            ("dot segments as escapes, CVE-2021-41773", "/public/.%2e/admin/users"),
            ("dot segments as escapes, CVE-2021-28164", "/public/%2e%2e/admin/users"),
            ("dot segments as escapes of escapes, CVE-2021-42013", "/public/%%32%65%%32%65/admin"),
            ("dot segments as escapes of escapes, CVE-2021-42013", "/public/%252e%252e/admin"),
            ("escape of an escape, in parts", "/public/%25%32%65%25%32%65/admin"),
            ("UTF-16 escapes, CVE-2021-34429", "/public/%u002e%u002e/admin"),
            ("overlong UTF-8, CVE-2000-0884", "/public/..%c0%af../admin"),
            ("overlong dots, CVE-2008-2938", "/public/%c0%ae%c0%ae/admin"),
            ("slash as an escape, CVE-2021-29492", "/public/..%2fadmin"),
            ("slash as an escape in front", "/%2fadmin"),
            ("backslash, CVE-2007-0450", "/public/..\\admin"),
            ("backslash as an escape, CVE-2021-29492", "/public/..%5cadmin"),
            ("backslash in front", "/\\admin"),
            ("double slash", "//admin//users"), ("dot segments after a double slash", "/public//../admin"),
            ("slash at the end, CVE-2020-1957", "/admin/users/"),
            ("path parameter, CVE-2020-1957", "/public/..;/admin"), ("path parameter, CVE-2020-11989", "/;/admin"),
            ("path parameter, CVE-2020-11989", "/admin;jsessionid=1/users"),
            ("path parameter as an escape, CVE-2020-13933", "/admin%3bx"),
            ("dot as an escape, CVE-2020-17523", "/admin/%2e"),
            ("space, CVE-2013-4547", "/admin \0.html"), ("space at the end", "/admin "),
            ("fragment, CVE-2021-32779", "/admin#x"), ("fragment, CVE-2025-32395", "/public/#/../../admin"),
            ("query that looks like a path", "/admin?/../public/x"), ("query as an escape of the query", "/admin/x%3F"),
            ("climbing above the root", "/public/../../admin"), ("whole URL", "https://example.com/admin"),
            ("line end in the path", "/admin\r\nX-Original-URL: /public"), ("tab in the path", "/ad\tmin"),
            ("zero", "/admin\0"), ("invalid escape", "/admin%"), ("byte order mark", "\u{FEFF}/admin"),
        ]
    )
    func guarded(name: String, path: String) throws {
        for otherwise in EndpointRules.Otherwise.allCases {
            switch try Self.rules(otherwise).decide(method: "GET", path: path) {
            case .rule(let rule): #expect(rule.scopes != nil, "\(name): \(path) reaches \(rule)")
            case .unreadable: break
            case .allowed, .denied: Issue.record("\(name): \(path) reaches no rule")
            }
        }
    }

    @Test(
        "a method in another spelling",
        arguments: ["DELETE", "delete", "Delete", "dElEtE", "DELETE ", " DELETE", "DELETE\0"]
    )
    func method(method: String) throws {
        switch try Self.rules(.allow).decide(method: method, path: "/v1/data/7") {
        case .rule(let rule): #expect(rule.scopes != nil)
        case .unreadable: break
        case .allowed, .denied: Issue.record("reaches no rule")
        }
    }

    /// So that the table is not won by refusing everything.
    @Test(
        "what is open stays open",
        arguments: [
            "/public/x", "/public//x/", "/public/a/../b", "/about", "/v1/jobs/nightly", "/v1/jobs/run%3Aonce",
            "/v1/data/a@b.example/100%25", "/v1/metadata/team/x/y", "/v1/secrets-demo/7", "/public/%C3%BC?x=/../admin",
            "/v1/data/%2A", "/administrators",
        ]
    )
    func open(path: String) throws {
        guard case .rule(let rule) = try Self.rules(.deny).decide(method: "GET", path: path) else {
            Issue.record("reaches no rule")
            return
        }
        #expect(rule.scopes == nil)
    }

    // Paths are case-sensitive: where the server behind is not, `deny` has to stand for what no rule names.
    @Test("another case is another path")
    func letterCase() throws {
        let rules = { otherwise in
            try EndpointRules([EndpointRule(path: PathPattern(parsing: "/admin/**"))], whenNoRuleMatches: otherwise)
        }
        #expect(try rules(.deny).decide(method: "GET", path: "/Admin/x") == .denied)
        #expect(try rules(.allow).decide(method: "GET", path: "/Admin/x") == .allowed)
    }
}
