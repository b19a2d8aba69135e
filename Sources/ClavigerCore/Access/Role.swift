/// A named set of scopes.
public struct Role: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "role"
    /// The id of a role.
    public typealias ID = Identifier<Role>

    /// What administrators may say of a role.
    public struct Attributes: Hashable, Sendable {
        /// A word about the role.
        public var description: String?
        /// What its holders may do.
        public var scopes: [Scope]

        /// Makes attributes.
        public init(description: String? = nil, scopes: [Scope]) {
            self.description = description
            self.scopes = scopes
        }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The name; it never changes.
    public let name: ResourceName
    /// What administrators may say of it.
    public var attributes: Attributes
    /// Whether it came with Claviger; then it cannot be changed or removed.
    public let isBuiltIn: Bool
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// Counts changes; the ETag.
    public var version: Int

    /// Makes a role value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        name: ResourceName,
        attributes: Attributes,
        isBuiltIn: Bool,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        version: Int
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.name = name
        self.attributes = attributes
        self.isBuiltIn = isBuiltIn
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }
}

/// The roles that exist from the start.
public enum BuiltInRole: String, CaseIterable, Sendable {
    case owner, admin, `operator`, auditor, viewer

    /// The role's name.
    public var name: ResourceName { ResourceName(known: self.rawValue) }

    /// What the role is for, for a person.
    public var description: String {
        switch self {
        case .owner: "Everything."
        case .admin: "Everything but rotating the keyring."
        case .operator: "Daily work: keys, consumers, plans and limits of every api, and their usage."
        case .auditor: "Reads everything, the audit log included."
        case .viewer: "Reads apis, consumers, roles, plans and keys."
        }
    }

    /// The role's scopes.
    public var scopes: [Scope] {
        let reading = [
            "apis.*.read", "apis.*.*.keys.read", "consumers.read", "roles.read", "plans.read", "limits.overrides.read",
            "policies.read",
        ]
        let texts =
            switch self {
            case .owner: ["*"]
            case .admin:
                [
                    "apis.*", "consumers.*", "roles.*", "plans.*", "limits.*", "usage.read", "audit.read",
                    "keyring.read", "leaks.*", "webhooks.*", "policies.*", "reviews.*", "jobs.*",
                ]
            case .operator:
                reading + [
                    "apis.*.*.keys.*", "consumers.*", "plans.*", "limits.*", "usage.read", "leaks.*", "webhooks.read",
                    "jobs.read", "jobs.run",
                ]
            case .auditor:
                reading + [
                    "usage.read", "audit.read", "keyring.read", "leaks.read", "webhooks.read", "reviews.read",
                    "jobs.read",
                ]
            case .viewer: reading
            }
        return texts.map(Scope.init(wellFormed:))
    }
}
