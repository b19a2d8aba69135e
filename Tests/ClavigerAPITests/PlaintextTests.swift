import ClavigerCore
import ClavigerSQLite
import ClavigerTestSupport
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing

/// Promises P1 and P2: where a plaintext may be, and what a copy of the database is worth.
@Suite struct PlaintextTests {
    /// Every use of a token, good and bad, with the log at its most talkative.
    private func useEverywhere(_ api: APIFixture) async throws -> [String] {
        let key = try await api.makeKey()
        let issued = try await api.send(
            .post,
            "/v1/keys",
            [
                "apiId": "payments", "environment": "production", "consumerId": .string(key.consumer),
                "name": "Once",
            ],
            headers: [HTTPField.Name("Idempotency-Key")!: "once-1"]
        )
        let second = issued.json["token"]?.string ?? ""
        _ = try await api.verify(key.token)
        _ = try await api.verify(key.token, JSONObject([("scopes", "refunds.create")]))
        _ = try await api.send(.post, "/v1/keys/explain", ["token": .string(key.token)])
        // In the wrong places.
        _ = try await api.send(.get, "/v1/keys?token=\(key.token)")
        _ = try await api.send(.get, "/v1/keys/\(key.token)")
        _ = try await api.send(.get, "/\(key.token)")
        _ = try await api.send(.post, "/v1/consumers", [key.token: "x"])
        _ = try await api.send(.post, "/v1/keys/verify", ["token": [.string(key.token)]])
        _ = try await api.send(.get, "/v1/self", token: key.token)
        _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": .string(key.token)])
        _ = try await api.send(.post, "/v1/keys/\(key.id)/revoke", ["reason": "leaked"])
        _ = try await api.verify(key.token)
        let webhook = try await api.send(
            .post,
            "/v1/webhooks",
            ["url": "https://hooks.example.com/"],
            headers: [HTTPField.Name("Idempotency-Key")!: "once-2"]
        ).json
        let path = "/v1/webhooks/\(webhook["webhook"]?["id"]?.string ?? "")"
        let rotated = try await api.send(.post, "\(path)/rotate-secret").json
        _ = try await api.send(.get, path)
        let secrets = [webhook, rotated].compactMap { $0["secret"]?.string }
        #expect(secrets.count == 2)
        // The last 40 characters of each are what is looked for.
        let found = try await self.leakEverywhere(api)
        return [key.token, second, api.test.ownerToken] + secrets + found
    }

    /// Tokens that are introspected, revoked and reported, also in the wrong places.
    private func leakEverywhere(_ api: APIFixture) async throws -> [String] {
        let owner = api.test.ownerToken
        let asked = try await api.makeKey(name: "asked").token
        let revoked = try await api.makeKey(name: "revoked").token
        let reported = try await api.makeKey(name: "reported").token
        let found = try await api.makeKey(name: "found").token
        _ = try await api.form("/oauth/introspect", [("token", asked)], token: owner)
        _ = try await api.form("/oauth/introspect", [(asked, asked)], token: owner)
        _ = try await api.form("/oauth/introspect?token=\(asked)", [], authorization: APIFixture.basic(asked, asked))
        _ = try await api.form("/oauth/introspect", [("token", asked)], authorization: APIFixture.basic("x", owner))
        _ = try await api.form("/oauth/revoke", [("token", revoked), ("ip", revoked)])
        _ = try await api.form("/oauth/revoke", [("token", revoked), ("token", revoked)])
        let leak: JSON = [
            "source": .string("paste \(reported)"),
            "tokens": [
                ["token": .string(reported), "url": .string("https://example.com/?t=\(reported)&u=\(reported)x")],
                ["token": .string("x \(reported)"), "url": .string(reported)],
            ],
        ]
        _ = try await api.send(.post, "/v1/leaks", leak)
        _ = try await api.send(.post, "/v1/leaks", leak)
        _ = try await api.send(.post, "/v1/leaks", ["tokens": [.string(reported)]])
        _ = try await api.send(.get, "/v1/leaks?source=\(reported)")
        let gitHub = GitHubFixture(time: api.test.time)
        try await api.test.application(gitHubKeys: gitHub.keys).test(.router) { client in
            let api = APIFixture(test: api.test, client: client)
            let answer = try await gitHub.report(
                [["token": .string(found), "type": .string("t"), "url": .string("https://example.com/\(found)")]],
                to: api
            )
            #expect(answer.status == 200)
            #expect(!answer.text.contains(found.suffix(49)))
        }
        return [asked, revoked, reported, found] + (try await Self.rotate(api))
    }

