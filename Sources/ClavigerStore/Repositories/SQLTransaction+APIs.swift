import ClavigerCore

extension SQLTransaction {
    private static var apiColumns: SQL {
        """
        id, workspace_id, name, prefix, description, environments, scopes, defaults, endpoint_rules, limits, leak_policy,
        created_at, updated_at, version
        """
    }

    func api(_ id: API.ID, in workspace: Workspace.ID) throws -> API? {
        try self.connection.row(
            """
            SELECT \(sql: Self.apiColumns) FROM apis
            WHERE workspace_id = \(workspace) AND id = \(id) AND deleted_at IS NULL
            """
        ).map(Self.api)
    }

    func api(named name: ResourceName, in workspace: Workspace.ID) throws -> API? {
        try self.connection.row(
            """
            SELECT \(sql: Self.apiColumns) FROM apis
            WHERE workspace_id = \(workspace) AND name = \(name) AND deleted_at IS NULL
            """
        ).map(Self.api)
    }

    func apis(in workspace: Workspace.ID) throws -> [API] {
        try self.connection.rows(
            """
            SELECT \(sql: Self.apiColumns) FROM apis
            WHERE workspace_id = \(workspace) AND deleted_at IS NULL ORDER BY id
            """
        ).map(Self.api)
    }

    func isTaken(apiName: ResourceName, in workspace: Workspace.ID) throws -> Bool {
        try self.exists("SELECT 1 FROM apis WHERE workspace_id = \(workspace) AND name = \(apiName)")
    }

    func isTaken(prefix: TokenPrefix) throws -> Bool {
        try self.exists("SELECT 1 FROM apis WHERE prefix = \(prefix)")
    }

    func insert(_ api: API) throws {
        try self.connection.execute(
            """
            INSERT INTO apis (id, workspace_id, name, prefix, description, environments, scopes, defaults,
                endpoint_rules, limits, leak_policy, built_in, created_at, updated_at, version)
            VALUES (\(api.id), \(api.workspaceID), \(api.name), \(api.prefix), \(api.attributes.description ?? ""),
                \(Self.environments(api)), \(Self.catalogue(api)), \(Self.defaults(api)),
                \(api.attributes.endpointRules.json), \(api.attributes.limits.json),
                \(api.attributes.leakPolicy.rawValue), \(api.isManagement), \(api.createdAt), \(api.updatedAt),
                \(api.version))
            """
        )
    }

    func update(_ api: API) throws {
        try self.connection.execute(
            """
            UPDATE apis SET description = \(api.attributes.description ?? ""), environments = \(Self.environments(api)),
                scopes = \(Self.catalogue(api)), defaults = \(Self.defaults(api)),
                endpoint_rules = \(api.attributes.endpointRules.json), limits = \(api.attributes.limits.json),
                leak_policy = \(api.attributes.leakPolicy.rawValue), updated_at = \(api.updatedAt), version = \(api.version)
            WHERE workspace_id = \(api.workspaceID) AND id = \(api.id)
            """
        )
    }

    func delete(_ api: API.ID, in workspace: Workspace.ID, at now: Timestamp) throws {
        try self.connection.execute(
            "UPDATE apis SET deleted_at = \(now) WHERE workspace_id = \(workspace) AND id = \(api)"
        )
    }

    private static func environments(_ api: API) -> JSON {
        .array(api.attributes.environments.map(\.json))
    }

    private static func catalogue(_ api: API) -> JSON {
        .array(api.attributes.catalogue.map(\.json))
    }

    private static func defaults(_ api: API) -> JSON {
        ["lifetime": api.attributes.defaults.lifetime.map { .string(DurationText.text(for: $0)) }]
    }

    private static func api(_ row: Row) throws -> API {
        let description: String = try row.value("description")
        let defaults: JSON = try row.value("defaults")
        return API(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            name: try row.value("name"),
            prefix: try row.value("prefix"),
            attributes: API.Attributes(
                description: description.isEmpty ? nil : description,
                environments: try row.list("environments") { API.Environment(reading: &$0) },
                catalogue: try row.list("scopes") { API.CatalogueEntry(reading: &$0) },
                defaults: API.Defaults(lifetime: try defaults["lifetime"]?.string.map(DurationText.parse)),
                endpointRules: try row.object("endpoint_rules") { EndpointRules(reading: &$0) },
                limits: try row.limits("limits"),
                leakPolicy: try row.name("leak_policy")
            ),
            createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"),
            version: try row.value("version")
        )
    }
}
