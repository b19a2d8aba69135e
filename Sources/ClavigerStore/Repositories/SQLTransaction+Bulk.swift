import ClavigerCore
import ClavigerService

// Many keys at once: statements that are prepared once, and no query for each key.

extension SQLTransaction {
    func forEachOutline(
        _ filter: BulkFilter,
        in workspace: Workspace.ID,
        at moment: Timestamp,
        _ body: (KeyOutline) throws -> Void
    ) throws {
        let metadata: SQL = filter.metadata.isEmpty ? "" : ", metadata"
        let isLimited = try self.hasLifetimes(in: workspace)
        let limit: SQL = isLimited ? ", created_at, \(sql: Self.longestLife) AS longest_life" : ""
        let conditions = Self.conditions(filter, in: workspace, at: moment, isLimited: isLimited)
        try self.connection.forEach(
            """
            SELECT id, version, api_id, environment, state, not_before, expires_at, rotate_by
                \(sql: metadata) \(sql: limit) FROM keys
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY id
            """
        ) { row in
            if !filter.metadata.isEmpty, try !filter.accepts(row.value("metadata")) { return }
            let expiresAt = try row.value("expires_at", as: Timestamp?.self)
            let longestLife = isLimited ? try row.value("longest_life", as: Int64?.self) : nil
            let endsAt = try longestLife.map {
                APIKey.end(expiresAt, createdAt: try row.value("created_at"), longestLife: .milliseconds($0))
            }
            try body(
                KeyOutline(
                    id: try row.value("id"),
                    version: try row.value("version"),
                    apiID: try row.value("api_id"),
                    environment: try row.value("environment"),
                    state: try row.name("state"),
                    notBefore: try row.value("not_before"),
                    expiresAt: expiresAt,
                    endsAt: endsAt ?? expiresAt,
                    rotateBy: try row.value("rotate_by")
                )
            )
        }
    }

    private static func conditions(
        _ filter: BulkFilter,
        in workspace: Workspace.ID,
        at moment: Timestamp,
        isLimited: Bool
    ) -> [SQL] {
        var conditions: [SQL] = ["workspace_id = \(workspace)"]
        if let api = filter.api { conditions.append("api_id = \(api)") }
        if let environment = filter.environment { conditions.append("environment = \(environment)") }
        if let consumer = filter.consumer { conditions.append("consumer_id = \(consumer)") }
        if let plan = filter.plan {
            conditions.append(
                """
                (plan_id = \(plan) OR consumer_id IN
                    (SELECT id FROM consumers WHERE workspace_id = \(workspace) AND plan_id = \(plan)))
                """
            )
        }
        if let creator = filter.createdBy { conditions.append("created_by = \(creator)") }
        if let state = filter.state {
            conditions.append("(\(sql: Self.condition(state, at: moment, isLimited: isLimited)))")
        }
        if let end = filter.createdBefore { conditions.append("created_at < \(end)") }
        if let start = filter.createdAfter { conditions.append("created_at >= \(start)") }
        if let start = filter.idleSince { conditions.append("created_at < \(start)") }
        return conditions
    }

