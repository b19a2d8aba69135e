/// One line of the audit log: who did what to what, and how it ended.
///
/// It never carries a plaintext or a digest.
public struct AuditRecord: Hashable, Sendable {
    /// The id of a record.
    public typealias ID = Identifier<AuditRecord>

    /// Who acted.
    public enum Actor: Hashable, Sendable {
        /// A management key, or a key whose holder ended it, its owner, and where the request came from.
        case key(APIKey.ID, consumer: Consumer.ID, network: String?)
        /// Claviger itself.
        case system
    }

    /// What was acted upon.
    public struct Target: Hashable, Sendable {
        /// `api`, `consumer`, `role`, `key`, `keyring`, `workspace`, `credential`.
        public var kind: String
        /// The id as text; nil where there is none, as for something that was refused before it existed.
        public var id: String?

        /// Makes a target.
        public init(kind: String, id: String?) {
            self.kind = kind
            self.id = id
        }
    }

    /// How it ended.
    public enum Outcome: String, CaseIterable, Sendable {
        case done, denied
    }

    /// The id.
    public var id: ID
    /// The tenant.
    public var workspaceID: Workspace.ID
    /// When.
    public var at: Timestamp
    /// Who.
    public var actor: Actor
    /// What, for example `key.revoke`.
    public var action: String
    /// To what.
    public var target: Target
    /// How it ended.
    public var outcome: Outcome
    /// Why: the given reason, or the scope that was missing.
    public var reason: String?
    /// The target's public fields before; nil if it did not exist.
    public var before: JSON?
    /// The target's public fields afterwards; nil if it no longer exists.
    public var after: JSON?
    /// The request.
    public var requestID: String?

    /// Makes a record.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        at: Timestamp,
        actor: Actor,
        action: String,
        target: Target,
        outcome: Outcome,
        reason: String?,
        before: JSON?,
        after: JSON?,
        requestID: String?
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.at = at
        self.actor = actor
        self.action = action
        self.target = target
        self.outcome = outcome
        self.reason = reason
        self.before = before
        self.after = after
        self.requestID = requestID
    }
}

extension AuditRecord: Identified {
    /// The prefix of its ids.
    public static let idPrefix = "evt"
}

/// A record as it is read from the log.
public struct AuditEvent: Hashable, Sendable {
    /// Its place: counts from 0 without gaps.
    public var index: Int
    /// What its leaf says, with what is known of personal values in the place of the commitments to them.
    public var fields: JSON

    /// Makes an event.
    public init(index: Int, fields: JSON) {
        self.index = index
        self.fields = fields
    }
}
