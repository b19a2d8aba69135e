public import ClavigerCore
public import ClavigerService

extension SQLUsageStore {
    /// Counts use in steps of time.
    public func usage(_ filter: UsageFilter, in workspace: Workspace.ID) async throws -> [UsagePoint] {
        try await SQLAuthorityStore.translating {
            try await self.databases.usage.read { connection in
                guard
                    let steps = try UsageSteps(filter.resolution, from: filter.from, to: filter.to, connection)
                else { return [] }
                var conditions: [SQL] = []
                if let key = filter.keyID { conditions.append("counts.key_id = \(IDBytes(key))") }
                if let consumer = filter.consumerID { conditions.append("counts.consumer_id = \(IDBytes(consumer))") }
                let finding = filter.keyID == nil ? filter.consumerID : nil
                if let api = filter.apiID { conditions.append("counts.api_id = \(IDBytes(api))") }
                let code: SQL = filter.byCode ? ", counts.code" : ""
                return try connection.rows(
                    """
                    \(sql: steps.select(", counts.start\(sql: code)", conditions, of: finding, in: workspace))
                    GROUP BY counts.start\(sql: code) ORDER BY counts.start\(sql: code)
                    """
                ).map { row in
                    UsagePoint(
                        start: try row.value("start"),
                        code: filter.byCode ? try AccessLogRow.number(row, "code") : nil,
                        count: try row.value("count"),
                        cost: try row.value("cost")
                    )
                }
            }
        }
    }

    /// The last time that each of these keys was used with success.
    public func lastUses(of keys: [APIKey.ID], in workspace: Workspace.ID) async throws -> [APIKey.ID: LastUse] {
        try await SQLAuthorityStore.translating {
            try await self.databases.usage.read { connection in
                var uses: [APIKey.ID: LastUse] = [:]
                // One statement for any number of keys, so that there is one to keep prepared.
                for key in keys {
                    let row = try connection.row(
                        """
                        SELECT at, client_address, user_agent FROM last_uses
                        WHERE workspace_id = \(IDBytes(workspace)) AND key_id = \(IDBytes(key))
                        """
                    )
                    uses[key] = try row.map { row in
                        LastUse(
                            time: try row.value("at"),
                            clientAddress: try row.value("client_address", as: AddressBytes?.self)?.address,
                            userAgent: try row.value("user_agent")
                        )
                    }
                }
                return uses
            }
        }
    }

    /// How often clients were refused, by network and code.
    public func refusals(
        from: Timestamp,
        to: Timestamp,
        limit: Int,
        in workspace: Workspace.ID
    ) async throws -> [RefusalCount] {
        try await SQLAuthorityStore.translating {
            try await self.databases.usage.read { connection in
                try connection.rows(
                    """
                    SELECT network, code, CAST(sum(count) AS BIGINT) AS count FROM refusals
                    WHERE start >= \(UsageResolution.hour.start(of: from)) AND start < \(to)
                        AND workspace_id = \(IDBytes(workspace))
                    GROUP BY network, code ORDER BY sum(count) DESC, network, code LIMIT \(limit)
                    """
                ).map { row in
                    RefusalCount(
                        network: try row.value("network", as: NetworkBytes.self).network,
                        code: try AccessLogRow.number(row, "code"),
                        count: try row.value("count")
                    )
                }
            }
        }
    }
}

/// The steps of a time that have counts.
struct UsageSteps {
    let resolution: UsageResolution
    let first: Timestamp
    let last: Timestamp

    /// Nil when there are none: neither are steps walked through that lie before the first count or behind the last.
    init?(
        _ resolution: UsageResolution,
        from: Timestamp,
        to: Timestamp,
        _ connection: any DatabaseConnection
    ) throws {
        let bounds = try connection.row(
            """
            SELECT (SELECT min(start) FROM \(sql: resolution.table)) AS first,
                (SELECT max(start) FROM \(sql: resolution.table) WHERE start < \(to)) AS last
            """
        )
        guard let first = try bounds?.value("first", as: Timestamp?.self),
            let last = try bounds?.value("last", as: Timestamp?.self)
        else { return nil }
        self.resolution = resolution
        self.first = max(first, resolution.start(of: from))
        self.last = last
        guard self.first <= self.last else { return nil }
    }

    /// The sums of the counts of a workspace in these steps, without how they are grouped.
    ///
    /// Each step is looked up, because the time comes first in the tables.
    ///
    /// - Parameters:
    ///   - consumer: whose counts to find by the index of consumers.
    func select(
        _ columns: SQL,
        _ conditions: [SQL],
        of consumer: Consumer.ID? = nil,
        in workspace: Workspace.ID
    ) -> SQL {
        var source: SQL = "steps"
        var all: [SQL] = ["counts.start = steps.start", "counts.workspace_id = \(IDBytes(workspace))"]
        if let consumer {
            // The index has the primary key and not the counts. To look for the keys first is what makes it be used.
            source += " CROSS JOIN \(sql: self.resolution.table) AS found"
            all += [
                "found.start = steps.start", "found.workspace_id = \(IDBytes(workspace))",
                "found.consumer_id = \(IDBytes(consumer))", "counts.key_id = found.key_id",
                "counts.consumer_id = found.consumer_id", "counts.api_id = found.api_id", "counts.code = found.code",
            ]
        }
        all += conditions
        return """
            WITH RECURSIVE steps (start) AS (
                SELECT CAST(\(self.first) AS BIGINT)
                UNION ALL
                SELECT start + \(self.resolution.milliseconds) FROM steps
                WHERE start + \(self.resolution.milliseconds) <= \(self.last)
            )
            SELECT CAST(sum(counts.count) AS BIGINT) AS count, CAST(sum(counts.cost) AS BIGINT) AS cost\(sql: columns)
            FROM \(sql: source) CROSS JOIN \(sql: self.resolution.table) AS counts
            WHERE \(sql: .joined(all, separator: " AND "))
            """
    }
}
