public import ClavigerCore
public import ClavigerVerifier

/// A token that was found where it does not belong, and who found it where.
public struct LeakedToken: Sendable {
    /// What was found, a token or not.
    public let token: PresentedToken
    /// Who found it where.
    public let source: LeakSource

    /// Takes a finding.
    ///
    /// - Parameters:
    ///   - name: who or what found it; empty if that was not said.
    ///   - place: where it was found; empty if that was not said.
    public init(_ token: PresentedToken, foundBy name: String, at place: String) {
        self.token = token
        // What recognises our own tokens in a text cannot recognise one that another system made.
        self.source = LeakSource(name: name, place: place, redacting: token.redacting)
    }
}

/// What became of one token of a report.
public struct LeakAnswer: Hashable, Sendable {
    /// What became of it.
    public var outcome: LeakOutcome
    /// Its key, if it is one of ours and may be told.
    public var keyID: APIKey.ID?

    /// Makes an answer.
    public init(_ outcome: LeakOutcome, keyID: APIKey.ID? = nil) {
        self.outcome = outcome
        self.keyID = keyID
    }
}
