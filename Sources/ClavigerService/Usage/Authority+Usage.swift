public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// A part of the access log, the newest entries first.
    public func accessLog(
        _ filter: AccessLogFilter,
        after position: AccessLogPosition?,
        limit: Int,
        by caller: Caller
    ) async throws -> AccessLogPage {
        try await self.requireUsage(caller)
        return try await self.usage.entries(filter, in: caller.workspaceID, after: position, limit: limit)
    }

    /// Walks through the access log, the oldest entries first.
    public func forEachAccessLogEntry(
        _ filter: AccessLogFilter,
        by caller: Caller,
        _ body: ([AccessLogEntry]) async throws -> Void
    ) async throws {
        try await self.requireUsage(caller)
        try await self.usage.forEachEntry(filter, in: caller.workspaceID, body)
    }

    /// Use in steps of time.
    public func usage(_ filter: UsageFilter, by caller: Caller) async throws -> [UsagePoint] {
        try await self.requireUsage(caller)
        return try await self.usage.usage(filter, in: caller.workspaceID)
    }

    /// The largest users.
    public func topUsage(
        _ dimension: UsageDimension,
        from: Timestamp,
        to: Timestamp,
        limit: Int,
        by caller: Caller
    ) async throws -> [TopUsage] {
        try await self.requireUsage(caller)
        return try await self.usage.top(dimension, from: from, to: to, limit: limit, in: caller.workspaceID)
    }

    /// How often clients were refused, by network and code.
    public func refusals(
        from: Timestamp,
        to: Timestamp,
        limit: Int,
        by caller: Caller
    ) async throws -> [RefusalCount] {
        try await self.requireUsage(caller)
        return try await self.usage.refusals(from: from, to: to, limit: limit, in: caller.workspaceID)
    }

    /// The last time that each key was used with success.
    public func lastUses(of keys: [APIKey.ID], by caller: Caller) async throws -> [APIKey.ID: LastUse] {
        guard !keys.isEmpty else { return [:] }
        // A full disk must not keep anybody from reading a key.
        try? await self.refreshUsage()
        return try await self.usage.lastUses(of: keys, in: caller.workspaceID)
    }

    private func requireUsage(_ caller: Caller) async throws {
        try await self.read(AuditAction(.usage, "read"), nil, by: caller) { _, caller in
            try caller.require(.readUsage)
        }
        try await self.refreshUsage()
    }

    /// What was answered before is to be seen.
    func refreshUsage() async throws {
        try await self.fold?.catchUp()
    }
}
