/// A key that was made at once, without the approval that it needs; somebody else looks at it afterwards.
public struct BreakGlass: Hashable, Sendable {
    /// The longest life of such a key.
    public static let longest = Duration.seconds(24 * 3600)

    /// What came of looking at it.
    public struct Review: Hashable, Sendable {
        /// The management key that looked at it.
        public var by: APIKey.ID
        /// When.
        public var at: Timestamp
        /// Whether there was a good reason; without one the key is revoked.
        public var isJustified: Bool
        /// What was found.
        public var comment: String

        /// Makes a review.
        public init(by: APIKey.ID, at: Timestamp, isJustified: Bool, comment: String) {
            self.by = by
            self.at = at
            self.isJustified = isJustified
            self.comment = comment
        }
    }

    /// The emergency, in words.
    public var reason: String
    /// When the key ends.
    public var until: Timestamp
    /// What came of looking at it; nil while nobody has.
    public var review: Review?

    /// Makes a value.
    public init(reason: String, until: Timestamp, review: Review? = nil) {
        self.reason = reason
        self.until = until
        self.review = review
    }
}

/// What somebody said or decided about a request.
public struct KeyRequestNote: Hashable, Sendable {
    /// What kind of note it is.
    public enum Kind: String, CaseIterable, Sendable {
        case approval, denial, comment
    }

    /// The request.
    public let requestID: KeyRequest.ID
    /// The version of the request that it is about.
    public let version: Int
    /// What kind of note it is.
    public let kind: Kind
    /// The management key.
    public let by: APIKey.ID
    /// Its owner.
    public let consumerID: Consumer.ID
    /// When.
    public let at: Timestamp
    /// What was said; empty for nothing.
    public let text: String

    /// Makes a note.
    public init(
        requestID: KeyRequest.ID,
        version: Int,
        kind: Kind,
        by: APIKey.ID,
        consumerID: Consumer.ID,
        at: Timestamp,
        text: String
    ) {
        self.requestID = requestID
        self.version = version
        self.kind = kind
        self.by = by
        self.consumerID = consumerID
        self.at = at
        self.text = text
    }
}
