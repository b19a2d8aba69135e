public import ClavigerCore

extension Authority {
    /// Audit events, the newest first.
    public func auditEvents(
        _ filter: AuditFilter,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [AuditEvent] {
        try await self.read(AuditAction(.audit, "list"), nil, by: caller) { tx, caller in
            try caller.require(.readAudit)
            return try tx.auditEvents(filter, in: caller.workspaceID, page: page)
        }
    }

    /// The audit event at an index.
    public func auditEvent(at index: Int, by caller: Caller) async throws -> AuditEvent {
        try await self.read(AuditAction(.audit, "read"), String(index), by: caller) { tx, caller in
            try caller.require(.readAudit)
            guard let event = try tx.auditEvent(at: index, in: caller.workspaceID) else {
                throw Problem.notFound("audit event")
            }
            return event
        }
    }
}
