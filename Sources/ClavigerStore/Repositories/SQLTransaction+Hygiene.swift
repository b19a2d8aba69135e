import ClavigerCore
import ClavigerService

extension SQLTransaction {
    func keyFacts(
        api: API.ID?,
        places: [KeyFilter.Place]?,
        pepper: Int,
        in workspace: Workspace.ID,
        page: PageRequest,
        at now: Timestamp
    ) throws -> [KeyFacts] {
        var conditions: [SQL] = [
            "keys.state IN ('pending', 'active', 'suspended')",
            "(keys.expires_at IS NULL OR keys.expires_at > \(now))",
        ]
        let isLimited = try self.hasLifetimes(in: workspace)
        if isLimited {
            conditions.append("coalesce(keys.created_at + \(sql: Self.longestLife) > \(now), TRUE)")
        }
        let longestLife: SQL = isLimited ? Self.longestLife : "NULL"
        if let api { conditions.append("keys.api_id = \(api)") }
        if let places {
            let alternatives: [SQL] = places.map { place in
                "keys.api_id = \(place.apiID) AND keys.environment = \(place.environment)"
            }
            conditions.append(places.isEmpty ? "1 = 0" : "(\(sql: .joined(alternatives, separator: " OR ")))")
        }
        // By id, whatever other index there is: with the one of a state or an api, each page would sort all that is left.
        let facts = try self.connection.rows(
            """
            SELECT keys.id, keys.api_id, keys.environment, keys.consumer_id, keys.kind, keys.name, keys.scopes,
                keys.state, keys.created_at, keys.not_before, keys.expires_at, \(sql: longestLife) AS longest_life,
                keys.restrictions <> '{}' AS restricted,
                credentials.created_at AS credential_created_at,
                credentials.digest IS NOT NULL AND (credentials.pepper_version <> \(pepper)
                    OR credentials.foreign_scheme IS NOT NULL) AS legacy
            FROM keys CROSS JOIN credentials
            WHERE keys.workspace_id = \(workspace) AND keys.id > \(page.after ?? "")
                AND CASE WHEN \(sql: .joined(conditions, separator: " AND ")) THEN 1 ELSE 0 END = 1
                AND credentials.key_id = keys.id AND credentials.state = 'current'
            ORDER BY keys.id LIMIT \(page.limit)
            """
        ).map { row in
            let createdAt: Timestamp = try row.value("created_at")
            let state: KeyState.Name = try row.name("state")
            return KeyFacts(
                id: try row.value("id"),
                apiID: try row.value("api_id"),
                environment: try row.value("environment"),
                consumerID: try row.value("consumer_id"),
                kind: try row.name("kind"),
                name: try row.value("name"),
                isSuspended: state == .suspended,
                scopes: try row.value("scopes", as: ScopeList.self).scopes,
                createdAt: createdAt,
                notBefore: try row.value("not_before"),
                expiresAt: APIKey.end(
                    try row.value("expires_at"),
                    createdAt: createdAt,
                    longestLife: try row.value("longest_life", as: Int64?.self).map { .milliseconds($0) }
                ),
                isRestricted: try row.value("restricted"),
                hasContact: false,
                credentialCreatedAt: try row.value("credential_created_at"),
                hasLegacyHash: try row.value("legacy")
            )
        }
        return try self.withContacts(facts, in: workspace)
    }

    /// Says of each key whether its owner names somebody; each owner is looked at once.
    private func withContacts(_ facts: [KeyFacts], in workspace: Workspace.ID) throws -> [KeyFacts] {
        var contacts: Set<Consumer.ID> = []
        let owners = Array(Set(facts.map(\.consumerID)))
        for start in stride(from: 0, to: owners.count, by: 500) {
            let some = owners[start..<min(start + 500, owners.count)]
            let rows = try self.connection.rows(
                """
                SELECT id, metadata FROM consumers
                WHERE workspace_id = \(workspace) AND id IN \(list: some) AND metadata <> '{}'
                """
            )
            for row in rows {
                if Consumer.hasContact(try row.value("metadata")) { contacts.insert(try row.value("id")) }
            }
        }
        return facts.map { key in
            var key = key
            key.hasContact = contacts.contains(key.consumerID)
            return key
        }
    }
}
