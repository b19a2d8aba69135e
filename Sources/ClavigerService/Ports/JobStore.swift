public import ClavigerCore

/// Which keys a job looks at.
public struct KeyLifeFilter: Sendable {
    /// What the age of a key is counted from.
    public enum Age: Sendable {
        /// When it was made.
        case key
        /// When its current credential was made.
        case credential
    }

    /// Keys of a place that are old enough.
    public struct Place: Sendable {
        /// The place.
        public var place: KeyFilter.Place
        /// The youngest are this old.
        public var madeBy: Timestamp

        /// Makes a place.
        public init(_ place: KeyFilter.Place, madeBy: Timestamp) {
            self.place = place
            self.madeBy = madeBy
        }
    }

    /// In one of these places.
    public var places: [Place]
    /// What their age is counted from.
    public var age: Age
    /// Those of which a rotation was asked for too, wherever they are and however old.
    public var withRequiredRotation: Bool
    /// Those that were suspended too; otherwise only those that can be used.
    public var withSuspended: Bool

    /// Makes a filter.
    public init(places: [Place], age: Age, withRequiredRotation: Bool = false, withSuspended: Bool = false) {
        self.places = places
        self.age = age
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
