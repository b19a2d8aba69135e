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
                keys.created_at, keys.not_before, keys.expires_at, keys.restrictions <> '{}' AS restricted,
                credentials.created_at AS credential_created_at,
                credentials.digest IS NOT NULL AND credentials.pepper_version <> \(pepper) AS legacy
            FROM keys CROSS JOIN credentials
            WHERE keys.workspace_id = \(workspace) AND keys.id > \(page.after ?? "")
                AND CASE WHEN \(sql: .joined(conditions, separator: " AND ")) THEN 1 ELSE 0 END = 1
                AND credentials.key_id = keys.id AND credentials.state = 'current'
            ORDER BY keys.id LIMIT \(page.limit)
            """
        ).map { row in
            KeyFacts(
                id: try row.value("id"),
                apiID: try row.value("api_id"),
                environment: try row.value("environment"),
                consumerID: try row.value("consumer_id"),
                kind: try row.name("kind"),
                name: try row.value("name"),
                scopes: try row.value("scopes", as: ScopeList.self).scopes,
                createdAt: try row.value("created_at"),
                notBefore: try row.value("not_before"),
                expiresAt: try row.value("expires_at"),
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
