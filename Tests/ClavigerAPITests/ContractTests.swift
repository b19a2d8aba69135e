import ClavigerAPI
import ClavigerCore
import ClavigerHTTP
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing
import Yams

@Suite struct ContractTests {
    /// Calls that need no management key. Whoever adds one says so here.
    private static let openCalls: Set<String> = [
        "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.yaml",
        // Holding the token, and GitHub's signature, are what is asked for here.
        "POST /oauth/revoke", "POST /v1/leaks/github",
    ]

    private func documented() throws -> [String: [String: Any]] {
        let document = try #require(try Yams.load(yaml: Contract.text) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        var calls: [String: [String: Any]] = [:]
        for (path, item) in paths {
            for (method, operation) in item {
                guard ["get", "post", "put", "patch", "delete"].contains(method) else { continue }
                calls["\(method.uppercased()) \(path)"] = try #require(operation as? [String: Any])
            }
        }
        return calls
    }

    private func text(_ name: EndpointName) -> String { "\(name.method.rawValue) \(name.path)" }

    @Test func everyRouteIsDocumentedAndEveryDocumentedCallIsARoute() async throws {
        let registry = try await TestAuthority().registry()
        let routes = Set((registry.authenticated + registry.open).map(self.text))
        let documented = Set(try self.documented().keys)
        #expect(routes.subtracting(documented).sorted() == [], "routes that are not in openapi/claviger.yaml")
        #expect(documented.subtracting(routes).sorted() == [], "calls in openapi/claviger.yaml that are no routes")
    }

    @Test func theOpenListIsTheCheckedInOne() async throws {
        let registry = try await TestAuthority().registry()
        #expect(Set(registry.open.map(self.text)) == Self.openCalls)
        for (call, operation) in try self.documented() {
            let isOpen = (operation["security"] as? [Any])?.isEmpty == true
            #expect(isOpen == Self.openCalls.contains(call), "\(call)")
        }
    }

    @Test func everyOtherRouteRefusesWithoutACredential() async throws {
        try await APIFixture.run { api in
            for name in api.test.registry().authenticated {
                let path = name.path.replacingOccurrences(of: "{id}", with: "key_0000000000000000000000")
                    .replacingOccurrences(of: "{index}", with: "0")
                    .replacingOccurrences(of: "{delivery}", with: "dlv_0000000000000000000000")
                    .replacingOccurrences(of: "{item}", with: "rvi_0000000000000000000000")
                for token in [nil, "", "claviger_live_nonsense", "Bearer"] {
                    let answer = try await api.sendRaw(name.method, path, Array("{}".utf8), token: token)
                    #expect(answer.status == 401, "\(self.text(name))")
                    #expect(answer.problem == "unauthorized")
                    #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
                }
            }
        }
    }

