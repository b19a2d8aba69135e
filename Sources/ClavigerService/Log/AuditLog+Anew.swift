public import ClavigerCore
public import ClavigerLog

extension AuditLog {
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
        return try await store.write { tx -> NoteKeyName? in
            guard let log = try tx.auditLog(), let workspace = try tx.workspace(named: Workspace.defaultName),
                log.hasSigned || former != nil
            else { return nil }
            let generation = log.generation + 1
            // Random too: the same backup may be restored twice, and each has a log of its own.
            let mark = String(decoding: Base62.encode(random.bytes(8), width: 11), as: UTF8.self)
            guard let origin = NoteKeyName("\(log.base)/\(generation)-\(mark)") else {
                preconditionFailure("a name, digits and letters are a name")
            }
            try tx.beginAgain(origin: origin, generation: generation)
            let after: JSON = [
                "origin": .string(origin.text),
                "formerOrigin": .string(log.origin.text),
                "formerSize": former.map { .integer(Int64(clamping: $0.size)) },
                "formerRoot": former.map { .string($0.root.base64) },
                "events": .integer(Int64(try tx.auditSize())),
            ]
            try tx.append(.bySystem("audit.new_log", nil, after: after, in: workspace.id, at: now, from: random))
            return origin
        } afterCommit: { _ in
        }
    }
}
