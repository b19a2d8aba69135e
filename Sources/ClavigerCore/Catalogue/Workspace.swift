/// A tenant.
///
/// Every look-up carries its id.
public struct Workspace: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "ws"
    /// The id of a workspace.
    public typealias ID = Identifier<Workspace>

    /// The id.
    public let id: ID
    /// The name, `default` for the one that exists from the start.
    public let name: ResourceName
    /// When it was made.
    public let createdAt: Timestamp

    /// Makes a workspace value.
    public init(id: ID, name: ResourceName, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
    }

    /// The name of the workspace that exists from the start.
    public static let defaultName = ResourceName(known: "default")
}
