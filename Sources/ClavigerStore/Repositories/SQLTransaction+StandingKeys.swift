import ClavigerCore
import ClavigerService

extension SQLTransaction {
    func standingKeys(
        at place: KeyFilter.Place,
        in workspace: Workspace.ID,
        needs: PolicyNeeds,
        after: APIKey.ID?,
        limit: Int,
        at now: Timestamp
    ) throws -> (keys: [StandingKey], last: APIKey.ID?) {
        let owner: SQL =
            needs.contains(.owner)
            ? "(SELECT kind FROM consumers WHERE consumers.id = keys.consumer_id) AS owner_kind" : "NULL AS owner_kind"
        // What is not looked at is not read: of a million keys, parsing it is most of the work. States are left to the
        // loop below, as an index on them would be tempting and wrong here.
        let metadata: SQL = needs.contains(.metadata) ? "metadata" : "'{}' AS metadata"
        let restrictions: SQL = needs.contains(.restrictions) ? "restrictions" : "'{}' AS restrictions"
        let scopes: SQL = needs.contains(.scopes) ? "scopes" : "'[]' AS scopes"
        var reader = StandingKeyReader(now: now)
        var looked = 0
        var last: String?
        try self.connection.forEach(
            """
            SELECT id, consumer_id, name, state, expires_at, created_at, \(sql: owner), \(sql: metadata),
                \(sql: restrictions), \(sql: scopes)
            FROM keys
            WHERE workspace_id = \(workspace) AND api_id = \(place.apiID) AND environment = \(place.environment)
                AND id > \(after?.text ?? "")
            ORDER BY id LIMIT \(limit)
            """
        ) { row in
            looked += 1
            last = try row.value("id")
            try reader.read(row)
        }
        guard let last else { return ([], nil) }
        if needs.contains(.scopes) {
            try self.addRoles(to: &reader.keys, after: after?.text ?? "", through: last)
        }
        return (reader.keys, looked == limit ? try APIKey.ID(parsing: last) : nil)
    }

    /// Adds the scopes of roles: one question for all keys of a page, as nearly none has a role.
    private func addRoles(to keys: inout [StandingKey], after: String, through last: String) throws {
        let rows = try self.connection.rows(
            """
            SELECT key_roles.key_id, roles.scopes FROM key_roles JOIN roles ON roles.id = key_roles.role_id
            WHERE key_roles.key_id > \(after) AND key_roles.key_id <= \(last) AND roles.deleted_at IS NULL
            """
        )
        guard !rows.isEmpty else { return }
        var scopes: [APIKey.ID: [Scope]] = [:]
        for row in rows {
            let key: APIKey.ID = try row.value("key_id")
            scopes[key, default: []] += try row.value("scopes", as: ScopeList.self).scopes
        }
        for index in keys.indices { keys[index].subject.roleScopes = scopes[keys[index].id] ?? [] }
    }
}

/// Reads the rows of a page; what many keys have in common is parsed once.
private struct StandingKeyReader {
    let now: Timestamp
    var keys: [StandingKey] = []
    private var scopes: [String: [Scope]] = ["[]": []]
    private var restrictions: [String: Restrictions] = ["{}": .none]
    private var metadata: [String: JSONObject] = ["{}": JSONObject()]

    init(now: Timestamp) {
        self.now = now
    }

    mutating func read(_ row: Row) throws {
        let state: KeyState.Name = try row.name("state")
        switch state {
        case .pending, .active, .suspended: break
        case .revoked, .compromised, .destroyed, .expired: return
        }
        let expiresAt: Timestamp? = try row.value("expires_at")
        if let expiresAt, expiresAt <= self.now { return }
        let owner: String? = try row.value("owner_kind")
        self.keys.append(
            StandingKey(
                id: try row.value("id"),
                consumerID: try row.value("consumer_id"),
                state: state,
                subject: PolicySubject(
                    name: try row.value("name"),
                    ownerKind: owner.flatMap(Consumer.Kind.init(rawValue:)),
                    scopes: try Self.known(&self.scopes, try row.value("scopes")) {
                        try row.value("scopes", as: ScopeList.self).scopes
                    },
                    restrictions: try Self.known(&self.restrictions, try row.value("restrictions")) {
                        try row.restrictions("restrictions")
                    },
                    metadata: try Self.known(&self.metadata, try row.value("metadata")) {
                        try row.value("metadata", as: Metadata.self).object
                    },
                    createdAt: try row.value("created_at"),
                    expiresAt: expiresAt
                )
            )
        )
    }

    private static func known<T>(_ table: inout [String: T], _ text: String, _ make: () throws -> T) throws -> T {
        if let value = table[text] { return value }
        let value = try make()
        table[text] = value
        return value
    }
}
