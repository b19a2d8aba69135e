/// A request that may be sent twice and must act once, by its `Idempotency-Key`.
public struct Once<Result: Sendable>: Sendable {
    /// The key that the client gave.
    let key: String
    /// SHA-256 of method, path and body.
    let fingerprint: [UInt8]
    /// Turns the result into the answer to keep, sealed, for a repetition.
    let encode: @Sendable (Result) -> [UInt8]

    /// Makes a request that acts once.
    public init(key: String, fingerprint: [UInt8], encode: @escaping @Sendable (Result) -> [UInt8]) {
        self.key = key
        self.fingerprint = fingerprint
        self.encode = encode
    }
}

/// What became of a change.
public enum Outcome<Result: Sendable>: Sendable {
    /// It was carried out now.
    case done(Result)
    /// The same request was carried out before; this was its answer.
    case replayed([UInt8])
}
