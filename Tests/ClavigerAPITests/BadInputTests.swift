import ClavigerCore
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// Promise P9: one clear error that says what to change, and nothing changed.
@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let body: [UInt8]
        let status: Int
        let problem: String
        var pointers: [String]? = nil
        var testDescription: String { self.name }

        init(_ name: String, _ body: String, _ status: Int, _ problem: String, _ pointers: [String]? = nil) {
            self.init(name, Array(body.utf8), status, problem, pointers)
        }

        init(_ name: String, _ body: [UInt8], _ status: Int, _ problem: String, _ pointers: [String]? = nil) {
            self.name = name
            self.body = body
            self.status = status
            self.problem = problem
            self.pointers = pointers
        }
    }

    static let consumers: [Case] = [
        Case("unknown field", #"{"externalId":"a","kind":"user","x":1}"#, 422, "validation-failed", ["/x"]),
        Case("wrong type", #"{"externalId":1,"kind":"user"}"#, 422, "validation-failed", ["/externalId"]),
        Case("not in the list", #"{"externalId":"a","kind":"robot"}"#, 422, "validation-failed", ["/kind"]),
        Case("missing", "{}", 422, "validation-failed", ["/externalId", "/kind"]),
        Case("empty text", #"{"externalId":"","kind":"user"}"#, 422, "validation-failed", ["/externalId"]),
        Case(
            "too long",
            #"{"externalId":"\#(String(repeating: "a", count: 256))","kind":"user"}"#,
            422,
            "validation-failed",
            ["/externalId"]
        ),
        Case("NUL", #"{"externalId":"a\u0000b","kind":"user"}"#, 422, "validation-failed", ["/externalId"]),
        Case(
            "control character",
            #"{"externalId":"a\u001bb","kind":"user"}"#,
            422,
            "validation-failed",
            ["/externalId"]
        ),
        Case(
            "invalid UTF-8",
            Array(#"{"externalId":""#.utf8) + [0xFF] + Array(#"","kind":"user"}"#.utf8),
            400,
            "invalid-json"
        ),
        Case("duplicate names", #"{"externalId":"a","externalId":"b","kind":"user"}"#, 400, "invalid-json"),
        Case("truncated", #"{"externalId":"a""#, 400, "invalid-json"),
        Case("two values", #"{} {}"#, 400, "invalid-json"),
        Case("not an object", "[]", 422, "validation-failed", [""]),
        Case("empty body", "", 400, "invalid-json"),
        Case("lone surrogate", #"{"externalId":"\ud800","kind":"user"}"#, 400, "invalid-json"),
        Case("too deep", String(repeating: "[", count: 100_000), 413, "payload-too-large"),
        Case("deep", String(repeating: "[", count: 5000), 400, "invalid-json"),
        Case(
            "large metadata",
            #"{"externalId":"a","kind":"user","metadata":{"x":"\#(String(repeating: "a", count: 5000))"}}"#,
            422,
            "validation-failed",
            ["/metadata"]
        ),
        Case(
            "everything at once",
            #"{"externalId":"","kind":"robot","name":5,"metadata":[],"y":null}"#,
            422,
            "validation-failed",
            ["/externalId", "/kind", "/name", "/metadata", "/y"]
        ),
        Case("10 MB", Array(repeating: UInt8(ascii: " "), count: 10_000_000), 413, "payload-too-large"),
    ]

    @Test(arguments: Self.consumers) func consumer(_ bad: Case) async throws {
        try await APIFixture.run { api in
            let answer = try await api.sendRaw(.post, "/v1/consumers", bad.body, token: api.test.ownerToken)
            #expect(answer.status == bad.status, "\(answer.text)")
            #expect(answer.problem == bad.problem)
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect(answer.json["instance"]?.string?.hasPrefix("req_") == true)
            if let pointers = bad.pointers { #expect(answer.pointers == pointers) }
            let all = try await api.send(.get, "/v1/consumers").json["items"]?.array ?? []
            #expect(all.count == 1, "nothing half-done")
        }
    }

    @Test func unknownAndForeignIdsAreTheSame() async throws {
        try await APIFixture.run { api in
            // No second workspace can be made from the outside, so its key is put there through the store's back door.
            let foreign = try await ForeignKey.insert(into: api.test)
            let unknown = try await api.send(.get, "/v1/keys/key_0000000000000000000000")
            for path in ["/v1/keys/\(foreign.keyID)", "/v1/keys/nonsense", "/v1/keys/%00", "/v1/keys/con_00"] {
                let answer = try await api.send(.get, path)
                #expect(answer.status == 404, "\(path)")
                #expect(answer.json["detail"] == unknown.json["detail"], "\(path)")
            }
            for command in ["revoke", "suspend", "resume", "compromise"] {
                let answer = try await api.send(
                    .post,
                    "/v1/keys/\(foreign.keyID)/\(command)",
                    ["reason": "other"]
                )
                #expect(answer.status == 404)
            }
            #expect(try await api.send(.patch, "/v1/keys/\(foreign.keyID)", ["name": "Mine"]).status == 404)
            #expect(try await api.send(.get, "/v1/consumers/\(foreign.consumerID)").status == 404)
            #expect(try await api.send(.get, "/v1/apis/\(foreign.apiID)").status == 404)
            #expect(try await api.verify(foreign.token)["code"] == "not_found")
        }
    }

    @Test func duplicatesAreNamed() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            for (path, body, pointer): (String, JSON, String) in [
                ("/v1/apis", ["name": "payments", "prefix": "other"], "/name"),
                ("/v1/apis", ["name": "other", "prefix": "pay"], "/prefix"),
                ("/v1/consumers", ["externalId": "acme", "kind": "user"], "/externalId"),
                ("/v1/roles", ["name": "owner", "scopes": []], "/name"),
            ] {
                let answer = try await api.send(.post, path, body)
                #expect(answer.status == 409, "\(path)")
                #expect(answer.problem == "already-exists")
                #expect(answer.pointers == [pointer])
            }
        }
    }

    @Test func staleETagsAreRefused() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let path = "/v1/keys/\(key.id)"
            let tag = try await api.send(.get, path).headers[.eTag] ?? ""
            let first = try await api.send(.patch, path, ["name": "One"], headers: [.ifMatch: tag])
            #expect(first.status == 200)
            let second = try await api.send(.patch, path, ["name": "Two"], headers: [.ifMatch: tag])
            #expect(second.status == 412)
            #expect(try await api.send(.get, path).json["name"] == "One")
            for bad in ["3", "W/\"3\"", "\"\"", "\"a\"", "\"1\", \"2\""] {
                #expect(try await api.send(.patch, path, ["name": "T"], headers: [.ifMatch: bad]).status == 400)
            }
        }
    }

    @Test(arguments: [
        "?limit=0", "?limit=201", "?limit=x", "?limit=5&limit=6", "?nothing=1", "?state=gone", "?cursor=abc",
        "?consumerId=key_1", "?lookupId=short", "?name=%zz", "?name=%ff", "?token=pay_live_x",
    ])
    func query(_ query: String) async throws {
        try await APIFixture.run { api in
            let answer = try await api.send(.get, "/v1/keys\(query)")
            #expect(answer.status == 422, "\(answer.text)")
            #expect(answer.pointers.count == 1)
        }
    }

    @Test func mediaTypesAreChecked() async throws {
        try await APIFixture.run { api in
            let body = Array(#"{"externalId":"a","kind":"user"}"#.utf8)
            for type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
                let answer = try await api.sendRaw(
                    .post,
                    "/v1/consumers",
                    body,
                    token: api.test.ownerToken,
                    headers: [.contentType: type]
                )
                #expect(answer.status == 415, "\(type)")
            }
            let answer = try await api.sendRaw(
                .post,
                "/v1/consumers",
                body,
                token: api.test.ownerToken,
                headers: [.contentType: "Application/JSON; charset=utf-8"]
            )
            #expect(answer.status == 201)
        }
    }

    @Test func revokedAndExpiredManagementKeysAreRefusedAlike() async throws {
        try await APIFixture.run { api in
            let revoked = try await api.makeManagementKey(roles: ["viewer"])
            #expect(try await api.send(.get, "/v1/apis", token: revoked.token).status == 200)
            _ = try await api.send(.post, "/v1/keys/\(revoked.id)/revoke", ["reason": "other"])
            let one = try await api.send(.get, "/v1/apis", token: revoked.token)
            let other = try await api.send(.get, "/v1/apis", token: "claviger_live_nothing")
            #expect(one.status == 401)
            #expect(one.json["detail"] == other.json["detail"])
            #expect(one.headers[.wwwAuthenticate] == other.headers[.wwwAuthenticate])
        }
    }

    @Test func immutableThingsSaySo() async throws {
        try await APIFixture.run { api in
            _ = try await api.makeKey()
            #expect(
                try await api.send(.patch, "/v1/apis/claviger", ["description": "mine"]).problem == "state-conflict"
            )
            #expect(try await api.send(.delete, "/v1/roles/owner").problem == "state-conflict")
            #expect(try await api.send(.delete, "/v1/apis/payments").problem == "state-conflict")
            let environments: JSON = [["name": "staging", "tag": "stage"]]
            let removed = try await api.send(.patch, "/v1/apis/payments", ["environments": environments])
            #expect(removed.problem == "state-conflict")
            #expect(try await api.send(.patch, "/v1/apis/payments", ["name": "other"]).pointers == ["/name"])
        }
    }

    @Test(arguments: ["/v1/self/", "//v1/self", "/v1//self", "/v1/self//", "/v1/self/?a=b"])
    func pathsAreExact(path: String) async throws {
        try await APIFixture.run { api in
            let exact = try await api.send(.get, "/v1/self")
            let other = try await api.send(.get, path)
            #expect(exact.status == 200)
            #expect(other.status == 404)
        }
    }
}
