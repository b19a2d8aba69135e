import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var roleColumns: SQL {
        "id, workspace_id, name, description, scopes, built_in, created_at, updated_at, version"
    }

    func role(_ id: Role.ID, in workspace: Workspace.ID) throws -> Role? {
        try self.connection.row(
            """
            SELECT \(sql: Self.roleColumns) FROM roles
            WHERE workspace_id = \(workspace) AND id = \(id) AND deleted_at IS NULL
            """
        ).map(Self.role)
    }

    func role(named name: ResourceName, in workspace: Workspace.ID) throws -> Role? {
        try self.connection.row(
            """
            SELECT \(sql: Self.roleColumns) FROM roles
            WHERE workspace_id = \(workspace) AND name = \(name) AND deleted_at IS NULL
            """
        ).map(Self.role)
    }

    func roles(in workspace: Workspace.ID, page: PageRequest) throws -> [Role] {
        try self.connection.rows(
            """
            SELECT \(sql: Self.roleColumns) FROM roles
            WHERE workspace_id = \(workspace) AND deleted_at IS NULL AND id > \(page.after ?? "")
            ORDER BY id LIMIT \(page.limit)
            """
        ).map(Self.role)
    }

    func isTaken(roleName: ResourceName, in workspace: Workspace.ID) throws -> Bool {
        try self.exists("SELECT 1 FROM roles WHERE workspace_id = \(workspace) AND name = \(roleName)")
    }

    func insert(_ role: Role) throws {
        try self.connection.execute(
            """
            INSERT INTO roles (id, workspace_id, name, description, scopes, built_in, created_at, updated_at, version)
            VALUES (\(role.id), \(role.workspaceID), \(role.name), \(role.attributes.description ?? ""),
                \(ScopeList(role.attributes.scopes)), \(role.isBuiltIn), \(role.createdAt), \(role.updatedAt),
                \(role.version))
            """
        )
    }

    func update(_ role: Role) throws {
        try self.connection.execute(
            """
            UPDATE roles SET description = \(role.attributes.description ?? ""),
                scopes = \(ScopeList(role.attributes.scopes)), updated_at = \(role.updatedAt), version = \(role.version)
            WHERE workspace_id = \(role.workspaceID) AND id = \(role.id)
            """
        )
    }

    func delete(_ role: Role.ID, in workspace: Workspace.ID, at now: Timestamp) throws {
        try self.connection.execute(
            "UPDATE roles SET deleted_at = \(now) WHERE workspace_id = \(workspace) AND id = \(role)"
        )
    }

    private static func role(_ row: Row) throws -> Role {
        let description: String = try row.value("description")
        return Role(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            name: try row.value("name"),
            attributes: Role.Attributes(
                description: description.isEmpty ? nil : description,
                scopes: try row.value("scopes", as: ScopeList.self).scopes
            ),
            isBuiltIn: try row.value("built_in"),
            createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"),
            version: try row.value("version")
        )
    }
}
