import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Crypto
import Foundation
import HTTPTypes
import Testing

/// Import of keys that another system made, from the outside.
@Suite struct ImportTests {
    private static let token = APIFixture.foreignToken
    private static let sha256 = "05578c6bf727bdfcfa668f63163998563599e88715f368a912dbd40286698dd4"

    /// The same token, hashed by Python 3.11 (hashlib, hmac), Django 5.2.19, bcrypt 5.0.0 and argon2-cffi 25.1.0.
    private static let forms: [(form: String, query: String, line: JSON)] = [
        ("token", "", ["token": .string(Self.token)]),
        ("SHA-256, hexadecimal", "&hashes=sha256", ["hash": .string(Self.sha256)]),
        ("SHA-256, base64", "&hashes=sha256", ["hash": "BVeMa/cnvfz6Zo9jFjmYVjWZ6IcV82ipEtvUAoZpjdQ="]),
        (
            "SHA-512", "&hashes=sha512",
            [
                "hash":
                    "b321dacc70c6bdf97209064f4065ce57087ec2370ac8cff55cc7376fd04a23a0fd887a18799fb9d083a6cd3d240210876b3e4c53ddda4919387673c959d04b26"
            ]
        ),
        (
            "SHA-512 of DRF API Key", "",
            [
                "hash":
                    "sha512$$b321dacc70c6bdf97209064f4065ce57087ec2370ac8cff55cc7376fd04a23a0fd887a18799fb9d083a6cd3d240210876b3e4c53ddda4919387673c959d04b26"
            ]
        ),
        (
            "HMAC-SHA-256", "&hashes=hmac-sha256",
            ["hash": "3f0e820e2d248415e7c6f52a3c4efdb601368db33a7e33a277cc34e22390f0ba"]
        ),
        (
            "HMAC-SHA-256 by a part", "&hashes=hmac-sha256&find=before:.",
            ["hash": "3f0e820e2d248415e7c6f52a3c4efdb601368db33a7e33a277cc34e22390f0ba", "id": "gX7pQ2vN"]
        ),
        (
            "SHA-256 of the rest", "&hashes=sha256&find=before:.&hashed=rest",
            ["hash": "7887ed32e157e3a4fa65cf24532dc97e73d58ccab2e4d6a0b692991fe50ad54d", "id": "gX7pQ2vN"]
        ),
        (
            "PBKDF2 of Django", "&find=before:.",
            ["hash": "pbkdf2_sha256$1000$saltsaltsalt$VKLALtWwecEHGsnbEuIenA0yI2coK13BnGVjYl4I8cE=", "id": "gX7pQ2vN"]
        ),
        (
            "scrypt of passlib", "&find=before:.",
            [
                "hash": "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$5Hu5OwoMFXi/U5cs/Oz7yUDGN+/NbqEDlSmpRFVH24E",
                "id": "gX7pQ2vN",
            ]
        ),
        (
            "bcrypt", "&find=first:8",
            ["hash": "$2b$05$abcdefghijklmnopqrstuu6g1QbEHJ51T9A1aHWsYQgjMXSj5i5hK", "id": "gX7pQ2vN"]
        ),
        (
            "Argon2id", "&find=field:.:1",
            [
                "hash":
                    "$argon2id$v=19$m=512,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$xmoLRYUrFGEijjoDZubD5a7SvVRURJbR4wPDMh4duZY",
                "id": "gX7pQ2vN",
            ]
        ),
    ]

    private static let hmacKey: HTTPFields = [
        HTTPField.Name("X-Import-HMAC-Key")!: Data((0..<32).map { UInt8($0) }).base64EncodedString()
    ]

    /// Every form verifies, is made anew at its first use, and verifies by that.
    @Test(arguments: Self.forms)
    func everyFormVerifiesAndIsMadeAnew(form: String, query: String, line: JSON) async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            var object = line.object ?? JSONObject()
            object["consumerExternalId"] = "acme"
            object["scopes"] = ["invoices.read"]
            let answer = try await api.importLines([.object(object)], query, headers: Self.hmacKey)
            #expect(answer.status == 200, "\(form): \(answer.text)")
            #expect(answer.json["imported"] == 1, "\(form): \(answer.text)")

