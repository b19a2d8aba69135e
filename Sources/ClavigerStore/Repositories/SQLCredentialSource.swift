public import ClavigerCore
public import ClavigerVerifier

/// What the verifier reads from a relational database.
public struct SQLCredentialSource: CredentialSource {
    private let database: any Database

    /// Makes a source over an open database.
    public init(_ database: any Database) {
        self.database = database
    }

    /// The credential with this lookup id and its key, as committed.
    public func snapshot(for lookupID: LookupID, sharing: SnapshotSharing) async throws -> KeySnapshot? {
        try await SQLAuthorityStore.translating {
            try await self.database.read { connection in
                try Self.snapshot(for: lookupID, connection, sharing)
            }
        }
    }

    /// Calls `body` with every lookup id that has been committed.
    public func forEachLookupID(_ body: @escaping @Sendable (LookupID) -> Void) async throws {
        try await SQLAuthorityStore.translating {
            try await self.database.read { connection in
                try connection.forEach("SELECT lookup_id FROM credentials") { body(try $0.value("lookup_id")) }
            }
        }
    }

    private static func snapshot(
        for lookupID: LookupID,
        _ connection: any DatabaseConnection,
        _ sharing: SnapshotSharing
    ) throws -> KeySnapshot? {
        // A destroyed key has no digest any more; it is as unknown as if it had never been.
        guard
            let row = try connection.row(
                """
                SELECT credentials.id AS credential_id, credentials.digest, credentials.pepper_version,
                    credentials.state, credentials.retires_at, keys.id AS key_id, keys.workspace_id, keys.environment,
                    keys.name, keys.scopes, keys.state AS key_state, keys.not_before, keys.expires_at, keys.metadata,
                    apis.id AS api_id, apis.name AS api_name, apis.built_in, apis.version AS api_version,
                    consumers.id AS consumer_id, consumers.external_id, consumers.metadata AS consumer_metadata,
                    consumers.version AS consumer_version
                FROM credentials JOIN keys ON keys.id = credentials.key_id JOIN apis ON apis.id = keys.api_id
                    JOIN consumers ON consumers.id = keys.consumer_id
                WHERE credentials.lookup_id = \(lookupID) AND credentials.digest IS NOT NULL
                """
            ), let digest = try SQLTransaction.digest(row)
        else { return nil }
        let keyID: APIKey.ID = try row.value("key_id")
        let metadata: String = try row.value("metadata")
        return KeySnapshot(
            workspaceID: try row.value("workspace_id"),
            keyID: keyID,
            credentialID: try row.value("credential_id"),
            name: try row.value("name"),
            api: sharing.api(
                API.Reference(id: try row.value("api_id"), name: try row.value("api_name")),
                version: try row.value("api_version"),
                isManagement: try row.value("built_in")
            ),
            environment: try row.value("environment"),
            consumer: sharing.consumer(
                try row.value("consumer_id"),
                version: try row.value("consumer_version"),
                externalID: try row.value("external_id"),
                metadata: try row.value("consumer_metadata")
            ),
            scopes: sharing.scopes(try self.scopes(of: keyID, row, connection)),
            state: try row.name("key_state"),
            credentialState: try SQLTransaction.credentialState(row),
            digest: digest,
            notBefore: try row.value("not_before"),
            expiresAt: try row.value("expires_at"),
            metadata: Array(metadata.utf8)
        )
    }

    /// The key's own scopes and those of its roles.
    private static func scopes(
        of key: APIKey.ID,
        _ row: Row,
        _ connection: any DatabaseConnection
    ) throws -> ScopeSet {
        let own = try row.value("scopes", as: ScopeList.self).scopes
        let roles = try connection.rows(
            """
            SELECT roles.scopes FROM key_roles JOIN roles ON roles.id = key_roles.role_id
            WHERE key_roles.key_id = \(key) AND roles.deleted_at IS NULL
            """
        )
        return ScopeSet(own + (try roles.flatMap { try $0.value("scopes", as: ScopeList.self).scopes }))
    }
}
