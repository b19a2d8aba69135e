import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var importColumns: SQL {
        """
        id, workspace_id, api_id, environment, name, rule, last_line, imported, existing, refused, consumers, created_at,
        created_by, updated_at
        """
    }

    func foreignRules() throws -> [StoredForeignRule] {
        try self.connection.rows(
            "SELECT id, workspace_id, rule, sealed_key, created_at FROM foreign_rules ORDER BY id"
        ).map { row in
            guard let rule = ForeignRule(text: try row.value("rule")) else { throw Row.unreadable("rule") }
            return StoredForeignRule(
                id: try row.value("id"),
                workspaceID: try row.value("workspace_id"),
                rule: rule,
                sealedKey: try row.value("sealed_key", as: [UInt8]?.self).map { try SealedValue(bytes: $0) },
                createdAt: try row.value("created_at")
            )
        }
    }

    func insert(_ rule: StoredForeignRule) throws {
        try self.connection.execute(
            """
            INSERT INTO foreign_rules (id, workspace_id, rule, sealed_key, seal_version, created_at)
            VALUES (\(rule.id), \(rule.workspaceID), \(rule.rule.text), \(rule.sealedKey?.bytes),
                \(rule.sealedKey?.keyVersion), \(rule.createdAt))
            """
        )
    }

    func replace(_ sealedKey: SealedValue, for rule: ForeignRule.ID) throws {
        try self.connection.execute(
            """
            UPDATE foreign_rules SET sealed_key = \(sealedKey.bytes), seal_version = \(sealedKey.keyVersion)
            WHERE id = \(rule)
            """
        )
    }

    func keyImport(_ id: KeyImport.ID, in workspace: Workspace.ID) throws -> KeyImport? {
        try self.connection.row(
            "SELECT \(sql: Self.importColumns) FROM imports WHERE workspace_id = \(workspace) AND id = \(id)"
        ).map(Self.keyImport)
    }

    func keyImport(
        named name: Label,
        of api: API.ID,
        _ environment: EnvironmentName,
        in workspace: Workspace.ID
    ) throws -> KeyImport? {
        try self.connection.row(
            """
            SELECT \(sql: Self.importColumns) FROM imports
            WHERE workspace_id = \(workspace) AND api_id = \(api) AND environment = \(environment) AND name = \(name)
            """
        ).map(Self.keyImport)
    }

    func insert(_ keyImport: KeyImport) throws {
        let counts = keyImport.counts
        try self.connection.execute(
            """
            INSERT INTO imports (\(sql: Self.importColumns))
            VALUES (\(keyImport.id), \(keyImport.workspaceID), \(keyImport.apiID), \(keyImport.environment),
                \(keyImport.name), \(keyImport.rule), \(keyImport.lastLine), \(counts.imported), \(counts.existing),
                \(counts.refused), \(counts.consumers), \(keyImport.createdAt), \(keyImport.createdBy),
                \(keyImport.updatedAt))
            """
        )
    }

    func update(_ keyImport: KeyImport) throws {
        let counts = keyImport.counts
        try self.connection.execute(
            """
            UPDATE imports SET last_line = \(keyImport.lastLine), imported = \(counts.imported),
                existing = \(counts.existing), refused = \(counts.refused), consumers = \(counts.consumers),
                updated_at = \(keyImport.updatedAt)
            WHERE workspace_id = \(keyImport.workspaceID) AND id = \(keyImport.id)
            """
        )
    }

    func refusals(of id: KeyImport.ID) throws -> [ImportRefusal] {
        try self.connection.rows(
            "SELECT line, reason FROM import_refusals WHERE import_id = \(id) ORDER BY line"
        ).map { ImportRefusal(line: try $0.value("line"), reason: try $0.value("reason")) }
    }

    func insert(_ refusals: [ImportRefusal], of id: KeyImport.ID, most: Int) throws {
        guard !refusals.isEmpty else { return }
        let room = most - (try self.count("SELECT COUNT(*) AS count FROM import_refusals WHERE import_id = \(id)"))
        let rows: [[SQLValue]] = refusals.prefix(max(0, room)).map {
            [id.sqlValue, .integer(Int64($0.line)), .text($0.reason)]
        }
        try self.connection.execute(
            "INSERT INTO import_refusals (import_id, line, reason) VALUES \(parameters: 3) ON CONFLICT DO NOTHING",
            rows: rows
        )
    }

    func known(among ids: [LookupID]) throws -> [LookupID: KnownCredential] {
        var known: [LookupID: KnownCredential] = [:]
        // One statement for nearly all: the engine keeps it prepared.
        let part = 250
        for start in stride(from: 0, to: ids.count, by: part) {
            let some = ids[start..<min(start + part, ids.count)]
            let rows = try self.connection.rows(
                """
                SELECT credentials.lookup_id, credentials.digest, credentials.pepper_version,
                    credentials.foreign_scheme, keys.api_id, keys.environment
                FROM credentials JOIN keys ON keys.id = credentials.key_id
                WHERE credentials.lookup_id IN \(list: some)
                """
            )
            for row in rows {
                known[try row.value("lookup_id")] = KnownCredential(
                    apiID: try row.value("api_id"),
                    environment: try row.value("environment"),
                    digest: try Self.digest(row),
                    scheme: try row.value("foreign_scheme", as: String?.self)
                )
            }
        }
        return known
    }

    func insert(_ keys: [NewImportedKey], of id: KeyImport.ID) throws {
        try self.connection.execute(
            """
            INSERT INTO keys (id, workspace_id, api_id, environment, consumer_id, kind, start, name, scopes, state,
                not_before, expires_at, restrictions, limits, credits, credit_generation, credits_since, plan_id,
                metadata, created_at, created_by, updated_at, version)
            VALUES \(parameters: 23)
            """,
            rows: keys.map { Self.row(of: $0.key) }
        )
        for key in keys where !key.key.attributes.roles.isEmpty { try self.insertRoles(of: key.key) }
        try self.connection.execute(
            """
            INSERT INTO credentials (id, workspace_id, key_id, lookup_id, digest, pepper_version, state, created_at,
                foreign_scheme, import_id)
            VALUES \(parameters: 10)
            """,
            rows: keys.map { new in
                [
                    new.credential.id.sqlValue, new.key.workspaceID.sqlValue, new.key.id.sqlValue,
                    new.credential.lookupID.sqlValue, (new.credential.digest?.bytes).sqlValue,
                    .integer(Int64(new.credential.digest?.pepperVersion ?? 1)), .text("current"),
                    new.credential.createdAt.sqlValue, (new.scheme?.text).sqlValue, id.sqlValue,
                ]
            }
        )
    }

    private static func row(of key: APIKey) -> [SQLValue] {
        let attributes = key.attributes
        let allowance = attributes.allowance
        return [
            key.id.sqlValue, key.workspaceID.sqlValue, key.apiID.sqlValue, key.environment.sqlValue,
            key.consumerID.sqlValue, .text(key.kind.rawValue), .text(key.start), attributes.name.sqlValue,
            ScopeList(attributes.scopes).sqlValue, .text(key.state.name.rawValue), attributes.notBefore.sqlValue,
            attributes.expiresAt.sqlValue, attributes.restrictions.json.sqlValue, allowance.limits.json.sqlValue,
            (allowance.credits?.json).sqlValue, .integer(Int64(allowance.creditGeneration)),
            allowance.creditsSince.sqlValue, allowance.planID.sqlValue, attributes.metadata.sqlValue,
            key.createdAt.sqlValue, key.createdBy.sqlValue, key.updatedAt.sqlValue, .integer(Int64(key.version)),
        ]
    }

    private static func keyImport(_ row: Row) throws -> KeyImport {
        var counts = KeyImport.Counts()
        counts.imported = try row.value("imported")
        counts.existing = try row.value("existing")
        counts.refused = try row.value("refused")
        counts.consumers = try row.value("consumers")
        return KeyImport(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            apiID: try row.value("api_id"),
            environment: try row.value("environment"),
            name: try row.value("name"),
            rule: try row.value("rule"),
            lastLine: try row.value("last_line"),
            counts: counts,
            createdAt: try row.value("created_at"),
            createdBy: try row.value("created_by"),
            updatedAt: try row.value("updated_at")
        )
    }
}
