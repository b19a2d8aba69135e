import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var auditColumns: SQL {
        """
        event_index, id, workspace_id, at, actor_kind, actor_id, actor_consumer_id, actor_network, action,
        target_type, target_id, outcome, reason, before_state, after_state, request_id
        """
    }

    /// Indexes are dense: transactions that write run one after another, so the next one is the last plus one.
    func append(_ record: AuditRecord) throws {
        let kind: String
        var actor: (id: APIKey.ID?, consumer: Consumer.ID?, network: String?) = (nil, nil, nil)
        switch record.actor {
        case .system: kind = "system"
        case .key(let id, let consumer, let network):
            kind = "key"
            actor = (id, consumer, network)
        }
        try self.connection.execute(
            """
            INSERT INTO audit_events (\(sql: Self.auditColumns))
            VALUES ((SELECT COALESCE(MAX(event_index), -1) + 1 FROM audit_events), \(record.id),
                \(record.workspaceID), \(record.at), \(kind), \(actor.id), \(actor.consumer), \(actor.network),
                \(record.action), \(record.target.kind), \(record.target.id), \(record.outcome.rawValue),
                \(record.reason), \(record.before), \(record.after), \(record.requestID))
            """
        )
    }

    func append(_ records: [AuditRecord]) throws {
        let first = try self.connection.row("SELECT COALESCE(MAX(event_index), -1) + 1 AS next FROM audit_events")?
            .value("next", as: Int.self)
        try self.connection.execute(
            "INSERT INTO audit_events (\(sql: Self.auditColumns)) VALUES \(parameters: 16)",
            rows: records.enumerated().map { offset, record in
                let (kind, id, consumer, network): (String, APIKey.ID?, Consumer.ID?, String?) =
                    switch record.actor {
                    case .system: ("system", nil, nil, nil)
                    case .key(let id, let consumer, let network): ("key", id, consumer, network)
                    }
                return [
                    ((first ?? 0) + offset).sqlValue, record.id.sqlValue, record.workspaceID.sqlValue,
                    record.at.sqlValue, kind.sqlValue, id.sqlValue, consumer.sqlValue, network.sqlValue,
                    record.action.sqlValue, record.target.kind.sqlValue, record.target.id.sqlValue,
                    record.outcome.rawValue.sqlValue, record.reason.sqlValue, record.before.sqlValue,
                    record.after.sqlValue, record.requestID.sqlValue,
                ]
            }
        )
    }

    func auditEvents(_ filter: AuditFilter, in workspace: Workspace.ID, page: PageRequest) throws -> [AuditEvent] {
        var conditions: [SQL] = ["workspace_id = \(workspace)"]
        if let after = page.after.flatMap({ Int64($0) }) { conditions.append("event_index < \(after)") }
        if let action = filter.action { conditions.append("action = \(action)") }
        if let actor = filter.actorID { conditions.append("actor_id = \(actor)") }
        if let target = filter.targetID { conditions.append("target_id = \(target)") }
        if let outcome = filter.outcome { conditions.append("outcome = \(outcome.rawValue)") }
        if let from = filter.from { conditions.append("at >= \(from)") }
        if let to = filter.to { conditions.append("at < \(to)") }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.auditColumns) FROM audit_events
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY event_index DESC LIMIT \(page.limit)
            """
        ).map(Self.event)
    }

    func auditEvent(at index: Int, in workspace: Workspace.ID) throws -> AuditEvent? {
        try self.connection.row(
            """
            SELECT \(sql: Self.auditColumns) FROM audit_events
            WHERE workspace_id = \(workspace) AND event_index = \(index)
            """
        ).map(Self.event)
    }

    private static func event(_ row: Row) throws -> AuditEvent {
        let actor: AuditRecord.Actor =
            if let key = try row.value("actor_id", as: APIKey.ID?.self),
                let consumer = try row.value("actor_consumer_id", as: Consumer.ID?.self)
            {
                .key(key, consumer: consumer, network: try row.value("actor_network"))
            } else {
                .system
            }
        return AuditEvent(
            index: try row.value("event_index"),
            record: AuditRecord(
                id: try row.value("id"),
                workspaceID: try row.value("workspace_id"),
                at: try row.value("at"),
                actor: actor,
                action: try row.value("action"),
                target: AuditRecord.Target(kind: try row.value("target_type"), id: try row.value("target_id")),
                outcome: try row.name("outcome"),
                reason: try row.value("reason"),
                before: try row.value("before_state"),
                after: try row.value("after_state"),
                requestID: try row.value("request_id")
            )
        )
    }
}
