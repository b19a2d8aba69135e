public import ClavigerCore

/// What the server decided about a token.
public struct Verification: Sendable, Hashable {
    /// Whether the token may be used.
    public var isValid: Bool
    /// `valid`, or the reason of the refusal: `expired`, `insufficient_scope` and so on.
    public var code: String
    /// The id of the key, unless the code is `malformed` or `not_found`.
    public var keyID: String?
    /// The name of the key.
    public var keyName: String?
    /// The environment of the key.
    public var environment: String?
    /// What the key may do.
    public var scopes: [String]
    /// When the key ends.
    public var expiresAt: Timestamp?
    /// The id of the owner.
    public var consumerID: String?
    /// The owner's name in your own systems.
    public var externalID: String?
    /// The scopes that the key would also need.
    public var missingScopes: [String]
    /// The id under which the server logged the request.
    public var requestID: String
    /// The whole answer.
    public var json: JSON

    /// Reads an answer; nil when it has another shape.
    init?(_ json: JSON) {
        guard let isValid = json["valid"]?.bool, let code = json["code"]?.string else { return nil }
        // Two members that must not disagree: whoever reads only one of them must be safe.
        guard isValid == (code == "valid") else { return nil }
        self.isValid = isValid
        self.code = code
        self.keyID = json["key"]?["id"]?.string
        self.keyName = json["key"]?["name"]?.string
        self.environment = json["key"]?["environment"]?.string
        self.scopes = json["key"]?["scopes"]?.array?.compactMap(\.string) ?? []
        self.expiresAt = json["key"]?["expiresAt"]?.string.flatMap { try? Timestamp(parsing: $0) }
        self.consumerID = json["consumer"]?["id"]?.string
        self.externalID = json["consumer"]?["externalId"]?.string
        self.missingScopes = json["missingScopes"]?.array?.compactMap(\.string) ?? []
        self.requestID = json["requestId"]?.string ?? ""
        self.json = json
    }
}

extension ClavigerClient {
    /// Asks whether a token may be used now.
    ///
    /// - Parameters:
    ///   - token: What a client sent.
    ///   - api: The api that it has to be for, by name or id.
    ///   - environment: The environment that it has to be for.
    ///   - scopes: What it has to be allowed to do, for example `invoices.read AND invoices.write`.
    /// - Returns: The decision; a refused token is no error.
    /// - Throws: ``ClientError``.
    public func verify(
        _ token: SecretText,
        api: String? = nil,
        environment: String? = nil,
        scopes: String? = nil
    ) async throws -> Verification {
        try await self.decide("verify", token, api, environment, scopes)
    }

    /// Decides like ``verify(_:api:environment:scopes:)``, and tells every step in the answer's JSON.
    public func explain(
        _ token: SecretText,
        api: String? = nil,
        environment: String? = nil,
        scopes: String? = nil
    ) async throws -> Verification {
        try await self.decide("explain", token, api, environment, scopes)
    }

    private func decide(
        _ operation: String,
        _ token: SecretText,
        _ api: String?,
        _ environment: String?,
        _ scopes: String?
    ) async throws -> Verification {
        let body: JSON = [
            "token": .string(token.plaintext), "apiId": api.map { .string($0) },
            "environment": environment.map { .string($0) }, "scopes": scopes.map { .string($0) },
        ]
        let answer = try await self.send(.post, ["v1", "keys", operation], body: body)
        guard let verification = Verification(answer.body) else { throw self.notAVerdict }
        return verification
    }
}
