public import ClavigerCore

/// What a client's request looked like; restrictions and endpoint rules decide with it.
public struct VerificationContext: Sendable, Hashable {
    /// The client's address.
    public var ip: String?
    /// The HTTP method.
    public var method: String?
    /// The path as it was sent; a query is ignored.
    public var path: String?
    /// The `Origin` header.
    public var origin: String?
    /// The `Referer` header.
    public var referrer: String?
    /// The `User-Agent` header.
    public var userAgent: String?
    /// The SHA-256 digest of the client's certificate, in base64url or hexadecimal.
    public var certificateThumbprint: String?

    /// Makes a context of what is known.
    public init(
        ip: String? = nil,
        method: String? = nil,
        path: String? = nil,
        origin: String? = nil,
        referrer: String? = nil,
        userAgent: String? = nil,
        certificateThumbprint: String? = nil
    ) {
        self.ip = ip
        self.method = method
        self.path = path
        self.origin = origin
        self.referrer = referrer
        self.userAgent = userAgent
        self.certificateThumbprint = certificateThumbprint
    }

    /// The form of the API; nil when nothing is known.
    var json: JSON? {
        let members: [(String, String?)] = [
            ("ip", self.ip), ("method", self.method), ("path", self.path), ("origin", self.origin),
            ("referrer", self.referrer), ("userAgent", self.userAgent),
            ("certificateThumbprint", self.certificateThumbprint),
        ]
        let object = JSONObject(members.compactMap { name, value in value.map { (name, .string($0)) } })
        return object.isEmpty ? nil : .object(object)
    }
}

/// What is asked about a token.
public struct VerificationQuestion: Sendable, Hashable {
    /// The api that the key has to be for, by name or id.
    public var api: String?
    /// The environment that the key has to be for.
    public var environment: String?
    /// What the key has to be allowed to do, for example `invoices.read AND invoices.write`.
    public var scopes: String?
    /// What the use costs; 1, or what the endpoint rule says, unless given.
    public var cost: Int?
    /// Limits beside those that are set up.
    public var limits: [RateLimit]
    /// What the client's request looked like.
    public var context: VerificationContext

    /// Makes a question.
    public init(
        api: String? = nil,
        environment: String? = nil,
        scopes: String? = nil,
        cost: Int? = nil,
        limits: [RateLimit] = [],
        context: VerificationContext = VerificationContext()
    ) {
        self.api = api
        self.environment = environment
        self.scopes = scopes
        self.cost = cost
        self.limits = limits
        self.context = context
    }
}

extension ClavigerClient {
    /// Asks whether a token may be used now.
    ///
    /// - Parameters:
    ///   - token: What a client sent.
    ///   - question: What is asked about it.
    /// - Returns: The decision; a refused token is no error.
    /// - Throws: ``ClientError``.
    public func verify(_ token: SecretText, _ question: VerificationQuestion) async throws -> Verification {
        try await self.decide("verify", token, question)
    }

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
        try await self.verify(token, VerificationQuestion(api: api, environment: environment, scopes: scopes))
    }

    /// Decides like ``verify(_:_:)``, consumes nothing, and tells every step in the answer's JSON.
    public func explain(_ token: SecretText, _ question: VerificationQuestion) async throws -> Verification {
        try await self.decide("explain", token, question)
    }

    /// Decides like ``verify(_:api:environment:scopes:)``, and tells every step in the answer's JSON.
    public func explain(
        _ token: SecretText,
        api: String? = nil,
        environment: String? = nil,
        scopes: String? = nil
    ) async throws -> Verification {
        try await self.explain(token, VerificationQuestion(api: api, environment: environment, scopes: scopes))
    }

    private func decide(
        _ operation: String,
        _ token: SecretText,
        _ question: VerificationQuestion
    ) async throws -> Verification {
        let body: JSON = [
            "token": .string(token.plaintext), "apiId": question.api.map { .string($0) },
            "environment": question.environment.map { .string($0) }, "scopes": question.scopes.map { .string($0) },
            "cost": question.cost.map { .integer(Int64($0)) },
            "limits": question.limits.isEmpty ? nil : .array(question.limits.map(\.json)),
            "context": question.context.json,
        ]
        let answer = try await self.send(.post, ["v1", "keys", operation], body: body)
        guard var verification = Verification(answer.body) else { throw self.notAVerdict }
        verification.rateLimitPolicy = answer.headers["ratelimit-policy"]
        verification.rateLimit = answer.headers["ratelimit"]
        verification.cacheControl = answer.headers["cache-control"]
        return verification
    }
}
