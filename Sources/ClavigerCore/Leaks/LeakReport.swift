/// What became of a token that was reported as leaked.
public enum LeakOutcome: String, CaseIterable, Sendable {
    /// Its key is compromised now.
    case compromised
    /// Its key is suspended now.
    case suspended
    /// Its key goes on; the report is kept.
    case reported
    /// It was of no use any more: the key is revoked or compromised, or the credential replaced.
    case alreadyEnded = "already_ended"
    /// It is no token of this workspace.
    case unknown
}

/// Where a token of ours was found, who said so, and what became of it.
///
/// Of the token itself there is only the credential's id.
public struct LeakReport: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "leak"
    /// The id of a report.
    public typealias ID = Identifier<LeakReport>

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The key whose token it was.
    public let keyID: APIKey.ID
    /// The secret version of the key.
    public let credentialID: Credential.ID
    /// Who or what found it, in the reporter's words.
    public let source: LeakSource
    /// When it was reported.
    public let reportedAt: Timestamp
    /// The management key that reported it; nil when another service did, with its signature.
    public let reportedBy: APIKey.ID?
    /// What became of it.
    public let outcome: LeakOutcome

    /// Makes a report.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        keyID: APIKey.ID,
        credentialID: Credential.ID,
        source: LeakSource,
        reportedAt: Timestamp,
        reportedBy: APIKey.ID?,
        outcome: LeakOutcome
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.keyID = keyID
        self.credentialID = credentialID
        self.source = source
        self.reportedAt = reportedAt
        self.reportedBy = reportedBy
        self.outcome = outcome
    }
}

/// Who or what found a token, and where, without any token in it.
public struct LeakSource: Hashable, Sendable {
    private static let longestName = 128
    private static let longestPlace = 2048

    /// Who or what found it; empty if that was not said.
    public let name: String
    /// Where it was found, mostly a URL; empty if that was not said.
    public let place: String

    /// Nothing was said.
    public static let unknown = LeakSource(name: "", place: "")

    /// Takes what a reporter says: what cannot be seen is dropped, what is too long is cut, and tokens are cut down to
    /// their lookup ids.
    ///
    /// A report is not refused for the text beside it: the key that it is about has leaked all the same.
    ///
    /// - Parameter redacting: takes out what cannot be recognised by its form: the token that the report is about.
    public init(name: String, place: String, redacting: (String) -> String = { $0 }) {
        self.name = Self.keepable(name, atMost: Self.longestName, redacting)
        self.place = Self.keepable(place, atMost: Self.longestPlace, redacting)
    }

    private static func keepable(_ text: String, atMost longest: Int, _ redacting: (String) -> String) -> String {
        // Redacted after the cleaning, which can bring the parts of a token together, and before the cut, which would
        // leave a part of one that is no longer recognised.
        let visible = String(String.UnicodeScalarView(text.unicodeScalars.filter(Label.isVisible)))
        let redacted = TokenRedaction.redacting(redacting(visible))
        return String(String.UnicodeScalarView(redacted.unicodeScalars.prefix(longest)))
    }
}
