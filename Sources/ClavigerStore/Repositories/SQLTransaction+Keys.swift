import ClavigerCore
import ClavigerService

extension SQLTransaction {
    static var keyColumns: SQL {
        """
        id, workspace_id, api_id, environment, consumer_id, kind, start, name, scopes, state, state_at, state_by,
        state_reason, state_note, not_before, expires_at, restrictions, limits, credits, credit_generation,
        credits_since, plan_id, metadata, created_at, created_by, updated_at, version, rotate_by,
        \(sql: Self.longestLife) AS longest_life
        """
    }

    /// How long the policies let a key live, in milliseconds; null where none says so.
    ///
    /// A management key that holds `*` is an owner's, and lives as long as it says itself.
    static var longestLife: SQL {
        """
        (SELECT policy_lifetimes.maximum FROM policy_lifetimes
            WHERE policy_lifetimes.api_id = keys.api_id AND policy_lifetimes.environment = keys.environment
                AND (policy_lifetimes.spares_owners = 0
                    OR NOT (keys.scopes LIKE '%"*"%' OR EXISTS (
                        SELECT 1 FROM key_roles JOIN roles ON roles.id = key_roles.role_id
                        WHERE key_roles.key_id = keys.id AND roles.deleted_at IS NULL
                            AND roles.scopes LIKE '%"*"%'))))
        """
    }

    /// Whether any policy says how long keys live.
    func hasLifetimes(in workspace: Workspace.ID) throws -> Bool {
        try self.exists("SELECT 1 FROM policy_lifetimes WHERE workspace_id = \(workspace)")
    }

    func key(_ id: APIKey.ID, in workspace: Workspace.ID) throws -> APIKey? {
        try self.connection.row(
            "SELECT \(sql: Self.keyColumns) FROM keys WHERE workspace_id = \(workspace) AND id = \(id)"
        ).map(self.key)
    }

