/// A policy as of one version.
public struct Policy: Hashable, Sendable {
    /// The largest number of policies in a workspace.
    public static let most = 200

    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The name; it never changes.
    public let name: ResourceName
    /// What it asks for.
    public var document: PolicyDocument
    /// Counts changes; the ETag.
    public var version: Int
    /// When the policy was first made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// The management key that made this version.
    public var updatedBy: APIKey.ID?

    /// Makes a policy value.
    public init(
        workspaceID: Workspace.ID,
        name: ResourceName,
        document: PolicyDocument,
        version: Int,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        updatedBy: APIKey.ID?
    ) {
        self.workspaceID = workspaceID
        self.name = name
        self.document = document
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.updatedBy = updatedBy
    }
}

/// One state that a policy had.
public struct PolicyVersion: Hashable, Sendable {
    /// The number.
    public let number: Int
    /// What it asked for; nil where the policy was deleted.
    public let document: PolicyDocument?
    /// When it came to be.
    public let createdAt: Timestamp
    /// The management key that made it.
    public let createdBy: APIKey.ID?

    /// Makes a version.
    public init(number: Int, document: PolicyDocument?, createdAt: Timestamp, createdBy: APIKey.ID?) {
        self.number = number
        self.document = document
        self.createdAt = createdAt
        self.createdBy = createdBy
    }
}
