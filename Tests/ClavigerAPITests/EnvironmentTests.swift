import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import HTTPTypes
import Testing

/// Environments stay apart: scopes that are for some of them, and keys that turn up in others.
@Suite struct EnvironmentTests {
    private func makeAPI(_ api: APIFixture) async throws {
        let answer = try await api.send(
            .post,
            "/v1/apis",
            [
                "name": "payments", "prefix": "pay",
                "scopes": [
                    ["name": "invoices.read"], ["name": "payouts.send", "environments": ["production"]],
                    ["name": "sandbox.reset", "environments": ["development", "staging"]],
                ],
            ]
        )
        #expect(answer.status == 201, "\(answer.text)")
        #expect(
            answer.json["scopes"]?.array?.compactMap { $0["environments"] } == [
                ["production"], ["development", "staging"],
            ]
        )
        _ = try await api.send(.post, "/v1/consumers", ["externalId": "acme", "kind": "customer"])
    }

    private func create(
        _ api: APIFixture,
        _ environment: String,
        _ scopes: [String],
        roles: [String] = []
    ) async throws
        -> APIFixture.Answer
    {
        try await api.send(
            .post,
            "/v1/keys",
            [
                "apiId": "payments", "environment": .string(environment), "consumerExternalId": "acme", "name": "k",
                "scopes": .array(scopes.map(JSON.string)), "roles": .array(roles.map(JSON.string)),
            ]
        )
    }

    @Test(arguments: [
        ("production", ["payouts.send", "invoices.read"], true), ("development", ["payouts.send"], false),
        ("development", ["payouts.*"], false), ("development", ["*"], false), ("staging", ["sandbox.reset"], true),
        ("production", ["sandbox.reset"], false), ("development", ["invoices.*"], true),
    ])
    func aScopeIsOnKeysOfItsEnvironmentsOnly(environment: String, scopes: [String], isGiven: Bool) async throws {
        try await APIFixture.run { api in
            try await self.makeAPI(api)
            let answer = try await self.create(api, environment, scopes)
            #expect(answer.status == (isGiven ? 201 : 422), "\(answer.text)")
            if !isGiven {
                #expect(answer.pointers == ["/scopes/0"])
                #expect(answer.json["errors"]?.array?.first?["rule"] == "catalogue.environments")
            }
        }
    }

    @Test func neitherAChangeNorARoleNorAResumeBringsItThere() async throws {
        try await APIFixture.run { api in
            try await self.makeAPI(api)
            _ = try await api.send(.post, "/v1/roles", ["name": "payer", "scopes": ["payouts.send"]])
            _ = try await api.send(.post, "/v1/roles", ["name": "helper", "scopes": ["invoices.read"]])
            #expect(try await self.create(api, "development", [], roles: ["payer"]).pointers == ["/roles"])
            let key = try await self.create(api, "development", ["invoices.read"], roles: ["helper"])
            let path = "/v1/keys/\(key.json["key"]?["id"]?.string ?? "")"
            #expect(try await api.send(.patch, path, ["scopes": ["payouts.send"]]).pointers == ["/scopes/0"])
            let role = try await api.send(.patch, "/v1/roles/helper", ["scopes": ["invoices.read", "payouts.send"]])
            #expect(role.pointers == ["/scopes/1"])
            // What was given before the catalogue said so shows as a breach, and does not come back from a pause.
            let catalogue: JSON = [
                ["name": "invoices.read", "environments": ["production"]], ["name": "payouts.send"],
            ]
            #expect(try await api.send(.patch, "/v1/apis/payments", ["scopes": catalogue]).status == 200)
            let breaches = try await api.send(.get, "/v1/policies/breaches").json["items"]?.array ?? []
            #expect(breaches.count == 1)
            #expect(breaches.first?["violations"]?.array?.first?["rule"] == "catalogue.environments")
            _ = try await api.send(.post, "\(path)/suspend")
            #expect(try await api.send(.post, "\(path)/resume").status == 422)
        }
    }

    @Test func aCatalogueNamesEnvironmentsThatThereAre() async throws {
        try await APIFixture.run { api in
            let scopes: JSON = [["name": "a"], ["name": "b", "environments": ["production", "moon"]]]
            let answer = try await api.send(.post, "/v1/apis", ["name": "x", "prefix": "xyz", "scopes": scopes])
            #expect(answer.pointers == ["/scopes/1/environments/1"])
            let none: JSON = [["name": "b", "environments": []]]
            let empty = try await api.send(.post, "/v1/apis", ["name": "x", "prefix": "xyz", "scopes": none])
            #expect(empty.pointers == ["/scopes/0/environments"])
        }
    }

    @Test func aKeyInAnotherEnvironmentIsRefusedAndCounted() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let body = JSONObject([("environment", "staging"), ("apiId", "payments")])
            for _ in 0..<3 { #expect(try await api.verify(key.token, body)["code"] == "wrong_environment") }
            try await api.test.fold.settle()
            let log = try await api.send(.get, "/v1/access-log?code=wrong_environment").json["items"]?.array ?? []
            #expect(log.count == 3)
            let usage = try await api.send(.get, "/v1/usage?by=code&keyId=\(key.id)").json["items"]?.array ?? []
            #expect(usage.contains { "\($0)".contains("wrong_environment") }, "\(usage)")
        }
    }
}
