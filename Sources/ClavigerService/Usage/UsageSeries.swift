public import ClavigerCore

/// The length of the steps in which use is counted; all begin at whole minutes, hours or days of UTC.
public enum UsageResolution: String, CaseIterable, Sendable {
    case minute
    case hour
    case day

    /// The length of a step in milliseconds.
    public var milliseconds: Int64 {
        switch self {
        case .minute: 60_000
        case .hour: 3_600_000
        case .day: 86_400_000
        }
    }

    /// The beginning of the step that a moment is in.
    public func start(of moment: Timestamp) -> Timestamp {
        let remainder = moment.milliseconds % self.milliseconds
        return Timestamp(
            milliseconds: moment.milliseconds - (remainder < 0 ? remainder + self.milliseconds : remainder)
        )
    }
}

/// Which use to count.
public struct UsageFilter: Hashable, Sendable {
    /// Of this key.
    public var keyID: APIKey.ID?
    /// Of this consumer.
    public var consumerID: Consumer.ID?
    /// Of this api.
    public var apiID: API.ID?
    /// The length of the steps.
    public var resolution: UsageResolution
    /// From the step that this moment is in.
    public var from: Timestamp
    /// Up to the steps that begin before this moment.
    public var to: Timestamp
    /// Whether each outcome is counted by itself.
    public var byCode: Bool

    /// Makes a filter for all use in a time.
    public init(resolution: UsageResolution, from: Timestamp, to: Timestamp, byCode: Bool = false) {
        self.resolution = resolution
        self.from = from
        self.to = to
        self.byCode = byCode
    }
}

/// How much use there was in one step of time; steps without use have none.
public struct UsagePoint: Hashable, Sendable {
    /// When the step begins.
    public var start: Timestamp
    /// The outcome that is counted; `nil` when all are.
    public var code: UInt8?
    /// The number of verifications.
    public var count: Int64
    /// What they cost together.
    public var cost: Int64

    /// Makes a point.
    public init(start: Timestamp, code: UInt8?, count: Int64, cost: Int64) {
        self.start = start
        self.code = code
        self.count = count
        self.cost = cost
    }
}

/// What a list of the largest users is about.
public enum UsageDimension: String, CaseIterable, Sendable {
    case key
    case consumer
    case network
    case path
    case code
}

/// One line of a list of the largest users.
public struct TopUsage: Hashable, Sendable {
    /// Who or what was counted.
    public enum Subject: Hashable, Sendable {
        /// A key.
        case key(APIKey.ID)
        /// A consumer.
        case consumer(Consumer.ID)
        /// The network of a client: an IPv4 address, or 64 bits of an IPv6 address.
        case network(CIDR)
        /// A path, or the rule that it matched.
        case path(String)
        /// An outcome.
        case code(UInt8)
    }

    /// Who or what was counted.
    public var subject: Subject
    /// The number of verifications.
    public var count: Int64
    /// What they cost together.
    public var cost: Int64

    /// Makes a line.
    public init(subject: Subject, count: Int64, cost: Int64) {
        self.subject = subject
        self.count = count
        self.cost = cost
    }
}

/// The last time that a key was used with success.
public struct LastUse: Hashable, Sendable {
    /// When.
    public var time: Timestamp
    /// From where.
    public var clientAddress: IPAddress?
    /// What the client calls itself.
    public var userAgent: String?

    /// Makes a last use.
    public init(time: Timestamp, clientAddress: IPAddress?, userAgent: String?) {
        self.time = time
        self.clientAddress = clientAddress
        self.userAgent = userAgent
    }
}

/// How often clients of one network were refused for one reason.
public struct RefusalCount: Hashable, Sendable {
    /// The network: an IPv4 address, or 64 bits of an IPv6 address; `nil` when the address was not known.
    public var network: CIDR?
    /// The reason.
    public var code: UInt8
    /// How often.
    public var count: Int64

    /// Makes a count.
    public init(network: CIDR?, code: UInt8, count: Int64) {
        self.network = network
        self.code = code
        self.count = count
    }
}

/// How long use is kept.
public struct UsageRetention: Hashable, Sendable {
    /// The access log, and the refusals by network: both say which address did what.
    public var detail: Duration
    /// Counts by the hour and by the day.
    public var rollUps: Duration
    /// Counts by the minute.
    public var minutes: Duration

    /// Unless told otherwise 90 days of detail, 25 months of roll-ups, and two weeks of minutes.
    public init(
        detail: Duration = .seconds(90 * 86_400),
        rollUps: Duration = .seconds(760 * 86_400),
        minutes: Duration = .seconds(14 * 86_400)
    ) {
        self.detail = detail
        self.rollUps = rollUps
        self.minutes = minutes
    }
}

/// What retention has removed.
public struct RemovedUsage: Hashable, Sendable {
    /// The days of the access log.
    public var days: [UTCDay]
    /// The rows of the roll-ups.
    public var rollUps: Int

    /// Makes a report.
    public init(days: [UTCDay], rollUps: Int) {
        self.days = days
        self.rollUps = rollUps
    }
}
