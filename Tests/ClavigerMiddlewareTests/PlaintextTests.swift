import ClavigerClient
import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

@testable import ClavigerMiddleware

/// Promise P1, on the side of the app: a token is in the request and nowhere else.
@Suite struct PlaintextTests {
    @Test func noTokenIsLogged() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey()
            let revoked = try await fixture.makeKey()
            let unknown = try fixture.unknownToken()
            try await fixture.revoke(revoked)
            let cache = ClavigerVerificationCache()
            let options = ClavigerAuthenticationOptions(
                timeout: .milliseconds(50),
                cache: cache,
                lastKnownGood: .seconds(60)
            )
            let tokens = [key.token, revoked.token, unknown, "nonsense-" + unknown]
            try await fixture.withApp(options: options) { app in
                for mode in [
                    AuthorityControl.Mode.normal, .answering(.badGateway, key.token), .answering(.ok, unknown),
                    .answering(.unauthorized, "{}"), .holding,
                ] {
                    fixture.control.mode = mode
                    for token in tokens {
                        _ = try await app.get(token: token)
                        _ = try await app.get("/typed?token=\(token)", headers: [.apiKey: token])
                        _ = try await app.get(headers: [.authorization: "Basic \(token)"])
                    }
                    fixture.test.time.advance(by: .seconds(11))
                }
                fixture.control.release()
            }
            var shown = ""
            dump(cache, to: &shown)
            dump(options, to: &shown)
            let written = fixture.log.lines + [shown, "\(cache) \(options)", String(reflecting: cache)]
            #expect(fixture.log.lines.contains { $0.contains("an API key was refused") })
            #expect(fixture.log.lines.contains { $0.contains("API keys cannot be checked") })
            for token in tokens {
                #expect(!written.contains { $0.contains(token.suffix(40)) })
            }
            // The management key of the app itself.
            #expect(!written.contains { $0.contains(fixture.test.ownerToken.suffix(40)) })
        }
    }

    @Test func valuesRedactThemselves() {
        let token = "pay_live_secretsecret"
        let digest = QuestionDigest(token, VerificationQuestion(), client: 1)
        let values: [Any] = [
            ClientCredential(in: [.authorization: "Bearer \(token)"]), digest, TokenDigest(token), SecretText(token),
        ]
        for value in values {
            var shown = "\(value) \(String(reflecting: value))"
            dump(value, to: &shown)
            #expect(!shown.contains("secretsecret"))
            #expect(!shown.contains("SIMD"))
        }
    }

    @Test func questionsDoNotCollide() {
        var digests: Set<QuestionDigest> = []
        let questions: [(String, VerificationQuestion, UInt64)] = [
            ("t", VerificationQuestion(), 1), ("t", VerificationQuestion(), 2), ("u", VerificationQuestion(), 1),
            ("t", VerificationQuestion(api: "a"), 1), ("t", VerificationQuestion(environment: "a"), 1),
            ("t", VerificationQuestion(scopes: "a"), 1), ("t", VerificationQuestion(api: ""), 1),
            ("t", VerificationQuestion(api: "a", environment: "b"), 1), ("t", VerificationQuestion(api: "ab"), 1),
            ("t", VerificationQuestion(cost: 0), 1), ("t", VerificationQuestion(cost: 1), 1),
            ("t", VerificationQuestion(context: VerificationContext(ip: "192.0.2.1")), 1),
            ("t", VerificationQuestion(context: VerificationContext(certificateThumbprint: "a")), 1),
        ]
        for (token, question, client) in questions {
            #expect(digests.insert(QuestionDigest(token, question, client: client)).inserted)
        }
        #expect(!digests.insert(QuestionDigest("t", VerificationQuestion(), client: 1)).inserted)
    }
}
