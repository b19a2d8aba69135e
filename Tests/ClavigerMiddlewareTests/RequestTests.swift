import ClavigerClient
import ClavigerCore
import ClavigerMiddleware
import ClavigerTestSupport
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

/// What of a request is believed, told to the authority, and handed on.
@Suite struct RequestTests {
    @Test(arguments: ["Bearer", "bearer", "BEARER", "bEaReR"])
    func theSchemeIsComparedWithoutCase(scheme: String) async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp { app in
                try await app.expect(200, headers: [.authorization: "\(scheme) \(key.token)"])
                try await app.expect(200, headers: [.authorization: "\(scheme)   \(key.token)"])
            }
        }
    }

    @Test func otherSchemesAreNoKey() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp { app in
                for value in ["Basic \(key.token)", key.token, "Token \(key.token)", "Bearers \(key.token)", ""] {
                    let answer = try await app.get(headers: [.authorization: value])
                    #expect(answer.status == 401, "\(value.prefix(8))")
                    #expect(answer.headers[.wwwAuthenticate] == "Bearer")
                }
                for value in ["Bearer", "Bearer ", "Bearer " + String(repeating: "a", count: 1025)] {
                    let answer = try await app.get(headers: [.authorization: value])
                    #expect(answer.status == 401)
                    #expect(answer.headers[.wwwAuthenticate] == "Bearer error=\"invalid_token\"")
                }
                #expect(fixture.control.count == 0)
                try await app.expect(200, headers: [.apiKey: key.token])
            }
        }
    }

    @Test func twoKeysAreNone() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp { app in
                let bearer = HTTPField(name: .authorization, value: "Bearer \(key.token)")
                let plain = HTTPField(name: .apiKey, value: key.token)
                for fields in [[bearer, bearer], [plain, plain], [bearer, plain, plain]] {
                    let answer = try await app.get(headers: HTTPFields(fields))
                    #expect(answer.status == 401)
                    #expect(answer.headers[.wwwAuthenticate] == "Bearer error=\"invalid_token\"")
                }
                #expect(fixture.control.count == 0)
                try await app.expect(200, headers: HTTPFields([bearer, plain]))
            }
        }
    }

    @Test func theQueryIsNeverLookedAt() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp { app in
                for name in ["access_token", "api_key", "token", "key"] {
                    try await app.expect(401, "/seen?\(name)=\(key.token)")
                }
                try await app.expect(200, "/seen?access_token=secret", token: key.token)
                #expect(fixture.control.lastContext["path"] == "/seen")
            }
        }
    }

    @Test func handlersSeeNoCredentialAndNoMadeUpIdentity() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let spoofed: HTTPFields = [
                HTTPField.Name("X-Claviger-Key-Id")!: "key_spoofed", HTTPField.Name("x-claviger-scopes")!: "*-spoofed",
                HTTPField.Name("X-CLAVIGER-Anything")!: "spoofed", .apiKey: "another-credential",
                HTTPField.Name("X-Other")!: "stays",
            ]
            try await fixture.withApp { app in
                let answer = try await app.get(token: key.token, headers: spoofed)
                #expect(answer.status == 200)
                #expect(!answer.text.contains(key.token))
                #expect(!answer.text.contains("another-credential"))
                #expect(!answer.text.contains("spoofed"))
                #expect(!answer.text.contains("authorization"))
                #expect(answer.text.contains("x-other: stays"))
            }
        }
    }

    @Test(arguments: [10, 300_000])
    func bodiesArriveWhole(length: Int) async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let body = String(repeating: "b", count: length)
            try await fixture.app().test(.live) { client in
                let answer = try await Caller(app: client).get("/echo", token: key.token, method: .post, body: body)
                #expect(answer.status == 200)
                #expect(answer.text == body)
            }
        }
    }

    @Test func theAuthorityIsToldWhatTheRequestLooksLike() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp { app in
                let fields: HTTPFields = [
                    .origin: "https://app.example.com", .referer: "https://app.example.com/page", .userAgent: "curl/8",
                ]
                _ = try await app.get("/seen/a%20b/c?d=e#f", token: key.token, method: .post, headers: fields)
                let question = try #require(fixture.control.questions.last)
                #expect(question["apiId"] == "payments")
                #expect(question["environment"] == "production")
                #expect(question["scopes"] == "invoices.read")
                #expect(
                    question["context"] == [
                        "method": "POST", "path": "/seen/a%20b/c", "origin": "https://app.example.com",
                        "referrer": "https://app.example.com/page", "userAgent": "curl/8",
                    ]
                )
            }
        }
    }

    @Test func whatIsTooLongIsRefusedOrLeftOut() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let long = String(repeating: "a", count: 3000)
            try await fixture.withApp { app in
                try await app.expect(400, "/seen/\(long)", token: key.token)
                try await app.expect(401, "/seen/\(long)")
                try await app.expect(400, token: key.token, headers: [.origin: long])
                #expect(fixture.control.count == 0)
                let answer = try await app.get(token: key.token, headers: [.userAgent: long, .referer: long])
                #expect(answer.status == 200)
                #expect(fixture.control.lastContext["userAgent"]?.string?.count == 1024)
                #expect(fixture.control.lastContext["referrer"] == nil)
            }
        }
    }

    @Test func aForgedAddressIsNotBelieved() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey([
                ("restrictions", ["networks": ["allow": ["203.0.113.7", "127.0.0.1", "::1"]]])
            ])
            let forged: HTTPFields = [.forwardedFor: "203.0.113.7"]
            try await fixture.app().test(.live) { client in
                let app = Caller(app: client)
                try await app.expect(200, token: key.token, headers: forged)
                let seen = try #require(fixture.control.lastContext["ip"]?.string)
                #expect(["127.0.0.1", "::1"].contains(seen))
                try await fixture.change(key, ["restrictions": ["networks": ["allow": ["203.0.113.7"]]]])
                try await app.expect(403, token: key.token, headers: forged)
            }
            let proxies = TrustedProxies(try ["127.0.0.0/8", "::1/128"].map { try CIDR(parsing: $0) })
            try await fixture.app(options: .init(trustedProxies: proxies)).test(.live) { client in
                let app = Caller(app: client)
                try await app.expect(200, token: key.token, headers: forged)
                #expect(fixture.control.lastContext["ip"] == "203.0.113.7")
                // The client wrote the left one, the proxy the right one.
                #expect(
                    try await app.get(token: key.token, headers: [.forwardedFor: "203.0.113.7, 198.51.100.1"]).status
                        == 403
                )
                try await app.expect(403, token: key.token)
            }
        }
    }

    @Test func anUnknownAddressIsRefusedWhereItMatters() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey([("restrictions", ["networks": ["allow": ["0.0.0.0/0"]]])])
            try await fixture.withApp { app in
                try await app.expect(403, token: key.token)
            }
        }
    }

    @Test func aSecondMiddlewareFindsNoKey() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let router = Router(context: ClavigerContext.self)
            router.add(
                middleware: ClavigerAuthentication(
                    client: fixture.client,
                    api: "payments",
                    environment: "production"
                )
            )
            try await fixture.app(router: router).test(.router) { client in
                let app = Caller(app: client)
                try await app.expect(200, "/open", token: key.token)
                try await app.expect(401, "/seen", token: key.token)
            }
        }
    }

    @Test func aTypedContextWithoutTheMiddlewareIsAMistakeOfTheApp() async throws {
        let router = Router(context: ClavigerContext.self)
        router.group(context: ClavigerVerifiedContext<ClavigerContext>.self).get("typed") { _, context in
            context.claviger.keyID
        }
        router.group("scoped").add(middleware: ClavigerScopeCheck("a")).get { _, _ in "reached" }
        try await Application(router: router).test(.router) { client in
            try await Caller(app: client).expect(500, "/typed")
            try await Caller(app: client).expect(401, "/scoped")
        }
    }
}
