/// How often something may be done: so many requests in a window of time.
///
/// "Requests" are units of cost; most requests cost one.
public struct RateLimit: Hashable, Sendable {
    /// How the requests are counted.
    public enum Algorithm: Hashable, Sendable {
        /// Never more than `requests` in any interval as long as the window; see ``SlidingWindowCounter``.
        case slidingWindow
        /// A bucket of `burst` that fills by `requests` in each window; see ``TokenBucketCounter``.
        case tokenBucket(burst: Int)
    }

    /// The largest number of requests, and the largest burst.
    public static let mostRequests = 1_000_000_000
    /// The shortest window.
    public static let shortestWindow = Duration.seconds(1)
    /// The longest window: 31 days.
    public static let longestWindow = Duration.seconds(31 * 86_400)

    /// What the limit is called.
    public let name: LimitName
    /// How many requests the window has, 1 to ``mostRequests``.
    public let requests: Int
    /// How the requests are counted.
    public let algorithm: Algorithm
    /// The window in nanoseconds; a whole number of milliseconds.
    ///
    /// Kept as a number because every verification computes with it.
    let windowNanoseconds: Int64

    /// Makes a limit; every number is checked.
    public init(
        name: LimitName,
        requests: Int,
        window: Duration,
        algorithm: Algorithm = .slidingWindow
    ) throws(FieldError) {
        try Self.check(requests: requests)
        try Self.check(window: window)
        if case .tokenBucket(let burst) = algorithm { try Self.check(burst: burst) }
        self.name = name
        self.requests = requests
        self.algorithm = algorithm
        self.windowNanoseconds = window.wholeMilliseconds * 1_000_000
    }

    /// How long the window is.
    public var window: Duration { .nanoseconds(self.windowNanoseconds) }

    /// The most that can be used at one moment: `requests`, or the bucket's burst.
    public var capacity: Int {
        switch self.algorithm {
        case .slidingWindow: self.requests
        case .tokenBucket(let burst): burst
        }
    }

    static func check(requests: Int) throws(FieldError) {
        guard requests != 0 else {
            throw FieldError("must be at least 1; to let nothing through, suspend the key")
        }
        guard (1...Self.mostRequests).contains(requests) else {
            throw FieldError("must be a whole number from 1 to 1,000,000,000")
        }
    }

    static func check(window: Duration) throws(FieldError) {
        guard window >= Self.shortestWindow else { throw FieldError("must be at least 1s") }
        guard window <= Self.longestWindow else {
            throw FieldError("must be at most 31d; for a longer time use credits with a refill")
        }
        guard window == .milliseconds(window.wholeMilliseconds) else {
            throw FieldError("must be a whole number of milliseconds")
        }
    }

    static func check(burst: Int) throws(FieldError) {
        guard (1...Self.mostRequests).contains(burst) else {
            throw FieldError("must be a whole number from 1 to 1,000,000,000")
        }
    }
}
