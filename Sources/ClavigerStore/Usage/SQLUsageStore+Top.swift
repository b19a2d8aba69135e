public import ClavigerCore
public import ClavigerService

extension SQLUsageStore {
    /// How many lines each day gives to a list over several days: one that is in none of these parts is not missed.
    private static let linesOfDay = 10_000

    /// The largest users, by the number of their verifications.
    public func top(
        _ dimension: UsageDimension,
        from: Timestamp,
        to: Timestamp,
        limit: Int,
        in workspace: Workspace.ID
    ) async throws -> [TopUsage] {
        try await SQLAuthorityStore.translating {
            switch dimension {
            case .key:
                try await self.counted("key_id", from, to, limit, workspace, without: [UInt8]()) {
                    .key(try $0.value("subject", as: IDBytes.self).id())
                }
            case .consumer:
                try await self.counted("consumer_id", from, to, limit, workspace, without: [UInt8]()) {
                    .consumer(try $0.value("subject", as: IDBytes.self).id())
                }
            case .code:
                try await self.counted("code", from, to, limit, workspace, without: Int64(-1)) {
                    .code(try AccessLogRow.number($0, "subject"))
                }
            case .network:
                try await self.logged(NetworkBytes.ofClientAddress, "client_address", from, to, limit, workspace) {
                    try $0.value("subject", as: NetworkBytes.self).network.map { .network($0) }
                }
            case .path:
                try await self.logged("entries.path", "path", from, to, limit, workspace) {
                    .path(try $0.value("subject"))
                }
            }
        }
    }

    /// A list from the roll-ups.
    private func counted(
        _ column: SQL,
        _ from: Timestamp,
        _ to: Timestamp,
        _ limit: Int,
        _ workspace: Workspace.ID,
        without nothing: some SQLBindable & Sendable,
        _ subject: @escaping @Sendable (Row) throws -> TopUsage.Subject
    ) async throws -> [TopUsage] {
        // Whole days are in fewer rows.
        let day = UsageResolution.day
        let resolution = day.start(of: from) == from && day.start(of: to) == to ? day : .hour
        return try await self.databases.usage.read { connection in
            guard let steps = try UsageSteps(resolution, from: from, to: to, connection) else { return [] }
            let counts = steps.select(
                ", counts.\(sql: column) AS subject",
                ["counts.\(sql: column) <> \(nothing)"],
                in: workspace
            )
            return try connection.rows(
                """
                \(sql: counts)
                GROUP BY counts.\(sql: column) ORDER BY sum(counts.count) DESC, counts.\(sql: column) LIMIT \(limit)
                """
            ).map { TopUsage(subject: try subject($0), count: try $0.value("count"), cost: try $0.value("cost")) }
        }
    }

    /// A list from the access log, day by day.
    private func logged(
        _ expression: SQL,
        _ column: SQL,
        _ from: Timestamp,
        _ to: Timestamp,
        _ limit: Int,
        _ workspace: Workspace.ID,
        _ subject: @escaping @Sendable (Row) throws -> TopUsage.Subject?
    ) async throws -> [TopUsage] {
        var conditions = AccessLogConditions.times(from, to, in: workspace)
        conditions += [
            AccessLogConditions.numbersOfBlock, AccessLogConditions.requests, "entries.\(sql: column) IS NOT NULL",
        ]
        let lines: SQL = """
            SELECT subject, count(*) AS count, CAST(sum(cost) AS BIGINT) AS cost FROM (
                SELECT \(sql: expression) AS subject, entries.cost AS cost FROM blocks CROSS JOIN entries
                WHERE \(sql: .joined(conditions, separator: " AND "))
            ) AS uses
            GROUP BY subject ORDER BY count(*) DESC, subject LIMIT \(max(Self.linesOfDay, limit))
            """
        var sums: [TopUsage.Subject: (count: Int64, cost: Int64)] = [:]
        for day in try await self.days(from: from, to: to) {
            let part = try await self.withDay(day) { database in
                try await database.read { connection in
                    try connection.rows(lines).compactMap { row in
                        try subject(row).map {
                            TopUsage(subject: $0, count: try row.value("count"), cost: try row.value("cost"))
                        }
                    }
                }
            }
            for line in part ?? [] {
                let known = sums[line.subject] ?? (0, 0)
                sums[line.subject] = (known.count + line.count, known.cost + line.cost)
            }
        }
        return sums.map { TopUsage(subject: $0.key, count: $0.value.count, cost: $0.value.cost) }
            .sorted { ($1.count, "\($0.subject)") < ($0.count, "\($1.subject)") }
            .prefix(limit).map(\.self)
    }
}
