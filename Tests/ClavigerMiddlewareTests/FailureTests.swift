import ClavigerClient
import ClavigerCore
import ClavigerMiddleware
import ClavigerTestSupport
import HTTPTypes
import Testing

/// What happens while the authority cannot be asked: nobody passes, unless the app has said otherwise.
@Suite struct FailureTests {
    private func expectUnavailable(_ answer: Caller.Answer) {
        #expect(answer.status == 503)
        #expect(answer.headers[.retryAfter] == "5")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.problem == "unavailable")
    }

    @Test func nothingListens() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            // Port 1 is nobody's.
            let settings = ClavigerClient.Settings(
                url: try ServerURL(parsing: "http://127.0.0.1:1"),
                token: SecretText("claviger_live_x")
            )
            try await ClavigerClient.with(settings) { client in
                try await fixture.withApp(client: client) { app in
                    self.expectUnavailable(try await app.get(token: key.token))
                    self.expectUnavailable(try await app.get("/typed", token: key.token))
                    try await app.expect(401)
                    try await app.expect(200, "/open")
                }
            }
        }
    }

    @Test func theAuthorityIsTooSlow() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp(options: .init(timeout: .milliseconds(50))) { app in
                fixture.control.mode = .holding
                self.expectUnavailable(try await app.get(token: key.token))
                fixture.control.release()
            }
            try await fixture.withApp { app in
                try await app.expect(200, token: key.token)
            }
        }
    }

    @Test func theAuthorityHasTroubleOrIsSomethingElse() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let problem = { (slug: String, status: Int) in
                #"{"type":"urn:claviger:problem:\#(slug)","title":"t","status":\#(status),"detail":"d"}"#
            }
            let answers: [(HTTPResponse.Status, String)] = [
                (.serviceUnavailable, problem("unavailable", 503)), (.internalServerError, problem("internal", 500)),
                (.tooManyRequests, problem("rate-limited", 429)), (.badGateway, "<html>"), (.ok, "<html>"), (.ok, "{}"),
                (.ok, #"{"valid":true}"#), (.ok, #"{"valid":true,"code":"revoked"}"#),
                (.ok, #"{"valid":true,"code":"valid"}"#), (.found, ""), (.notFound, ""),
            ]
            try await fixture.withApp { app in
                for (status, body) in answers {
                    fixture.control.mode = .answering(status, body)
                    self.expectUnavailable(try await app.get(token: key.token))
                }
            }
        }
    }

    @Test func anAppThatIsRefusedItselfSaysSoInItsLog() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let powerless = try await fixture.makeKey([
                ("apiId", "claviger"), ("consumerExternalId", "owner"), ("scopes", []),
            ])
            for token in [powerless.token, "claviger_live_wrong"] {
                var settings = fixture.settings
                settings.token = SecretText(token)
                try await ClavigerClient.with(settings) { client in
                    try await fixture.withApp(client: client) { app in
                        let answer = try await app.get(token: key.token)
                        #expect(answer.status == 500)
                        #expect(answer.problem == "internal")
                        #expect(!answer.text.contains("scope"))
                    }
                }
            }
            let lines = fixture.log.lines.filter { $0.hasPrefix("critical") }
            #expect(lines.count == 2)
            #expect(lines.contains { $0.contains("apis.payments.production.keys.verify") })
        }
    }

    @Test func aNarrowManagementKeyIsEnough() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let narrow = try await fixture.makeKey([
                ("apiId", "claviger"), ("consumerExternalId", "owner"),
                ("scopes", ["apis.payments.production.keys.verify"]),
            ])
            var settings = fixture.settings
            settings.token = SecretText(narrow.token)
            try await ClavigerClient.with(settings) { client in
                try await fixture.withApp(client: client) { app in
                    try await app.expect(200, token: key.token)
                }
            }
        }
    }

    @Test func anAuthorityThatComesBackIsAskedAgain() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let first = try await RunningAuthority(fixture.test)
            let settings = ClavigerClient.Settings(
                url: try ServerURL(parsing: "http://127.0.0.1:\(first.port)"),
                token: SecretText(fixture.test.ownerToken)
            )
            try await ClavigerClient.with(settings) { client in
                try await fixture.withApp(client: client) { app in
                    try await app.expect(200, token: key.token)
                    await first.stop()
                    self.expectUnavailable(try await app.get(token: key.token))
                    let second = try await RunningAuthority(fixture.test, port: first.port)
                    try await app.expect(200, token: key.token)
                    await second.stop()
                }
            }
        }
    }

    @Test func connectionsAreUsedAgain() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            var settings = fixture.settings
            settings.connections = 2
            try await ClavigerClient.with(settings) { client in
                let before = fixture.control.connections
                try await fixture.withApp(client: client) { app in
                    for _ in 0..<10 { try await app.expect(200, token: key.token) }
                    #expect(fixture.control.connections == before + 1)
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        for _ in 0..<20 { group.addTask { try await app.get(token: key.token).status } }
                        for try await status in group { #expect(status == 200) }
                    }
                    #expect(fixture.control.connections <= before + 2)
                }
            }
        }
    }

    // MARK: - Last known good

    @Test func theLastKnownGoodAnswerIsOffByDefault() async throws {
        try await Fixture.run(answerLifetime: .seconds(5)) { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp(options: .init(cache: ClavigerVerificationCache())) { app in
                try await app.expect(200, token: key.token)
                fixture.test.time.advance(by: .seconds(6))
                fixture.control.mode = .answering(.badGateway, "")
                self.expectUnavailable(try await app.get(token: key.token))
            }
        }
    }

    @Test func theLastKnownGoodAnswerHasItsTime() async throws {
        try await Fixture.run(answerLifetime: .seconds(5)) { fixture in
            let key = try await fixture.makeKey()
            let other = try await fixture.makeKey()
            let end = (fixture.test.time.now() + .seconds(20)).text
            let ending = try await fixture.makeKey([("expiresAt", .string(end))])
            let options = ClavigerAuthenticationOptions(
                cache: ClavigerVerificationCache(),
                lastKnownGood: .seconds(30)
            )
            try await fixture.withApp(options: options) { app in
                try await app.expect(200, token: key.token)
                try await app.expect(200, token: ending.token)
                fixture.test.time.advance(by: .seconds(10))
                fixture.control.mode = .answering(.badGateway, "")
                try await app.expect(200, token: key.token)
                try await app.expect(200, token: ending.token)
                self.expectUnavailable(try await app.get(token: other.token))
                self.expectUnavailable(try await app.get("/seen/other", token: key.token))
                #expect(fixture.log.lines.contains { $0.hasPrefix("warning") && $0.contains(key.id) })
                fixture.test.time.advance(by: .seconds(10))
                try await app.expect(200, token: key.token)
                self.expectUnavailable(try await app.get(token: ending.token))
                fixture.test.time.advance(by: .seconds(16))
                self.expectUnavailable(try await app.get(token: key.token))
            }
        }
    }

    /// Only an authority that cannot be reached is stood in for; one that answers is believed.
    @Test func aRefusalEndsTheLastKnownGoodAnswer() async throws {
        try await Fixture.run(answerLifetime: .seconds(5)) { fixture in
            let key = try await fixture.makeKey()
            let options = ClavigerAuthenticationOptions(
                cache: ClavigerVerificationCache(),
                lastKnownGood: .seconds(300)
            )
            try await fixture.withApp(options: options) { app in
                try await app.expect(200, token: key.token)
                try await app.expect(200, "/seen/other", token: key.token)
                try await fixture.revoke(key)
                fixture.test.time.advance(by: .seconds(6))
                try await app.expect(401, token: key.token)
                fixture.control.mode = .answering(.badGateway, "")
                self.expectUnavailable(try await app.get(token: key.token))
                self.expectUnavailable(try await app.get("/seen/other", token: key.token))
            }
            try await fixture.withApp(options: options) { app in
                fixture.control.mode = .normal
                let another = try await fixture.makeKey()
                try await app.expect(200, token: another.token)
                fixture.test.time.advance(by: .seconds(6))
                let problem = #"{"type":"urn:claviger:problem:unauthorized","title":"t","status":401,"detail":"d"}"#
                fixture.control.mode = .answering(.unauthorized, problem)
                try await app.expect(500, token: another.token)
            }
            try await fixture.withApp(options: options) { app in
                fixture.control.mode = .normal
                let third = try await fixture.makeKey()
                try await app.expect(200, token: third.token)
                fixture.test.time.advance(by: .seconds(6))
                // It is there, and says that it cannot decide: its disk is full, for instance.
                let problem = #"{"type":"urn:claviger:problem:unavailable","title":"t","status":503,"detail":"d"}"#
                fixture.control.mode = .answering(.serviceUnavailable, problem)
                self.expectUnavailable(try await app.get(token: third.token))
            }
        }
    }
}