    /// Every token of a key that was rotated by an administrator and by its holder.
    private static func rotate(_ api: APIFixture) async throws -> [String] {
        let key = try await api.makeKey(name: "Rotated")
        let once = try #require(HTTPField.Name("Idempotency-Key"))
        let second = try await api.send(
            .post,
            "/v1/keys/\(key.id)/rotate",
            ["grace": "1h"],
            headers: [once: "once-3"]
        ).json["token"]?.string
        let current = try #require(second)
        _ = try await api.send(.get, "/v1/self", token: current)
        let third = try await api.send(
            .post,
            "/v1/self/rotate",
            ["grace": "1h", "endGrace": true],
            token: current,
            headers: [once: "once-4"]
        ).json["token"]?.string
        _ = try await api.send(.get, "/v1/keys/\(key.id)/rotation")
        return [key.token, current, try #require(third)]
    }

    @Test func noLogLineHasOne() async throws {
        try await APIFixture.run { api in
            let tokens = try await self.useEverywhere(api)
            let lines = api.test.log.lines
            #expect(lines.count > 10)
            for token in tokens {
                let secret = String(token.suffix(40))
                #expect(!lines.contains { $0.contains(secret) })
            }
        }
    }

    @Test func noOtherAnswerHasOne() async throws {
        try await APIFixture.run { api in
            let tokens = try await self.useEverywhere(api)
            var answers: [String] = []
            for path in [
                "/v1/keys", "/v1/apis", "/v1/consumers", "/v1/roles", "/v1/audit/events?limit=200", "/v1/keyring",
                "/v1/self", "/v1/webhooks", "/metrics", "/v1/leaks",
            ] {
                answers.append(try await api.send(.get, path).text)
            }
            for key in try await api.send(.get, "/v1/keys").json["items"]?.array ?? [] {
                answers.append(try await api.send(.get, "/v1/keys/\(key["id"]?.string ?? "")/credentials").text)
            }
            for token in tokens {
                let secret = String(token.suffix(40))
                #expect(!answers.contains { $0.contains(secret) })
            }
        }
    }

    @Test func noFileHasOneAndAnotherRootKeyOpensNothing() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("claviger-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("claviger.db").path
        let database = try await SQLiteDatabase.open(.file(path))
        let test = try await TestAuthority(database: database)
        let (tokens, digests) = try await self.collect(test)
        var files: [Data] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            files.append(try Data(contentsOf: folder.appendingPathComponent(name)))
        }
        #expect(files.contains { $0.count > 4096 })
        for token in tokens {
            let secret = Data(token.suffix(40).utf8)
            #expect(!files.contains { $0.range(of: secret) != nil })
        }
        // The stored form is no plain hash of the token: a copy of the database cannot be tested against guesses.
        for plain in digests { #expect(!files.contains { $0.range(of: plain) != nil }) }
        try await database.close()

        let copy = try await SQLiteDatabase.open(.file(path))
        let other = try #require(RootKey(bytes: Array(repeating: 7, count: 32)))
        await #expect(throws: KeyringError.wrongRootKey) {
            _ = try await TestAuthority(database: copy, rootKey: other)
        }
        try await copy.close()
    }

    private func collect(_ test: TestAuthority) async throws -> (tokens: [String], plainHashes: [Data]) {
        let found = Found()
        try await APIFixture.run(test: test) { api in
            await found.set(try await self.useEverywhere(api))
        }
        let tokens = await found.tokens
        return (tokens, tokens.map { Data(SHA256Reference.hash($0)) })
    }
}

private actor Found {
    private(set) var tokens: [String] = []

    func set(_ tokens: [String]) {
        self.tokens = tokens
    }
}
