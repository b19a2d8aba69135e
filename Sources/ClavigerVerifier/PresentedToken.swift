public import ClavigerCore

/// What a client presented as a token: parsed once, at the edge, and either a token or the reason why not.
public struct PresentedToken: Sendable {
    let parsed: Result<KeyToken, KeyTokenError>

    /// Reads what a client presented.
    public init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// Reads what a client presented.
    public init(_ bytes: [UInt8]) {
        self.parsed = Result { () throws(KeyTokenError) in try KeyToken(parsing: bytes) }
    }

    /// Takes a token.
    public init(_ token: KeyToken) {
        self.parsed = .success(token)
    }

    /// The public part, if it is a token.
    var lookupID: LookupID? { (try? self.parsed.get())?.lookupID }
}
