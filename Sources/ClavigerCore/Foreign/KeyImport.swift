/// One import of keys, which can be sent again and continues.
public struct KeyImport: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "imp"
    /// The id of an import.
    public typealias ID = Identifier<KeyImport>

    /// How many lines became what.
    public struct Counts: Hashable, Sendable {
        /// Keys that were made.
        public var imported = 0
        /// Lines whose token there was already.
        public var existing = 0
        /// Lines that could not be taken.
        public var refused = 0
        /// Consumers that were made.
        public var consumers = 0

        /// Makes counts of nothing.
        public init() {}

        /// Adds the counts of another part.
        public static func += (left: inout Counts, right: Counts) {
            left.imported += right.imported
            left.existing += right.existing
            left.refused += right.refused
            left.consumers += right.consumers
        }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The api of the keys.
    public let apiID: API.ID
    /// The environment of the keys.
    public let environment: EnvironmentName
    /// What whoever sends it calls it; unique in the environment.
    public let name: Label
    /// How the hashes were said to be made and found; the same each time that it is sent.
    public let rule: String
    /// The last line that is done with.
    public var lastLine: Int
    /// How many lines became what.
    public var counts: Counts
    /// When it was begun.
    public let createdAt: Timestamp
    /// The management key that began it.
    public let createdBy: APIKey.ID
    /// When the last part of it came.
    public var updatedAt: Timestamp

    /// Makes an import value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        apiID: API.ID,
        environment: EnvironmentName,
        name: Label,
        rule: String,
        lastLine: Int = 0,
        counts: Counts = Counts(),
        createdAt: Timestamp,
        createdBy: APIKey.ID,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.apiID = apiID
        self.environment = environment
        self.name = name
        self.rule = rule
        self.lastLine = lastLine
        self.counts = counts
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.updatedAt = updatedAt
    }
}

/// A line of an import that could not be taken.
public struct ImportRefusal: Hashable, Sendable {
    /// The most characters of a reason.
    public static let longestReason = 500

    /// The number of the line, from 1.
    public let line: Int
    /// Why, for a person; without anything from the line.
    public let reason: String

    /// Makes a refusal.
    public init(line: Int, reason: String) {
        self.line = line
        self.reason = String(reason.prefix(Self.longestReason))
    }
}
