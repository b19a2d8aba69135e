public import ClavigerCore

/// Which keys a job looks at.
public struct KeyLifeFilter: Sendable {
    /// In one of these places.
    public var places: [KeyFilter.Place]
    /// Those of which a rotation was asked for too, wherever they are.
    public var withRequiredRotation: Bool
    /// Those that were suspended too; otherwise only those that can be used.
    public var withSuspended: Bool

    /// Makes a filter.
    public init(places: [KeyFilter.Place], withRequiredRotation: Bool = false, withSuspended: Bool = false) {
        self.places = places
        self.withRequiredRotation = withRequiredRotation
        self.withSuspended = withSuspended
    }
}

/// What jobs read in a transaction.
public protocol JobReading {
    /// All jobs that are stored.
    func jobs() throws -> [Job]
    /// What the jobs look at of keys, by id.
    func keyLives(
        _ filter: KeyLifeFilter,
        after: APIKey.ID?,
        limit: Int,
        in workspace: Workspace.ID
    ) throws -> [KeyLife]
    /// The same of one key; nil where there is none.
    func keyLife(_ id: APIKey.ID, in workspace: Workspace.ID) throws -> KeyLife?
}

/// What jobs write in a transaction.
public protocol JobWriting: JobReading {
    func insert(_ job: Job) throws
    /// Stores how far a job is, if its lease is still the one that was seen; tells whether it was.
    func store(_ job: Job, ifLeased seen: Job.Lease?) throws -> Bool
    func store(_ notices: KeyNotices, of key: APIKey.ID) throws
}
