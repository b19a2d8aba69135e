public import ClavigerCore
public import ClavigerLog

extension AuditLog {
    static let beginAction = "audit.new_log"

    /// Begins a new log over the events that there are, with another origin and another key: what an operator decides
    /// when the events are not those that were signed, as after a backup was restored.
    ///
    /// Nothing is ever signed for the former log again. The first record after it says so.
    ///
    /// - Parameter heads: where the newest head of the former log is kept.
    /// - Returns: the new origin, or nil where no head was ever signed, and so nothing is contradicted.
    public static func beginAgain(
        _ store: any AuthorityStore,
        heads: any AuditHeadStore,
        at now: Timestamp,
        from random: any RandomSource
    ) async throws -> NoteKeyName? {
        // One that cannot be read is a reason to begin again, not one against it.
        let former = (try? heads.load()).flatMap { $0 }.flatMap { try? SignedNote(parsing: $0) }
            .flatMap { Checkpoint(parsing: $0.text) }
        // A database from before there was a log.
        while try await store.write({ try $0.takeOverEarlierAuditEvents(limit: 1000) }, afterCommit: { _ in }) > 0 {}
        return try await store.write { tx -> NoteKeyName? in
            guard let workspace = try tx.workspace(named: Workspace.defaultName) else { return nil }
            let stored = try tx.auditLog()
            guard stored?.hasSigned == true || former != nil,
                let base = stored?.base ?? former.flatMap({ Self.base(of: $0.origin.text) })
            else { return nil }
            let generation = (stored?.generation ?? 1) + 1
            // Random too: the same backup may be restored twice, and each has a log of its own.
            let mark = String(decoding: Base62.encode(random.bytes(8), width: Self.markWidth), as: UTF8.self)
            guard let origin = NoteKeyName("\(base)/\(generation)-\(mark)") else {
                preconditionFailure("a name, digits and letters are a name")
            }
            if stored == nil { try tx.begin(AuditLogIdentity(base: base, origin: origin)) }
            try tx.beginAgain(origin: origin, generation: generation)
            let after: JSON = [
                "origin": .string(origin.text),
                "formerOrigin": (former?.origin.text ?? stored?.origin.text).map(JSON.string),
                "formerSize": former.map { .integer(Int64(clamping: $0.size)) },
                "formerRoot": former.map { .string($0.root.base64) },
                "events": .integer(Int64(try tx.auditSize())),
            ]
            try tx.append(.bySystem(Self.beginAction, nil, after: after, in: workspace.id, at: now, from: random))
            return origin
        } afterCommit: { _ in
        }
    }

    /// What the first log was named whose name, or a later one's, this is: `…/2-k3x9QaB2c4d` ends with what was added.
    private static func base(of origin: String) -> NoteKeyName? {
        let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
        let isLater = parts.last.map { part in
            let halves = part.split(separator: "-", omittingEmptySubsequences: false)
            return halves.count == 2 && Int(halves[0]) != nil && halves[1].utf8.count == Self.markWidth
        }
        return NoteKeyName(isLater == true ? parts.dropLast().joined(separator: "/") : origin)
    }

    private static let markWidth = 11
}
