/// Work that the server does by itself again and again, as far as it has come.
///
/// What it works on is a due moment. The moment, how far it has come, and who works on it are stored, so that another
/// process goes on where one was killed, and nothing is done twice for one moment.
public struct Job: Hashable, Sendable {
    /// The jobs there are.
    public enum Name: String, CaseIterable, Sendable {
        /// Tells of keys whose time ends soon or has ended.
        case ends
        /// Suspends or ends keys that were not rotated in time, and reminds before.
        case rotation
        /// Reminds of keys that nobody uses, suspends and revokes them.
        case unused
        /// Ends requests that nobody approved or collected in time.
        case requests
        /// Ends campaigns of reviews, reminds of them and begins the next ones.
        case reviews
        /// Ends graces of replaced credentials that nobody uses any more.
        case graces

        /// How often it is done.
        public var every: Duration {
            switch self {
            case .ends, .requests, .reviews, .graces: .seconds(60)
            case .rotation: .seconds(300)
            case .unused: .seconds(1800)
            }
        }

        /// What it does, for a person.
        public var summary: String {
            switch self {
            case .ends: "Tells of keys whose time ends soon or has ended."
            case .rotation: "Reminds of rotations; suspends or ends keys that were not rotated in time."
            case .unused: "Reminds of keys that nobody uses; suspends and revokes them."
            case .requests: "Ends requests that nobody approved or collected in time."
            case .reviews: "Ends reviews at their deadline, reminds of them and begins the next ones."
            case .graces: "Ends graces of replaced credentials that nobody uses any more."
            }
        }
    }

    /// Who works on it, and until when at most.
    public struct Lease: Hashable, Sendable {
        /// How long one lasts unless it is renewed: so long after a crash, another process takes over.
        public static let length = Duration.seconds(60)

        /// A process.
        public var holder: String
        /// Until when nobody else may.
        public var until: Timestamp

        /// Makes a lease.
        public init(holder: String, until: Timestamp) {
            self.holder = holder
            self.until = until
        }
    }

    /// What it is.
    public let name: Name
    /// When it is to be done, or tried, next.
    public var nextDueAt: Timestamp
    /// When somebody asked for it to be done at once, if nobody has begun since.
    public var requestedAt: Timestamp?
    /// The due moment that is worked on; nil between two.
    public var dueAt: Timestamp?
    /// How far the work on the due moment has come; empty at its beginning.
    public var cursor = ""
    /// Who works on it.
    public var lease: Lease?
    /// When the last work began.
    public var startedAt: Timestamp?
    /// When the last work ended, well or not.
    public var endedAt: Timestamp?
    /// How often it was done.
    public var runs = 0
    /// How often it has failed since it was done last.
    public var failures = 0
    /// Why it failed last; nil when it did not since it was done.
    public var failure: String?

    /// Makes a job that has never been done.
    public init(_ name: Name, nextDueAt: Timestamp) {
        self.name = name
        self.nextDueAt = nextDueAt
    }
}

extension Job {
    /// What it does at a moment.
    public enum Activity: String, Sendable {
        case waiting, running, failing
    }

    /// What it does at a moment.
    public func activity(at now: Timestamp) -> Activity {
        if self.isLeased(at: now) { return .running }
        return self.failures > 0 ? .failing : .waiting
    }

    /// The most that chance puts a due moment off: a tenth of the period, and a minute.
    public var longestJitter: Duration { min(self.name.every / 10, .seconds(60)) }

    /// Whether it is to be done.
    public func isDue(at now: Timestamp) -> Bool { self.requestedAt != nil || self.nextDueAt <= now }

    /// Whether a process may be working on it.
    ///
    /// A lease that ends later than any that is given now comes from a clock that has been set back since.
    public func isLeased(at now: Timestamp) -> Bool {
        guard let lease else { return false }
        return now < lease.until && lease.until <= now + Lease.length * 2
    }

    /// Brings the next moment near that a clock has put far off which was set back since.
    public mutating func bound(at now: Timestamp) {
        let latest = now + self.name.every + self.longestJitter
        if self.nextDueAt > latest { self.nextDueAt = latest }
    }

    /// Begins the work on a due moment, or goes on with it.
    public mutating func begin(by holder: String, at now: Timestamp) {
        if self.dueAt == nil {
            self.dueAt = min(self.nextDueAt, now)
            self.cursor = ""
            self.startedAt = now
        }
        self.requestedAt = nil
        // What was asked for before its time stays due until it has ended, also if this process is killed.
        self.nextDueAt = min(self.nextDueAt, now)
        self.lease = Lease(holder: holder, until: now + Lease.length)
    }

    /// Notes how far it has come.
    public mutating func advance(to cursor: String, at now: Timestamp) {
        self.cursor = cursor
        self.lease?.until = now + Lease.length
    }

    /// Ends the work on the due moment; those that were missed meanwhile are done with it.
    ///
    /// - Parameter jitter: how much later than regularly the next time is.
    public mutating func finish(at now: Timestamp, jitter: Duration) {
        let regular = (self.dueAt ?? now) + self.name.every
        self.nextDueAt = (now < regular ? min(regular, now + self.name.every) : now + self.name.every) + jitter
        self.dueAt = nil
        self.cursor = ""
        self.lease = nil
        self.endedAt = now
        self.runs += 1
        self.failures = 0
        self.failure = nil
    }

    /// Lets go of the work, which goes on where it was: after half a minute, then a minute, two and so on up to its
    /// period.
    public mutating func fail(_ why: String, at now: Timestamp, jitter: Duration) {
        self.failures += 1
        let pause = Duration.seconds(30 << min(self.failures - 1, 10))
        self.nextDueAt = now + min(pause, max(self.name.every, .seconds(30))) + jitter
        self.lease = nil
        self.endedAt = now
        self.failure = why
    }
}
