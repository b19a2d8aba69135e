public import ClavigerCore

/// What was erased about a consumer.
public struct Erasure: Hashable, Sendable {
    /// The consumer.
    public let consumerID: Consumer.ID
    /// How many values the audit log had commitments to.
    public let auditValues: Int
    /// Whether the names and the metadata of the consumer itself are gone too: only those of one that was deleted.
    public let consumerErased: Bool
}

extension Authority {
    /// Forgets what the audit log's commitments about a consumer stand for, and their salt: nobody can tell any more, and
    /// the log verifies as before.
    ///
    /// Of a consumer that was deleted, names and metadata are erased as well. What one that is in use is called goes into
    /// the log again with its next change.
    public func erasePersonalValues(
        of id: Consumer.ID,
        by caller: Caller,
        once: Once<Erasure>? = nil
    ) async throws -> Outcome<Erasure> {
        let action = AuditAction(.privacy, "erase")
        return try await self.change(action, id.text, by: caller, once: once) { change in
            try change.caller.require(.erasePersonalValues)
            guard try change.tx.hasEverBeen(id, in: change.workspaceID) else { throw Problem.notFound("consumer") }
            let isDeleted = try change.tx.consumer(id, in: change.workspaceID) == nil
            if isDeleted { try change.tx.erase(id, in: change.workspaceID) }
            let erasure = Erasure(
                consumerID: id,
                auditValues: try change.tx.erasePersonalValues(of: id),
                consumerErased: isDeleted
            )
            try change.record(
                action,
                id.text,
                after: [
                    "auditValues": .integer(Int64(erasure.auditValues)),
                    "consumerErased": .bool(erasure.consumerErased),
                ]
            )
            return erasure
        }
    }
}
