import ClavigerCore
import ClavigerService

extension SQLTransaction {
    func jobs() throws -> [Job] {
        try self.connection.rows(
            """
            SELECT name, next_due_at, requested_at, due_at, cursor, lease_holder, lease_until, started_at, ended_at,
                runs, failures, failure
            FROM jobs ORDER BY name
            """
        ).compactMap { row in
            // What another version knew is left alone.
            guard let name = Job.Name(rawValue: try row.value("name")) else { return nil }
            var job = Job(name, nextDueAt: try row.value("next_due_at"))
            job.requestedAt = try row.value("requested_at")
            job.dueAt = try row.value("due_at")
            job.cursor = try row.value("cursor")
            job.lease = try row.value("lease_holder", as: String?.self).map {
                Job.Lease(holder: $0, until: try row.value("lease_until"))
            }
            job.startedAt = try row.value("started_at")
            job.endedAt = try row.value("ended_at")
            job.runs = try row.value("runs")
            job.failures = try row.value("failures")
            job.failure = try row.value("failure")
            return job
        }
    }

    func insert(_ job: Job) throws {
        try self.connection.execute(
            "INSERT INTO jobs (name, next_due_at) VALUES (\(job.name.rawValue), \(job.nextDueAt))"
        )
    }

    func store(_ job: Job, ifLeased seen: Job.Lease?) throws -> Bool {
        let lease: SQL =
            if let seen { "lease_holder = \(seen.holder) AND lease_until = \(seen.until)" } else {
                "lease_holder IS NULL"
            }
        return try self.connection.execute(
            """
            UPDATE jobs SET next_due_at = \(job.nextDueAt), requested_at = \(job.requestedAt), due_at = \(job.dueAt),
                cursor = \(job.cursor), lease_holder = \(job.lease?.holder), lease_until = \(job.lease?.until),
                started_at = \(job.startedAt), ended_at = \(job.endedAt), runs = \(job.runs),
                failures = \(job.failures), failure = \(job.failure)
            WHERE name = \(job.name.rawValue) AND \(sql: lease)
            """
        ) == 1
    }

    func keyLives(
        _ filter: KeyLifeFilter,
        after: APIKey.ID?,
        limit: Int,
        in workspace: Workspace.ID
    ) throws -> [KeyLife] {
        let made: SQL =
            switch filter.age {
            case .key: "keys.created_at"
            case .credential: "coalesce(credentials.created_at, keys.created_at)"
            }
        var which: [SQL] = filter.places.map { stop in
            """
            keys.api_id = \(stop.place.apiID) AND keys.environment = \(stop.place.environment)
                AND \(sql: made) <= \(stop.madeBy)
            """
        }
        let asked: SQL = "keys.rotate_by IS NOT NULL"
        if filter.withRequiredRotation { which.append(asked) }
        guard !which.isEmpty else { return [] }
        let states: SQL =
            filter.withSuspended ? "keys.state IN ('active', 'suspended')" : "keys.state = 'active'"
        let condition: SQL = "\(sql: states) AND (\(sql: .joined(which, separator: " OR ")))"
        // By id, whatever other index there is: with the one of a state or an api, each page would sort all that is left.
        return try self.connection.rows(
            """
            SELECT \(sql: Self.lifeColumns) FROM \(sql: Self.lifeTables)
            WHERE keys.workspace_id = \(workspace) AND keys.id > \(after?.text ?? "")
                \(sql: filter.places.isEmpty ? "AND \(sql: asked)" : "")
                AND CASE WHEN \(sql: condition) THEN 1 ELSE 0 END = 1
            ORDER BY keys.id LIMIT \(limit)
            """
        ).map(Self.life)
    }

    func keyLife(_ id: APIKey.ID, in workspace: Workspace.ID) throws -> KeyLife? {
        try self.connection.row(
            """
            SELECT \(sql: Self.lifeColumns) FROM \(sql: Self.lifeTables)
            WHERE keys.workspace_id = \(workspace) AND keys.id = \(id)
            """
        ).map(Self.life)
    }

    private static var lifeTables: SQL {
        """
        keys LEFT JOIN credentials ON credentials.key_id = keys.id AND credentials.state = 'current'
            LEFT JOIN key_notices ON key_notices.key_id = keys.id
        """
    }

    private static var lifeColumns: SQL {
        """
        keys.id, keys.api_id, keys.environment, keys.state, keys.state_at, keys.state_by, keys.state_reason,
        NULL AS state_note, keys.created_at, keys.not_before, keys.expires_at, keys.rotate_by,
        \(sql: Self.longestLife) AS longest_life, coalesce(credentials.created_at, keys.created_at) AS credential_at,
        key_notices.rotation_due_at, key_notices.rotation_told, key_notices.revived_at,
        key_notices.unused_since, key_notices.unused_told_at
        """
    }

    private static func life(_ row: Row) throws -> KeyLife {
        var notices = KeyNotices()
        if let dueAt = try row.value("rotation_due_at", as: Timestamp?.self) {
            guard let told = RotationClock.Milestone(rawValue: try row.value("rotation_told")) else {
                throw Row.unreadable("rotation_told")
            }
            notices.rotation = RotationClock.Told(dueAt: dueAt, milestone: told)
        }
        notices.revivedAt = try row.value("revived_at")
        if let since = try row.value("unused_since", as: Timestamp?.self) {
            notices.unused = KeyNotices.Unused(since: since, toldAt: try row.value("unused_told_at"))
        }
        let createdAt: Timestamp = try row.value("created_at")
        return KeyLife(
            id: try row.value("id"),
            apiID: try row.value("api_id"),
            environment: try row.value("environment"),
            state: try Self.state(row),
            createdAt: createdAt,
            notBefore: try row.value("not_before"),
            endsAt: APIKey.end(
                try row.value("expires_at"),
                createdAt: createdAt,
                longestLife: try row.value("longest_life", as: Int64?.self).map { .milliseconds($0) }
            ),
            rotateBy: try row.value("rotate_by"),
            credentialAt: try row.value("credential_at"),
            notices: notices
        )
    }

    func store(_ notices: KeyNotices, of key: APIKey.ID) throws {
        try self.connection.execute(
            """
            INSERT INTO key_notices (key_id, rotation_due_at, rotation_told, revived_at, unused_since, unused_told_at)
            VALUES (\(key), \(notices.rotation?.dueAt), \(notices.rotation?.milestone.rawValue),
                \(notices.revivedAt), \(notices.unused?.since), \(notices.unused?.toldAt))
            ON CONFLICT (key_id) DO UPDATE SET rotation_due_at = excluded.rotation_due_at,
                rotation_told = excluded.rotation_told, revived_at = excluded.revived_at,
                unused_since = excluded.unused_since, unused_told_at = excluded.unused_told_at
            """
        )
    }
}
