import ClavigerCore

extension Maintenance {
    /// Ends requests that nobody approved, and approvals that nobody collected, in time; tells of each once.
    func endRequests() async throws {
        let now = self.authority.time.now()
        let author = OwnAccord(workspaceID: self.workspaceID)
        let workspace = self.workspaceID
        while true {
            let hasSome = try await self.authority.store.read {
                try !$0.keyRequests(endedAt: now, in: workspace, limit: 1).isEmpty
            }
            guard hasSome else { return }
            try await self.authority.change(AuditAction(.request, "expire"), as: author) { change in
                for request in try change.tx.keyRequests(endedAt: now, in: workspace, limit: Self.batch) {
                    var request = request
                    let before: JSON = ["state": .string(request.state.rawValue)]
                    request.state = .expired
                    request.stateAt = request.endsAt
                    request.stateBy = nil
                    request.updatedAt = change.now
                    try change.tx.update(request)
                    let after: JSON = ["state": "expired"]
                    try change.record(AuditAction(.request, "expire"), request.id.text, before: before, after: after)
                    try change.emit(.requestExpired, about: request)
                }
                change.nothingToDo()
            }
        }
    }
}
