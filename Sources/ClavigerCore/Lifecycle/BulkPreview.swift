/// A change of many keys that was looked at and may now be confirmed: it is bound to exactly those keys, each in the
/// version that it had.
public struct BulkPreview: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "prv"
    /// The id of a preview.
    public typealias ID = Identifier<BulkPreview>

    /// How long it can be confirmed: what was looked at this morning is not what is there now.
    public static let lifetime = Duration.seconds(15 * 60)
    /// The most keys that one change takes: while they are written, other changes wait.
    public static let mostKeys = 250_000

    /// What was looked at.
    public enum Subject: Hashable, Sendable {
        /// An action on the keys that a filter takes.
        case bulk(BulkFilter, BulkAction)
        /// The keys of a consumer that leaves; the action is said when it is confirmed.
        case offboarding(Consumer.ID)
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The management key that may confirm it.
    public let createdBy: APIKey.ID
    /// When it was made; states that depend on time are those of this moment.
    public let createdAt: Timestamp
    /// What was looked at.
    public let subject: Subject
    /// How many keys there are.
    public let count: Int
    /// The digest of the keys; see ``KeySetDigest``.
    public let digest: [UInt8]
    /// The answer that was given when it was carried out; nil before.
    public var outcome: JSON?

    /// Makes a preview.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        createdBy: APIKey.ID,
        createdAt: Timestamp,
        subject: Subject,
        count: Int,
        digest: [UInt8],
        outcome: JSON? = nil
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.subject = subject
        self.count = count
        self.digest = digest
        self.outcome = outcome
    }

    /// Until when it can be confirmed.
    public var expiresAt: Timestamp { self.createdAt + Self.lifetime }

    /// Refuses what cannot be confirmed by this management key, or not any more.
    public func checkUsable(by key: APIKey.ID, at now: Timestamp) throws(Problem) {
        guard self.createdBy == key else {
            throw Problem(
                .stateConflict,
                "The preview was made with another management key. Make your own, and look at it."
            )
        }
        guard self.outcome == nil else { return }
        guard now < self.expiresAt, self.createdAt <= now else {
            throw Problem(.stateConflict, "The preview is older than 15 minutes. Make a new one, and look at it.")
        }
    }
}