    func keys(
        _ filter: KeyFilter,
        in workspace: Workspace.ID,
        page: PageRequest,
        at now: Timestamp
    ) throws -> [APIKey] {
        var conditions: [SQL] = ["workspace_id = \(workspace)"]
        if let after = page.after { conditions.append("id > \(after)") }
        if let api = filter.api { conditions.append("api_id = \(api)") }
        if let environment = filter.environment { conditions.append("environment = \(environment)") }
        if let consumer = filter.consumer { conditions.append("consumer_id = \(consumer)") }
        if let name = filter.name { conditions.append("name = \(name)") }
        if let state = filter.state {
            let isLimited = try self.hasLifetimes(in: workspace)
            conditions.append(Self.condition(state, at: now, isLimited: isLimited))
        }
        if let lookupID = filter.lookupID {
            conditions.append("id IN (SELECT key_id FROM credentials WHERE lookup_id = \(lookupID))")
        }
        if let places = filter.places {
            let alternatives: [SQL] = places.map { place in
                "api_id = \(place.apiID) AND environment = \(place.environment)"
            }
            conditions.append(places.isEmpty ? "1 = 0" : "(\(sql: .joined(alternatives, separator: " OR ")))")
        }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.keyColumns) FROM keys
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY id LIMIT \(page.limit)
            """
        ).map(self.key)
    }

    /// A state with time taken into account, as ``APIKey/state(at:)`` does.
    ///
    /// - Parameter isLimited: whether policies end keys; the index on their own ends is enough where none does.
    static func condition(_ state: KeyState.Name, at now: Timestamp, isLimited: Bool) -> SQL {
        let ended: SQL =
            isLimited
            ? "(expires_at <= \(now) OR created_at + \(sql: Self.longestLife) <= \(now))" : "expires_at <= \(now)"
        return switch state {
        case .expired:
            "state IN ('pending', 'active', 'suspended') AND \(sql: ended)"
        case .pending, .active, .suspended:
            "state = \(state.rawValue) AND coalesce(NOT \(sql: ended), TRUE)"
        case .revoked, .compromised, .destroyed:
            "state = \(state.rawValue)"
        }
    }

    func isInUse(_ api: API.ID, environment: EnvironmentName?, in workspace: Workspace.ID) throws -> Bool {
        let place: SQL = if let environment { "AND environment = \(environment)" } else { "" }
        return try self.exists(
            """
            SELECT 1 FROM keys
            WHERE workspace_id = \(workspace) AND api_id = \(api) AND state <> 'destroyed' \(sql: place)
            """
        )
    }

    func scopesOfPublishableKeys(of api: API.ID, in workspace: Workspace.ID) throws -> [Scope] {
        try self.connection.rows(
            """
            SELECT DISTINCT scopes FROM keys
            WHERE workspace_id = \(workspace) AND api_id = \(api) AND kind = 'publishable' AND state <> 'destroyed'
            """
        ).flatMap { try $0.value("scopes", as: ScopeList.self).scopes }
    }

    func isInUse(_ consumer: Consumer.ID, in workspace: Workspace.ID) throws -> Bool {
        try self.exists(
            """
            SELECT 1 FROM keys
            WHERE workspace_id = \(workspace) AND consumer_id = \(consumer) AND state <> 'destroyed'
            """
        )
    }

    func isInUse(_ role: Role.ID, in workspace: Workspace.ID) throws -> Bool {
        try self.exists(
            """
            SELECT 1 FROM key_roles JOIN keys ON keys.id = key_roles.key_id
            WHERE key_roles.role_id = \(role) AND keys.workspace_id = \(workspace) AND keys.state <> 'destroyed'
            """
        )
    }

    func isInUse(_ role: Role.ID, onKeysOf api: API.ID, in workspace: Workspace.ID) throws -> Bool {
        try self.exists(
            """
            SELECT 1 FROM key_roles JOIN keys ON keys.id = key_roles.key_id
            WHERE key_roles.role_id = \(role) AND keys.workspace_id = \(workspace) AND keys.api_id = \(api)
                AND keys.state <> 'destroyed'
            """
        )
    }

    func insert(_ key: APIKey, _ credential: Credential) throws {
        let attributes = key.attributes
        let transition = key.state.transition
        try self.connection.execute(
            """
            INSERT INTO keys (id, workspace_id, api_id, environment, consumer_id, kind, start, name, scopes, state,
                state_at, state_by, state_reason, state_note, not_before, expires_at, restrictions, limits, credits,
                credit_generation, credits_since, plan_id, metadata, created_at, created_by, updated_at, version,
                rotate_by)
            VALUES (\(key.id), \(key.workspaceID), \(key.apiID), \(key.environment), \(key.consumerID),
                \(key.kind.rawValue), \(key.start), \(attributes.name), \(ScopeList(attributes.scopes)), \(key.state.name.rawValue), \(transition?.at),
                \(transition?.by), \(transition?.reason.rawValue), \(transition?.note), \(attributes.notBefore),
                \(attributes.expiresAt), \(attributes.restrictions.json), \(attributes.allowance.limits.json),
                \(attributes.allowance.credits?.json), \(Int(attributes.allowance.creditGeneration)),
                \(attributes.allowance.creditsSince), \(attributes.allowance.planID), \(attributes.metadata), \(key.createdAt), \(key.createdBy), \(key.updatedAt),
                \(key.version), \(key.rotateBy))
            """
        )
        try self.insertRoles(of: key)
        try self.insert(credential, in: key.workspaceID)
    }

    func update(_ key: APIKey) throws {
        let attributes = key.attributes
        let transition = key.state.transition
        try self.connection.execute(
            """
            UPDATE keys SET name = \(attributes.name), scopes = \(ScopeList(attributes.scopes)),
                state = \(key.state.name.rawValue), state_at = \(transition?.at), state_by = \(transition?.by),
                state_reason = \(transition?.reason.rawValue), state_note = \(transition?.note),
                not_before = \(attributes.notBefore), expires_at = \(attributes.expiresAt),
                restrictions = \(attributes.restrictions.json), limits = \(attributes.allowance.limits.json),
                credits = \(attributes.allowance.credits?.json),
                credit_generation = \(Int(attributes.allowance.creditGeneration)),
                credits_since = \(attributes.allowance.creditsSince),
                plan_id = \(attributes.allowance.planID), metadata = \(attributes.metadata), start = \(key.start), updated_at = \(key.updatedAt),
                version = \(key.version), rotate_by = \(key.rotateBy)
            WHERE workspace_id = \(key.workspaceID) AND id = \(key.id)
            """
        )
        try self.connection.execute("DELETE FROM key_roles WHERE key_id = \(key.id)")
        try self.insertRoles(of: key)
    }

    func insertRoles(of key: APIKey) throws {
        for name in key.attributes.roles {
            try self.connection.execute(
                """
                INSERT INTO key_roles (key_id, role_id)
                SELECT \(key.id), id FROM roles
                WHERE workspace_id = \(key.workspaceID) AND name = \(name) AND deleted_at IS NULL
                """
            )
        }
    }

    private func key(_ row: Row) throws -> APIKey {
        let id: APIKey.ID = try row.value("id")
        let roles = try self.connection.rows(
            """
            SELECT roles.name FROM key_roles JOIN roles ON roles.id = key_roles.role_id
            WHERE key_roles.key_id = \(id) ORDER BY roles.name
            """
        )
        return try Self.key(row, roles: roles.map { try $0.value("name") })
    }

    static func key(_ row: Row, roles: [ResourceName]) throws -> APIKey {
        APIKey(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            apiID: try row.value("api_id"),
            environment: try row.value("environment"),
            consumerID: try row.value("consumer_id"),
            kind: try row.name("kind"),
            start: try row.value("start"),
            attributes: APIKey.Attributes(
                name: try row.value("name"),
                scopes: try row.value("scopes", as: ScopeList.self).scopes,
                roles: roles,
                notBefore: try row.value("not_before"),
                expiresAt: try row.value("expires_at"),
                restrictions: try row.restrictions("restrictions"),
                allowance: try row.allowance(),
                metadata: try row.value("metadata")
            ),
            state: try Self.state(row),
            createdAt: try row.value("created_at"),
            createdBy: try row.value("created_by"),
            updatedAt: try row.value("updated_at"),
            version: try row.value("version"),
            longestLife: try row.value("longest_life", as: Int64?.self).map { .milliseconds($0) },
            rotateBy: try row.value("rotate_by")
        )
    }

    static func state(_ row: Row) throws -> KeyState {
        let name: KeyState.Name = try row.name("state")
        let transition: Transition? =
            if let at = try row.value("state_at", as: Timestamp?.self) {
                Transition(
                    at: at,
                    by: try row.value("state_by"),
                    reason: try row.name("state_reason"),
                    note: try row.value("state_note")
                )
            } else {
                nil
            }
        switch (name, transition) {
        case (.pending, _): return .pending
        case (.active, let transition): return .active(since: transition)
        case (.suspended, let transition?): return .suspended(transition)
        case (.revoked, let transition?): return .revoked(transition)
        case (.compromised, let transition?): return .compromised(transition)
        case (.destroyed, let transition?): return .destroyed(transition)
        default: throw Row.unreadable("state")
        }
    }
}
