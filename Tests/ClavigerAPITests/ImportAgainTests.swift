import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Lines whose id is known already, and imports that are sent again.
@Suite struct ImportAgainTests {
    private static let token = APIFixture.foreignToken
    private static let query = "&hashes=sha256&find=before:."
    private static let hash = "05578c6bf727bdfcfa668f63163998563599e88715f368a912dbd40286698dd4"

    private static func line(_ hash: String = Self.hash, id: String = "gX7pQ2vN") -> JSON {
        ["hash": .string(hash), "id": .string(id), "consumerExternalId": "acme"]
    }

    private static func reasons(_ answer: APIFixture.Answer) -> [String] {
        answer.json["refusals"]?.array?.compactMap { $0["reason"]?.string } ?? []
    }

    /// The part of a token that finds a key can be the same in two tokens: the second one is never left out silently.
    @Test func onlyTheSameKeyIsThereAlready() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let other = Self.line(String(repeating: "ab", count: 32))
            let first = try await api.importLines([Self.line(), Self.line(), other], Self.query)
            #expect(first.json["imported"] == 1)
            #expect(first.json["existing"] == 1)
            #expect(Self.reasons(first) == ["another key has this id"])
            let again = try await api.importLines([Self.line(), other], Self.query)
            #expect(again.json["existing"] == 1)
            #expect(Self.reasons(again) == ["another key has this id"])
            // Of another kind, and so of another rule's credential as far as can be told.
            let sha512 = Self.line(String(repeating: "cd", count: 64))
            let kind = try await api.importLines([sha512], "&hashes=sha512&find=before:.")
            #expect(Self.reasons(kind) == ["another key has this id"])
            let elsewhere = try await api.sendRaw(
                .post,
                "/v1/imports?apiId=payments&environment=staging\(Self.query)",
                Self.line().serialized(),
                token: api.test.ownerToken,
                headers: [.contentType: "application/jsonl"]
            )
            #expect(Self.reasons(elsewhere) == ["another key has this id, in another api or environment"])
            // Once it was used there is the token's own digest, which says nothing of a hash.
            #expect(try await api.verify(Self.token)["valid"] == true)
            try await api.test.maintenance.runOnce()
            #expect(try await api.importedCredential().scheme == nil)
            let used = try await api.importLines([Self.line()], Self.query)
            #expect(used.json["existing"] == 0)
            #expect(Self.reasons(used).first?.contains("has been used") == true)
        }
    }

    /// Found by all of it, a token is the same one wherever it is.
    @Test func aWholeTokenIsItsOwn() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let line: JSON = ["token": .string(Self.token), "consumerExternalId": "acme"]
            let hashed: JSON = ["hash": .string(Self.hash), "consumerExternalId": "acme"]
            #expect(try await api.importLines([line, line]).json["existing"] == 1)
            #expect(try await api.importLines([hashed], "&hashes=sha256").json["existing"] == 1)
        }
    }

    /// A key that is elsewhere, or was destroyed, is not there: whoever imports must not believe that it is.
    @Test func aWholeTokenThatIsElsewhereIsNotThere() async throws {
        try await APIFixture.run { api in
            let other = try await api.makeKey()
            let line: JSON = ["token": .string(Self.token), "consumerExternalId": "acme", "name": "Old one"]
            #expect(try await api.importLines([line]).json["imported"] == 1)
            _ = try await api.send(.post, "/v1/apis", ["name": "refunds", "prefix": "ref"])
            for place in ["apiId=payments&environment=staging", "apiId=refunds&environment=production"] {
                let elsewhere = try await api.sendRaw(
                    .post,
                    "/v1/imports?\(place)",
                    line.serialized(),
                    token: api.test.ownerToken,
                    headers: [.contentType: "application/jsonl"]
                )
                #expect(elsewhere.json["existing"] == 0, "\(place)")
                #expect(Self.reasons(elsewhere) == ["another key has this token, in another api or environment"])
            }
            let keys = try await api.send(.get, "/v1/keys?name=Old%20one").json["items"]?.array
            let key = keys?.first?["id"]?.string ?? ""
            #expect(key != other.id)
            _ = try await api.send(.post, "/v1/keys/\(key)/revoke", ["reason": "other"])
            #expect(try await api.send(.delete, "/v1/keys/\(key)").status == 200)
            let again = try await api.importLines([line])
            #expect(again.json["existing"] == 0)
            #expect(Self.reasons(again) == ["a key with this token was destroyed"])
        }
    }

    /// The token's own digest is stored in the end, also where it could not be at first.
    @Test func aDigestThatCouldNotBeStoredIsStoredLater() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            _ = try await api.importLines([Self.line()], Self.query)
            #expect(try await api.verify(Self.token)["valid"] == true)
            try await api.test.database.write { try $0.execute("ALTER TABLE credentials RENAME TO gone") }
            await #expect(throws: (any Error).self) { try await api.test.maintenance.runOnce() }
            try await api.test.database.write { try $0.execute("ALTER TABLE gone RENAME TO credentials") }
            #expect(try await api.importedCredential().scheme == "sha256")
            #expect(try await api.verify(Self.token)["valid"] == true)
            try await api.test.maintenance.runOnce()
            #expect(try await api.importedCredential().scheme == nil)
        }
    }

    /// What stands behind blank lines at the end of a part is no gap.
    @Test(arguments: ["\n\n", "\n \n\t\n"])
    func blankLinesAreDoneWithToo(blank: String) async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            let lines = blank.count { $0 == "\n" }
            let first = try await api.importText("", "&name=moving")
            #expect(first.json["lastLine"] == 0)
            let only = try await api.importText(blank, "&name=moving")
            #expect(only.json["lastLine"]?.integer == Int64(lines))
            let line: JSON = ["token": .string(Self.token), "consumerExternalId": "acme"]
            let more = try await api.importLines([line], "&name=moving&firstLine=\(lines + 1)")
            #expect(more.status == 200, "\(more.text)")
            #expect(more.json["imported"] == 1)
            let tail = try await api.importText(blank, "&name=moving&firstLine=\(lines + 2)")
            let id = tail.json["id"]?.string ?? ""
            let kept = try await api.send(.get, "/v1/imports/\(id)").json
            #expect(kept["lastLine"]?.integer == Int64(2 * lines + 1))
        }
    }

    /// A key whose foreign hash was never replaced leaves nothing behind, also when it goes with many others.
    @Test func destroyingManyErasesWhatWasDoneToTheirTokens() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            _ = try await api.importLines([Self.line()], Self.query)
            #expect(try await api.importedCredential().scheme == "sha256")
            _ = try await api.applyBulk(try await api.previewBulk(["apiId": "payments"], "revoke"))
            let destroyed = try await api.applyBulk(try await api.previewBulk(["apiId": "payments"], "destroy"))
            #expect(destroyed.json["count"] == 2, "\(destroyed.text)")
            let left = try await api.importedCredential()
            #expect(left.digest == nil)
            #expect(left.scheme == nil)
        }
    }
}
