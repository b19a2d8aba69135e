public import ClavigerCore
import ClavigerService

extension SQLUsageStore {
    /// The keys whose last success came from a client in this network, and at or after this moment.
    public func keysLastUsed(
        from network: CIDR?,
        since moment: Timestamp?,
        in workspace: Workspace.ID
    ) async throws -> Set<APIKey.ID> {
        var conditions: [SQL] = ["workspace_id = \(IDBytes(workspace))"]
        if let network { conditions += AccessLogConditions.addresses("client_address", in: network) }
        if let moment { conditions.append("at >= \(moment)") }
        let query: SQL = "SELECT key_id FROM last_uses WHERE \(sql: .joined(conditions, separator: " AND "))"
        return try await SQLAuthorityStore.translating {
            try await self.databases.usage.read { connection in
                var keys: Set<APIKey.ID> = []
                try connection.forEach(query) { keys.insert(try $0.value("key_id", as: IDBytes.self).id()) }
                return keys
            }
        }
    }

    /// Since when uses are on record.
    public func recordedSince(now: Timestamp) async throws -> Timestamp {
        try await SQLAuthorityStore.translating {
            if let known = try await self.databases.usage.read(Self.origin) { return known }
            return try await self.databases.usage.write { connection in
                // Records of before this was written down count.
                let first = try connection.row("SELECT min(at) AS moment FROM last_uses")?
                    .value("moment", as: Timestamp?.self)
                let day = try connection.row("SELECT min(start) AS moment FROM usage_days")?
                    .value("moment", as: Timestamp?.self)
                let origin = [first ?? nil, day ?? nil, now].compactMap { $0 }.min() ?? now
                try connection.execute(
                    "INSERT INTO origin (id, began_at) VALUES (1, \(origin)) ON CONFLICT (id) DO NOTHING"
                )
                return try Self.origin(connection) ?? origin
            }
        }
    }

    private static func origin(_ connection: any DatabaseConnection) throws -> Timestamp? {
        try connection.row("SELECT began_at FROM origin WHERE id = 1")?.value("began_at")
    }
}
