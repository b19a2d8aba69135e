public import ClavigerCore
import ClavigerVerifier

/// What somebody wants changed of a consumer.
public struct ConsumerPatch: Sendable {
    /// The name in the owner's own systems.
    public var externalID: Edit<Label> = .keep
    /// The kind.
    public var kind: Edit<Consumer.Kind> = .keep
    /// The name for people.
    public var name: Edit<Label> = .keep
    /// The limits, credits and plan that its keys share.
    public var allowance = AllowancePatch()
    /// The plan by id or name, where it is set.
    public var plan: Edit<Reference<Plan>> = .keep
    /// A merge patch for the metadata.
    public var metadata: Edit<JSONObject> = .keep

    /// Makes a patch that changes nothing.
    public init() {}
}

extension Authority {
    /// Makes a consumer.
    public func createConsumer(
        _ draft: Consumer.Attributes,
        plan: Reference<Plan>? = nil,
        by caller: Caller,
        once: Once<Consumer>? = nil
    ) async throws -> Outcome<Consumer> {
        let action = AuditAction(.consumer, "create")
        return try await self.change(action, nil, by: caller, once: once) { change in
            let caller = change.caller
            try caller.require(.consumers(.create))
            try Self.checkFree(draft.externalID, change)
            var attributes = draft
            attributes.allowance.creditsSince = change.now
            if let plan {
                attributes.allowance = try change.applying(AllowancePatch(), .set(plan), to: attributes.allowance)
            }
            let consumer = Consumer(
                id: change.newID(),
                workspaceID: change.workspaceID,
                attributes: attributes,
                createdAt: change.now,
                updatedAt: change.now,
                version: 1
            )
            try change.tx.insert(consumer)
            try change.record(action, consumer.id.text, after: consumer.publicFields)
            return consumer
        }
    }

    /// One consumer.
    public func consumer(_ id: Consumer.ID, by caller: Caller) async throws -> Consumer {
        try await self.read(AuditAction(.consumer, "read"), id.text, by: caller) { tx, caller in
            try caller.require(.consumers(.read))
            return try tx.existingConsumer(id, in: caller.workspaceID)
        }
    }

    /// Consumers by id.
    public func consumers(
        externalID: Label?,
        kind: Consumer.Kind?,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [Consumer] {
        try await self.read(AuditAction(.consumer, "list"), nil, by: caller) { tx, caller in
            try caller.require(.consumers(.read))
            return try tx.consumers(in: caller.workspaceID, externalID: externalID, kind: kind, page: page)
        }
    }

    /// Changes a consumer.
    public func updateConsumer(
        _ id: Consumer.ID,
        _ patch: ConsumerPatch,
        expecting version: Int?,
        by caller: Caller
    ) async throws -> Consumer {
        let action = AuditAction(.consumer, "update")
        return try await self.change(action, id.text, by: caller, once: nil) { change in
            let caller = change.caller
            try caller.require(.consumers(.update))
            var consumer = try change.tx.existingConsumer(id, in: change.workspaceID)
            try Problem.checkVersion(version, is: consumer.version)
            let before = consumer.publicFields
            let formerAllowance = consumer.attributes.allowance
            if case .set(let externalID) = patch.externalID, externalID != consumer.attributes.externalID {
                try Self.checkFree(externalID, change)
                consumer.attributes.externalID = externalID
            }
            consumer.attributes.kind = patch.kind.applied(to: consumer.attributes.kind)
            consumer.attributes.name = patch.name.applied(to: consumer.attributes.name)
            consumer.attributes.allowance = try change.applying(
                patch.allowance,
                patch.plan,
                to: consumer.attributes.allowance
            )
            consumer.attributes.metadata = try consumer.attributes.metadata.applying(patch.metadata)
            consumer.updatedAt = change.now
            consumer.version += 1
            try change.tx.update(consumer)
            change.effects.changed = try change.tx.lookupIDs(ofConsumer: id, in: change.workspaceID)
            let account = AccountID(.consumer, id.bits)
            try change.resetCredits(account, from: formerAllowance, to: consumer.attributes.allowance)
            try change.record(action, id.text, before: before, after: consumer.publicFields)
            return consumer
        }.value
    }

    /// Removes a consumer that owns no keys.
    public func deleteConsumer(_ id: Consumer.ID, expecting version: Int?, by caller: Caller) async throws {
        let action = AuditAction(.consumer, "delete")
        _ = try await self.change(action, id.text, by: caller, once: nil) { change in
            let caller = change.caller
            try caller.require(.consumers(.delete))
            let consumer = try change.tx.existingConsumer(id, in: change.workspaceID)
            try Problem.checkVersion(version, is: consumer.version)
            guard try !change.tx.isInUse(id, in: change.workspaceID) else {
                throw Problem(.stateConflict, "The consumer still owns keys. Revoke and delete its keys first.")
            }
            try change.tx.delete(id, in: change.workspaceID, at: change.now)
            try change.record(action, id.text, before: consumer.publicFields)
        }
    }

    private static func checkFree(_ externalID: Label, _ change: Change) throws {
        if try change.tx.consumer(externalID: externalID, in: change.workspaceID) != nil {
            throw Problem.taken("/externalId", "is the external id of another consumer")
        }
    }
}

extension Metadata {
    /// The metadata after a merge patch; too large ones are refused.
    func applying(_ edit: Edit<JSONObject>) throws(Problem) -> Metadata {
        switch edit {
        case .keep: return self
        case .remove: return .empty
        case .set(let patch):
            do throws(FieldError) {
                return try Metadata(self.object.merging(patch))
            } catch {
                throw .validation([Violation("/metadata", error.message)])
            }
        }
    }
}
