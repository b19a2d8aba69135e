public import ClavigerCore
import ClavigerService
public import ClavigerVerifier

/// What the verifier reads from a relational database.
public struct SQLCredentialSource: CredentialSource {
    private let database: any Database

    /// Makes a source over an open database.
    public init(_ database: any Database) {
        self.database = database
    }

    /// The credential with this lookup id and its key, as committed.
    public func credential(for lookupID: LookupID, sharing: SnapshotSharing) async throws -> LoadedCredential? {
        try await SQLAuthorityStore.translating {
            try await self.database.read { connection in
                try Self.credential(for: lookupID, SQLTransaction(connection: connection), sharing)
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

    private static func credential(
        for lookupID: LookupID,
        _ tx: SQLTransaction,
        _ sharing: SnapshotSharing
    ) throws -> LoadedCredential? {
        // A destroyed key has no digest any more; it is as unknown as if it had never been.
        guard
            let row = try tx.connection.row(
                """
                SELECT credentials.id AS credential_id, credentials.digest, credentials.pepper_version,
                    credentials.foreign_scheme, credentials.state, credentials.retires_at, keys.id AS key_id, keys.workspace_id, keys.environment,
                    keys.kind, keys.name, keys.scopes, keys.state AS key_state, keys.not_before, keys.expires_at,
                    keys.restrictions, keys.limits AS key_limits, keys.credits AS key_credits,
                    keys.credit_generation AS key_credit_generation, keys.credits_since AS key_credits_since,
                    keys.plan_id AS key_plan_id, keys.metadata, keys.created_at,
                    \(sql: SQLTransaction.longestLife) AS longest_life, apis.id AS api_id, apis.version AS api_version,
                    consumers.id AS consumer_id, consumers.external_id, consumers.limits AS consumer_limits,
                    consumers.credits AS consumer_credits,
                    consumers.credit_generation AS consumer_credit_generation,
                    consumers.credits_since AS consumer_credits_since, consumers.plan_id AS consumer_plan_id,
                    consumers.metadata AS consumer_metadata, consumers.version AS consumer_version
                FROM credentials JOIN keys ON keys.id = credentials.key_id JOIN apis ON apis.id = keys.api_id
                    JOIN consumers ON consumers.id = keys.consumer_id
                WHERE credentials.lookup_id = \(lookupID) AND credentials.digest IS NOT NULL
                """
            ), let digest = try SQLTransaction.digest(row)
        else { return nil }
        let workspaceID: Workspace.ID = try row.value("workspace_id")
        let keyID: APIKey.ID = try row.value("key_id")
        let metadata: String = try row.value("metadata")
        let environment: EnvironmentName = try row.value("environment")
        let api = try Self.api(row, workspaceID, tx, sharing)
        let (allowance, accounts) = try Self.allowance(row, keyID, workspaceID, api, tx)
        let snapshot = KeySnapshot(
            workspaceID: workspaceID,
            keyID: keyID,
            credentialID: try row.value("credential_id"),
            name: try row.value("name"),
            api: api.snapshot,
            environment: environment,
            consumer: sharing.consumer(
                try row.value("consumer_id"),
                version: try row.value("consumer_version"),
                externalID: try row.value("external_id"),
                metadata: try row.value("consumer_metadata")
            ),
            scopes: sharing.scopes(try self.scopes(of: keyID, row, tx.connection)),
            state: try row.name("key_state"),
            credentialState: try SQLTransaction.credentialState(row),
            digest: digest,
            foreign: try SQLTransaction.foreign(row),
            notBefore: try row.value("not_before"),
            expiresAt: APIKey.end(
                try row.value("expires_at"),
                createdAt: try row.value("created_at"),
                longestLife: try row.value("longest_life", as: Int64?.self).map { .milliseconds($0) }
            ),
            kind: try row.name("kind"),
            restrictions: api.restrictions(try row.restrictions("restrictions"), in: environment),
            allowance: allowance,
            metadata: Array(metadata.utf8)
        )
        return LoadedCredential(snapshot: snapshot, accounts: accounts)
    }

    /// What all keys of the api have in common; read anew when the api or an override has changed.
    private static func api(
        _ row: Row,
        _ workspace: Workspace.ID,
        _ tx: SQLTransaction,
        _ sharing: SnapshotSharing
    ) throws -> SharedAPI {
        let id: API.ID = try row.value("api_id")
        let overrides = try tx.connection.row(
            """
            SELECT count(*) || '/' || coalesce(max(id), '') || '/' || coalesce(max(updated_at), 0) AS state
            FROM limit_overrides WHERE workspace_id = \(workspace)
            """
        )?.value("state", as: String.self)
        return try sharing.api(id, version: try row.value("api_version"), overrides: overrides ?? "") {
            guard let api = try tx.api(id, in: workspace) else { throw Row.unreadable("api_id") }
            let namespace = try? LimitNamespace(parsing: api.name.text)
            let page = PageRequest(limit: Authority.mostLimitOverrides)
            return SharedAPI(api, overrides: try tx.limitOverrides(in: workspace, namespace: namespace, page: page))
        }
    }

    /// What limits the key, and the accounts that its uses take from.
    private static func allowance(
        _ row: Row,
        _ keyID: APIKey.ID,
        _ workspace: Workspace.ID,
        _ api: SharedAPI,
        _ tx: SQLTransaction
    ) throws -> (KeyAllowance?, [AccountState]) {
        let consumerID: Consumer.ID = try row.value("consumer_id")
        let key = try row.allowance("key_")
        let consumer = try row.allowance("consumer_")
        // Nothing limits how management keys are used, and no plan suspends them: it would lock owners out.
        if api.snapshot.isManagement { return (nil, []) }
        // Nearly every key.
        if key.isUnlimited, consumer.isUnlimited, api.limits.isEmpty { return (nil, []) }
        let keyPlan = try key.planID.flatMap { try tx.plan($0, in: workspace) }
        let consumerPlan = try consumer.planID.flatMap { try tx.plan($0, in: workspace) }
        let allowance = KeyAllowance(
            key: (keyID, key, keyPlan),
            consumer: (consumerID, consumer, consumerPlan),
            api: (api.snapshot.reference.id, api.limits),
            overrides: api.overrides,
            externalID: try row.value("external_id")
        )
        var accounts: [AccountState] = []
        for (id, own, plan) in [
            (AccountID(.key, keyID.bits), key, keyPlan),
            (AccountID(.consumer, consumerID.bits), consumer, consumerPlan),
        ] {
            guard let (policy, since) = own.credits(with: plan) else { continue }
            let stored = try tx.creditAccount(id, policy)
            if let stored, stored.generation >= own.creditGeneration {
                accounts.append(stored)
            } else {
                accounts.append(AccountState(opening: id, policy, since: since, generation: own.creditGeneration))
            }
        }
        return (allowance, accounts)
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
