import ClavigerCore

extension SQLTransaction {
    private static var credentialColumns: SQL {
        """
        id, key_id, lookup_id, digest, pepper_version, state, retires_at, created_at, replaced_at, quiet_for, ended_at
        """
    }

    func credentials(of key: APIKey.ID, in workspace: Workspace.ID) throws -> [Credential] {
        try self.connection.rows(
            """
            SELECT \(sql: Self.credentialColumns) FROM credentials
            WHERE workspace_id = \(workspace) AND key_id = \(key)
            ORDER BY CASE state WHEN 'current' THEN 0 ELSE 1 END, replaced_at DESC, id DESC
            """
        ).map(Self.credential)
    }

    func insert(_ credential: Credential, in workspace: Workspace.ID) throws {
        let (state, retiresAt) = Self.columns(of: credential.state)
        try self.connection.execute(
            """
            INSERT INTO credentials (id, workspace_id, key_id, lookup_id, digest, pepper_version, state, retires_at,
                created_at)
            VALUES (\(credential.id), \(workspace), \(credential.keyID), \(credential.lookupID),
                \(credential.digest?.bytes), \(credential.digest.map { Int($0.pepperVersion) } ?? 1), \(state),
                \(retiresAt), \(credential.createdAt))
            """
        )
    }

    func update(_ credential: Credential, dueAt: Timestamp?, in workspace: Workspace.ID) throws {
        let (state, retiresAt) = Self.columns(of: credential.state)
        try self.connection.execute(
            """
            UPDATE credentials SET state = \(state), retires_at = \(retiresAt),
                replaced_at = \(credential.replacedAt), quiet_for = \(credential.quietFor?.wholeMilliseconds),
                quiet_due_at = \(dueAt), ended_at = \(credential.endedAt)
            WHERE workspace_id = \(workspace) AND id = \(credential.id)
            """
        )
    }

    func credentialsDue(
        at now: Timestamp,
        limit: Int
    ) throws -> [(workspaceID: Workspace.ID, credential: Credential)] {
        try self.connection.rows(
            """
            SELECT workspace_id, \(sql: Self.credentialColumns) FROM credentials
            WHERE quiet_due_at <= \(now) ORDER BY quiet_due_at, id LIMIT \(limit)
            """
        ).map { (try $0.value("workspace_id"), try Self.credential($0)) }
    }

    private static func columns(of state: Credential.State) -> (name: String, retiresAt: Timestamp?) {
        switch state {
        case .current: ("current", nil)
        case .retiring(let endsAt): ("retiring", endsAt)
        case .retired: ("retired", nil)
        }
    }

    func eraseDigests(of key: APIKey.ID, in workspace: Workspace.ID) throws {
        try self.connection.execute(
            """
            UPDATE credentials SET digest = NULL, foreign_scheme = NULL WHERE workspace_id = \(workspace) AND key_id = \(key)
            """
        )
    }

    func store(_ digest: KeyDigest, for credential: Credential.ID) throws -> Bool {
        let version = Int(digest.pepperVersion)
        return try self.connection.execute(
            """
            UPDATE credentials SET digest = \(digest.bytes), pepper_version = \(version), foreign_scheme = NULL
            WHERE id = \(credential) AND digest IS NOT NULL
                AND (pepper_version < \(version) OR (pepper_version = \(version) AND foreign_scheme IS NOT NULL))
            """
        ) > 0
    }

    func lookupIDs(ofKey key: APIKey.ID, in workspace: Workspace.ID) throws -> [LookupID] {
        try self.connection.rows(
            "SELECT lookup_id FROM credentials WHERE workspace_id = \(workspace) AND key_id = \(key)"
        ).map {
            try $0.value("lookup_id")
        }
    }

    func lookupIDs(ofConsumer consumer: Consumer.ID, in workspace: Workspace.ID) throws -> [LookupID] {
        try self.connection.rows(
            """
            SELECT credentials.lookup_id FROM credentials JOIN keys ON keys.id = credentials.key_id
            WHERE keys.workspace_id = \(workspace) AND keys.consumer_id = \(consumer)
            """
        ).map { try $0.value("lookup_id") }
    }

    func lookupIDs(withRole role: Role.ID, in workspace: Workspace.ID) throws -> [LookupID] {
        try self.connection.rows(
            """
            SELECT credentials.lookup_id FROM credentials JOIN key_roles ON key_roles.key_id = credentials.key_id
            WHERE key_roles.role_id = \(role) AND credentials.workspace_id = \(workspace)
            """
        ).map { try $0.value("lookup_id") }
    }

    func credentialCount() throws -> Int {
        try self.count("SELECT COUNT(*) AS count FROM credentials")
    }

    func credentialCount(withPepperOtherThan version: Int) throws -> Int {
        try self.count(
            "SELECT COUNT(*) AS count FROM credentials WHERE digest IS NOT NULL AND pepper_version <> \(version)"
        )
    }

    static func credentialState(_ row: Row) throws -> Credential.State {
        switch try row.value("state", as: String.self) {
        case "current": return .current
        case "retiring": return .retiring(endsAt: try row.value("retires_at"))
        case "retired": return .retired
        default: throw Row.unreadable("state")
        }
    }

    /// What another system did to the token; nil where the digest was made of the token itself.
    static func foreign(_ row: Row) throws -> ForeignCredential? {
        guard let text = try row.value("foreign_scheme", as: String?.self) else { return nil }
        guard let scheme = ForeignScheme(text: text) else { throw Row.unreadable("foreign_scheme") }
        return ForeignCredential(scheme)
    }

    static func digest(_ row: Row) throws -> KeyDigest? {
        guard let bytes = try row.value("digest", as: [UInt8]?.self) else { return nil }
        return KeyDigest(bytes: bytes, pepperVersion: try row.value("pepper_version"))
    }

    private static func credential(_ row: Row) throws -> Credential {
        Credential(
            id: try row.value("id"),
            keyID: try row.value("key_id"),
            lookupID: try row.value("lookup_id"),
            digest: try Self.digest(row),
            state: try Self.credentialState(row),
            createdAt: try row.value("created_at"),
            replacedAt: try row.value("replaced_at"),
            quietFor: try row.value("quiet_for", as: Int64?.self).map { .milliseconds($0) },
            endedAt: try row.value("ended_at")
        )
    }
}
