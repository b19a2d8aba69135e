/// What was used of one limit, counted as its algorithm says.
public enum LimitCounter: Sendable {
    case slidingWindow(SlidingWindowCounter)
    case tokenBucket(TokenBucketCounter)

    /// Makes a counter for a limit of which nothing is used.
    public init(for limit: RateLimit) {
        switch limit.algorithm {
        case .slidingWindow: self = .slidingWindow(SlidingWindowCounter())
        case .tokenBucket: self = .tokenBucket(TokenBucketCounter())
        }
    }

    /// How much can be used now.
    public func remaining(of limit: RateLimit, at now: Uptime) -> Int {
        switch self {
        case .slidingWindow(let counter): counter.remaining(of: limit, at: now)
        case .tokenBucket(let counter): counter.remaining(of: limit, at: now)
        }
    }

    /// Counts so much as used, whether or not it can be.
    public mutating func take(_ cost: Int, of limit: RateLimit, at now: Uptime) {
        switch self {
        case .slidingWindow(var counter):
            counter.take(cost, of: limit, at: now)
            self = .slidingWindow(counter)
        case .tokenBucket(var counter):
            counter.take(cost, of: limit, at: now)
            self = .tokenBucket(counter)
        }
    }

    /// Takes back what was used at `moment`.
    public mutating func giveBack(_ cost: Int, of limit: RateLimit, takenAt moment: Uptime, at now: Uptime) {
        switch self {
        case .slidingWindow(var counter):
            counter.giveBack(cost, of: limit, takenAt: moment)
            self = .slidingWindow(counter)
        case .tokenBucket(var counter):
            counter.giveBack(cost, of: limit, takenAt: moment, at: now)
            self = .tokenBucket(counter)
        }
    }

    /// How long until so much can be used if nothing else is used meanwhile; nil if it never can.
    public func whenAvailable(_ cost: Int, of limit: RateLimit, at now: Uptime) -> Duration? {
        switch self {
        case .slidingWindow(let counter): counter.whenAvailable(cost, of: limit, at: now)
        case .tokenBucket(let counter): counter.whenAvailable(cost, of: limit, at: now)
        }
    }

    /// How long until nothing is counted as used if nothing else is used meanwhile.
    public func resetsAfter(of limit: RateLimit, at now: Uptime) -> Duration {
        .nanoseconds(self.nanosecondsToReset(of: limit, at: now))
    }

    /// ``resetsAfter(of:at:)`` as a number.
    package func nanosecondsToReset(of limit: RateLimit, at now: Uptime) -> Int64 {
        switch self {
        case .slidingWindow(let counter): counter.nanosecondsToReset(of: limit, at: now)
        case .tokenBucket(let counter): counter.nanosecondsToReset(of: limit, at: now)
        }
    }
}
