import ClavigerCore
import ClavigerService

// Endpoints of outgoing events and their secrets.

extension SQLTransaction {
    private static var endpointColumns: SQL {
        "id, workspace_id, url, description, types, state, failing_since, created_at, updated_at, version"
    }

    func webhookEndpoint(_ id: WebhookEndpoint.ID, in workspace: Workspace.ID) throws -> WebhookEndpoint? {
        try self.connection.row(
            """
            SELECT \(sql: Self.endpointColumns) FROM webhook_endpoints WHERE workspace_id = \(workspace) AND id = \(id)
            """
        ).map(Self.endpoint)
    }

    func webhookEndpoints(in workspace: Workspace.ID, page: PageRequest) throws -> [WebhookEndpoint] {
        try self.connection.rows(
            """
            SELECT \(sql: Self.endpointColumns) FROM webhook_endpoints
            WHERE workspace_id = \(workspace) AND id > \(page.after ?? "") ORDER BY id LIMIT \(page.limit)
            """
        ).map(Self.endpoint)
    }

    func enabledWebhookEndpoints(in workspace: Workspace.ID?) throws -> [WebhookEndpoint] {
        let place: SQL = if let workspace { "AND workspace_id = \(workspace)" } else { "" }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.endpointColumns) FROM webhook_endpoints
            WHERE state = 'enabled' \(sql: place) ORDER BY id
            """
        ).map(Self.endpoint)
    }

    func webhookEndpointCount(in workspace: Workspace.ID) throws -> Int {
        try self.count("SELECT count(*) AS count FROM webhook_endpoints WHERE workspace_id = \(workspace)")
    }

    func insert(_ endpoint: WebhookEndpoint) throws {
        let attributes = endpoint.attributes
        try self.connection.execute(
            """
            INSERT INTO webhook_endpoints (id, workspace_id, url, description, types, state, failing_since, created_at,
                updated_at, version)
            VALUES (\(endpoint.id), \(endpoint.workspaceID), \(attributes.url.text), \(attributes.description ?? ""),
                \(Self.types(attributes.types)), \(attributes.state.rawValue), \(endpoint.failingSince),
                \(endpoint.createdAt), \(endpoint.updatedAt), \(endpoint.version))
            """
        )
    }

    func update(_ endpoint: WebhookEndpoint) throws {
        let attributes = endpoint.attributes
        // Whoever changes it wants to see at once whether it works now: what held it back is forgotten.
        try self.connection.execute(
            """
            UPDATE webhook_endpoints SET url = \(attributes.url.text), description = \(attributes.description ?? ""),
                types = \(Self.types(attributes.types)), state = \(attributes.state.rawValue), held_until = 0,
                updated_at = \(endpoint.updatedAt), version = \(endpoint.version)
            WHERE workspace_id = \(endpoint.workspaceID) AND id = \(endpoint.id)
            """
        )
    }

    func delete(_ endpoint: WebhookEndpoint.ID, in workspace: Workspace.ID) throws {
        try self.connection.execute("DELETE FROM deliveries WHERE endpoint_id = \(endpoint)")
        try self.connection.execute(
            """
            DELETE FROM outgoing_events
            WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.event_id = outgoing_events.id)
            """
        )
        try self.connection.execute("DELETE FROM webhook_secrets WHERE endpoint_id = \(endpoint)")
        try self.connection.execute(
            "DELETE FROM webhook_endpoints WHERE workspace_id = \(workspace) AND id = \(endpoint)"
        )
    }

    func note(_ endpoint: WebhookEndpoint.ID, failingSince: Timestamp?, heldUntil: Timestamp?) throws {
        let held = heldUntil ?? Timestamp(milliseconds: 0)
        try self.connection.execute(
            """
            UPDATE webhook_endpoints SET failing_since = \(failingSince),
                held_until = CASE WHEN held_until < \(held) THEN \(held) ELSE held_until END
            WHERE id = \(endpoint)
            """
        )
    }

    func webhookSecrets(of endpoint: WebhookEndpoint.ID) throws -> [StoredWebhookSecret] {
        try self.connection.rows(
            """
            SELECT number, sealed, created_at, ends_at FROM webhook_secrets
            WHERE endpoint_id = \(endpoint) ORDER BY number DESC
            """
        ).map { row in
            StoredWebhookSecret(
                number: try row.value("number"),
                sealed: try SealedValue(bytes: try row.value("sealed")),
                createdAt: try row.value("created_at"),
                endsAt: try row.value("ends_at")
            )
        }
    }

    func insert(_ secret: StoredWebhookSecret, of endpoint: WebhookEndpoint.ID) throws {
        try self.connection.execute(
            """
            INSERT INTO webhook_secrets (endpoint_id, number, sealed, seal_version, created_at, ends_at)
            VALUES (\(endpoint), \(secret.number), \(secret.sealed.bytes), \(secret.sealed.keyVersion),
                \(secret.createdAt), \(secret.endsAt))
            """
        )
    }

    func end(secret number: Int, of endpoint: WebhookEndpoint.ID, at moment: Timestamp) throws {
        try self.connection.execute(
            "UPDATE webhook_secrets SET ends_at = \(moment) WHERE endpoint_id = \(endpoint) AND number = \(number)"
        )
    }

    func deleteSecrets(of endpoint: WebhookEndpoint.ID, endedAt now: Timestamp) throws {
        try self.connection.execute(
            "DELETE FROM webhook_secrets WHERE endpoint_id = \(endpoint) AND ends_at <= \(now)"
        )
    }

    func webhookSecrets(
        sealedOtherThan version: Int,
        after place: WebhookSecretID?,
        limit: Int
    ) throws -> [(id: WebhookSecretID, sealed: SealedValue?)] {
        var rest: SQL = ""
        if let place {
            rest = """
                AND (webhook_secrets.endpoint_id, webhook_secrets.number) > (\(place.endpointID), \(place.number))
                """
        }
        return try self.connection.rows(
            """
            SELECT webhook_endpoints.workspace_id, webhook_secrets.endpoint_id, webhook_secrets.number,
                webhook_secrets.sealed
            FROM webhook_secrets JOIN webhook_endpoints ON webhook_endpoints.id = webhook_secrets.endpoint_id
            WHERE webhook_secrets.seal_version <> \(version) \(sql: rest)
            ORDER BY webhook_secrets.endpoint_id, webhook_secrets.number LIMIT \(limit)
            """
        ).map { row in
            (
                WebhookSecretID(
                    workspaceID: try row.value("workspace_id"),
                    endpointID: try row.value("endpoint_id"),
                    number: try row.value("number")
                ),
                try? SealedValue(bytes: try row.value("sealed"))
            )
        }
    }

    func replace(_ sealed: SealedValue, for id: WebhookSecretID) throws {
        try self.connection.execute(
            """
            UPDATE webhook_secrets SET sealed = \(sealed.bytes), seal_version = \(sealed.keyVersion)
            WHERE endpoint_id = \(id.endpointID) AND number = \(id.number)
            """
        )
    }

    private static func types(_ types: [EventType]) -> JSON {
        .array(types.map { .string($0.rawValue) })
    }

    private static func endpoint(_ row: Row) throws -> WebhookEndpoint {
        let description: String = try row.value("description")
        guard let url = try? WebhookURL(parsing: try row.value("url")) else { throw Row.unreadable("url") }
        let types = try (try row.value("types", as: JSON.self).array ?? []).map { json in
            guard let type = json.string.flatMap(EventType.init(rawValue:)) else { throw Row.unreadable("types") }
            return type
        }
        return WebhookEndpoint(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            attributes: WebhookEndpoint.Attributes(
                url: url,
                description: description.isEmpty ? nil : description,
                types: types,
                state: try row.name("state")
            ),
            failingSince: try row.value("failing_since"),
            createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"),
            version: try row.value("version")
        )
    }
}
