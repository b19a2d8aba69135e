import ClavigerCore
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore

/// A running set of routes over a fresh authority, spoken to with the first management key.
struct APIFixture {
    let test: TestAuthority
    let client: any TestClientProtocol

    /// Runs `body` against a fresh server.
    static func run(
        seed: UInt64 = 1,
        test: TestAuthority? = nil,
        _ body: @escaping @Sendable (APIFixture) async throws -> Void
    ) async throws {
        let authority: TestAuthority
        if let test { authority = test } else { authority = try await TestAuthority(seed: seed) }
        try await authority.application().test(.router) { client in
            try await body(APIFixture(test: authority, client: client))
        }
    }

    /// The same, with what `body` answers.
    static func withResult<T: Sendable>(
        test: TestAuthority,
        _ body: @escaping @Sendable (APIFixture) async throws -> T
    ) async throws -> T {
        try await test.application().test(.router) { client in
            try await body(APIFixture(test: test, client: client))
        }
    }

    struct Answer {
        let status: Int
        let headers: HTTPFields
        let bytes: [UInt8]

        var json: JSON { (try? JSON.parse(self.bytes)) ?? .null }
        var text: String { String(decoding: self.bytes, as: UTF8.self) }
        /// The last part of the problem type.
        var problem: String? { self.json["type"]?.string?.split(separator: ":").last.map(String.init) }
        var pointers: [String] { (self.json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string } }
    }

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: JSON? = nil,
        token: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        try await self.sendRaw(method, path, body?.serialized(), token: token ?? self.test.ownerToken, headers: headers)
    }

    func sendRaw(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: [UInt8]?,
        token: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var fields = headers
        if let token { fields[.authorization] = "Bearer \(token)" }
        if body != nil, fields[.contentType] == nil { fields[.contentType] = "application/json" }
        return try await self.client.execute(
            uri: path,
            method: method,
            headers: fields,
            body: body.map { ByteBuffer(bytes: $0) }
        ) { response in
            Answer(
                status: response.status.code,
                headers: response.headers,
                bytes: Array(buffer: response.body)
            )
        }
    }

    /// An api `payments`, a consumer `acme`, and a key with `invoices.read` for production.
    func makeKey(
        name: String = "Acme production",
        environment: String = "production",
        scopes: [String] = ["invoices.read"]
    ) async throws -> (id: String, token: String, api: String, consumer: String) {
        var api = try await self.send(.get, "/v1/apis/payments")
        if api.status == 404 {
            api = try await self.send(
                .post,
                "/v1/apis",
                [
                    "name": "payments", "prefix": "pay",
                    "scopes": [["name": "invoices.read"], ["name": "invoices.write"], ["name": "refunds.create"]],
                ]
            )
        }
        let found = try await self.send(.get, "/v1/consumers?externalId=acme")
        var consumer = found.json["items"]?.array?.first ?? .null
        if consumer == .null {
            consumer = try await self.send(.post, "/v1/consumers", ["externalId": "acme", "kind": "customer"]).json
        }
        let key = try await self.send(
            .post,
            "/v1/keys",
            [
                "apiId": api.json["id"], "environment": .string(environment), "consumerId": consumer["id"],
                "name": .string(name), "scopes": .array(scopes.map(JSON.string)),
            ]
        )
        guard let id = key.json["key"]?["id"]?.string, let token = key.json["token"]?.string,
            let apiID = api.json["id"]?.string, let consumerID = consumer["id"]?.string
        else { throw Unexpected(key.text) }
        return (id, token, apiID, consumerID)
    }

    /// A management key with these scopes or roles.
    func makeManagementKey(
        scopes: [String] = [],
        roles: [String] = [],
        expiresAt: String? = nil
    ) async throws -> (id: String, token: String) {
        let key = try await self.send(
            .post,
            "/v1/keys",
            [
                "apiId": "claviger", "environment": "production", "consumerExternalId": "owner", "name": "Narrow",
                "scopes": .array(scopes.map(JSON.string)), "roles": .array(roles.map(JSON.string)),
                "expiresAt": expiresAt.map(JSON.string),
            ]
        )
        guard let id = key.json["key"]?["id"]?.string, let token = key.json["token"]?.string else {
            throw Unexpected(key.text)
        }
        return (id, token)
    }

    func verify(_ token: String, _ more: JSONObject = JSONObject(), as caller: String? = nil) async throws -> JSON {
        var body = more
        body["token"] = .string(token)
        return try await self.send(.post, "/v1/keys/verify", .object(body), token: caller).json
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
        init(_ text: String) { self.description = text }
    }
}
