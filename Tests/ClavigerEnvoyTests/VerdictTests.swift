import ClavigerCore
import ClavigerHTTP
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// Every verdict of the gateway's contract, asked for with Envoy's public definitions.
@Suite("Envoy is told of every verdict")
struct VerdictTests {
    private static let known = [
        "x-claviger-key-id", "x-claviger-consumer", "x-claviger-scopes", "x-claviger-plan", "x-claviger-environment",
    ]

    @Test func aValidKeyPasses() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            try await envoy.send(
                .post,
                "/v1/plans",
                ["name": "gold", "limits": [["name": "burst", "requests": 100, "window": "1m"]]]
            )
            let plain = try await envoy.makeKey()
            let key = try await envoy.makeKey("Planned", JSONObject([("planId", "gold")]))
            let answers = try await EnvoyClient.run([
                envoy.check(token: key.token),
                envoy.check(["x-api-key": key.token]),
                envoy.check(token: plain.token),
            ])
            for answer in answers.prefix(2) {
                #expect(answer.code == 0)
                #expect(answer.denied == .null)
                #expect(
                    answer.identity == [
                        "x-claviger-key-id": key.id, "x-claviger-consumer": "acme%20&%20s%C3%B6hne",
                        "x-claviger-scopes": "invoices.read", "x-claviger-plan": "gold",
                        "x-claviger-environment": "production",
                    ]
                )
                #expect(answer.removed == ["authorization", "x-api-key"])
                #expect(
                    answer.metadata == [
                        "key_id": .string(key.id), "consumer": "acme & söhne", "plan": "gold", "api": "payments",
                        "environment": "production",
                    ]
                )
                #expect(answer.clientFields["ratelimit-policy"] == #""burst";q=100;w=60"#)
                #expect(answer.clientFields["x-request-id"]?.hasPrefix("req_") == true)
            }
            let unplanned = try #require(answers.last)
            #expect(unplanned.code == 0)
            // What is not set is taken away: a client could have sent it.
            #expect(unplanned.removed == ["authorization", "x-api-key", "x-claviger-plan"])
            #expect(unplanned.metadata["plan"] == nil)
        }
    }

    /// Promise P7: whoever holds a bad key learns nothing.
    @Test func badKeysAreOneAnswer() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            try await envoy.send(.post, "/v1/apis", ["name": "other", "prefix": "oth"])
            var keys: [String: (id: String, token: String)] = [:]
            for name in ["revoked", "compromised", "suspended", "expired", "destroyed"] {
                keys[name] = try await envoy.makeKey(name)
            }
            func key(_ name: String) throws -> (id: String, token: String) { try #require(keys[name]) }
            try await envoy.send(.post, "/v1/keys/\(try key("revoked").id)/revoke", ["reason": "leaked"])
            try await envoy.send(.post, "/v1/keys/\(try key("compromised").id)/compromise")
            try await envoy.send(.post, "/v1/keys/\(try key("suspended").id)/suspend")
            try await envoy.send(.post, "/v1/keys/\(try key("destroyed").id)/compromise")
            try await envoy.send(.delete, "/v1/keys/\(try key("destroyed").id)")
            let end = (envoy.test.time.now() + .seconds(60)).text
            try await envoy.send(.patch, "/v1/keys/\(try key("expired").id)", ["expiresAt": .string(end)])
            let start = (envoy.test.time.now() + .seconds(3600)).text
            keys["not yet valid"] = try await envoy.makeKey("later", JSONObject([("notBefore", .string(start))]))
            keys["wrong api"] = try await envoy.makeKey("elsewhere", api: "other")
            keys["wrong environment"] = try await envoy.makeKey("staging", environment: "staging")
            keys["of the management"] = (id: "", token: envoy.test.ownerToken)
            let good = try await envoy.makeKey("good")
            keys["malformed"] = (id: "", token: "nonsense")
            keys["empty"] = (id: "", token: "")
            keys["mistyped"] = (id: "", token: String(good.token.dropLast()) + "!")
            keys["of two"] = (id: "", token: "\(good.token), Bearer \(good.token)")
            keys["of two, without a space"] = (id: "", token: "\(good.token),Bearer \(good.token)")
            envoy.test.time.advance(by: .seconds(61))
            let names = keys.keys.sorted()
            let answers = try await EnvoyClient.run(
                try names.map { envoy.check(token: try key($0).token) } + [
                    envoy.check(["x-api-key": "\(good.token),\(good.token)"]), envoy.check(token: good.token),
                ]
            )
            #expect(answers.last?.code == 0)
            for (name, answer) in zip(names + ["two in X-API-Key"], answers) {
                #expect(answer.code == 16, "\(name)")
                #expect(answer.status == "Unauthorized", "\(name)")
                #expect(answer.granted == .null)
                #expect(answer.metadata == .null)
                var fields = answer.clientFields
                #expect(fields.removeValue(forKey: "x-request-id")?.hasPrefix("req_") == true)
                #expect(
                    fields == [
                        "www-authenticate": #"Bearer error="invalid_token""#, "cache-control": "no-store",
                        "content-type": "application/problem+json",
                    ],
                    "\(name)"
                )
                #expect(answer.body["type"] == "urn:claviger:problem:unauthorized", "\(name)")
                #expect(answer.body["detail"] == "The API key cannot be used here.", "\(name)")
            }
        }
    }

    @Test func noKey() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            let answers = try await EnvoyClient.run([
                envoy.check([:]), envoy.check(["authorization": "Basic dTpw"]), envoy.check([:], path: "/?api_key=a"),
            ])
            for answer in answers {
                #expect(answer.code == 16)
                #expect(answer.status == "Unauthorized")
                #expect(answer.clientFields["www-authenticate"] == "Bearer")
            }
        }
    }

    @Test func usesThatAreNotAllowed() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            func key(_ name: String, _ restrictions: JSON) async throws -> String {
                try await envoy.makeKey(name, JSONObject([("restrictions", restrictions)])).token
            }
            let network = try await key("network", ["networks": ["allow": ["192.0.2.0/24"]]])
            let origin = try await key("origin", ["origins": ["https://a.example.com"]])
            let window = try await key(
                "window",
                ["timeWindows": [["days": ["mon"], "from": "07:00", "to": "08:00", "timeZone": "UTC"]]]
            )
            let folder = try TemporaryFolder()
            let certificate = try await TestCertificates.selfSigned("client", in: folder)
            let thumbprint = try await TestCertificates.fingerprint(of: certificate.certificate)
            let pem = try String(contentsOfFile: certificate.certificate, encoding: .utf8)
            let encoded = pem.replacing("\n", with: "%0A").replacing(" ", with: "%20")
            let bound = try await key("bound", ["certificateThumbprints": [.string(thumbprint)]])
            let good = try await envoy.makeKey("good").token
            func bearer(_ token: String, _ more: [String: String] = [:]) -> [String: String] {
                more.merging(["authorization": "Bearer \(token)"]) { $1 }
            }
            let passing = try await EnvoyClient.run([
                envoy.check(bearer(network), source: "192.0.2.7"),
                envoy.check(bearer(origin, ["origin": "https://a.example.com"])),
                envoy.check(bearer(bound), certificate: encoded),
                envoy.check(
                    bearer(good),
                    route: ["api": "payments", "environment": "production", "scopes": "invoices.read", "cost": "2"]
                ),
            ])
            #expect(passing.map(\.code) == [0, 0, 0, 0])
            let refused = try await EnvoyClient.run([
                envoy.check(bearer(network)), envoy.check(bearer(network, ["x-forwarded-for": "192.0.2.7"])),
                envoy.check(bearer(origin, ["origin": "https://b.example.com"])), envoy.check(bearer(origin)),
                envoy.check(bearer(window)), envoy.check(bearer(bound)),
                envoy.check(bearer(bound), certificate: "%2D"),
            ])
            for answer in refused {
                #expect(answer.code == 7)
                #expect(answer.status == "Forbidden")
                #expect(answer.body["detail"] == "The API key may not be used for this request.")
                #expect(answer.clientFields["www-authenticate"] == nil)
            }
            let scope = try await EnvoyClient.run([
                envoy.check(
                    bearer(good),
                    route: ["api": "payments", "environment": "production", "scopes": "invoices.write"]
                )
            ])
            #expect(scope[0].code == 7)
            #expect(
                scope[0].clientFields["www-authenticate"]
                    == #"Bearer error="insufficient_scope", scope="invoices.write""#
            )
        }
    }

    @Test func limitsAndCredits() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            let limited = try await envoy.makeKey(
                "limited",
                JSONObject([("limits", [["name": "burst", "requests": 3, "window": "1m"]])])
            )
            let paying = try await envoy.makeKey("paying", JSONObject([("credits", ["amount": 3])]))
            let two: JSON = ["api": "payments", "environment": "production", "cost": "2"]
            let answers = try await EnvoyClient.run([
                envoy.check(token: limited.token, route: two), envoy.check(token: limited.token, route: two),
                envoy.check(token: paying.token, route: two), envoy.check(token: paying.token, route: two),
            ])
            #expect(answers.map(\.code) == [0, 8, 0, 8])
            #expect(answers[0].clientFields["ratelimit"]?.hasPrefix(#""burst";r=1;"#) == true)
            #expect(answers[1].status == "TooManyRequests")
            #expect(answers[1].body["type"] == "urn:claviger:problem:rate-limited")
            #expect(Int(answers[1].clientFields["retry-after"] ?? "") != nil)
            #expect(answers[3].status == "TooManyRequests")
            #expect(answers[3].body["type"] == "urn:claviger:problem:quota-exceeded")
        }
    }

    /// Mistakes of the operator keep everything out, and only the log says why.
    @Test func routesThatCannotBe() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            let key = try await envoy.makeKey()
            let routes: [JSON] = [
                [:], ["api": "payments"], ["environment": "production"],
                ["api": "nowhere", "environment": "production"],
                ["api": "payments", "environment": "nowhere"], ["api": "claviger", "environment": "production"],
                ["api": "payments", "environment": "production", "scopes": "a AND"],
                ["api": "payments", "environment": "production", "cost": "cheap"],
                ["api": "payments", "environment": "production", "Scopes": "invoices.write"],
            ]
            let answers = try await EnvoyClient.run(routes.map { envoy.check(token: key.token, route: $0) })
            for (answer, route) in zip(answers, routes) {
                #expect(answer.code == 13, "\(route)")
                #expect(answer.status == "InternalServerError", "\(route)")
                #expect(answer.body["detail"] == "The gateway in front of this API is not set up correctly.")
                let id = try #require(answer.clientFields["x-request-id"])
                #expect(envoy.test.log.lines.contains { $0.hasPrefix("error") && $0.contains(id) }, "\(route)")
            }
        }
    }

    @Test func storageThatIsAway() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            let key = try await envoy.makeKey()
            try await envoy.closeStorage()
            let answers = try await EnvoyClient.run([envoy.check(token: key.token)])
            #expect(answers[0].granted == .null)
            #expect([13, 14].contains(answers[0].code))
            #expect(["ServiceUnavailable", "InternalServerError"].contains(answers[0].status ?? ""))
        }
    }

    /// Promise P1, and everything a gateway says that a client said first.
    @Test func nothingOfTheClientGetsThrough() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            let key = try await envoy.makeKey()
            let forged = [
                "x-claviger-key-id": "key_forged", "x-claviger-plan": "platinum", "x-claviger-status": "200",
                "x-claviger-anything": "x", "x-request-id": "mine", "x-claviger-consumer": "someone else",
            ]
            let answers = try await EnvoyClient.run([
                envoy.check(token: key.token, forged), envoy.check(token: "\(key.token)x", forged),
                envoy.check(["authorization": "Bearer \(key.token)"], route: [:]),
            ])
            #expect(answers[0].identity["x-claviger-key-id"] == key.id)
            #expect(answers[0].identity["x-claviger-plan"] == nil)
            #expect(
                Set(answers[0].removed) == [
                    "authorization", "x-api-key", "x-claviger-plan", "x-claviger-status", "x-claviger-anything",
                ]
            )
            #expect(answers[0].clientFields["x-request-id"] != "mine")
            let secret = String(key.token.suffix(49))
            for answer in answers { #expect(!answer.json.serializedText.contains(secret)) }
            #expect(!envoy.test.log.lines.contains { $0.contains(secret) })
        }
    }

    @Test func enormousHeaders() async throws {
        try await EnvoyFixture.run { envoy in
            try await envoy.makeCatalogue()
            let key = try await envoy.makeKey()
            let fields = ["authorization": "Bearer \(key.token)"]
            let answers = try await EnvoyClient.run([
                envoy.check(fields, bulk: 500), envoy.check(fields, bulk: 3000), envoy.check(fields),
            ])
            #expect(answers.map(\.code) == [0, nil, 0])
            // The server ends the call while the request is still on its way; either is a refusal.
            #expect(["RESOURCE_EXHAUSTED", "CANCELLED"].contains(answers[1].error))
        }
    }
}

extension JSON {
    fileprivate var serializedText: String { String(decoding: self.serialized(), as: UTF8.self) }
}
