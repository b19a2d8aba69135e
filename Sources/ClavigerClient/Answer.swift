public import ClavigerCore

/// What the server answered.
public struct Answer: Sendable {
    /// The HTTP status, below 400 unless the caller accepts others.
    public var status: Int
    /// Names in lower case, and values.
    public var headers: [String: String]
    /// The body; null when there is none.
    public var body: JSON

    /// The version of the resource, for `If-Match`.
    public var entityTag: String? { self.headers["etag"] }
    /// Whether the server gave the answer to an earlier request with the same idempotency key.
    public var isReplayed: Bool { self.headers["idempotency-replayed"] == "true" }
}

/// The methods of the API.
public enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}