    /// A key without any scope may call everything that needs none, and nothing else.
    @Test func everyRouteButTheCallersOwnRefusesWithoutAPermission() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let powerless = try await api.makeManagementKey()
            _ = try await api.send(.post, "/v1/plans", ["name": "free", "credits": ["amount": 5]])
            _ = try await api.send(.patch, "/v1/keys/\(key.id)", ["planId": "free"])
            _ = try await api.send(.put, "/v1/policies/production", ["appliesTo": [:]])
            let override = try await api.send(
                .post,
                "/v1/limits/overrides",
                [
                    "namespace": "payments", "identifier": "acme",
                    "limit": ["name": "burst", "requests": 1, "window": "1m"],
                ]
            ).json["id"]?.string
            let reservation = try await api.send(
                .post,
                "/v1/credits/reservations",
                ["keyId": .string(key.id), "amount": 1, "lease": "60s"]
            ).json["id"]?.string
            let webhook = try await api.send(.post, "/v1/webhooks", ["url": "https://hooks.example.com/"])
                .json["webhook"]?["id"]?.string
            let delivery = try await api.send(.post, "/v1/webhooks/\(webhook ?? "")/test").json["id"]?.string
            let imported = try await api.importLines([]).json["id"]?.string
            let request = try await api.send(
                .post,
                "/v1/key-requests",
                [
                    "apiId": "payments", "environment": "production", "consumerId": .string(key.consumer),
                    "name": "Asked for", "purpose": "x", "justification": "y",
                ]
            ).json["id"]?.string
            let review = try await api.send(
                .post,
                "/v1/reviews",
                ["name": "All", "dueAt": "2026-12-24T00:00:00Z", "filter": ["apiId": "payments"]]
            ).json["id"]?.string
            let item = try await api.send(.get, "/v1/reviews/\(review ?? "")/items").json["items"]?.array?.first?["id"]?
                .string
            let places: [(of: String, with: String)] = [
                ("/v1/apis/{id}", "/v1/apis/\(key.api)"), ("/v1/consumers/{id}", "/v1/consumers/\(key.consumer)"),
                ("/v1/roles/{id}", "/v1/roles/viewer"), ("/v1/keys/{id}", "/v1/keys/\(key.id)"), ("{index}", "0"),
                ("/v1/plans/{id}", "/v1/plans/free"), ("/v1/policies/{id}", "/v1/policies/production"),
                ("/overrides/{id}", "/overrides/\(override ?? "")"),
                ("/v1/webhooks/{id}", "/v1/webhooks/\(webhook ?? "")"),
                ("{delivery}", delivery ?? ""), ("/v1/reviews/{id}", "/v1/reviews/\(review ?? "")"),
                ("{item}", item ?? ""),
                ("/key-requests/{id}", "/key-requests/\(request ?? "")"),
                ("/reservations/{id}", "/reservations/\(reservation ?? "")"),
                ("/v1/imports/{id}", "/v1/imports/\(imported ?? "")"), ("/v1/jobs/{id}", "/v1/jobs/ends"),
                ("{level}", "0"), ("{a}", "000"), ("{b}", "000"), ("{c}", "000"), ("{d}", "000"),
            ]
            for name in api.test.registry().authenticated where !name.path.hasPrefix("/v1/self") {
                let isImport = name.path == "/v1/imports"
                var path = places.reduce(name.path) { $0.replacingOccurrences(of: $1.of, with: $1.with) }
                if isImport { path += "?apiId=payments&environment=production" }
                let body = Self.validBody(for: self.text(name), key)
                let isForm = path.hasPrefix("/oauth/")
                let answer = try await api.sendRaw(
                    name.method,
                    path,
                    Array(body.utf8),
                    token: powerless.token,
                    headers: isForm
                        ? [.contentType: "application/x-www-form-urlencoded"]
                        : isImport ? [.contentType: "application/jsonl"] : [:]
                )
                if self.text(name) == "GET /v1/apis" {
                    // A list shows what may be seen: here nothing.
                    #expect(answer.json["items"] == .array([]))
                    continue
                }
                #expect(answer.status == 403, "\(self.text(name)): \(answer.text)")
                #expect(answer.json["neededScope"]?.string?.isEmpty == false, "\(self.text(name))")
            }
        }
    }

    private static func validBody(
        for call: String,
        _ key: (id: String, token: String, api: String, consumer: String)
    ) -> String {
        let draft = """
            {"apiId": "payments", "environment": "production", "consumerId": "\(key.consumer)", "name": "Another"}
            """
        return switch call {
        case "POST /v1/audit/hash": #"{"value": "x"}"#
        case "POST /v1/privacy/erase": #"{"consumerId": "\#(key.consumer)"}"#
        case "POST /v1/apis": #"{"name": "other", "prefix": "oth"}"#
        case "POST /v1/consumers": #"{"externalId": "other", "kind": "user"}"#
        case "POST /v1/plans": #"{"name": "other"}"#
        case "POST /v1/limits/check":
            #"{"namespace": "a", "identifier": "b", "limits": [{"name": "c", "requests": 1, "window": "1m"}]}"#
        case "POST /v1/limits/overrides":
            #"{"namespace": "a", "identifier": "b", "limit": {"name": "c", "requests": 1, "window": "1m"}}"#
        case "PATCH /v1/limits/overrides/{id}": #"{"limit": {"name": "burst", "requests": 2, "window": "1m"}}"#
        case "POST /v1/credits/reservations": #"{"keyId": "\#(key.id)", "amount": 1, "lease": "60s"}"#
        case "POST /v1/credits/reservations/{id}/commit": #"{"amount": 1}"#
        case "POST /v1/keys/{id}/what-if": #"{"scopes": []}"#
        case "POST /v1/webhooks": #"{"url": "https://hooks.example.com/other"}"#
        case "PUT /v1/policies/{id}", "POST /v1/policies/{id}/diff": #"{"appliesTo": {}}"#
        case "POST /v1/roles": #"{"name": "other", "scopes": []}"#
        case "POST /v1/keys": draft
        case "POST /v1/key-requests": #"\#(draft.dropLast(1)), "purpose": "x", "justification": "y"}"#
        case "POST /v1/reviews": #"{"name": "Other", "dueAt": "2026-12-24T00:00:00Z"}"#
        case "POST /v1/reviews/{id}/items/{item}/decide": #"{"decision": "keep"}"#
        case "POST /v1/key-requests/{id}/approve": #"{"version": 1}"#
        case "POST /v1/key-requests/{id}/comment": #"{"comment": "x"}"#
        case "POST /v1/key-requests/{id}/break-glass": #"{"reason": "x", "until": "2026-11-21T08:00:00Z"}"#
        case "POST /v1/key-requests/{id}/review": #"{"decision": "justified", "comment": "x"}"#
        case "POST /v1/keys/batch": #"{"keys": [\#(draft)]}"#
        case "POST /v1/keys/verify", "POST /v1/keys/explain": #"{"token": "\#(key.token)"}"#
        case "POST /v1/keys/{id}/revoke": #"{"reason": "other"}"#
        case "POST /v1/keys/{id}/rotation/extend": #"{"grace": "1h"}"#
        case "POST /v1/leaks": #"{"tokens": [{"token": "\#(key.token)"}]}"#
        case "POST /v1/bulk/preview": #"{"filter": {"apiId": "payments"}, "action": "revoke"}"#
        case "POST /v1/bulk/apply": #"{"previewId": "prv_0000000000000000000000"}"#
        case "POST /v1/consumers/{id}/offboard":
            #"{"previewId": "prv_0000000000000000000000", "action": "revoke"}"#
        case "POST /oauth/introspect": "token=\(key.token)"
        case "POST /v1/keyring/rotate": #"{"purpose": "all"}"#
        default: "{}"
        }
    }

    @Test func theDocumentIsServed() async throws {
        try await APIFixture.run { api in
            let answer = try await api.sendRaw(.get, "/openapi.yaml", nil)
            #expect(answer.status == 200)
            #expect(answer.text.hasPrefix("openapi: 3.1"))
        }
    }

    @Test(arguments: [
        (HTTPRequest.Method.put, "/v1/keys", "GET, POST"), (.get, "/v1/keys/verify", "POST"),
        (.delete, "/healthz", "GET"), (.post, "/v1/self", "GET"),
    ])
    func otherMethodsAreNamed(method: HTTPRequest.Method, path: String, allowed: String) async throws {
        try await APIFixture.run { api in
            let answer = try await api.send(method, path)
            #expect(answer.status == 405)
            #expect(answer.problem == "method-not-allowed")
            #expect(answer.headers[.allow] == allowed)
        }
    }

    @Test func unknownPathsAreProblems() async throws {
        try await APIFixture.run { api in
            for path in ["/", "/v1", "/v1/nothing", "/v1/keys/", "/v1//keys", "/v1/KEYS/verify/x"] {
                let answer = try await api.send(.get, path)
                #expect(answer.status == 404 || path == "/v1/keys/" || path == "/v1//keys", "\(path)")
                #expect(answer.headers[HTTPField.Name("X-Request-Id")!]?.hasPrefix("req_") == true, "\(path)")
            }
        }
    }
}
