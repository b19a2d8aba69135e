/// Whether limits allow something, and what they leave.
public struct LimitDecision: Hashable, Sendable {
    /// Whether all limits allow it; if not, none of them was used.
    public var isAllowed: Bool
    /// What each limit says, in the order in which they were given.
    public var outcomes: LimitOutcomes

    /// Makes a decision.
    public init(isAllowed: Bool, outcomes: LimitOutcomes) {
        self.isAllowed = isAllowed
        self.outcomes = outcomes
    }

    /// Nothing is limited.
    public static let unlimited = LimitDecision(isAllowed: true, outcomes: LimitOutcomes())

    /// What each limit says, for the operator.
    public var explanation: String {
        self.outcomes.map { outcome in
            let when = self.isAllowed ? "left afterwards" : outcome.isExceeded ? "left, which is too little" : "left"
            return "\(outcome.name): \(outcome.remaining) of \(outcome.limit) \(when)"
        }.joined(separator: "; ")
    }

    /// How long until all limits would allow it if nothing else is used meanwhile; nil if they do, or never will.
    public var retryAfter: Duration? {
        var longest: Duration?
        for outcome in self.outcomes where outcome.isExceeded {
            guard let wait = outcome.retryAfter else { return nil }
            longest = max(longest ?? wait, wait)
        }
        return longest
    }
}

/// What one limit says.
public struct LimitOutcome: Hashable, Sendable {
    /// What the limit is called.
    public var name: LimitName
    /// The most that can be used at one moment: the requests of the window, or the bucket's burst.
    public var limit: Int
    /// The requests of the window; a bucket's burst may be more or less.
    public var quota: Int
    /// How long the limit's window is.
    public var window: Duration
    /// How much can be used now, after this use if it was allowed.
    public var remaining: Int
    /// How long until all of it can be used again, if nothing else is used meanwhile.
    public var resetsAfter: Duration
    /// How long until the refused cost would be allowed, if nothing else is used meanwhile.
    ///
    /// Nil if it was not this limit that refused, or if the cost is larger than the limit and never will be allowed.
    public var retryAfter: Duration?
    /// Whether this limit refused.
    public var isExceeded: Bool
    /// Whether it refused only because there was no room for one more counter.
    public var isCrowdedOut: Bool

    /// Makes an outcome.
    public init(
        name: LimitName,
        limit: Int,
        quota: Int? = nil,
        window: Duration,
        remaining: Int,
        resetsAfter: Duration,
        retryAfter: Duration? = nil,
        isExceeded: Bool = false,
        isCrowdedOut: Bool = false
    ) {
        self.name = name
        self.limit = limit
        self.quota = quota ?? limit
        self.window = window
        self.remaining = remaining
        self.resetsAfter = resetsAfter
        self.retryAfter = retryAfter
        self.isExceeded = isExceeded
        self.isCrowdedOut = isCrowdedOut
    }

    /// Whether the cost is larger than the whole limit, so that waiting does not help.
    public var isBeyondLimit: Bool { self.isExceeded && self.retryAfter == nil }
}
