import ClavigerCore
import ClavigerService

extension SQLTransaction {
    func answer(_ id: StoredAnswerID) throws -> StoredAnswer? {
        try self.connection.row(
            """
            SELECT fingerprint, sealed_answer, created_at, keep_until FROM idempotency
            WHERE workspace_id = \(id.workspaceID) AND actor_id = \(id.actorID)
                AND idempotency_key = \(id.idempotencyKey)
            """
        ).map(Self.answer)
    }

    func insert(_ answer: StoredAnswer, _ id: StoredAnswerID) throws {
        try self.connection.execute(
            """
            INSERT INTO idempotency (workspace_id, actor_id, idempotency_key, fingerprint, sealed_answer, seal_version,
                created_at, keep_until)
            VALUES (\(id.workspaceID), \(id.actorID), \(id.idempotencyKey), \(answer.fingerprint),
                \(answer.sealed.bytes), \(answer.sealed.keyVersion), \(answer.createdAt), \(answer.keepUntil))
            """
        )
    }

    func keepAnswers(to actor: APIKey.ID, until end: Timestamp, in workspace: Workspace.ID) throws {
        try self.connection.execute(
            """
            UPDATE idempotency SET keep_until = \(end)
            WHERE workspace_id = \(workspace) AND actor_id = \(actor) AND keep_until < \(end)
            """
        )
    }

    func deleteAnswers(before: Timestamp, at now: Timestamp) throws -> Int {
        try self.connection.execute(
            """
            DELETE FROM idempotency
            WHERE created_at < \(before) AND (keep_until IS NULL OR keep_until <= \(now))
            """
        )
    }

    func answers(sealedOtherThan version: Int, limit: Int) throws -> [(StoredAnswerID, StoredAnswer)] {
        try self.connection.rows(
            """
            SELECT workspace_id, actor_id, idempotency_key, fingerprint, sealed_answer, created_at, keep_until
            FROM idempotency
            WHERE seal_version <> \(version) LIMIT \(limit)
            """
        ).map { row in
            (
                StoredAnswerID(
                    workspaceID: try row.value("workspace_id"),
                    actorID: try row.value("actor_id"),
                    idempotencyKey: try row.value("idempotency_key")
                ),
                try Self.answer(row)
            )
        }
    }

    func replace(_ sealed: SealedValue, for id: StoredAnswerID) throws {
        try self.connection.execute(
            """
            UPDATE idempotency SET sealed_answer = \(sealed.bytes), seal_version = \(sealed.keyVersion)
            WHERE workspace_id = \(id.workspaceID) AND actor_id = \(id.actorID)
                AND idempotency_key = \(id.idempotencyKey)
            """
        )
    }

    private static func answer(_ row: Row) throws -> StoredAnswer {
        StoredAnswer(
            fingerprint: try row.value("fingerprint"),
            sealed: try SealedValue(bytes: try row.value("sealed_answer")),
            createdAt: try row.value("created_at"),
            keepUntil: try row.value("keep_until")
        )
    }

    func keyringEntries() throws -> [KeyringEntry] {
        try self.connection.rows(
            "SELECT purpose, version, salt, check_value, state, created_at FROM keyring ORDER BY purpose, version"
        ).map { row in
            KeyringEntry(
                purpose: try row.name("purpose"),
                version: try row.value("version"),
                salt: try row.value("salt"),
                checkValue: try row.value("check_value"),
                state: try row.name("state"),
                createdAt: try row.value("created_at")
            )
        }
    }

    func insert(_ entry: KeyringEntry) throws {
        try self.connection.execute(
            """
            INSERT INTO keyring (purpose, version, salt, check_value, state, created_at)
            VALUES (\(entry.purpose.rawValue), \(entry.version), \(entry.salt), \(entry.checkValue),
                \(entry.state.rawValue), \(entry.createdAt))
            """
        )
    }

    func retireCurrentKey(for purpose: KeyPurpose) throws {
        try self.connection.execute(
            "UPDATE keyring SET state = 'retired' WHERE purpose = \(purpose.rawValue) AND state = 'current'"
        )
    }
}
