import ClavigerCore
import ClavigerService

// The leaves of the audit log. The tree over them is in SQLTransaction+AuditLog.swift.
extension SQLTransaction {
    func append(_ record: AuditRecord) throws {
        try self.append([record])
    }

    /// Indexes are dense: transactions that write run one after another, so the next one is the last plus one.
    func append(_ records: [AuditRecord]) throws {
        let first = try self.auditSize()
        var made = CommitmentsMade(upTo: first + records.count - 1)
        let rows = try records.enumerated().map { offset, record in
            let leaf = try AuditLeaf(record, at: first + offset) { field, value, subject in
                try self.commit(to: value, of: field, subject, &made)
            }
            let actor: APIKey.ID? = if case .key(let id, _, _) = record.actor { id } else { nil }
            return [
                (first + offset).sqlValue, record.workspaceID.sqlValue, record.at.sqlValue, actor.sqlValue,
                (leaf.network?.bytes).sqlValue, record.action.sqlValue, record.target.id.sqlValue,
                record.outcome.rawValue.sqlValue, record.requestID.sqlValue, leaf.bytes.sqlValue,
            ]
        }
        try self.connection.execute(
            """
            INSERT INTO audit_events
            (event_index, workspace_id, at, actor_id, actor_network, action, target_id, outcome, request_id, leaf)
            VALUES \(parameters: 10)
            """,
            rows: rows
        )
    }

    /// How many events there have been.
    func auditSize() throws -> Int {
        try self.connection.row("SELECT COALESCE(MAX(event_index), -1) + 1 AS size FROM audit_events")?
            .value("size") ?? 0
    }

    func auditEvents(_ filter: AuditFilter, in workspace: Workspace.ID, page: PageRequest) throws -> [AuditEvent] {
        var conditions: [SQL] = ["workspace_id = \(workspace)"]
        if let after = page.after.flatMap({ Int64($0) }) { conditions.append("event_index < \(after)") }
        // What one thing has been through is less than all that one action has been done to: without the plus sign SQLite
        // would take whichever index it met last.
        let isNarrow = filter.targetID != nil || filter.keyID != nil || filter.requestID != nil
        if let action = filter.action { conditions.append(isNarrow ? "+action = \(action)" : "action = \(action)") }
        if let actor = filter.actorID { conditions.append("actor_id = \(actor)") }
        if let target = filter.targetID { conditions.append("target_id = \(target)") }
        if let key = filter.keyID {
            conditions.append(
                "target_id IN (SELECT \(key) UNION SELECT id FROM key_requests WHERE key_id = \(key))"
            )
        }
        if let request = filter.requestID { conditions.append("request_id = \(request)") }
        // As text and with the condition of the index of what is not done, or it could not be used.
        switch filter.outcome {
        case .done: conditions.append("outcome = 'done'")
        case .denied: conditions.append("outcome = 'denied' AND outcome <> 'done'")
        case nil: break
        }
        if let network = filter.network {
            let value = String(decoding: JSON.string(network.description).canonical(), as: UTF8.self)
            conditions.append(
                "actor_network IN (SELECT commitment FROM audit_values WHERE field = 'network' AND value = \(value))"
            )
        }
        var times: [SQL] = []
        if let from = filter.from { times.append("at >= \(from)") }
        if let to = filter.to { times.append("at < \(to)") }
        let isByTime = try !times.isEmpty && self.isFew(times, upTo: page.limit)
        return try self.revealed(
            self.connection.rows(
                """
                SELECT event_index, leaf FROM audit_events \(sql: isByTime ? "INDEXED BY audit_events_by_time" : "")
                WHERE \(sql: .joined(conditions + times, separator: " AND ")) ORDER BY event_index DESC LIMIT \(page.limit)
                """
            )
        )
    }

    /// Whether so few events are of a time that they are best sought by it: else SQLite goes through all of them from the
    /// newest on, which is right for a time that has many, and takes for ever where there is none.
    private func isFew(_ times: [SQL], upTo limit: Int) throws -> Bool {
        let count = try self.connection.row(
            """
            SELECT COUNT(*) AS count FROM (
                SELECT 1 FROM audit_events INDEXED BY audit_events_by_time
                WHERE \(sql: .joined(times, separator: " AND ")) LIMIT \(limit + 1))
            """
        )?.value("count", as: Int.self)
        return count ?? 0 <= limit
    }

    func auditEvent(at index: Int, in workspace: Workspace.ID) throws -> AuditEvent? {
        try self.revealed(
            self.connection.rows(
                """
                SELECT event_index, leaf FROM audit_events
                WHERE workspace_id = \(workspace) AND event_index = \(index)
                """
            )
        ).first
    }

    private func revealed(_ rows: [Row]) throws -> [AuditEvent] {
        let events = try rows.map { row in
            // What was written by somebody else than this program is shown as what it is.
            let leaf = try row.value("leaf", as: [UInt8].self)
            return AuditEvent(
                index: try row.value("event_index"),
                fields: (try? JSON.parse(leaf)) ?? ["damaged": true]
            )
        }
        var values = try self.values(of: Set(events.flatMap(\.fields.personalValues)))
        // What was too long for a leaf has commitments itself.
        if values.values.contains(where: { PersonalValue.wholes.contains($0.field) }) {
            let inner = events.flatMap { $0.fields.revealing(values).personalValues }
            values.merge(try self.values(of: Set(inner))) { $1 }
        }
        return events.map { AuditEvent(index: $0.index, fields: $0.fields.revealing(values)) }
    }
}
