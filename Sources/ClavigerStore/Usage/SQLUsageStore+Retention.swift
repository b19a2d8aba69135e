public import ClavigerCore
public import ClavigerService
import Synchronization

extension SQLUsageStore {
    /// How many steps of time are removed in one transaction, so that none is long.
    private static let stepsAtOnce: Int64 = 60

    /// Removes what is older than it may be.
    @discardableResult
    public func enforceRetention(_ retention: UsageRetention, at now: Timestamp) async throws -> RemovedUsage {
        try await SQLAuthorityStore.translating {
            var removed = RemovedUsage(days: [], rollUps: 0)
            let firstDay = UTCDay(now - retention.detail)
            var failure: (any Error)?
            for day in try await self.databases.days where day < firstDay {
                do {
                    guard try await self.isCounted(day) else { continue }
                    try await self.databases.removeDay(day)
                    removed.days.append(day)
                } catch {
                    // One day that cannot be removed keeps no other.
                    failure = failure ?? error
                }
            }
            removed.rollUps += try await self.remove("usage_minutes", .minute, before: now - retention.minutes)
            removed.rollUps += try await self.remove("usage_hours", .hour, before: now - retention.rollUps)
            removed.rollUps += try await self.remove("usage_days", .day, before: now - retention.rollUps)
            removed.rollUps += try await self.remove("refusals", .hour, before: now - retention.detail)
            try await self.forgetClients(before: now - retention.detail)
            try await self.forgetNetworks(before: now - retention.detail)
            if let failure { throw failure }
            return removed
        }
    }

    /// Whether all entries of a day are counted; then it is not noted any more.
    private func isCounted(_ day: UTCDay) async throws -> Bool {
        let (isNoted, position) = try await self.databases.usage.read { connection in
            (try Self.noted(connection).contains(day), try Self.position(connection))
        }
        // What is not noted is counted, and need not be opened: a damaged file can grow old, too.
        guard isNoted else { return true }
        let last = try await self.withDay(day) { try await $0.read(Self.lastSequence) }
        guard last.flatMap(\.self) ?? 0 <= position else { return false }
        try await self.databases.usage.write {
            try $0.execute("DELETE FROM open_days WHERE day = \(day)")
        } afterCommit: { _ in
            self.openDays.withLock { _ = $0.remove(day) }
        }
        return true
    }

    /// Forgets who used a key last when that is as long ago as the entries are kept; when it was stays.
    private func forgetClients(before limit: Timestamp) async throws {
        try await self.databases.usage.write {
            try $0.execute(
                """
                UPDATE last_uses SET client_address = NULL, user_agent = NULL
                WHERE at < \(limit) AND (client_address IS NOT NULL OR user_agent IS NOT NULL)
                """
            )
        }
    }

    private func remove(_ table: SQL, _ resolution: UsageResolution, before limit: Timestamp) async throws -> Int {
        var removed = 0
        while true {
            // The step that the limit is in stays whole.
            let rows = try await self.databases.usage.write { connection in
                try connection.execute(
                    """
                    DELETE FROM \(sql: table) WHERE start < \(resolution.start(of: limit)) AND
                        start < (SELECT min(start) FROM \(sql: table)) + \(Self.stepsAtOnce * resolution.milliseconds)
                    """
                )
            }
            removed += rows
            if rows == 0 { return removed }
        }
    }
}
