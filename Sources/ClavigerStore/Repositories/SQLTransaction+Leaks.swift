import ClavigerCore
import ClavigerService

extension SQLTransaction {
    func insert(_ report: LeakReport) throws {
        try self.connection.execute(
            """
            INSERT INTO leak_reports (id, workspace_id, key_id, credential_id, source, url, reported_at, reported_by,
                outcome)
            VALUES (\(report.id), \(report.workspaceID), \(report.keyID), \(report.credentialID),
                \(report.source.name), \(report.source.place), \(report.reportedAt), \(report.reportedBy),
                \(report.outcome.rawValue))
            ON CONFLICT (credential_id, source, url) DO NOTHING
            """
        )
    }

    func leakReports(_ filter: LeakFilter, in workspace: Workspace.ID, page: PageRequest) throws -> [LeakReport] {
        var conditions: [SQL] = ["workspace_id = \(workspace)"]
        if let after = page.after { conditions.append("id < \(after)") }
        if let key = filter.key { conditions.append("key_id = \(key)") }
        if let source = filter.source { conditions.append("source = \(source)") }
        if let outcome = filter.outcome { conditions.append("outcome = \(outcome.rawValue)") }
        return try self.connection.rows(
            """
            SELECT id, workspace_id, key_id, credential_id, source, url, reported_at, reported_by, outcome
            FROM leak_reports
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map(Self.leakReport)
    }

    private static func leakReport(_ row: Row) throws -> LeakReport {
        LeakReport(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            keyID: try row.value("key_id"),
            credentialID: try row.value("credential_id"),
            source: LeakSource(name: try row.value("source"), place: try row.value("url")),
            reportedAt: try row.value("reported_at"),
            reportedBy: try row.value("reported_by"),
            outcome: try row.name("outcome")
        )
    }
}
