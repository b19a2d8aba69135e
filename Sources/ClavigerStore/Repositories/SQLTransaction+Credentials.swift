import ClavigerCore

extension SQLTransaction {
    func credentials(of key: APIKey.ID, in workspace: Workspace.ID) throws -> [Credential] {
        try self.connection.rows(
            """
            SELECT id, key_id, lookup_id, digest, pepper_version, state, retires_at, created_at FROM credentials
            WHERE workspace_id = \(workspace) AND key_id = \(key) ORDER BY id DESC
            """
        ).map(Self.credential)
    }

    func insert(_ credential: Credential, in workspace: Workspace.ID) throws {
        let (state, retiresAt): (String, Timestamp?) =
            switch credential.state {
            case .current: ("current", nil)
            case .retiring(let endsAt): ("retiring", endsAt)
            case .retired: ("retired", nil)
            }
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
            createdAt: try row.value("created_at")
        )
    }
}
