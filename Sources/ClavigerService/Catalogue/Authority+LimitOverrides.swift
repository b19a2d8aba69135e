public import ClavigerCore
import ClavigerVerifier

/// What somebody wants a new override to be.
public struct LimitOverrideDraft: Sendable {
    /// The name of an api, or the namespace of checks.
    public var namespace: LimitNamespace
    /// For whom.
    public var identifier: IdentifierPattern
    /// The limit's name and its other numbers.
    public var limit: RateLimit

    /// Makes a draft.
    public init(namespace: LimitNamespace, identifier: IdentifierPattern, limit: RateLimit) {
        self.namespace = namespace
        self.identifier = identifier
        self.limit = limit
    }
}

extension Authority {
    /// The most overrides of a workspace: every one is in memory.
    public static let mostLimitOverrides = 10_000

    /// Gives some consumers or identifiers other numbers for a limit.
    public func createLimitOverride(
        _ draft: LimitOverrideDraft,
        by caller: Caller,
        once: Once<LimitOverride>? = nil
    ) async throws -> Outcome<LimitOverride> {
        let action = AuditAction(.limitOverride, "create")
        return try await self.change(action, nil, by: caller, once: once) { change in
            try change.caller.require(.limitOverrides(.create))
            let others = try change.tx.limitOverrides(
                in: change.workspaceID,
                namespace: nil,
                page: PageRequest(limit: Self.mostLimitOverrides)
            )
            guard others.count < Self.mostLimitOverrides else {
                throw Problem(
                    .stateConflict,
                    "There are \(Self.mostLimitOverrides) overrides already. Delete some first."
                )
            }
            let isThere = others.contains {
                $0.namespace == draft.namespace && $0.identifier == draft.identifier
                    && $0.limit.name == draft.limit.name
            }
            if isThere {
                throw Problem.taken("/identifier", "has an override of this limit in this namespace already")
            }
            let override = LimitOverride(
                id: change.newID(),
                workspaceID: change.workspaceID,
                namespace: draft.namespace,
                identifier: draft.identifier,
                limit: draft.limit,
                createdAt: change.now,
                updatedAt: change.now,
                version: 1
            )
            try change.tx.insert(override)
            change.effects.changedEverything = true
            try change.record(action, override.id.text, after: override.publicFields)
            return override
        }
    }

    /// One override.
    public func limitOverride(_ id: LimitOverride.ID, by caller: Caller) async throws -> LimitOverride {
        try await self.read(AuditAction(.limitOverride, "read"), id.text, by: caller) { tx, caller in
            try caller.require(.limitOverrides(.read))
            return try tx.existingLimitOverride(id, in: caller.workspaceID)
        }
    }

    /// Overrides by id.
    public func limitOverrides(
        namespace: LimitNamespace?,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [LimitOverride] {
        try await self.read(AuditAction(.limitOverride, "list"), nil, by: caller) { tx, caller in
            try caller.require(.limitOverrides(.read))
            return try tx.limitOverrides(in: caller.workspaceID, namespace: namespace, page: page)
        }
    }

    /// Changes the numbers of an override; for whom and for which limit it is stays.
    public func updateLimitOverride(
        _ id: LimitOverride.ID,
        _ limit: RateLimit,
        expecting version: Int?,
        by caller: Caller
    ) async throws -> LimitOverride {
        let action = AuditAction(.limitOverride, "update")
        return try await self.change(action, id.text, by: caller, once: nil) { change in
            try change.caller.require(.limitOverrides(.update))
            var override = try change.tx.existingLimitOverride(id, in: change.workspaceID)
            try Problem.checkVersion(version, is: override.version)
            guard limit.name == override.limit.name else {
                throw Problem.validation([
                    Violation("/limit/name", "must stay \(override.limit.name.text); make another override instead")
                ])
            }
            let before = override.publicFields
            override.limit = limit
            override.updatedAt = change.now
            override.version += 1
            try change.tx.update(override)
            change.effects.changedEverything = true
            try change.record(action, id.text, before: before, after: override.publicFields)
            return override
        }.value
    }

    /// Removes an override.
    public func deleteLimitOverride(_ id: LimitOverride.ID, expecting version: Int?, by caller: Caller) async throws {
        let action = AuditAction(.limitOverride, "delete")
        _ = try await self.change(action, id.text, by: caller, once: nil) { change in
            try change.caller.require(.limitOverrides(.delete))
            let override = try change.tx.existingLimitOverride(id, in: change.workspaceID)
            try Problem.checkVersion(version, is: override.version)
            try change.tx.delete(id, in: change.workspaceID)
            change.effects.changedEverything = true
            try change.record(action, id.text, before: override.publicFields)
        }
    }
}

extension AuthorityReading {
    func existingLimitOverride(_ id: LimitOverride.ID, in workspace: Workspace.ID) throws -> LimitOverride {
        guard let override = try self.limitOverride(id, in: workspace) else { throw Problem.notFound("limit override") }
        return override
    }
}
