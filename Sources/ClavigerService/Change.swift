import ClavigerCore
import ClavigerVerifier

/// One change in the making: the transaction, who asked, and what it means for the log and for the verifier's memory.
///
/// A change that commits without an audit record is a mistake in this program; ``Authority`` refuses it.
struct ChangeBy<By: Author> {
    let tx: any AuthorityWriting
    let author: By
    let now: Timestamp
    let random: any RandomSource
    var effects = Verifier.Effects()
    var news = EventHub.News()
    private(set) var hasRecord = false

    init(_ tx: any AuthorityWriting, by author: By, at now: Timestamp, random: any RandomSource) {
        self.tx = tx
        self.author = author
        self.now = now
        self.random = random
    }

    var workspaceID: Workspace.ID { self.author.workspaceID }

    func newID<Owner>(_: Owner.Type = Owner.self) -> Identifier<Owner> {
        Identifier(at: self.now, from: self.random)
    }

    /// Writes the audit record of what has been done.
    mutating func record(
        _ action: AuditAction,
        _ id: String?,
        before: JSON? = nil,
        after: JSON? = nil,
        reason: String? = nil
    ) throws {
        self.hasRecord = true
        try self.tx.append(self.auditRecord(action, id, before: before, after: after, reason: reason))
    }

    /// The audit record of something that was done.
    func auditRecord(
        _ action: AuditAction,
        _ id: String?,
        before: JSON? = nil,
        after: JSON? = nil,
        reason: String? = nil
    ) -> AuditRecord {
        AuditRecord(
            id: self.newID(),
            workspaceID: self.workspaceID,
            at: self.now,
            actor: self.author.actor,
            action: action.text,
            target: AuditRecord.Target(kind: action.target.rawValue, id: id),
            outcome: .done,
            reason: reason,
            before: before,
            after: after,
            requestID: self.author.requestID.isEmpty ? nil : self.author.requestID
        )
    }

    /// Writes an event about a key to the outbox, for whoever wants to be told.
    ///
    /// - Parameter more: what the data has besides the key.
    mutating func emit(_ type: EventType, about key: APIKey, _ more: [(String, JSON)] = []) throws {
        let isWanted = try self.tx.emit(type, about: key, more, at: self.now, from: self.random)
        self.news.hasEvents = self.news.hasEvents || isWanted
    }

    /// Notes that nothing had to be done: what was asked for is so already.
    mutating func nothingToDo() {
        self.hasRecord = true
    }
}

/// A change that the holder of a management key asked for: nearly every one.
typealias Change = ChangeBy<Caller>

extension ChangeBy<Caller> {
    var caller: Caller { self.author }
}

/// What can be done, as the audit log names it: `key.revoke`.
struct AuditAction: Hashable, Sendable {
    enum Target: String {
        case workspace, api, consumer, role, plan, key, keyring, audit, usage, leak, webhook, policy
        case bulk, hygiene
        case limitOverride = "limit_override"
        case request, review, job, privacy
        case keyImport = "import"
    }

    let target: Target
    let verb: String

    init(_ target: Target, _ verb: String) {
        self.target = target
        self.verb = verb
    }

    var text: String { "\(self.target.rawValue).\(self.verb)" }
}
