/// What is owed to a token bucket: each use adds its cost to a debt, and the debt drains by `requests` per window.
///
/// A use is allowed when the debt with it is at most the burst. This is the generic cell rate algorithm (ITU-T I.371,
/// the virtual scheduling form): a debt of `d` at uptime `t` is a theoretical arrival time of `t + d · window /
/// requests`, and "debt and cost fit the burst" is "the arrival time is at most `(burst − cost) · window / requests`
/// ahead of the clock". It is also a bucket of `burst` tokens of which `burst − d` are left. The debt is kept because
/// it stays right when the numbers of the limit change; a theoretical arrival time would not.
///
/// The debt is a whole number and a fraction in parts of `1 / window` (in nanoseconds), so that draining is exact for
/// every number of requests and nothing drifts. A limit's requests and burst may change at any time: the debt stays,
/// and drains at the new pace from its last use on. Its window has to stay the same for the life of a counter.
///
/// An uptime before the latest one that was seen drains nothing.
public struct TokenBucketCounter: Sendable {
    /// A debt of `whole + fraction / window` units.
    private struct Debt {
        var whole: UInt64 = 0
        var fraction: UInt64 = 0

        /// The debt as whole units, so that a unit that is partly drained still counts.
        var roundedUp: Int { Int(clamping: self.whole) + (self.fraction > 0 ? 1 : 0) }
    }

    private var debt = Debt()
    /// When the debt was what it is.
    private var since: Int64 = 0

    /// Makes a counter of a bucket that is full.
    public init() {}

    /// How much can be used now.
    public func remaining(of limit: RateLimit, at now: Uptime) -> Int {
        max(0, limit.capacity - self.debt(limit, now).roundedUp)
    }

    /// Whether so much can be used now.
    public func canTake(_ cost: Int, of limit: RateLimit, at now: Uptime) -> Bool {
        cost <= self.remaining(of: limit, at: now)
    }

    /// Counts so much as used, whether or not it can be.
    public mutating func take(_ cost: Int, of limit: RateLimit, at now: Uptime) {
        self.advance(limit, now)
        self.debt.whole = min(self.debt.whole + UInt64(UInt32(clamping: cost)), UInt64(UInt32.max))
    }

    /// Takes back what was used at `moment`.
    ///
    /// Only what has not drained since then is taken off the debt: without that use the bucket might have been full in
    /// between, and could not have filled any further.
    public mutating func giveBack(_ cost: Int, of limit: RateLimit, takenAt moment: Uptime, at now: Uptime) {
        self.advance(limit, now)
        var owed = Debt(whole: UInt64(UInt32(clamping: cost)))
        // `since` and not `now`: an uptime that went back has drained nothing.
        Self.drain(&owed, limit, self.since - min(moment.counted, self.since))
        Self.subtract(owed, from: &self.debt, window: UInt64(limit.windowNanoseconds))
    }

    /// How long until so much can be used if nothing else is used meanwhile; nil if it never can.
    public func whenAvailable(_ cost: Int, of limit: RateLimit, at now: Uptime) -> Duration? {
        guard cost > 0 else { return .zero }
        guard cost <= limit.capacity else { return nil }
        var debt = self.debt(limit, now)
        let allowed = UInt64(limit.capacity - cost)
        guard debt.whole >= allowed else { return .zero }
        debt.whole -= allowed
        return .nanoseconds(Self.timeToDrain(debt, limit))
    }

    /// How long until the bucket is full if nothing else is used meanwhile.
    public func resetsAfter(of limit: RateLimit, at now: Uptime) -> Duration {
        .nanoseconds(self.nanosecondsToReset(of: limit, at: now))
    }

    /// ``resetsAfter(of:at:)`` as a number.
    package func nanosecondsToReset(of limit: RateLimit, at now: Uptime) -> Int64 {
        Self.timeToDrain(self.debt(limit, now), limit)
    }

    @inline(__always)
    private func debt(_ limit: RateLimit, _ now: Uptime) -> Debt {
        var debt = self.debt
        Self.drain(&debt, limit, max(0, now.counted - self.since))
        return debt
    }

    private mutating func advance(_ limit: RateLimit, _ now: Uptime) {
        self.debt = self.debt(limit, now)
        self.since = max(self.since, now.counted)
    }

    /// Drains what `elapsed` nanoseconds do, to nothing at least.
    @inline(__always)
    private static func drain(_ debt: inout Debt, _ limit: RateLimit, _ elapsed: Int64) {
        guard elapsed > 0, debt.whole > 0 || debt.fraction > 0 else { return }
        let window = UInt64(limit.windowNanoseconds)
        let product = UInt64(elapsed).multipliedFullWidth(by: UInt64(limit.requests))
        // There are fewer requests than nanoseconds in a window, so the quotient is less than `elapsed`.
        let drained =
            product.high == 0
            ? product.low.quotientAndRemainder(dividingBy: window)
            : window.dividingFullWidth(product)
        Self.subtract(Debt(whole: drained.quotient, fraction: drained.remainder), from: &debt, window: window)
    }

    private static func subtract(_ part: Debt, from debt: inout Debt, window: UInt64) {
        var whole = part.whole
        var fraction = debt.fraction
        if part.fraction > fraction {
            whole += 1
            fraction += window
        }
        guard whole <= debt.whole else {
            debt = Debt()
            return
        }
        debt.whole -= whole
        debt.fraction = fraction - part.fraction
    }

    /// The nanoseconds that a debt takes to drain, rounded up, and at most 146 years.
    @inline(__always)
    private static func timeToDrain(_ debt: Debt, _ limit: RateLimit) -> Int64 {
        let requests = UInt64(limit.requests)
        var product = debt.whole.multipliedFullWidth(by: UInt64(limit.windowNanoseconds))
        // The fraction, and what makes the division round up.
        let (low, overflow) = product.low.addingReportingOverflow(debt.fraction + requests - 1)
        product.low = low
        product.high += overflow ? 1 : 0
        guard product.high < requests else { return .max / 2 }
        let time = product.high == 0 ? low / requests : requests.dividingFullWidth(product).quotient
        return Int64(min(time, UInt64(Int64.max / 2)))
    }
}
