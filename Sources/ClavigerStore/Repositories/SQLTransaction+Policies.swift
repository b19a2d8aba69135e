import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var policySource: SQL {
        """
        SELECT policies.workspace_id, policies.name, policies.version, policies.created_at, policies.updated_at,
            policy_versions.document, policy_versions.created_by
        FROM policies JOIN policy_versions ON policy_versions.workspace_id = policies.workspace_id
            AND policy_versions.name = policies.name AND policy_versions.version = policies.version
        """
    }

    func policy(named name: ResourceName, in workspace: Workspace.ID) throws -> Policy? {
        try self.connection.row(
            """
            \(sql: Self.policySource)
            WHERE policies.workspace_id = \(workspace) AND policies.name = \(name) AND policies.deleted_at IS NULL
            """
        ).map(Self.policy)
    }

    func policies(in workspace: Workspace.ID) throws -> [Policy] {
        try self.connection.rows(
            """
            \(sql: Self.policySource)
            WHERE policies.workspace_id = \(workspace) AND policies.deleted_at IS NULL ORDER BY policies.name
            """
        ).map(Self.policy)
    }

    func policyVersions(
        of name: ResourceName,
        in workspace: Workspace.ID,
        page: PageRequest
    ) throws -> [PolicyVersion] {
        try self.connection.rows(
            """
            SELECT version, document, created_at, created_by FROM policy_versions
            WHERE workspace_id = \(workspace) AND name = \(name)
                AND version < \(page.after.flatMap { Int($0) } ?? Int.max)
            ORDER BY version DESC LIMIT \(page.limit)
            """
        ).map(Self.version)
    }

    func policyVersion(_ number: Int, of name: ResourceName, in workspace: Workspace.ID) throws -> PolicyVersion? {
        try self.connection.row(
            """
            SELECT version, document, created_at, created_by FROM policy_versions
            WHERE workspace_id = \(workspace) AND name = \(name) AND version = \(number)
            """
        ).map(Self.version)
    }

    func store(_ policy: Policy) throws {
        try self.connection.execute(
            """
            INSERT INTO policies (workspace_id, name, version, created_at, updated_at)
            VALUES (\(policy.workspaceID), \(policy.name), \(policy.version), \(policy.createdAt), \(policy.updatedAt))
            ON CONFLICT (workspace_id, name) DO UPDATE SET version = excluded.version,
                created_at = excluded.created_at, updated_at = excluded.updated_at, deleted_at = NULL
            """
        )
        try self.connection.execute(
            """
            INSERT INTO policy_versions (workspace_id, name, version, document, created_at, created_by)
            VALUES (\(policy.workspaceID), \(policy.name), \(policy.version), \(policy.document.json),
                \(policy.updatedAt), \(policy.updatedBy))
            """
        )
    }

    func delete(_ policy: Policy, as version: Int, by author: APIKey.ID?, at now: Timestamp) throws {
        try self.connection.execute(
            """
            UPDATE policies SET version = \(version), updated_at = \(now), deleted_at = \(now)
            WHERE workspace_id = \(policy.workspaceID) AND name = \(policy.name)
            """
        )
        try self.connection.execute(
            """
            INSERT INTO policy_versions (workspace_id, name, version, created_at, created_by)
            VALUES (\(policy.workspaceID), \(policy.name), \(version), \(now), \(author))
            """
        )
    }

    func placeLifetimes(in workspace: Workspace.ID) throws -> [PlaceLifetime] {
        try self.connection.rows(
            """
            SELECT api_id, environment, maximum, spares_owners FROM policy_lifetimes
            WHERE workspace_id = \(workspace) ORDER BY api_id, environment
            """
        ).map { row in
            PlaceLifetime(
                place: KeyFilter.Place(apiID: try row.value("api_id"), environment: try row.value("environment")),
                maximum: .milliseconds(try row.value("maximum", as: Int64.self)),
                sparesOwners: try row.value("spares_owners")
            )
        }
    }

    func replacePlaceLifetimes(_ lifetimes: [PlaceLifetime], in workspace: Workspace.ID) throws {
        try self.connection.execute("DELETE FROM policy_lifetimes WHERE workspace_id = \(workspace)")
        for lifetime in lifetimes {
            try self.connection.execute(
                """
                INSERT INTO policy_lifetimes (workspace_id, api_id, environment, maximum, spares_owners)
                VALUES (\(workspace), \(lifetime.place.apiID), \(lifetime.place.environment),
                    \(lifetime.maximum.wholeMilliseconds), \(lifetime.sparesOwners))
                """
            )
        }
    }

    func places(ofKeysWith role: Role.ID, in workspace: Workspace.ID) throws -> [KeyFilter.Place] {
        try self.connection.rows(
            """
            SELECT DISTINCT keys.api_id, keys.environment FROM key_roles JOIN keys ON keys.id = key_roles.key_id
            WHERE key_roles.role_id = \(role) AND keys.workspace_id = \(workspace) AND keys.state <> 'destroyed'
            """
        ).map { KeyFilter.Place(apiID: try $0.value("api_id"), environment: try $0.value("environment")) }
    }

    private static func policy(_ row: Row) throws -> Policy {
        Policy(
            workspaceID: try row.value("workspace_id"),
            name: try row.value("name"),
            document: try Self.document(row),
            version: try row.value("version"),
            createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"),
            updatedBy: try row.value("created_by")
        )
    }

    private static func version(_ row: Row) throws -> PolicyVersion {
        PolicyVersion(
            number: try row.value("version"),
            document: try row.value("document", as: String?.self).map { _ in try Self.document(row) },
            createdAt: try row.value("created_at"),
            createdBy: try row.value("created_by")
        )
    }

    private static func document(_ row: Row) throws -> PolicyDocument {
        do throws(Problem) {
            return try PolicyDocument(reading: try Self.json(row))
        } catch {
            throw Row.unreadable("document")
        }
    }

    private static func json(_ row: Row) throws(Problem) -> JSON {
        guard let json = try? row.value("document", as: JSON.self) else { throw .validation([]) }
        return json
    }
}
