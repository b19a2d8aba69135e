import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var overrideColumns: SQL {
        "id, workspace_id, namespace, identifier, numbers, created_at, updated_at, version"
    }

    func limitOverride(_ id: LimitOverride.ID, in workspace: Workspace.ID) throws -> LimitOverride? {
        try self.connection.row(
            """
            SELECT \(sql: Self.overrideColumns) FROM limit_overrides
            WHERE workspace_id = \(workspace) AND id = \(id)
            """
        ).map(Self.limitOverride)
    }

    func limitOverrides(
        in workspace: Workspace.ID,
        namespace: LimitNamespace?,
        page: PageRequest
    ) throws -> [LimitOverride] {
        let place: SQL = if let namespace { "AND namespace = \(namespace.text)" } else { "" }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.overrideColumns) FROM limit_overrides
            WHERE workspace_id = \(workspace) AND id > \(page.after ?? "") \(sql: place)
            ORDER BY id LIMIT \(page.limit)
            """
        ).map(Self.limitOverride)
    }

    func insert(_ override: LimitOverride) throws {
        try self.connection.execute(
            """
            INSERT INTO limit_overrides (id, workspace_id, namespace, identifier, limit_name, numbers, created_at,
                updated_at, version)
            VALUES (\(override.id), \(override.workspaceID), \(override.namespace.text), \(override.identifier.text),
                \(override.limit.name.text), \(override.limit.json), \(override.createdAt), \(override.updatedAt),
                \(override.version))
            """
        )
    }

    func update(_ override: LimitOverride) throws {
        try self.connection.execute(
            """
            UPDATE limit_overrides SET numbers = \(override.limit.json), updated_at = \(override.updatedAt),
                version = \(override.version)
            WHERE workspace_id = \(override.workspaceID) AND id = \(override.id)
            """
        )
    }

    func delete(_ override: LimitOverride.ID, in workspace: Workspace.ID) throws {
        try self.connection.execute(
            "DELETE FROM limit_overrides WHERE workspace_id = \(workspace) AND id = \(override)"
        )
    }

    static func limitOverride(_ row: Row) throws -> LimitOverride {
        LimitOverride(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            namespace: try LimitNamespace(parsing: try row.value("namespace")),
            identifier: try IdentifierPattern(parsing: try row.value("identifier")),
            limit: try row.object("numbers") { RateLimit(reading: &$0) },
            createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"),
            version: try row.value("version")
        )
    }
}