            let wrong = String(Self.token.dropLast()) + "m"
            #expect(try await api.verify(wrong)["code"] == "not_found", "\(form)")
            #expect(try await api.verify("another-token-of-theirs")["code"] == "not_found")
            let before = try await api.importedCredential()
            #expect((before.scheme == nil) == (form == "token"))

            let verdict = try await api.verify(Self.token, JSONObject([("scopes", "invoices.read")]))
            #expect(verdict["valid"] == true, "\(form)")
            #expect(verdict["consumer"]?["externalId"] == "acme")
            try await api.test.runInBackground()
            let after = try await api.importedCredential()
            #expect(after.scheme == nil)
            #expect((after.digest == before.digest) == (form == "token"))
            #expect(try await api.verify(Self.token)["valid"] == true)
            #expect(try await api.verify(wrong)["code"] == "not_found")
        }
    }

    @Test func aKeyHasAllThatTheLineSays() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let line: JSON = [
                "token": .string(Self.token), "name": "Old one", "start": "gX7p", "consumerExternalId": "globex",
                "consumerKind": "customer", "scopes": ["invoices.read", "invoices.write"],
                "expiresAt": "2030-01-01T00:00:00Z", "createdAt": "2020-02-03T04:05:06Z", "metadata": ["team": "a"],
                "restrictions": ["networks": ["allow": ["192.0.2.0/24"]]],
            ]
            let refused = try await api.importLines([line])
            #expect(refused.json["refused"] == 1)
            #expect(refused.json["refusals"]?.array?.first?["reason"]?.string?.contains("consumerExternalId") == true)
            let answer = try await api.importLines([line], "&createConsumers=true")
            #expect(answer.json["imported"] == 1, "\(answer.text)")
            #expect(answer.json["consumersCreated"] == 1)
            let key = try await api.send(.get, "/v1/keys?name=Old%20one").json["items"]?.array?.first ?? .null
            #expect(key["start"] == "gX7p")
            #expect(key["expiresAt"] == "2030-01-01T00:00:00.000Z")
            #expect(key["metadata"] == ["team": "a", "createdAt": "2020-02-03T04:05:06.000Z"])
            #expect(key["scopes"] == ["invoices.read", "invoices.write"])
            let consumer = try await api.send(.get, "/v1/consumers?externalId=globex").json["items"]?.array?.first
            #expect(consumer?["kind"] == "customer")
            #expect(try await api.verify(Self.token)["code"] == "ip_not_allowed")
        }
    }

    @Test func brokenLinesDoNotStopTheOthers() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let secret = "s3cr3t-of-a-broken-line-0123456789"
            func line(_ index: Int) -> String {
                #"{"token": "\#(index)-\#(Self.token)", "consumerExternalId": "acme"}"#
            }
            let lines = [
                line(1), "{broken \(secret)", line(3), "[]", "", #"{"token": "short", "consumerExternalId": "acme"}"#,
                #"{"token": "\#(secret)", "consumerExternalId": "nobody"}"#,
                #"{"token": "\#(secret)", "consumerExternalId": "acme", "name": "x \#(secret)"}"#,
                #"{"token": "\#(secret)", "consumerExternalId": "acme", "\#(secret)": 1}"#,
                #"{"token": "\#(secret)", "consumerExternalId": "acme", "scopes": ["\#(secret)"]}"#,
                #"{"hash": "\#(secret)", "consumerExternalId": "acme"}"#,
                #"{"hash": "\#(Self.sha256)", "token": "\#(secret)", "consumerExternalId": "acme"}"#,
                String(repeating: "x", count: 70_000), line(14),
            ]
            let answer = try await api.importText(lines.joined(separator: "\n"))
            #expect(answer.json["imported"] == 3, "\(answer.text.prefix(2000))")
            let refusals = answer.json["refusals"]?.array ?? []
            #expect(refusals.compactMap { $0["line"]?.integer } == [2, 4, 6, 7, 8, 9, 10, 11, 12, 13])
            #expect(refusals.allSatisfy { $0["reason"]?.string?.isEmpty == false })
            #expect(!answer.text.contains(secret))
            let id = answer.json["id"]?.string ?? ""
            let kept = try await api.send(.get, "/v1/imports/\(id)")
            #expect(kept.json["refusals"] == answer.json["refusals"])
            #expect(kept.json["lastLine"] == 14)
            #expect(!api.test.log.lines.joined().contains(secret))
            for index in [1, 3, 14] { #expect(try await api.verify("\(index)-\(Self.token)")["valid"] == true) }
        }
    }

    /// A token is kept nowhere, whatever its characters are and wherever in the line it stands (promise P1).
    @Test(
        arguments: [
            ("scopes", ["TOKEN"]), ("roles", ["TOKEN"]),
            ("limits", [["name": "TOKEN", "requests": 1, "window": "1h"]]),
            ("restrictions", ["origins": ["https://TOKEN.example"]]), ("metadata", ["a": ["TOKEN": 1]]),
            ("metadata", ["a": [1, "x-TOKEN"]]), ("metadata", ["a": "QUOTED"]), ("name", "QUOTED"),
            ("consumerExternalId", "QUOTED"), ("planId", "TOKEN"),
        ] as [(String, JSON)]
    )
    func noMemberMayHaveTheToken(field: String, value: JSON) async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let quoted = #"q7"Xk\2LmRt8YwZb3EjHs6UdFo1"#
            let text = String(decoding: value.serialized(), as: UTF8.self)
            let token = text.contains("QUOTED") ? quoted : "acmeqwertyuiopasdfghjkl"
            let escaped = String(decoding: JSON.string(token).serialized(), as: UTF8.self).dropFirst().dropLast()
            var line = JSONObject([("token", .string(token)), ("consumerExternalId", "acme")])
            line[field] = try JSON.parse(
                Array(text.replacing("TOKEN", with: escaped).replacing("QUOTED", with: escaped).utf8)
            )
            let answer = try await api.importLines([.object(line)], "&createConsumers=true")
            #expect(answer.json["imported"] == 0, "\(answer.text)")
            let reason = answer.json["refusals"]?.array?.first?["reason"]?.string ?? ""
            #expect(reason.contains("\(field) has the token in it"), "\(reason)")
            #expect(!reason.contains(token))
        }
    }

    /// What is shown of a short token must not leave so little that it can be guessed.
    @Test func theStartIsAThirdOfTheTokenAtMost() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let token = "k7.QmX2vN9aKc4LmRt8Y"
            func line(_ start: String) -> JSON {
                ["token": .string(token), "consumerExternalId": "acme", "start": .string(start)]
            }
            for start in [token.prefix(16), token.prefix(7)] {
                let refused = try await api.importLines([line(String(start))])
                #expect(refused.json["imported"] == 0)
                let reason = refused.json["refusals"]?.array?.first?["reason"]?.string
                #expect(reason?.contains("a third of the token") == true)
            }
            #expect(try await api.importLines([line(String(token.prefix(6)))]).json["imported"] == 1)
        }
    }

    @Test func commaSeparatedValuesAreTakenToo() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let text = """
                hash,id,name,consumerExternalId,scopes,metadata,expiresAt\r
                pbkdf2_sha256$1000$saltsaltsalt$VKLALtWwecEHGsnbEuIenA0yI2coK13BnGVjYl4I8cE=,gX7pQ2vN,"One, two",acme,\
                invoices.read invoices.write,"{""a"": 1}",\r
                too,few\r
                "never closed,x,x,acme,,,\r
                sha512$$\(String(repeating: "ab", count: 64)),other,Other,acme,,,
                """
            let answer = try await api.importText(text, "&find=before:.", type: "text/csv")
            #expect(answer.json["imported"] == 2, "\(answer.text)")
            #expect(answer.json["refusals"]?.array?.compactMap { $0["line"]?.integer } == [3, 4])
            let verdict = try await api.verify(Self.token)
            #expect(verdict["valid"] == true)
            #expect(verdict["key"]?["name"] == "One, two")
            #expect(verdict["key"]?["metadata"] == ["a": 1])
            let noNames = try await api.importText("\(Self.token),acme\n", type: "text/csv")
            #expect(noNames.status == 422)
            #expect(!noNames.text.contains(Self.token))
        }
    }

    @Test func anImportContinuesWhereItEnded() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let lines: [JSON] = (1...6).map {
                ["token": .string("\($0)-\(Self.token)"), "consumerExternalId": .string($0 == 2 ? "nobody" : "acme")]
            }
            let first = try await api.importLines(Array(lines[..<4]), "&name=moving")
            #expect(first.json["imported"] == 3)
            // The whole file again, as after a connection that broke.
            let second = try await api.importLines(lines, "&name=moving")
            #expect(second.json["id"] == first.json["id"])
            #expect(second.json["skipped"] == 4)
            #expect(second.json["imported"] == 2)
            #expect(second.json["refused"] == 0)
            // Only what follows.
            let more = try await api.importLines(lines, "&name=moving&firstLine=7")
            #expect(more.json["imported"] == 0)
            #expect(more.json["existing"] == 5)
            #expect(more.json["lastLine"] == 12)
            let gap = try await api.importLines(lines, "&name=moving&firstLine=14")
            #expect(gap.status == 409)
            #expect(gap.text.contains("13"))
            let other = try await api.importLines(lines, "&name=moving&hashes=sha256")
            #expect(other.status == 409)
            let id = first.json["id"]?.string ?? ""
            let whole = try await api.send(.get, "/v1/imports/\(id)").json
            #expect(whole["imported"] == 5)
            #expect(whole["refusals"]?.array?.compactMap { $0["line"]?.integer } == [2, 8])
            // Without a name, what is there already is told and not made twice.
            let again = try await api.importLines(lines)
            #expect(again.json["existing"] == 5)
            #expect(again.json["imported"] == 0)
        }
    }

    @Test func aDryRunChangesNothing() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            func state() async throws -> [Int] {
                try await api.test.database.read { connection in
                    try [
                        connection.row("SELECT COUNT(*) AS count FROM keys"),
                        connection.row("SELECT COUNT(*) AS count FROM credentials"),
                        connection.row("SELECT COUNT(*) AS count FROM consumers"),
                        connection.row("SELECT COUNT(*) AS count FROM imports"),
                        connection.row("SELECT COUNT(*) AS count FROM foreign_rules"),
                        connection.row("SELECT COUNT(*) AS count FROM audit_events"),
                    ].map { try $0?.value("count") ?? -1 }
                }
            }
            let before = try await state()
            let lines: [JSON] = [
                ["token": .string(Self.token), "consumerExternalId": "new"],
                ["token": "x", "consumerExternalId": "new"],
                ["token": .string(Self.token), "consumerExternalId": "new"],
            ]
            let answer = try await api.importLines(lines, "&dryRun=true&createConsumers=true&name=x")
            #expect(answer.status == 200)
            #expect(answer.json["dryRun"] == true)
            #expect(answer.json["id"] == nil)
            #expect(answer.json["imported"] == 1)
            #expect(answer.json["existing"] == 1)
            #expect(answer.json["consumersCreated"] == 1)
            #expect(answer.json["refusals"]?.array?.count == 1)
            #expect(try await state() == before)
            #expect(try await api.verify(Self.token)["code"] == "malformed")
        }
    }

    @Test func whoMayNotImportDoesNot() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let line: JSON = ["token": .string(Self.token), "consumerExternalId": "acme"]
            let staging = try await api.makeManagementKey(scopes: ["apis.payments.staging.keys.import"])
            let refused = try await api.importLines([line], token: staging.token)
            #expect(refused.status == 403)
            #expect(refused.json["neededScope"] == "apis.payments.production.keys.import")
            let narrow = try await api.makeManagementKey(
                scopes: ["apis.payments.production.keys.import"],
                expiresAt: "2027-06-01T00:00:00Z"
            )
            let consumers = try await api.importLines([line], "&createConsumers=true", token: narrow.token)
            #expect(consumers.json["neededScope"] == "consumers.create")
            // Nobody gives away more than they have: no key lives longer than the key that imports it (promise P8).
            let longer = try await api.importLines([line], token: narrow.token)
            #expect(longer.json["imported"] == 0)
            #expect(longer.json["refusals"]?.array?.first?["reason"]?.string?.hasPrefix("expiresAt") == true)
            let unknownScope = try await api.importLines([
                ["token": .string(Self.token), "consumerExternalId": "acme", "scopes": ["nonsense"]]
            ])
            #expect(unknownScope.json["refused"] == 1)
            // Management keys are never imported, not even by the owner.
            let management = try await api.sendRaw(
                .post,
                "/v1/imports?apiId=claviger&environment=production",
                Array("{}".utf8),
                token: api.test.ownerToken,
                headers: [.contentType: "application/jsonl"]
            )
            #expect(management.status == 422)
            #expect(try await api.verify(Self.token)["valid"] == false)
        }
    }

    @Test(arguments: [
        "", "&hashes=md5", "&find=nothing", "&hashed=rest", "&dryRun=maybe", "&firstLine=0", "&color=red",
        "&hashes=hmac-sha256", "&find=field:.:2&hashed=rest",
    ])
    func aBadSettingIsRefused(query: String) async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let path = query.isEmpty ? "/v1/imports" : "/v1/imports?apiId=payments&environment=production\(query)"
            let answer = try await api.sendRaw(
                .post,
                path,
                [],
                token: api.test.ownerToken,
                headers: [.contentType: "application/jsonl"]
            )
            #expect(answer.status == 422, "\(answer.text)")
            let type = try await api.importText("{}", type: "text/plain")
            #expect(type.status == 415)
        }
    }

    @Test func everyBatchIsInTheAuditLog() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let count = Authority.importBatch + 20
            let lines: [JSON] = (0..<count).map {
                ["token": .string("\($0)-\(Self.token)"), "consumerExternalId": "acme"]
            }
            let answer = try await api.importLines(lines)
            #expect(answer.json["imported"] == .integer(Int64(count)))
            let id = answer.json["id"]?.string ?? ""
            let events = try await api.send(.get, "/v1/audit/events?targetId=\(id)").json["items"]?.array ?? []
            #expect(events.compactMap { $0["action"]?.string } == ["import.take", "import.take", "import.begin"])
            #expect(events.compactMap { $0["after"]?["imported"]?.integer } == [20, Int64(Authority.importBatch), 0])
            #expect(events.first?["after"]?["firstKeyId"]?.string?.hasPrefix("key_") == true)
            #expect(try await api.verify("\(count - 1)-\(Self.token)")["valid"] == true)
        }
    }

    /// No file of the database, nothing in the log and no answer has a foreign token or a hash of it.
    @Test func noForeignTokenIsKept() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let hashed = "hashed-\(Self.token)"
            let digest = SHA256.hash(data: Array(hashed.utf8)).map {
                $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16)
            }
            _ = try await api.importLines(
                [
                    ["token": .string(Self.token), "consumerExternalId": "acme"],
                    ["hash": .string(digest.joined()), "consumerExternalId": "acme"],
                ],
                "&hashes=sha256"
            )
            for token in [Self.token, hashed] {
                let context: JSON = [
                    "path": .string("/x/\(token)"), "userAgent": .string("curl \(token)"), "method": "GET",
                ]
                #expect(try await api.verify(token, JSONObject([("context", context)]))["valid"] == true)
                _ = try await api.send(.post, "/v1/keys/explain", ["token": .string(token), "context": context])
                _ = try await api.form("/oauth/introspect", [("token", token)], token: api.test.ownerToken)
                _ = try await api.send(
                    .post,
                    "/v1/leaks",
                    ["tokens": [["token": .string(token), "url": .string("https://example.com/?\(token)")]]]
                )
                _ = try await api.send(.get, "/v1/self", token: token)
            }
            _ = try await api.test.fold.runOnce()
            let log = try await api.send(.get, "/v1/access-log").text
            #expect(log.contains("curl …"))
            var texts = [log, api.test.log.lines.joined()]
            for path in ["/v1/keys", "/v1/leaks", "/v1/audit/events?limit=200"] {
                texts.append(try await api.send(.get, path).text)
            }
            texts += try await Self.everything(in: api)
            for secret in [Self.token, digest.joined()] {
                #expect(!texts.contains { $0.contains(secret) })
            }
            #expect(try await api.send(.get, "/v1/leaks").json["items"]?.array?.count == 2)
        }
    }

    /// Every value of the tables that an import writes, bytes as hexadecimal digits.
    private static func everything(in api: APIFixture) async throws -> [String] {
        try await api.test.database.read { connection in
            try connection.rows(
                """
                SELECT lower(hex(digest)) || ' ' || coalesce(foreign_scheme, '') || ' ' || lookup_id AS text
                FROM credentials
                """
            ).map { try $0.value("text") }
                + connection.rows("SELECT start || name || metadata AS text FROM keys").map { try $0.value("text") }
        }
    }

    @Test func importedKeysLiveAsAllOthersDo() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            _ = try await api.importLines([
                ["token": .string(Self.token), "consumerExternalId": "acme", "name": "Old one"]
            ])
            let key =
                try await api.send(.get, "/v1/keys?name=Old%20one").json["items"]?.array?.first?["id"]?.string ?? ""
            _ = try await api.send(.post, "/v1/keys/\(key)/suspend")
            #expect(try await api.verify(Self.token)["code"] == "suspended")
            _ = try await api.send(.post, "/v1/keys/\(key)/resume")
            #expect(try await api.verify(Self.token)["valid"] == true)
            let active = try await api.form("/oauth/introspect", [("token", Self.token)], token: api.test.ownerToken)
            #expect(active.json["active"] == true)
            let revoked = try await api.form("/oauth/revoke", [("token", Self.token)])
            #expect(revoked.status == 200)
            #expect(try await api.verify(Self.token)["code"] == "revoked")
            _ = try await api.send(.delete, "/v1/keys/\(key)")
            #expect(try await api.verify(Self.token)["code"] == "not_found")
            #expect(try await api.importedCredential().digest == nil)
        }
    }

    /// A server that starts again knows the rules, their keys included, and digests outlive a rotation of the pepper.
    @Test func rulesAndHashesOutliveARotation() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let line: JSON = [
                "hash": "3f0e820e2d248415e7c6f52a3c4efdb601368db33a7e33a277cc34e22390f0ba",
                "consumerExternalId": "acme",
            ]
            _ = try await api.importLines([line], "&hashes=hmac-sha256", headers: Self.hmacKey)
            _ = try await api.send(.post, "/v1/keyring/rotate", ["purpose": "all"])
            try await api.test.runInBackground()
            let again = try await TestAuthority(database: api.test.database, seed: 2)
            let owner = api.test.ownerToken
            try await APIFixture.run(test: again) { restarted in
                let verdict = try await restarted.send(
                    .post,
                    "/v1/keys/verify",
                    ["token": .string(Self.token)],
                    token: owner
                )
                #expect(verdict.json["valid"] == true, "\(verdict.text)")
            }
        }
    }
}
