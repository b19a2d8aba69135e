import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var consumerColumns: SQL {
        """
        id, workspace_id, external_id, kind, name, limits, credits, credit_generation, credits_since, plan_id, metadata,
        created_at, updated_at, version
        """
    }

    func consumer(_ id: Consumer.ID, in workspace: Workspace.ID) throws -> Consumer? {
        try self.connection.row(
            """
            SELECT \(sql: Self.consumerColumns) FROM consumers
            WHERE workspace_id = \(workspace) AND id = \(id) AND deleted_at IS NULL
            """
        ).map(Self.consumer)
    }

    func consumer(externalID: Label, in workspace: Workspace.ID) throws -> Consumer? {
        try self.connection.row(
            """
            SELECT \(sql: Self.consumerColumns) FROM consumers
            WHERE workspace_id = \(workspace) AND external_id = \(externalID) AND deleted_at IS NULL
            """
        ).map(Self.consumer)
    }

    func consumers(externalIDs: [Label], in workspace: Workspace.ID) throws -> [Consumer] {
        // One statement for nearly all: the engine keeps it prepared.
        let part = 250
        return try stride(from: 0, to: externalIDs.count, by: part).flatMap { start in
            let some = externalIDs[start..<min(start + part, externalIDs.count)]
            return try self.connection.rows(
                """
                SELECT \(sql: Self.consumerColumns) FROM consumers
                WHERE workspace_id = \(workspace) AND external_id IN \(list: some) AND deleted_at IS NULL
                """
            ).map(Self.consumer)
        }
    }

    func consumers(
        in workspace: Workspace.ID,
        externalID: Label?,
        kind: Consumer.Kind?,
        page: PageRequest
    ) throws -> [Consumer] {
        var conditions: [SQL] = ["workspace_id = \(workspace)", "deleted_at IS NULL"]
        if let externalID { conditions.append("external_id = \(externalID)") }
        if let kind { conditions.append("kind = \(kind.rawValue)") }
        if let after = page.after { conditions.append("id > \(after)") }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.consumerColumns) FROM consumers
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY id LIMIT \(page.limit)
            """
        ).map(Self.consumer)
    }

    func insert(_ consumer: Consumer) throws {
        let attributes = consumer.attributes
        try self.connection.execute(
            """
            INSERT INTO consumers (id, workspace_id, external_id, kind, name, limits, credits, credit_generation,
                credits_since, plan_id, metadata, created_at, updated_at, version)
            VALUES (\(consumer.id), \(consumer.workspaceID), \(attributes.externalID), \(attributes.kind.rawValue),
                \(attributes.name), \(attributes.allowance.limits.json), \(attributes.allowance.credits?.json),
                \(Int(attributes.allowance.creditGeneration)), \(attributes.allowance.creditsSince),
                \(attributes.allowance.planID),
                \(attributes.metadata), \(consumer.createdAt), \(consumer.updatedAt),
                \(consumer.version))
            """
        )
    }

    func update(_ consumer: Consumer) throws {
        let attributes = consumer.attributes
        try self.connection.execute(
            """
            UPDATE consumers SET external_id = \(attributes.externalID), kind = \(attributes.kind.rawValue),
                name = \(attributes.name), limits = \(attributes.allowance.limits.json),
                credits = \(attributes.allowance.credits?.json),
                credit_generation = \(Int(attributes.allowance.creditGeneration)),
                credits_since = \(attributes.allowance.creditsSince),
                plan_id = \(attributes.allowance.planID), metadata = \(attributes.metadata), updated_at = \(consumer.updatedAt),
                version = \(consumer.version)
            WHERE workspace_id = \(consumer.workspaceID) AND id = \(consumer.id)
            """
        )
    }

    func delete(_ consumer: Consumer.ID, in workspace: Workspace.ID, at now: Timestamp) throws {
        try self.connection.execute(
            "UPDATE consumers SET deleted_at = \(now) WHERE workspace_id = \(workspace) AND id = \(consumer)"
        )
    }

    func hasEverBeen(_ consumer: Consumer.ID, in workspace: Workspace.ID) throws -> Bool {
        try self.exists("SELECT 1 FROM consumers WHERE workspace_id = \(workspace) AND id = \(consumer)")
    }

    func erase(_ consumer: Consumer.ID, in workspace: Workspace.ID) throws {
        try self.connection.execute(
            """
            UPDATE consumers SET external_id = id, name = NULL, metadata = '{}'
            WHERE workspace_id = \(workspace) AND id = \(consumer) AND deleted_at IS NOT NULL
            """
        )
        // Its keys are destroyed, as it could not have been deleted otherwise.
        try self.connection.execute(
            """
            UPDATE keys SET name = id, metadata = '{}', restrictions = '{}', state_note = NULL
            WHERE workspace_id = \(workspace) AND consumer_id = \(consumer) AND state = 'destroyed'
            """
        )
    }

    private static func consumer(_ row: Row) throws -> Consumer {
        Consumer(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            attributes: Consumer.Attributes(
                externalID: try row.value("external_id"),
                kind: try row.name("kind"),
                name: try row.value("name"),
                allowance: try row.allowance(),
                metadata: try row.value("metadata")
            ),
            createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"),
            version: try row.value("version")
        )
    }
}
