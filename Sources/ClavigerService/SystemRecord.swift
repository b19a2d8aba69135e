import ClavigerCore

extension AuditRecord {
    /// The record of something that Claviger did by itself.
    ///
    /// The action begins with the kind of its target.
    static func bySystem(
        _ action: String,
        _ id: String?,
        after: JSON,
        in workspace: Workspace.ID,
        at now: Timestamp,
        from random: any RandomSource
    ) -> AuditRecord {
        AuditRecord(
            id: Identifier(at: now, from: random),
            workspaceID: workspace,
            at: now,
            actor: .system,
            action: action,
            target: Target(kind: String(action.prefix { $0 != "." }), id: id),
            outcome: .done,
            reason: nil,
            before: nil,
            after: after,
            requestID: nil
        )
    }
}
