import ClavigerCore
import ClavigerTestSupport
import HTTPTypes

/// An api whose production keys need two approvals, and people with a management key each.
struct RequestFixture {
    let api: APIFixture
    /// May ask.
    let requester: Person
    /// Three who may approve.
    let approvers: [Person]

    struct Person {
        let id: String
        let token: String
    }

    static func run(
        quorum: Int = 2,
        _ body: @escaping @Sendable (RequestFixture) async throws -> Void
    ) async throws {
        try await APIFixture.run { api in
            let made = try await api.send(
                .post,
                "/v1/apis",
                [
                    "name": "payments", "prefix": "pay",
                    "environments": [
                        [
                            "name": "production", "tag": "live",
                            "approval": ["required": true, "quorum": .integer(Int64(quorum))],
                        ],
                        ["name": "development", "tag": "test"],
                    ],
                ]
            )
            guard made.status == 201 else { throw APIFixture.Unexpected(made.text) }
            _ = try await api.send(.post, "/v1/consumers", ["externalId": "acme", "kind": "customer"])
            let asking = ["apis.payments.*.keys.request"]
            let deciding = ["apis.payments.*.keys.approve", "apis.payments.*.keys.read"]
            let requester = try await api.person("rita", asking)
            var approvers: [Person] = []
            for name in ["ada", "bob", "cleo"] { approvers.append(try await api.person(name, deciding)) }
            try await body(RequestFixture(api: api, requester: requester, approvers: approvers))
        }
    }

    /// A request for a key of `acme`.
    static let wish = JSONObject([
        ("apiId", "payments"), ("environment", "production"), ("consumerExternalId", "acme"),
        ("name", "Acme production"), ("scopes", ["invoices.read"]), ("purpose", "Monthly invoices"),
        ("justification", "Contract 17"),
    ])

    /// Asks, and answers the path of the request.
    func ask(_ more: [(String, JSON?)] = [], as person: Person? = nil) async throws -> String {
        var body = Self.wish
        for (name, value) in more { body[name] = value }
        let answer = try await self.api.send(
            .post,
            "/v1/key-requests",
            .object(body),
            token: (person ?? self.requester).token
        )
        guard answer.status == 201, let path = answer.headers[.location] else {
            throw APIFixture.Unexpected(answer.text)
        }
        return path
    }

    func approve(_ path: String, _ person: Person, version: Int = 1) async throws -> APIFixture.Answer {
        try await self.api.send(
            .post,
            "\(path)/approve",
            ["version": .integer(Int64(version))],
            token: person.token
        )
    }

    /// Asks and has enough approve.
    func approved(_ more: [(String, JSON?)] = []) async throws -> String {
        let path = try await self.ask(more)
        for person in self.approvers.prefix(2) {
            let answer = try await self.approve(path, person)
            guard answer.status == 200 else { throw APIFixture.Unexpected(answer.text) }
            if answer.json["state"] != "pending" { break }
        }
        return path
    }

    func collect(_ path: String, as person: Person? = nil, headers: HTTPFields = [:]) async throws -> APIFixture.Answer
    {
        try await self.api.send(.post, "\(path)/collect", token: (person ?? self.requester).token, headers: headers)
    }

    func state(_ path: String) async throws -> JSON? {
        try await self.api.send(.get, path).json["state"]
    }

    func audit(_ action: String) async throws -> [JSON] {
        try await self.api.send(.get, "/v1/audit/events?action=\(action)").json["items"]?.array ?? []
    }
}

extension APIFixture {
    /// A consumer with a management key, made by the owner or another.
    func person(
        _ name: String,
        _ scopes: [String],
        consumer: String? = nil,
        expiresAt: Timestamp? = nil,
        by token: String? = nil
    ) async throws -> RequestFixture.Person {
        if consumer == nil {
            _ = try await self.send(.post, "/v1/consumers", ["externalId": .string(name), "kind": "user"])
        }
        let key = try await self.send(
            .post,
            "/v1/keys",
            [
                "apiId": "claviger", "environment": "production", "consumerExternalId": .string(consumer ?? name),
                "name": .string(name), "scopes": .array(scopes.map(JSON.string)),
                "expiresAt": expiresAt.map { .string($0.text) },
            ],
            token: token
        )
        guard let id = key.json["key"]?["id"]?.string, let token = key.json["token"]?.string else {
            throw Unexpected(key.text)
        }
        return RequestFixture.Person(id: id, token: token)
    }
}
