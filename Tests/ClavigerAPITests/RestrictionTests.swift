import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// From where, when and for what a key may be used, as a caller of the API sees it.
@Suite struct RestrictionTests {
    private static func context(_ members: (String, JSON)...) -> JSONObject {
        JSONObject([("context", .object(JSONObject(members)))])
    }

    @Test func networksOriginsAndCertificates() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let thumbprint = String(repeating: "0a", count: 32)
            let patched = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                [
                    "restrictions": [
                        "networks": ["allow": ["203.0.113.0/24", "2001:db8::/32"], "deny": ["203.0.113.66"]],
                        "origins": ["https://*.example.com"], "certificateThumbprints": [.string(thumbprint)],
                    ]
                ]
            )
            #expect(patched.status == 200)
            func code(
                _ ip: String?,
                _ origin: String? = "https://a.example.com",
                shown: Bool = true
            ) async throws -> JSON? {
                var members: [(String, JSON)] = []
                if let ip { members.append(("ip", .string(ip))) }
                if let origin { members.append(("origin", .string(origin))) }
                if shown { members.append(("certificateThumbprint", .string(thumbprint))) }
                return try await api.verify(key.token, JSONObject([("context", .object(JSONObject(members)))]))["code"]
            }
            let outcomes = [
                try await code("203.0.113.9"), try await code("::ffff:203.0.113.9"), try await code("2001:db8::1"),
                try await code("203.0.113.66"), try await code("198.51.100.1"), try await code(nil),
                try await code("203.0.113.9", "https://example.com"), try await code("203.0.113.9", "null"),
                try await code("203.0.113.9", nil), try await code("203.0.113.9", shown: false),
            ]
            #expect(
                outcomes == [
                    "valid", "valid", "valid", "ip_not_allowed", "ip_not_allowed", "ip_not_allowed",
                    "origin_not_allowed", "origin_not_allowed", "origin_not_allowed", "certificate_not_allowed",
                ]
            )
            // A change is seen by the next verification.
            let cleared = try await api.send(.patch, "/v1/keys/\(key.id)", ["restrictions": .null])
            #expect(cleared.json["restrictions"] == nil)
            #expect(try await code(nil, nil, shown: false) == "valid")
        }
    }

    /// The clock of the tests stands at 2026-11-21T06:40:00Z, a Saturday: 07:40 in Berlin.
    @Test func timeWindows() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                [
                    "restrictions": [
                        "timeWindows": [
                            ["days": ["sat"], "from": "07:00", "to": "08:00", "timeZone": "Europe/Berlin"]
                        ]
                    ]
                ]
            )
            #expect(try await api.verify(key.token)["code"] == "valid")
            api.test.time.advance(by: .seconds(20 * 60))
            #expect(try await api.verify(key.token)["code"] == "outside_time_window")
            api.test.time.advance(by: .seconds(7 * 86_400 - 60))
            #expect(try await api.verify(key.token)["code"] == "valid")
        }
    }

    @Test func environmentsHaveDefaultsAndRequirements() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let patched = try await api.send(
                .patch,
                "/v1/apis/payments",
                [
                    "environments": [
                        [
                            "name": "production", "tag": "live",
                            "restrictions": [
                                "defaults": ["networks": ["allow": ["10.0.0.0/8"]]],
                                "required": ["origins": ["https://app.example.com"]],
                            ],
                        ],
                        ["name": "staging", "tag": "stage"], ["name": "development", "tag": "test"],
                    ]
                ]
            )
            #expect(patched.status == 200)
            func code(_ ip: String, _ origin: String) async throws -> JSON? {
                try await api.verify(key.token, Self.context(("ip", .string(ip)), ("origin", .string(origin))))["code"]
            }
            #expect(try await code("10.1.2.3", "https://app.example.com") == "valid")
            #expect(try await code("192.0.2.1", "https://app.example.com") == "ip_not_allowed")
            #expect(try await code("10.1.2.3", "https://other.example.com") == "origin_not_allowed")
            // Its own networks count before the defaults; what is required stays required.
            _ = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                [
                    "restrictions": [
                        "networks": ["allow": ["192.0.2.0/24"]], "origins": ["https://other.example.com"],
                    ]
                ]
            )
            #expect(try await code("192.0.2.1", "https://other.example.com") == "origin_not_allowed")
            #expect(try await code("10.1.2.3", "https://app.example.com") == "ip_not_allowed")
        }
    }

    @Test func publishableKeys() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let catalogue: JSON = [["name": "invoices.read", "publishable": true], ["name": "invoices.write"]]
            _ = try await api.send(.patch, "/v1/apis/payments", ["scopes": catalogue])
            func create(_ scopes: [String], roles: [String] = []) async throws -> APIFixture.Answer {
                try await api.send(
                    .post,
                    "/v1/keys",
                    [
                        "apiId": "payments", "environment": "production", "consumerId": .string(key.consumer),
                        "name": "Browser", "kind": "publishable", "scopes": .array(scopes.map(JSON.string)),
                        "roles": .array(roles.map(JSON.string)),
                    ]
                )
            }
            let made = try await create(["invoices.read"])
            #expect(made.status == 201)
            #expect(made.json["token"]?.string?.hasPrefix("pay_publive_") == true)
            #expect(made.json["key"]?["kind"] == "publishable")
            #expect(try await create(["invoices.write"]).pointers == ["/scopes/0"])
            // A wildcard would take in what the catalogue gets later.
            #expect(try await create(["invoices.*"]).pointers == ["/scopes/0"])
            #expect(try await create([], roles: ["viewer"]).pointers.contains("/roles"))
            // What publishable keys hold stays publishable.
            let narrowed: JSON = [["name": "invoices.read"], ["name": "invoices.write"]]
            #expect(try await api.send(.patch, "/v1/apis/payments", ["scopes": narrowed]).status == 409)
            let management = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "claviger", "environment": "production", "consumerExternalId": "owner", "name": "No",
                    "kind": "publishable",
                ]
            )
            #expect(management.pointers == ["/kind"])
        }
    }

    /// Promise P8: who may come from one network only does not make a key for everywhere.
    @Test func aRestrictedManagementKeyMakesOnlyItsLike() async throws {
        try await APIFixture.run { api in
            let restrictions: JSON = ["networks": ["allow": ["0.0.0.0/0", "::/0"], "deny": ["192.0.2.77"]]]
            func body(_ restrictions: JSON?) -> JSON {
                [
                    "apiId": "claviger", "environment": "production", "consumerExternalId": "owner", "name": "Child",
                    "scopes": ["audit.read"], "restrictions": restrictions,
                ]
            }
            // The test client has no address: what is not known is refused, so windows restrict this one.
            let window: JSON = [
                "timeWindows": [["days": ["sat"], "from": "00:00", "to": "24:00", "timeZone": "UTC"]]
            ]
            let parent = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "claviger", "environment": "production", "consumerExternalId": "owner", "name": "Parent",
                    "roles": ["owner"], "restrictions": window,
                ]
            )
            let token = try #require(parent.json["token"]?.string)
            let inherited = try await api.send(.post, "/v1/keys", body(nil), token: token)
            #expect(inherited.json["key"]?["restrictions"] == window)
            let wider = try await api.send(.post, "/v1/keys", body(restrictions), token: token)
            #expect(wider.pointers == ["/restrictions"])
            let parentID = try #require(parent.json["key"]?["id"]?.string)
            let dropped = try await api.send(
                .patch,
                "/v1/keys/\(parentID)",
                ["restrictions": .null],
                token: token
            )
            #expect(dropped.status == 200)
            #expect(dropped.json["restrictions"] == window)
            // On Sunday it is no caller any more.
            api.test.time.advance(by: .seconds(86_400))
            #expect(try await api.send(.get, "/v1/self", token: token).status == 401)
        }
    }

    @Test func endpointRulesDecide() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey(scopes: ["invoices.read"])
            let rules: JSON = [
                ["methods": ["GET"], "path": "/v1/invoices/{id}/**", "scopes": "invoices.read", "cost": 2],
                ["path": "/v1/invoices/{id}/refunds", "scopes": "refunds.create"],
            ]
            _ = try await api.send(.patch, "/v1/apis/payments", ["endpointRules": rules])
            func answer(_ method: String, _ path: String) async throws -> JSON {
                try await api.verify(
                    key.token,
                    Self.context(("method", .string(method)), ("path", .string(path)))
                )
            }
            let allowed = try await answer("GET", "/v1/invoices/7/lines?page=2")
            #expect(allowed["code"] == "valid")
            #expect(allowed["rule"] == "GET /v1/invoices/{id}/**")
            let refused = try await answer("GET", "/v1/invoices/7/refunds")
            #expect(refused["code"] == "insufficient_scope")
            #expect(refused["missingScopes"] == ["refunds.create"])
            for path in ["/v1/invoices/7/%72efunds", "/v1/invoices/7//refunds/", "/v1/invoices/8/../7/refunds"] {
                #expect(try await answer("GET", path)["code"] == "insufficient_scope", "\(path)")
            }
            for path in ["/v1/invoices/7%2frefunds", "/v1/invoices/7;a/lines", "/v2", "v1", "/v1/../../etc"] {
                #expect(try await answer("GET", path)["code"] == "endpoint_not_allowed", "\(path)")
            }
            #expect(try await answer("DELETE", "/v1/invoices/7/lines")["code"] == "endpoint_not_allowed")
            // Half of what a rule needs is not enough.
            for half in [("method", "GET"), ("path", "/v1/invoices/7/lines")] as [(String, JSON)] {
                #expect(try await api.verify(key.token, Self.context(half))["code"] == "endpoint_not_allowed")
            }
            _ = try await api.send(.patch, "/v1/apis/payments", ["whenNoRuleMatches": "allow"])
            #expect(try await answer("DELETE", "/v1/invoices/7/lines")["code"] == "valid")
            #expect(try await answer("GET", "/v1/invoices/7%2frefunds")["code"] == "endpoint_not_allowed")
        }
    }

    @Test func badRestrictionsNameTheirPlaces() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let answer = try await api.send(
                .patch,
                "/v1/keys/\(key.id)",
                [
                    "restrictions": [
                        "networks": ["allow": ["10.0.0.1/8"], "deny": ["nowhere"]], "origins": ["https://*"],
                        "timeWindows": [
                            ["days": ["mon"], "from": "08:00", "to": "18:00", "timeZone": "Mars/Olympus"],
                            ["days": ["mon"], "from": "08:00", "to": "10:00", "timeZone": "UTC"],
                            ["days": ["mon"], "from": "09:00", "to": "11:00", "timeZone": "UTC"],
                        ],
                        "country": "DE",
                    ]
                ]
            )
            #expect(answer.status == 422)
            #expect(answer.text.contains("did you mean 10.0.0.0/8?"))
            #expect(
                Set(answer.pointers).isSuperset(of: [
                    "/restrictions/networks/allow/0", "/restrictions/networks/deny/0", "/restrictions/origins/0",
                    "/restrictions/timeWindows/0/timeZone", "/restrictions/country",
                ])
            )
        }
    }

    /// The same: nor does it give its power to one for everywhere that is there, or take it from one.
    @Test func aRestrictedManagementKeyLeavesOthersAlone() async throws {
        try await APIFixture.run { api in
            let window: JSON = [
                "timeWindows": [["days": ["sat"], "from": "00:00", "to": "24:00", "timeZone": "UTC"]]
            ]
            let parent = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "claviger", "environment": "production", "consumerExternalId": "owner", "name": "Parent",
                    "roles": ["owner"], "restrictions": window,
                ]
            )
            let token = try #require(parent.json["token"]?.string)
            _ = try await api.send(.post, "/v1/roles", ["name": "ops", "scopes": ["audit.read"]])
            let free = try await api.makeManagementKey(roles: ["ops"])
            let widened = try await api.send(
                .patch,
                "/v1/roles/ops",
                ["scopes": ["audit.read", "usage.read"]],
                token: token
            )
            #expect(widened.status == 403)
            let renamed = try await api.send(.patch, "/v1/keys/\(free.id)", ["name": "Mine"], token: token)
            #expect(renamed.status == 403)
            let suspended = try await api.send(.post, "/v1/keys/\(free.id)/suspend", [:], token: token)
            #expect(suspended.status == 200)
            let resumed = try await api.send(.post, "/v1/keys/\(free.id)/resume", [:], token: token)
            #expect(resumed.status == 403)
        }
    }

    @Test func whoHasLessDoesNotTakeARoleFromManagementKeys() async throws {
        try await APIFixture.run { api in
            _ = try await api.send(.post, "/v1/roles", ["name": "ops", "scopes": ["audit.read"]])
            _ = try await api.makeManagementKey(roles: ["ops"])
            let narrow = try await api.makeManagementKey(scopes: ["roles.update"])
            let emptied = try await api.send(.patch, "/v1/roles/ops", ["scopes": []], token: narrow.token)
            #expect(emptied.status == 403)
            #expect(emptied.json["neededScope"] == "audit.read")
        }
    }
}
