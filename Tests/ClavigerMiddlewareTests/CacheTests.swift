import ClavigerClient
import ClavigerCore
import ClavigerMiddleware
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Answers are kept as the authority allows it, and no longer.
@Suite struct CacheTests {
    private func options(
        _ cache: ClavigerVerificationCache = ClavigerVerificationCache(longestLifetime: .seconds(60))
    ) -> ClavigerAuthenticationOptions {
        ClavigerAuthenticationOptions(cache: cache)
    }

    @Test func anAnswerIsUsedUntilItsTimeIsOver() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp(options: self.options()) { app in
                for _ in 0..<3 { try await app.expect(200, token: key.token) }
                fixture.test.time.advance(by: .milliseconds(9_999))
                try await app.expect(200, token: key.token)
                #expect(fixture.control.count == 1)
                fixture.test.time.advance(by: .milliseconds(1))
                try await app.expect(200, token: key.token)
                #expect(fixture.control.count == 2)
                // What is documented: until then a revoked key passes, and afterwards it does not.
                try await fixture.revoke(key)
                try await app.expect(200, token: key.token)
                fixture.test.time.advance(by: .seconds(10))
                try await app.expect(401, token: key.token)
            }
        }
    }

    @Test func theAppsOwnMaximumIsShorter() async throws {
        try await Fixture.run(answerLifetime: .seconds(100)) { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp(options: self.options(ClavigerVerificationCache())) { app in
                _ = try await app.get(token: key.token)
                fixture.test.time.advance(by: .milliseconds(4_999))
                _ = try await app.get(token: key.token)
                #expect(fixture.control.count == 1)
                fixture.test.time.advance(by: .milliseconds(1))
                _ = try await app.get(token: key.token)
                #expect(fixture.control.count == 2)
            }
        }
    }

    @Test func byDefaultTheAuthorityAllowsNothing() async throws {
        try await Fixture.run { fixture in
            let key = try await fixture.makeKey()
            let cache = ClavigerVerificationCache()
            try await fixture.withApp(options: self.options(cache)) { app in
                for _ in 0..<3 { _ = try await app.get(token: key.token) }
                #expect(fixture.control.count == 3)
                #expect(cache.count == 0)
                for value in ["no-store, max-age=10", "max-age=10, no-cache", "max-age=0", "max-age=x", "private"] {
                    fixture.control.cacheControl = value
                    _ = try await app.get(token: key.token)
                    #expect(cache.count == 0, "\(value)")
                }
                fixture.control.cacheControl = "private, max-age=10"
                _ = try await app.get(token: key.token)
                #expect(cache.count == 1)
            }
        }
    }

    @Test func withoutACacheEveryRequestAsks() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp { app in
                for _ in 0..<3 { _ = try await app.get(token: key.token) }
                #expect(fixture.control.count == 3)
            }
        }
    }

    @Test func whatIsCountedIsAskedEachTime() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let limited = try await fixture.makeKey([
                ("limits", [["name": "burst", "requests": 2, "window": "1m"]])
            ])
            let paid = try await fixture.makeKey([("credits", ["amount": 2])])
            try await fixture.withApp(options: self.options()) { app in
                for key in [limited, paid] {
                    // Whatever stands before the authority says: what counts is not kept.
                    fixture.control.cacheControl = key.id == paid.id ? "private, max-age=10" : nil
                    try await app.expect(200, token: key.token)
                    try await app.expect(200, token: key.token)
                    try await app.expect(429, token: key.token)
                }
                #expect(fixture.control.count == 6)
            }
        }
    }

    @Test func aKeyDoesNotOutliveItsEnd() async throws {
        try await Fixture.run { fixture in
            fixture.control.cacheControl = "private, max-age=60"
            let end = (fixture.test.time.now() + .milliseconds(3_500)).text
            let key = try await fixture.makeKey([("expiresAt", .string(end))])
            let other = try await fixture.makeKey([("expiresAt", .string(end))])
            try await fixture.withApp(options: self.options()) { app in
                try await app.expect(200, token: key.token)
                fixture.test.time.advance(by: .milliseconds(3_499))
                try await app.expect(200, token: key.token)
                #expect(fixture.control.count == 1)
                fixture.test.time.advance(by: .milliseconds(1))
                try await app.expect(401, token: key.token)
                #expect(fixture.control.count == 2)
            }
            // The clock on the wall may be set; the end is still the end.
            fixture.test.time.jump(to: fixture.test.time.now() - .seconds(2))
            try await fixture.withApp(options: self.options()) { app in
                try await app.expect(200, token: other.token)
                fixture.test.time.jump(to: fixture.test.time.now() + .seconds(5))
                try await app.expect(401, token: other.token)
            }
        }
    }

    @Test(arguments: ["key", "token", "all"])
    func invalidationIsFeltAtOnce(what: String) async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey()
            let other = try await fixture.makeKey()
            let cache = ClavigerVerificationCache()
            try await fixture.withApp(options: self.options(cache)) { app in
                for path in ["/seen", "/seen/a"] { try await app.expect(200, path, token: key.token) }
                try await app.expect(200, token: other.token)
                try await fixture.revoke(key)
                try await app.expect(200, token: key.token)
                switch what {
                case "key": cache.invalidate(keyID: key.id)
                case "token": cache.invalidate(token: key.token)
                default: cache.invalidateAll()
                }
                #expect(cache.count == (what == "all" ? 0 : 1))
                for path in ["/seen", "/seen/a"] { try await app.expect(401, path, token: key.token) }
            }
        }
    }

    /// An answer that was on its way when its key was invalidated is an answer of before.
    @Test func whatWasAskedBeforeAnInvalidationIsNotKept() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey()
            let cache = ClavigerVerificationCache()
            try await fixture.withApp(options: self.options(cache)) { app in
                fixture.control.mode = .holding
                async let first = app.get(token: key.token)
                await fixture.control.waitForQuestions(1)
                cache.invalidate(keyID: key.id)
                // It does not wait for the answer of before either.
                async let second = app.get(token: key.token)
                await fixture.control.waitForQuestions(2)
                cache.invalidate(keyID: key.id)
                fixture.control.release()
                let statuses = try await [first.status, second.status]
                #expect(statuses == [200, 200])
                #expect(cache.count == 0)
            }
        }
    }

    @Test func everythingThatWasAskedIsPartOfTheQuestion() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey()
            let options = self.options()
            try await fixture.withApp(scopes: "invoices.read", options: options) { app in
                try await app.expect(200, token: key.token)
                let before = fixture.control.count
                _ = try await app.get("/seen/b", token: key.token)
                _ = try await app.get(token: key.token, method: .post)
                _ = try await app.get(token: key.token, headers: [.origin: "https://a.example"])
                _ = try await app.get(token: key.token, headers: [.referer: "https://a.example/"])
                _ = try await app.get(token: key.token, headers: [.userAgent: "curl"])
                #expect(fixture.control.count == before + 5)
            }
            try await fixture.withApp(scopes: "invoices.write", options: options) { app in
                try await app.expect(403, token: key.token)
            }
            let count = fixture.control.count
            try await fixture.withApp(scopes: nil, options: options) { app in
                try await app.expect(200, token: key.token)
                #expect(fixture.control.count == count + 1)
            }
            // Another client may be another authority, or see less.
            try await ClavigerClient.with(fixture.settings) { client in
                try await fixture.withApp(client: client, options: options) { app in
                    try await app.expect(200, token: key.token)
                    #expect(fixture.control.count == count + 2)
                }
            }
        }
    }

    @Test func refusalsAreNotKeptUnlessTheAuthoritySaysSo() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let unknown = try fixture.unknownToken()
            let key = try await fixture.makeKey([("scopes", [])])
            let cache = ClavigerVerificationCache()
            try await fixture.withApp(options: self.options(cache)) { app in
                for (token, status) in [(unknown, 401), ("nonsense", 401), (key.token, 403)] {
                    for _ in 0..<2 { try await app.expect(status, token: token) }
                }
                #expect(fixture.control.count == 6)
                fixture.control.cacheControl = "private, max-age=10"
                for token in [unknown, "nonsense"] {
                    for _ in 0..<2 { try await app.expect(401, token: token) }
                }
                #expect(fixture.control.count == 8)
                // A scope can be given to a key at any time.
                for _ in 0..<2 { try await app.expect(403, token: key.token) }
                #expect(fixture.control.count == 10)
                fixture.test.time.advance(by: .seconds(10))
                _ = try await app.get(token: unknown)
                #expect(fixture.control.count == 11)
            }
        }
    }

    @Test func theSizeIsBounded() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey()
            let cache = ClavigerVerificationCache(capacity: 8)
            try await fixture.withApp(options: self.options(cache)) { app in
                for number in 0..<50 {
                    try await app.expect(200, "/seen/\(number)", token: key.token)
                    // What is used stays.
                    try await app.expect(200, "/seen/0", token: key.token)
                    #expect(cache.count <= 8)
                }
                #expect(fixture.control.count == 50)
            }
        }
    }

    @Test func theSameQuestionIsAskedOnceWhereTheAnswerIsKept() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey()
            try await fixture.withApp(options: self.options()) { app in
                fixture.control.mode = .holding
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<20 { group.addTask { try await app.get(token: key.token).status } }
                    await fixture.control.waitForQuestions(1)
                    fixture.control.release()
                    for try await status in group { #expect(status == 200) }
                }
                #expect(fixture.control.count == 1)
            }
        }
    }

    @Test func everyUseCountsWhereItIsNot() async throws {
        try await Fixture.run(answerLifetime: .seconds(10)) { fixture in
            let key = try await fixture.makeKey([
                ("limits", [["name": "burst", "requests": 5, "window": "1m"]])
            ])
            try await fixture.withApp(options: self.options()) { app in
                fixture.control.mode = .holding
                var statuses: [Int] = []
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<20 { group.addTask { try await app.get(token: key.token).status } }
                    await fixture.control.waitForQuestions(1)
                    fixture.control.release()
                    for try await status in group { statuses.append(status) }
                }
                #expect(statuses.count { $0 == 200 } == 5)
                #expect(statuses.count { $0 == 429 } == 15)
                #expect(fixture.control.count == 20)
            }
        }
    }
}
