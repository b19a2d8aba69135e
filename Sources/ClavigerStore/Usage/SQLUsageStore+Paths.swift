public import ClavigerCore
import ClavigerService

extension SQLUsageStore {
    /// For what the keys of an api were used with success, each method and path once for each key and day.
    public func forEachPath(
        ofKeysOf api: API.ID,
        since moment: Timestamp,
        in workspace: Workspace.ID,
        _ body: @escaping @Sendable (_ key: APIKey.ID, _ method: String?, _ path: String?) -> Void
    ) async throws {
        let query: SQL = """
            SELECT DISTINCT key_id, method, path FROM entries
            WHERE workspace_id = \(IDBytes(workspace)) AND api_id = \(IDBytes(api)) AND key_id IS NOT NULL
                AND code = \(Int64(VerificationCode.valid.number)) AND at >= \(moment)
            """
        try await SQLAuthorityStore.translating {
            for day in try await self.days(from: moment, to: nil) {
                try Task.checkCancellation()
                try await self.withDay(day) { database in
                    try await database.read { connection in
                        try connection.forEach(query) { row in
                            let key: APIKey.ID = try row.value("key_id", as: IDBytes.self).id()
                            body(key, try row.value("method"), try row.value("path"))
                        }
                    }
                }
            }
        }
    }
}
