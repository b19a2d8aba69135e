public import ClavigerCore
public import ClavigerLog

/// Which log the audit log is.
public struct AuditLogIdentity: Hashable, Sendable {
    /// What the first log was named.
    public var base: NoteKeyName
    /// Names the log, in its checkpoints and its keys.
    public var origin: NoteKeyName
    /// Counts the logs that this database has had: what was signed before a restored backup belongs to another one.
    public var generation: Int
    /// Whether a head has been signed, which somebody may have seen.
    public var hasSigned: Bool
    /// The leaves below are not at hand any more; a multiple of 256.
    public var prunedBelow: Int

    /// Makes an identity.
    public init(
        base: NoteKeyName,
        origin: NoteKeyName,
        generation: Int = 1,
        hasSigned: Bool = false,
        prunedBelow: Int = 0
    ) {
        self.base = base
        self.origin = origin
        self.generation = generation
        self.hasSigned = hasSigned
        self.prunedBelow = prunedBelow
    }
}

/// A commitment in the audit log of which it is known what it stands for.
public struct KnownCommitment: Hashable, Sendable {
    /// The commitment.
    public let commitment: Commitment
    /// The id of whom the value is about.
    public let subject: String
    /// The field that had the value.
    public let field: String

    /// Makes a known commitment.
    public init(commitment: Commitment, subject: String, field: String) {
        self.commitment = commitment
        self.subject = subject
        self.field = field
    }
}

/// What can be read of the audit log in a transaction.
public protocol AuditReading {
    func auditEvents(_ filter: AuditFilter, in workspace: Workspace.ID, page: PageRequest) throws -> [AuditEvent]
    func auditEvent(at index: Int, in workspace: Workspace.ID) throws -> AuditEvent?

    /// Which log it is; nil before there is one.
    func auditLog() throws -> AuditLogIdentity?
    /// How many leaves there have been, those that are not at hand any more included.
    func auditSize() throws -> Int
    /// The leaves from an index on, as many as are asked for or are there; they are next to each other.
    ///
    /// - Throws: when the first is not the one that was asked for, or one between is missing.
    func leaves(from index: Int, limit: Int) throws -> [[UInt8]]
    /// The hashes of a full tile; nil if it is not there.
    func tile(level: Int, index: UInt64) throws -> Tile?
    /// The index of the first leaf that is not older than a moment; the size where all are.
    func auditIndex(notBefore moment: Timestamp) throws -> Int
    /// Looks at some personal values in the order of their ids: those that only leaves below an index have commitments
    /// to, and the last that was looked at.
    func prunedValues(
        below index: Int,
        after place: PersonalValueID?,
        limit: Int
    ) throws -> (values: [PersonalValueID], last: PersonalValueID?)
    /// The moment of the newest event.
    func newestAuditTime() throws -> Timestamp?

    /// Under which commitments a value appears.
    func commitments(to value: JSON) throws -> [KnownCommitment]
}

/// What can be changed of the audit log in a transaction.
public protocol AuditWriting: AuditReading {
    func append(_ record: AuditRecord) throws
    /// Appends records, in their order.
    func append(_ records: [AuditRecord]) throws
    /// Brings over events that were recorded before the audit log was a transparency log, some at a time.
    ///
    /// To be done before anything else is recorded. Tells how many it took.
    func takeOverEarlierAuditEvents(limit: Int) throws -> Int

    /// Begins the first log.
    func begin(_ log: AuditLogIdentity) throws
    /// Begins another log over the events that there are, under another origin; its tree is made anew.
    func beginAgain(origin: NoteKeyName, generation: Int) throws
    /// Notes that the log has signed a head.
    func noteSigned() throws
    /// Notes that the leaves below an index, a multiple of 256, are not at hand any more.
    func prune(below index: Int) throws
    /// Adds full tiles; one that is there already must be the same.
    func insert(_ tiles: [Tile]) throws
    /// Removes leaves that are not at hand any more; tells how many it took.
    func removePruned(limit: Int) throws -> Int
    /// Removes personal values that only leaves below an index have commitments to.
    func removePrunedValues(_ ids: [PersonalValueID], below index: Int) throws

    /// Forgets what the commitments about a consumer stand for, and their salt.
    ///
    /// Tells how many values there were.
    func erasePersonalValues(of consumer: Consumer.ID) throws -> Int
}
