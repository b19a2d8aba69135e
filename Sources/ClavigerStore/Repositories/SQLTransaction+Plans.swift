import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var planColumns: SQL {
        "id, workspace_id, name, description, state, limits, credits, credits_since, created_at, updated_at, version"
    }

    func plan(_ id: Plan.ID, in workspace: Workspace.ID) throws -> Plan? {
        try self.connection.row(
            """
            SELECT \(sql: Self.planColumns) FROM plans
            WHERE workspace_id = \(workspace) AND id = \(id) AND deleted_at IS NULL
            """
        ).map(Self.plan)
    }

    func plan(named name: ResourceName, in workspace: Workspace.ID) throws -> Plan? {
        try self.connection.row(
            """
            SELECT \(sql: Self.planColumns) FROM plans
            WHERE workspace_id = \(workspace) AND name = \(name) AND deleted_at IS NULL
            """
        ).map(Self.plan)
    }

    func plans(in workspace: Workspace.ID, page: PageRequest) throws -> [Plan] {
        try self.connection.rows(
            """
            SELECT \(sql: Self.planColumns) FROM plans
            WHERE workspace_id = \(workspace) AND deleted_at IS NULL AND id > \(page.after ?? "")
            ORDER BY id LIMIT \(page.limit)
            """
        ).map(Self.plan)
    }

    func isTaken(planName: ResourceName, in workspace: Workspace.ID) throws -> Bool {
        try self.exists("SELECT 1 FROM plans WHERE workspace_id = \(workspace) AND name = \(planName)")
    }

    func isInUse(_ plan: Plan.ID, in workspace: Workspace.ID) throws -> Bool {
        try self.exists(
            """
            SELECT 1 FROM keys WHERE workspace_id = \(workspace) AND plan_id = \(plan) AND state <> 'destroyed'
            UNION ALL
            SELECT 1 FROM consumers WHERE workspace_id = \(workspace) AND plan_id = \(plan) AND deleted_at IS NULL
            """
        )
    }

    func insert(_ plan: Plan) throws {
        try self.connection.execute(
            """
            INSERT INTO plans (id, workspace_id, name, description, state, limits, credits, credits_since,
                created_at, updated_at, version)
            VALUES (\(plan.id), \(plan.workspaceID), \(plan.name), \(plan.attributes.description ?? ""),
                \(plan.state.rawValue), \(plan.attributes.limits.json), \(plan.attributes.credits?.json),
                \(plan.creditsSince), \(plan.createdAt), \(plan.updatedAt), \(plan.version))
            """
        )
    }

    func update(_ plan: Plan) throws {
        try self.connection.execute(
            """
            UPDATE plans SET description = \(plan.attributes.description ?? ""), state = \(plan.state.rawValue),
                limits = \(plan.attributes.limits.json), credits = \(plan.attributes.credits?.json),
                credits_since = \(plan.creditsSince), updated_at = \(plan.updatedAt), version = \(plan.version)
            WHERE workspace_id = \(plan.workspaceID) AND id = \(plan.id)
            """
        )
    }

    func delete(_ plan: Plan.ID, in workspace: Workspace.ID, at now: Timestamp) throws {
        try self.connection.execute(
            "UPDATE plans SET deleted_at = \(now) WHERE workspace_id = \(workspace) AND id = \(plan)"
        )
    }

    private static func plan(_ row: Row) throws -> Plan {
        let description: String = try row.value("description")
        return Plan(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            name: try row.value("name"),
            attributes: Plan.Attributes(
                description: description.isEmpty ? nil : description,
                limits: try row.limits("limits"),
                credits: try row.credits("credits")
            ),
            state: try row.name("state"),
            creditsSince: try row.value("credits_since"),
            createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"),
            version: try row.value("version")
        )
    }
}
