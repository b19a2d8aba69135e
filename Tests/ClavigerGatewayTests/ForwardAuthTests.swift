import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import HTTPTypes
import Testing

/// What proxies are answered (`design.md` section 8).
@Suite struct ForwardAuthTests {
    private static let problem = "urn:claviger:problem:"

    @Test func aGoodKeyIsToldToTheUpstream() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let plan = try await gateway.manage(.post, "/v1/plans", ["name": "gold"])
            let key = try await gateway.makeKey([("planId", plan["id"] ?? .null)])
            for adapter in ["nginx", "traefik", "caddy", "haproxy"] {
                let answer = try await gateway.ask(key.token, adapter: adapter)
                #expect(answer.status == 200 && answer.text.isEmpty)
                #expect(answer["X-Claviger-Key-Id"] == key.id)
                #expect(answer["X-Claviger-Consumer"] == "acm%C3%A9%20&%20s%C3%B6hne")
                #expect(answer["X-Claviger-Scopes"] == "invoices.read")
                #expect(answer["X-Claviger-Plan"] == "gold")
                #expect(answer["X-Claviger-Environment"] == "production")
                #expect(answer["X-Claviger-Status"] == nil)
                #expect(answer["X-Request-Id"]?.contains(",") == false)
            }
            let api = try await gateway.manage(.get, "/v1/apis/payments")["id"]?.string ?? ""
            let byID = try await gateway.send(
                .get,
                "/gateway/nginx/\(api)/production",
                [("X-Original-Method", "GET"), ("X-Original-URI", "/v1/invoices/7"), ("X-API-Key", key.token)]
            )
            #expect(byID.status == 200)
        }
    }

    /// Promise P7: who holds a bad key learns nothing of why it is bad.
    @Test func badKeysAreAnsweredAlike() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            var tokens = ["x", "pay_live_" + String(repeating: "A", count: 61)]
            for action in ["suspend", "revoke", "compromise"] {
                let key = try await gateway.makeKey()
                _ = try await gateway.manage(.post, "/v1/keys/\(key.id)/\(action)", ["reason": "other"])
                tokens.append(key.token)
            }
            let replaced = try await gateway.makeKey()
            _ = try await gateway.manage(.post, "/v1/keys/\(replaced.id)/rotate", ["grace": "0"])
            tokens.append(replaced.token)
            let inGrace = try await gateway.makeKey()
            _ = try await gateway.manage(.post, "/v1/keys/\(inGrace.id)/rotate", ["grace": "60s"])
            #expect(try await gateway.ask(inGrace.token).status == 200)
            tokens.append(inGrace.token)
            tokens.append(try await gateway.makeKey([("environment", "staging")]).token)
            tokens.append(try await gateway.makeKey([("notBefore", "2090-01-01T00:00:00Z")]).token)
            tokens.append(gateway.test.ownerToken)
            let expired = try await gateway.makeKey([("expiresAt", "2026-11-21T06:41:00Z")])
            gateway.test.time.advance(by: .seconds(120))
            tokens.append(expired.token)
            var answers: Set<[String]> = []
            for token in tokens {
                let answer = try await gateway.ask(token)
                #expect(answer.status == 401)
                // All of it but the id of the request, which is another one each time.
                let id = answer["X-Request-Id"] ?? "none"
                let headers = answer.headers.map { $0.description.replacing(id, with: "") }
                answers.insert(headers + [answer.text.replacing(id, with: "")])
            }
            #expect(answers.count == 1)
            #expect(try await gateway.ask("x")["WWW-Authenticate"] == "Bearer error=\"invalid_token\"")
            let none = try await gateway.ask(nil)
            #expect(none.status == 401 && none["WWW-Authenticate"] == "Bearer")
        }
    }

    @Test func usesThatAreNotAllowedAreForbidden() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let scoped = try await gateway.ask(try await gateway.makeKey().token, "POST")
            #expect(scoped.status == 403)
            #expect(
                scoped["WWW-Authenticate"] == "Bearer error=\"insufficient_scope\", scope=\"invoices.write\""
            )
            let restricted = try await gateway.makeKey([
                ("restrictions", ["networks": ["allow": ["203.0.113.0/24"]], "origins": ["https://app.example.com"]])
            ])
            let origin = ("Origin", "https://app.example.com")
            let passes = try await gateway.ask(restricted.token, with: [("X-Forwarded-For", "203.0.113.7"), origin])
            #expect(passes.status == 200)
            let wrongNetwork = try await gateway.ask(
                restricted.token,
                with: [("X-Forwarded-For", "198.51.100.1"), origin]
            )
            let noNetwork = try await gateway.ask(restricted.token, with: [origin])
            let wrongOrigin = try await gateway.ask(restricted.token, with: [("X-Forwarded-For", "203.0.113.7")])
            let noRule = try await gateway.ask(try await gateway.makeKey().token, "GET", "/v2/other")
            for answer in [wrongNetwork, noNetwork, wrongOrigin, noRule] {
                #expect(answer.status == 403 && answer["WWW-Authenticate"] == nil)
                #expect(answer.json["detail"] == wrongNetwork.json["detail"])
            }
        }
    }

    @Test func whatIsUsedUpIs429() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let limited = try await gateway.makeKey([
                ("limits", [["name": "calls", "requests": 1, "window": "1m"]])
            ])
            let first = try await gateway.ask(limited.token, adapter: "caddy")
            #expect(first.status == 200 && first["RateLimit"]?.contains("\"calls\";r=0") == true)
            let over = try await gateway.ask(limited.token, adapter: "caddy")
            #expect(over.status == 429 && over["Retry-After"] != nil && over["RateLimit"] != nil)
            #expect(over.json["type"] == .string(Self.problem + "rate-limited"))
            let poor = try await gateway.makeKey([("credits", ["amount": 0])])
            let out = try await gateway.ask(poor.token, adapter: "traefik")
            #expect(out.status == 429 && out.json["type"] == .string(Self.problem + "quota-exceeded"))
            // auth_request would take 429 for a failure of its own.
            let nginx = try await gateway.ask(limited.token)
            #expect(nginx.status == 403 && nginx["X-Claviger-Status"] == "429" && nginx["Retry-After"] != nil)
        }
    }

    /// What a proxy does not say is not guessed: without method and target no rule would be asked.
    @Test func halfAQuestionIsRefused() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey()
            let authorization = ("Authorization", "Bearer \(key.token)")
            let method = ("X-Forwarded-Method", "GET")
            let target = ("X-Forwarded-Uri", "/v1/invoices/7")
            for fields in [
                [authorization], [authorization, method], [authorization, target],
                [authorization, method, method, target], [authorization, method, target, target],
                [authorization, method, ("X-Forwarded-Uri", "https://evil.example/v1/invoices/7")],
                [authorization, ("X-Original-Method", "GET"), ("X-Original-URI", "/v1/invoices/7")],
            ] {
                let answer = try await gateway.send(.get, "/gateway/caddy/payments/production", fields)
                #expect(answer.status == 500, "\(fields.map(\.0))")
                #expect(!answer.text.contains("X-Forwarded"))
            }
            let fields = [authorization, method, target]
            for address in [
                "/gateway/caddy/payments/production?scopes=", "/gateway/caddy/payments/production?cost=-1",
                "/gateway/caddy/payments/production?x=1", "/gateway/caddy/nothing/production",
                "/gateway/caddy/payments/nowhere", "/gateway/caddy/claviger/production",
            ] {
                #expect(try await gateway.send(.get, address, fields).status == 500, "\(address)")
            }
            for address in [
                "/gateway/", "/gateway/caddy", "/gateway/apache/payments/production", "/gateway/caddy/payments",
                "/gateway/caddy/payments/production/", "/gateway/caddy/payments/production/x",
                "/gateway//payments/production", "/gateway/envoy/payments/production",
            ] {
                #expect(try await gateway.send(.get, address, fields).status == 404, "\(address)")
            }
        }
    }

    @Test func theOperatorMayDemandScopesAndCost() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey([("limits", [["name": "calls", "requests": 10, "window": "1m"]])])
            let refused = try await gateway.ask(key.token, query: "?scopes=invoices.write")
            #expect(refused.status == 403)
            let passes = try await gateway.ask(key.token, query: "?scopes=invoices.read&cost=3")
            #expect(passes.status == 200 && passes["RateLimit"]?.contains("r=7") == true)
        }
    }

    /// Envoy calls with the client's own method and target behind the prefix; nothing on the way may tidy it up.
    @Test func envoyGivesTheOriginalRequestItself() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey()
            let token = [("Authorization", "Bearer \(key.token)")]
            let prefix = "/gateway/envoy/payments/production"
            #expect(try await gateway.send(.get, prefix + "/v1/invoices/7?scopes=x&y", token).status == 200)
            #expect(try await gateway.send(.post, prefix + "/v1/invoices/7", token).status == 403)
            #expect(try await gateway.send(.get, prefix + "/", token).status == 403)
            for target in ["//v1/invoices/7", "/v1/./invoices/7", "/v1/invoices/7/", "/v1/%69nvoices/7"] {
                #expect(try await gateway.send(.get, prefix + target, token).status == 200, "\(target)")
            }
            for target in [
                "/v1/invoices/../secrets", "/v1/invoices/%2e%2e/secrets", "/v1/secrets/%2e%2e%2Finvoices/7",
                "/../../gateway/envoy/payments/production/v1/invoices/7",
            ] {
                #expect(try await gateway.send(.get, prefix + target, token).status == 403, "\(target)")
            }
            // A token in the query is no credential, and a client's word about the request counts for nothing.
            let told = [("X-Original-Method", "GET"), ("X-Forwarded-Method", "GET")]
            #expect(try await gateway.send(.post, prefix + "/v1/invoices/7", token + told).status == 403)
            #expect(try await gateway.send(.get, prefix + "/v1/invoices/7?access_token=\(key.token)").status == 401)
        }
    }

    @Test func theClientIsWhatTheLastProxySaw() async throws {
        let trusted = TrustedProxies([try CIDR(parsing: "10.0.0.0/8")])
        try await GatewayFixture.run(trustedProxies: trusted) { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey([("restrictions", ["networks": ["allow": ["203.0.113.7/32"]]])])
            func status(_ lines: String...) async throws -> Int {
                try await gateway.ask(key.token, with: lines.map { ("X-Forwarded-For", $0) }).status
            }
            #expect(try await status("203.0.113.7") == 200)
            #expect(try await status("198.51.100.1, 203.0.113.7") == 200)
            #expect(try await status("198.51.100.1", "203.0.113.7") == 200)
            #expect(try await status("203.0.113.7, 10.1.1.1") == 200)
            #expect(try await status("198.51.100.1, 203.0.113.7, 10.1.1.1", "10.2.2.2") == 200)
            // Invented by the client.
            #expect(try await status("203.0.113.7, 198.51.100.1") == 403)
            #expect(try await status("203.0.113.7", "198.51.100.1") == 403)
            #expect(try await status("203.0.113.7, 198.51.100.1, 10.1.1.1") == 403)
            #expect(try await status("203.0.113.7, nonsense") == 403)
            #expect(try await status("") == 403)
            #expect(try await gateway.ask(key.token, with: [("Forwarded", "for=203.0.113.7")]).status == 403)
            #expect(try await gateway.ask(key.token, with: [("X-Real-IP", "203.0.113.7")]).status == 403)
        }
    }

    @Test func onlyGatewaysMayAsk() async throws {
        let secret = try #require(GatewaySecret(Array((GatewayFixture.secret + "\n").utf8)))
        #expect("\(secret)" == "GatewaySecret(redacted)" && GatewaySecret(Array("short".utf8)) == nil)
        #expect(GatewaySecret(Array((GatewayFixture.secret + "\nmore").utf8)) == nil)
        let field = "X-Claviger-Gateway-Secret"
        try await GatewayFixture.run(access: .secret(secret)) { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey()
            #expect(try await gateway.ask(key.token).status == 401)
            #expect(try await gateway.ask(key.token, with: [(field, GatewayFixture.secret + "x")]).status == 401)
            #expect(
                try await gateway.ask(key.token, with: [(field, GatewayFixture.secret), (field, "x")]).status == 401
            )
            #expect(try await gateway.ask(key.token, with: [(field, GatewayFixture.secret)]).status == 200)
            #expect(!gateway.test.log.lines.joined().contains(GatewayFixture.secret))
        }
        try await GatewayFixture.run(access: .nobody) { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey()
            #expect(try await gateway.ask(key.token).status == 403)
        }
    }

    @Test func decisionsAreOnRecordAndTokensAreNot() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey()
            _ = try await gateway.ask(
                key.token,
                "GET",
                "/v1/invoices/7?secret=1",
                with: [("X-Forwarded-For", "203.0.113.7")]
            )
            _ = try await gateway.ask(key.token, "DELETE", "/v1/invoices/8")
            let entries = try await gateway.manage(.get, "/v1/access-log")["items"]?.array ?? []
            #expect(entries.map { $0["code"] } == ["endpoint_not_allowed", "valid"])
            #expect(entries.last?["source"] == "gateway" && entries.last?["path"] == "/v1/invoices/7")
            #expect(entries.last?["ip"] == "203.0.113.7" && entries.last?["method"] == "GET")
            #expect(!gateway.test.log.lines.joined().contains(key.token))
        }
    }

    /// An api that is renamed, deleted or has lost an environment is not remembered.
    @Test func aRouteThatIsGoneIsForgotten() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey()
            #expect(try await gateway.ask(key.token).status == 200)
            _ = try await gateway.manage(.post, "/v1/keys/\(key.id)/revoke", ["reason": "other"])
            _ = try await gateway.manage(.delete, "/v1/keys/\(key.id)")
            _ = try await gateway.manage(.delete, "/v1/apis/payments")
            #expect(try await gateway.ask(key.token)["X-Claviger-Status"] == "500")
        }
    }

    @Test func theAnswerOfTheUpstreamIsOnRecord() async throws {
        try await GatewayFixture.run { gateway in
            try await gateway.makeAPI()
            let key = try await gateway.makeKey()
            let decider = GatewayDecider(
                authority: gateway.test.authority,
                workspaceID: gateway.test.workspaceID,
                requestIDs: RequestIDs(random: gateway.test.random),
                logger: gateway.test.log.logger()
            )
            let route = try await decider.route(api: "payments", environment: "production")
            for status: UInt16 in [204, 502] {
                let request = GatewayRequest(
                    token: PresentedToken(key.token),
                    context: ClientContext(method: "GET", path: "/v1/invoices/7")
                )
                let answer = await decider.decide(request, on: route)
                let admission = try #require(answer.admission)
                // One of them is folded before the upstream answers.
                if status == 502 { try await gateway.test.fold.settle() }
                decider.finished(admission, upstreamStatus: status)
            }
            let entries = try await gateway.manage(.get, "/v1/access-log")["items"]?.array ?? []
            #expect(entries.map { $0["upstreamStatus"] } == [502, 204])
        }
    }
}
