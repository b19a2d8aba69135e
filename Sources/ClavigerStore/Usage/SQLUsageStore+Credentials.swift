public import ClavigerCore
public import ClavigerService

extension SQLUsageStore {
    /// How many lines one day gives: users by the hour.
    private static let linesOfDay = 10_000

    /// Who used a credential of a key.
    public func uses(
        of credential: Credential.ID,
        of key: APIKey.ID,
        since: Timestamp,
        in workspace: Workspace.ID
    ) async throws -> CredentialUse {
        let hour = UsageResolution.hour.milliseconds
        let lines: SQL = """
            SELECT network, user_agent, hour, count(*) AS count, max(at) AS last FROM (
                SELECT \(sql: NetworkBytes.ofClientAddress) AS network, entries.user_agent AS user_agent,
                    entries.at / \(hour) AS hour, entries.at AS at
                FROM blocks CROSS JOIN entries
                WHERE \(sql: Self.conditions(credential, key, since, workspace))
            ) AS uses
            GROUP BY network, user_agent, hour ORDER BY count(*) DESC, hour LIMIT \(Self.linesOfDay)
            """
        return try await SQLAuthorityStore.translating {
            var use = CredentialUse()
            for day in try await self.days(from: since, to: nil) {
                let part = try await self.withDay(day) { database in
                    try await database.read { connection in
                        try connection.rows(lines).map { row in
                            (
                                CredentialUse.User(
                                    network: try row.value("network", as: NetworkBytes.self).network,
                                    userAgent: try row.value("user_agent")
                                ),
                                Timestamp(milliseconds: try row.value("hour", as: Int64.self) * hour),
                                CredentialUse.Count(count: try row.value("count"), lastUsedAt: try row.value("last"))
                            )
                        }
                    }
                }
                for (user, start, count) in part ?? [] { use.add(user, hour: start, count) }
            }
            return use
        }
    }

    /// When a credential of a key was used last.
    public func lastUse(
        of credential: Credential.ID,
        of key: APIKey.ID,
        since: Timestamp,
        in workspace: Workspace.ID
    ) async throws -> Timestamp? {
        let query: SQL = """
            SELECT max(entries.at) AS last FROM blocks CROSS JOIN entries
            WHERE \(sql: Self.conditions(credential, key, since, workspace))
            """
        return try await SQLAuthorityStore.translating {
            for day in try await self.days(from: since, to: nil).reversed() {
                let last = try await self.withDay(day) { database in
                    try await database.read { try $0.row(query)?.value("last", as: Timestamp?.self) }
                }
                if let last = last.flatMap(\.self) { return last }
            }
            return nil
        }
    }

    private static func conditions(
        _ credential: Credential.ID,
        _ key: APIKey.ID,
        _ since: Timestamp,
        _ workspace: Workspace.ID
    ) -> SQL {
        var conditions = AccessLogConditions.times(since, nil, in: workspace)
        // Through the index of the key the block leads to its entries.
        conditions += [
            "entries.block = blocks.block", "entries.key_id = \(IDBytes(key))",
            "entries.credential_id = \(IDBytes(credential))",
        ]
        return .joined(conditions, separator: " AND ")
    }
}
