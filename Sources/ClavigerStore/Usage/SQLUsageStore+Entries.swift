public import ClavigerCore
public import ClavigerService

extension SQLUsageStore {
    /// How many blocks a page looks at: of those, an index finds the entries of a key in microseconds, while a look at
    /// all entries takes milliseconds.
    private static let indexedBudget = 8192
    private static let unindexedBudget = 512
    /// What a day costs beside its blocks, because its file may have to be opened.
    private static let dayCost = 16
    /// The most entries in a part of a walk.
    private static let part = 1000

    /// A part of the access log, the newest entries first.
    public func entries(
        _ filter: AccessLogFilter,
        in workspace: Workspace.ID,
        after position: AccessLogPosition?,
        limit: Int
    ) async throws -> AccessLogPage {
        try await self.page(filter, workspace, after: position, limit: limit, newestFirst: true)
    }

    /// Walks through the access log, the oldest entries first.
    public func forEachEntry(
        _ filter: AccessLogFilter,
        in workspace: Workspace.ID,
        _ body: ([AccessLogEntry]) async throws -> Void
    ) async throws {
        var position: AccessLogPosition?
        repeat {
            try Task.checkCancellation()
            let page = try await self.page(filter, workspace, after: position, limit: Self.part, newestFirst: false)
            if !page.entries.isEmpty { try await body(page.entries) }
            position = page.next
        } while position != nil
    }

    private func page(
        _ filter: AccessLogFilter,
        _ workspace: Workspace.ID,
        after position: AccessLogPosition?,
        limit: Int,
        newestFirst: Bool
    ) async throws -> AccessLogPage {
        try await SQLAuthorityStore.translating {
            var days = try await self.days(from: filter.from, to: filter.to)
            if newestFirst { days.reverse() }
            if let position { days = days.filter { newestFirst ? $0 <= position.day : $0 >= position.day } }
            var page = AccessLogPage(entries: [], next: nil)
            var budget = filter.isIndexed ? Self.indexedBudget : Self.unindexedBudget
            for day in days {
                let after = position?.day == day ? position?.sequence : nil
                guard budget > 0 else {
                    // Before the first entry of the day, in the order of the page.
                    page.next = AccessLogPosition(day: day, sequence: newestFirst ? UInt64(Int64.max) : 0)
                    return page
                }
                let query = AccessLogQuery(
                    filter: filter,
                    workspace: workspace,
                    day: day,
                    after: after,
                    limit: limit - page.entries.count,
                    blocks: budget,
                    newestFirst: newestFirst
                )
                guard let part = try await self.withDay(day, { try await $0.read(query.run) }) else { continue }
                page.entries += part.entries
                if let next = part.next {
                    page.next = AccessLogPosition(day: day, sequence: next)
                    return page
                }
                budget -= part.blocks + Self.dayCost
            }
            return page
        }
    }

    /// The days that have entries of a time, the oldest first.
    func days(from: Timestamp?, to: Timestamp?) async throws -> [UTCDay] {
        try await self.databases.days.filter { day in
            if let from, day.next.start <= from { return false }
            if let to, day.start >= to { return false }
            return true
        }
    }
}

extension AccessLogFilter {
    /// Whether an index finds the entries.
    fileprivate var isIndexed: Bool { self.keyID != nil || self.consumerID != nil }
}

/// A look for entries in one day.
private struct AccessLogQuery: Sendable {
    struct Answer: Sendable {
        var entries: [AccessLogEntry] = []
        /// The number behind which to go on; nil at the end of the day.
        var next: UInt64?
        /// How many blocks were looked at.
        var blocks = 0
    }

    var filter: AccessLogFilter
    var workspace: Workspace.ID
    var day: UTCDay
    /// The number behind which to begin.
    var after: UInt64?
    var limit: Int
    /// The most blocks to look at.
    var blocks: Int
    var newestFirst: Bool

    func run(_ connection: any DatabaseConnection) throws -> Answer {
        var answer = Answer()
        let blocks = try self.blocks(connection)
        guard let first = blocks.first, let last = blocks.last else { return answer }
        answer.blocks = blocks.count
        let (low, high) = (min(first, last), max(first, last))
        // The blocks come first, so that the order of the answer is that of the loops and it can stop at the limit.
        let direction: SQL = self.newestFirst ? "DESC" : "ASC"
        // One more, to know whether there are more.
        let rows = try connection.rows(
            """
            SELECT \(sql: Self.columns) FROM blocks CROSS JOIN entries
            WHERE blocks.block BETWEEN \(low) AND \(high) AND \(sql: .joined(self.conditions, separator: " AND "))
            ORDER BY blocks.block \(sql: direction), entries.sequence \(sql: direction) LIMIT \(self.limit + 1)
            """
        )
        answer.entries = try rows.prefix(self.limit).map(AccessLogRow.entry)
        if rows.count > self.limit {
            answer.next = answer.entries.last?.position.sequence ?? self.after ?? self.start
        } else if blocks.count == self.blocks {
            let block = AccessLogRow.firstSequence(of: last)
            answer.next = self.newestFirst ? block : AccessLogRow.firstSequence(of: last + 1) - 1
        }
        return answer
    }

    private var start: UInt64 { self.newestFirst ? UInt64(Int64.max) : 0 }

    /// The blocks to look at, in the order of the answer.
    private func blocks(_ connection: any DatabaseConnection) throws -> [Int64] {
        var conditions: [SQL] = ["1 = 1"]
        if let from = self.filter.from { conditions.append("last_at >= \(from)") }
        if let to = self.filter.to { conditions.append("first_at < \(to)") }
        if let after {
            let block = AccessLogRow.block(of: after)
            conditions.append(self.newestFirst ? "block <= \(block)" : "block >= \(block)")
        }
        let direction: SQL = self.newestFirst ? "DESC" : "ASC"
        return try connection.rows(
            """
            SELECT block FROM blocks WHERE \(sql: .joined(conditions, separator: " AND "))
            ORDER BY block \(sql: direction) LIMIT \(self.blocks)
            """
        ).map { try $0.value("block") }
    }

    private var conditions: [SQL] {
        var conditions = AccessLogConditions.times(self.filter.from, self.filter.to, in: self.workspace)
        // Through the index of a key the block leads to its entries; without one, their numbers do.
        conditions.append(
            self.filter.isIndexed
                ? "entries.block = blocks.block" : AccessLogConditions.numbersOfBlock
        )
        if let after {
            conditions.append(
                self.newestFirst
                    ? "entries.sequence < \(Sequence64(after))" : "entries.sequence > \(Sequence64(after))"
            )
        }
        if let key = self.filter.keyID { conditions.append("entries.key_id = \(IDBytes(key))") }
        if let consumer = self.filter.consumerID { conditions.append("entries.consumer_id = \(IDBytes(consumer))") }
        if let api = self.filter.apiID { conditions.append("entries.api_id = \(IDBytes(api))") }
        if let environment = self.filter.environment { conditions.append("entries.environment = \(environment)") }
        if let code = self.filter.code { conditions.append("entries.code = \(Int64(code))") }
        if let network = self.filter.network { conditions += AccessLogConditions.network(network) }
        return conditions
    }

    private static var columns: SQL {
        """
        entries.sequence, at, code, source, workspace_id, api_id, consumer_id, key_id, credential_id, lookup_id,
        environment, client_address, method, path, origin, user_agent, upstream_status, cost, latency_micros,
        request_id
        """
    }
}
