import ClavigerCore
import Crypto

/// A request that may be sent twice and must act once, by its `Idempotency-Key`.
public struct Once<Result: Sendable>: Sendable {
    /// The key that the client gave.
    let key: String
    /// What tells one request from another: method, path and body.
    private let request: [UInt8]
    /// Turns the result into the answer to keep, sealed, for a repetition.
    let encode: @Sendable (Result) -> [UInt8]

    /// Makes a request that acts once.
    ///
    /// - Parameters:
    ///   - key: the key that the client gave.
    ///   - request: method, path and body in one form.
    ///   - encode: makes the answer.
    public init(key: String, request: [UInt8], encode: @escaping @Sendable (Result) -> [UInt8]) {
        self.key = key
        self.request = request
        self.encode = encode
    }

    /// SHA-256 of the request and of what the caller may do: a caller whose permissions were changed meanwhile does not
    /// get an answer again that they might no longer get.
    func fingerprint(for caller: Caller) -> [UInt8] {
        var hash = SHA256()
        for scope in caller.scopes.scopes { hash.update(data: Array("\(scope.text) ".utf8)) }
        hash.update(data: [0])
        hash.update(data: self.request)
        return Array(hash.finalize())
    }

    /// SHA-256 of the request of whoever holds a key, which is the same whichever of its tokens it comes with.
    func fingerprint(for holder: KeyHolder) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array("holder of \(holder.keyID.text)".utf8) + [0])
        hash.update(data: self.request)
        return Array(hash.finalize())
    }
}

/// What became of a change.
public enum Outcome<Result: Sendable>: Sendable {
    /// It was carried out now.
    case done(Result)
    /// The same request was carried out before; this was its answer.
    case replayed([UInt8])
}
