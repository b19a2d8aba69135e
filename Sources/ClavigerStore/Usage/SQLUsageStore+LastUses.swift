public import ClavigerCore
public import ClavigerService

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
}
