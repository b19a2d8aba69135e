public import ClavigerCore

extension Authority {
    /// How many keys a preview shows.
    private static let sampleSize = 10
    /// How long previews are remembered, so that a repeated confirmation gets its answer again.
    private static let previewsAreKept = Duration.seconds(24 * 3600)
    /// What bulk changes can ask for; a caller needs one of these somewhere.
    private static let bulkPermissions: [Permission.KeyAction] = [
        .revoke, .suspend, .resume, .compromise, .delete, .update, .rotate,
    ]

    /// Looks which keys a change would take, and remembers them.
    public func previewBulk(_ draft: BulkDraft, by caller: Caller) async throws -> BulkPreviewReading {
        let action = AuditAction(.bulk, "preview")
        let now = self.time.now()
        if case .setExpiry(let end) = draft.action, end <= now {
            throw Problem.validation([Violation("/expiresAt", "must be in the future")])
        }
        let filter = try await self.read(action, nil, by: caller) { tx, caller in
            try caller.requireAnywhere([draft.action.permission])
            return try draft.resolved(tx, in: caller.workspaceID, at: now)
        }
        let used = try await self.keysByUse(filter, in: caller.workspaceID)
        let (selection, sample) = try await self.read(action, nil, by: caller) { tx, caller in
            let selection = try tx.selection(
                filter,
                draft.action,
                used,
                sparing: caller.keyID,
                in: caller.workspaceID,
                at: now
            )
            try tx.checkMay(draft.action.permission, to: selection, caller)
            try tx.checkReach(draft.action, to: selection, caller, at: now)
            return (selection, try tx.keys(Array(selection.ids.prefix(Self.sampleSize)), in: caller.workspaceID))
        }
        let preview = BulkPreview(
            id: Identifier(at: now, from: self.random),
            workspaceID: caller.workspaceID,
            createdBy: caller.keyID,
            createdAt: now,
            subject: .bulk(filter, draft.action),
            count: selection.ids.count,
            digest: selection.digest
        )
        try await self.keep(preview, action, target: preview.id.text, by: caller) {
            ["filter": filter.json, "action": draft.action.json, "count": .integer(Int64(preview.count))]
        }
        return BulkPreviewReading(
            preview: preview,
            places: selection.sortedPlaces,
            unaffected: selection.unaffected,
            sample: sample
        )
    }

    /// Carries out what a preview showed, on exactly its keys, all of them or none.
    ///
    /// When this returns, no verification on this server sees the old states any more (promise P4). Confirming again
    /// changes nothing and gives the same answer.
    public func applyBulk(_ id: BulkPreview.ID, by caller: Caller) async throws -> BulkOutcome {
        let action = AuditAction(.bulk, "apply")
        let seen = try await self.read(action, id.text, by: caller) { tx, caller in
            try caller.requireAnywhere(Self.bulkPermissions)
            return try tx.existingPreview(id, by: caller, at: self.time.now())
        }
        guard case .bulk(let filter, let bulkAction) = seen.subject else { throw Problem.notFound("preview") }
        if let outcome = seen.outcome { return BulkOutcome(publicFields: outcome, isReplayed: true) }
        // As it is now: a key that was used since it was called idle is not what was looked at.
        let used = try await self.keysByUse(filter, in: caller.workspaceID)
        return try await self.change(action, id.text, by: caller, once: nil) { change in
            let caller = change.caller
            let preview = try change.tx.existingPreview(id, by: caller, at: change.now)
            if let outcome = preview.outcome {
                change.nothingToDo()
                return BulkOutcome(publicFields: outcome, isReplayed: true)
            }
            // What is over would end the keys at once, which is not what was looked at.
            if case .setExpiry(let end) = bulkAction, end <= change.now { throw Problem.passedExpiry }
            let selection = try change.tx.selection(
                filter,
                bulkAction,
                used,
                sparing: caller.keyID,
                in: change.workspaceID,
                at: preview.createdAt
            )
            guard selection.digest == preview.digest else { throw Problem.stalePreview }
            try change.tx.checkMay(bulkAction.permission, to: selection, caller)
            try change.tx.checkReach(bulkAction, to: selection, caller, at: change.now)
            try change.carryOut(bulkAction, on: selection.ids)
            let outcome: JSON = [
                "previewId": .string(id.text),
                "action": bulkAction.json["name"],
                "count": .integer(Int64(selection.ids.count)),
                "appliedAt": .string(change.now.text),
            ]
            try change.tx.store(outcome, of: id)
            try change.record(
                action,
                id.text,
                after: ["filter": filter.json, "action": bulkAction.json, "count": outcome["count"]],
                reason: bulkAction.json["reason"]?.string
            )
            return BulkOutcome(publicFields: outcome, isReplayed: false)
        }.value
    }

    /// Keeps a preview, with its record.
    func keep(
        _ preview: BulkPreview,
        _ action: AuditAction,
        target: String,
        by caller: Caller,
        _ fields: @escaping @Sendable () -> JSON
    ) async throws {
        _ = try await self.change(action, target, by: caller, once: nil) { change in
            try change.tx.deleteBulkPreviews(before: change.now - Self.previewsAreKept)
            try change.tx.insert(preview)
            try change.record(action, target, after: fields())
        }
    }

    /// Looks up what a filter says of the use of keys.
    private func keysByUse(_ filter: BulkFilter, in workspace: Workspace.ID) async throws -> KeysByUse {
        var used = KeysByUse()
        guard filter.asksForUse else { return used }
        try await self.refreshUsage()
        if let network = filter.lastUsedFrom {
            used.only = try await self.usage.keysLastUsed(from: network, since: nil, in: workspace)
        }
        if let start = filter.idleSince {
            used.except = try await self.usage.keysLastUsed(from: nil, since: start, in: workspace)
        }
        return used
    }
}

extension AuthorityReading {
    /// A preview that the caller may confirm, or has confirmed.
    func existingPreview(_ id: BulkPreview.ID, by caller: Caller, at now: Timestamp) throws -> BulkPreview {
        guard let preview = try self.bulkPreview(id, in: caller.workspaceID) else { throw Problem.notFound("preview") }
        try preview.checkUsable(by: caller.keyID, at: now)
        return preview
    }
}