    func keys(_ ids: [APIKey.ID], in workspace: Workspace.ID) throws -> [APIKey] {
        guard !ids.isEmpty else { return [] }
        var roles: [String: [ResourceName]] = [:]
        for row in try self.connection.rows(
            """
            SELECT key_roles.key_id, roles.name FROM key_roles JOIN roles ON roles.id = key_roles.role_id
            WHERE key_roles.key_id IN \(list: ids) ORDER BY roles.name
            """
        ) {
            roles[try row.value("key_id"), default: []].append(try row.value("name"))
        }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.keyColumns) FROM keys
            WHERE workspace_id = \(workspace) AND id IN \(list: ids) ORDER BY id
            """
        ).map { row in
            try Self.key(row, roles: roles.isEmpty ? [] : roles[try row.value("id")] ?? [])
        }
    }

    func lookupIDs(ofKeys ids: [APIKey.ID], in workspace: Workspace.ID) throws -> [LookupID] {
        guard !ids.isEmpty else { return [] }
        return try self.connection.rows(
            "SELECT lookup_id FROM credentials WHERE workspace_id = \(workspace) AND key_id IN \(list: ids)"
        ).map { try $0.value("lookup_id") }
    }

    func planIDs(ofLiveKeysOf consumer: Consumer.ID, in workspace: Workspace.ID) throws -> [Plan.ID] {
        try self.connection.rows(
            """
            SELECT DISTINCT plan_id FROM keys
            WHERE workspace_id = \(workspace) AND consumer_id = \(consumer) AND plan_id IS NOT NULL
                AND state IN ('pending', 'active', 'suspended')
            """
        ).map { try $0.value("plan_id") }
    }

    func update(_ part: KeyPart, of keys: [APIKey]) throws {
        let columns: SQL =
            switch part {
            case .state:
                """
                state = \(parameters: 1), state_at = \(parameters: 1), state_by = \(parameters: 1),
                state_reason = \(parameters: 1), state_note = \(parameters: 1)
                """
            case .expiry: "expires_at = \(parameters: 1)"
            case .owner: "consumer_id = \(parameters: 1)"
            case .rotateBy: "rotate_by = \(parameters: 1)"
            }
        let changed = try self.connection.execute(
            """
            UPDATE keys SET \(sql: columns), updated_at = \(parameters: 1), version = \(parameters: 1)
            WHERE workspace_id = \(parameters: 1) AND id = \(parameters: 1) AND version = \(parameters: 1)
            """,
            rows: keys.map { key in
                Self.values(of: part, key) + [
                    key.updatedAt.sqlValue, key.version.sqlValue, key.workspaceID.sqlValue, key.id.sqlValue,
                    (key.version - 1).sqlValue,
                ]
            }
        )
        guard changed == keys.count else { throw DatabaseError.failed("Keys were changed that were not there.") }
    }

    private static func values(of part: KeyPart, _ key: APIKey) -> [SQLValue] {
        switch part {
        case .state:
            let transition = key.state.transition
            return [
                .text(key.state.name.rawValue), (transition?.at).sqlValue, (transition?.by).sqlValue,
                (transition?.reason.rawValue).sqlValue, (transition?.note).sqlValue,
            ]
        case .expiry: return [key.attributes.expiresAt.sqlValue]
        case .owner: return [key.consumerID.sqlValue]
        case .rotateBy: return [key.rotateBy.sqlValue]
        }
    }

    func eraseDigests(ofKeys ids: [APIKey.ID], in workspace: Workspace.ID) throws {
        try self.connection.execute(
            """
            UPDATE credentials SET digest = NULL, foreign_scheme = NULL
            WHERE workspace_id = \(parameters: 1) AND key_id = \(parameters: 1)
            """,
            rows: ids.map { [workspace.sqlValue, $0.sqlValue] }
        )
    }

    private static var previewColumns: SQL {
        "id, workspace_id, created_by, created_at, subject, key_count, digest, outcome"
    }

    func bulkPreview(_ id: BulkPreview.ID, in workspace: Workspace.ID) throws -> BulkPreview? {
        try self.connection.row(
            """
            SELECT \(sql: Self.previewColumns) FROM bulk_previews WHERE workspace_id = \(workspace) AND id = \(id)
            """
        ).map { row in
            guard let subject = BulkPreview.Subject(try row.value("subject", as: JSON.self)) else {
                throw Row.unreadable("subject")
            }
            return BulkPreview(
                id: try row.value("id"),
                workspaceID: try row.value("workspace_id"),
                createdBy: try row.value("created_by"),
                createdAt: try row.value("created_at"),
                subject: subject,
                count: try row.value("key_count"),
                digest: try row.value("digest"),
                outcome: try row.value("outcome", as: JSON?.self)
            )
        }
    }

    func insert(_ preview: BulkPreview) throws {
        try self.connection.execute(
            """
            INSERT INTO bulk_previews (\(sql: Self.previewColumns))
            VALUES (\(preview.id), \(preview.workspaceID), \(preview.createdBy), \(preview.createdAt),
                \(preview.subject.json), \(preview.count), \(preview.digest), \(preview.outcome))
            """
        )
    }

    func store(_ outcome: JSON, of preview: BulkPreview.ID) throws {
        try self.connection.execute("UPDATE bulk_previews SET outcome = \(outcome) WHERE id = \(preview)")
    }

    func deleteBulkPreviews(before moment: Timestamp) throws {
        try self.connection.execute("DELETE FROM bulk_previews WHERE created_at < \(moment)")
    }
}

extension BulkPreview.Subject {
    fileprivate var json: JSON {
        switch self {
        case .bulk(let filter, let action): ["filter": filter.json, "action": action.json]
        case .offboarding(let consumer): ["consumerId": .string(consumer.text)]
        }
    }

    fileprivate init?(_ json: JSON) {
        if let text = json["consumerId"]?.string {
            guard let consumer = try? Consumer.ID(parsing: text) else { return nil }
            self = .offboarding(consumer)
        } else {
            guard let filter = json["filter"].flatMap({ BulkFilter($0) }),
                let action = json["action"].flatMap({ BulkAction($0) })
            else { return nil }
            self = .bulk(filter, action)
        }
    }
}
