public import ClavigerCore

/// What a client presented as a token: parsed once, at the edge, and either a token or the reason why not.
public struct PresentedToken: Sendable {
    let parsed: Result<KeyToken, KeyTokenError>
    /// What it is if another system made it; nil for a token of ours, and for what no import can have brought.
    let foreign: ForeignToken?

    /// Reads what a client presented.
    public init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// Reads what a client presented.
    public init(_ bytes: [UInt8]) {
        do throws(KeyTokenError) {
            self.parsed = .success(try KeyToken(parsing: bytes))
            self.foreign = nil
        } catch {
            self.parsed = .failure(error)
            self.foreign = ForeignToken(bytes)
        }
    }

    /// Takes a token.
    public init(_ token: KeyToken) {
        self.parsed = .success(token)
        self.foreign = nil
    }

    /// The public part, if it is a token.
    var lookupID: LookupID? { (try? self.parsed.get())?.lookupID }

    /// A text that came with this token, without it if another system made it: such tokens have no shape by which they
    /// could be found in a text later.
    public func redacting(_ text: String) -> String {
        self.foreign?.redacted(from: text) ?? text
    }

    /// The query as it goes on record, and into events.
    public func redacted(_ query: VerificationQuery) -> VerificationQuery {
        guard self.foreign != nil else { return query }
        var query = query
        query.context.path = query.context.path.map(self.redacting)
        query.context.userAgent = query.context.userAgent.map(self.redacting)
        return query
    }
}
