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
    /// The id of the api that the key is for.
    public var apiID: String?
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
    /// The endpoint rule that matched, as its methods and path.
    public var rule: String?
    /// What each rate limit has left.
    public var limits: [LimitState]
    /// How many credits are left, if there are any to count.
    public var creditsRemaining: Int64?
    /// How long to wait before the next try, when the code is `rate_limited` or `credits_exhausted`.
    public var retryAfter: Duration?
    /// The id under which the server logged the request.
    public var requestID: String
    /// The header field `RateLimit-Policy` of the answer, for whoever passes it on to the client.
    public var rateLimitPolicy: String?
    /// The header field `RateLimit` of the answer, for whoever passes it on to the client.
    public var rateLimit: String?
    /// The header field `Cache-Control` of the answer, which says whether it may be kept.
    public var cacheControl: String?
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
        self.apiID = json["key"]?["apiId"]?.string
        self.environment = json["key"]?["environment"]?.string
        self.scopes = json["key"]?["scopes"]?.array?.compactMap(\.string) ?? []
        self.expiresAt = json["key"]?["expiresAt"]?.string.flatMap { try? Timestamp(parsing: $0) }
        self.consumerID = json["consumer"]?["id"]?.string
        self.externalID = json["consumer"]?["externalId"]?.string
        self.missingScopes = json["missingScopes"]?.array?.compactMap(\.string) ?? []
        self.rule = json["rule"]?.string
        self.limits = (json["limits"]?.array ?? []).compactMap(LimitState.init)
        self.creditsRemaining = json["credits"]?["remaining"]?.integer
        self.retryAfter = json["retryAfter"]?.integer.map { .seconds($0) }
        self.requestID = json["requestId"]?.string ?? ""
        self.json = json
    }
}

/// What a rate limit has left.
public struct LimitState: Sendable, Hashable {
    /// The name of the limit.
    public var name: String
    /// The largest number of requests in a window, or the size of the bucket.
    public var limit: Int64
    /// How many of them are left.
    public var remaining: Int64
    /// When all of them are there again.
    public var resetsAt: Timestamp?
    /// Whether this limit refused the request.
    public var isExceeded: Bool

    /// Reads one element of the list; nil when it has another shape.
    public init?(_ json: JSON) {
        guard let name = json["name"]?.string, let limit = json["limit"]?.integer,
            let remaining = json["remaining"]?.integer
        else { return nil }
        self.name = name
        self.limit = limit
        self.remaining = remaining
        self.resetsAt = json["resetAt"]?.string.flatMap { try? Timestamp(parsing: $0) }
        self.isExceeded = json["exceeded"]?.bool ?? false
    }
}
