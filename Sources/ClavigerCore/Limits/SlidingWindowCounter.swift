/// What was used of a limit in its sliding window, counted in twelve sub-windows and the one that is running.
///
/// Two promises, for a limit of `requests` in a window:
///
/// - Never more than `requests` are used in any interval as long as the window, both ends included. The running
///   sub-window and the twelve before it cover every such interval that ends now, and their sum is what is compared.
/// - What was used is given back at most one sub-window (a twelfth of the window) later than the window's end.
///
/// Sub-window `n` begins at `n · window / 12` of the uptime, rounded up to a nanosecond. The numbers are exact, so
/// nothing drifts. A limit may be given another number of requests at any time: what was used stays counted, at its
/// cost. Its window has to stay the same for the life of a counter.
///
/// An uptime before the latest one that was seen counts as in the latest sub-window: a thread that is late can be told
/// of a little less than there is, never of more.
public struct SlidingWindowCounter: Sendable {
    private static let parts: Int64 = 12
    private static let slots = 13

    /// What was used: in the latest sub-window that anything was used in, the one before it, and so on.
    private var counts: InlineArray<13, UInt32>
    /// The sum of `counts`.
    private var total: UInt32
    /// The number of the latest sub-window.
    private var latest: Int64

    /// Makes a counter of which nothing is used.
    public init() {
        self.counts = InlineArray(repeating: 0)
        self.total = 0
        self.latest = 0
    }

    /// How much can be used now.
    public func remaining(of limit: RateLimit, at now: Uptime) -> Int {
        max(0, limit.requests - self.used(since: self.age(limit, now)))
    }

    /// Whether so much can be used now.
    public func canTake(_ cost: Int, of limit: RateLimit, at now: Uptime) -> Bool {
        cost <= self.remaining(of: limit, at: now)
    }

    /// Counts so much as used, whether or not it can be.
    public mutating func take(_ cost: Int, of limit: RateLimit, at now: Uptime) {
        self.advance(by: self.age(limit, now))
        let added = min(UInt32(clamping: cost), .max - self.total)
        self.counts[0] += added
        self.total += added
    }

    /// Takes back what was used at `moment`, as if it had not been.
    ///
    /// Costs that have left the window by now, or were never counted, change nothing.
    public mutating func giveBack(_ cost: Int, of limit: RateLimit, takenAt moment: Uptime) {
        var rest = UInt32(clamping: cost)
        var slot = Int(clamping: self.latest - Self.subWindow(limit, moment))
        guard slot < Self.slots else { return }
        slot = max(slot, 0)
        // A late thread's cost is in a newer sub-window than its own time says. Going from older to newer ones gives
        // back too late at worst.
        while rest > 0, slot >= 0 {
            let part = min(rest, self.counts[slot])
            self.counts[slot] -= part
            self.total -= part
            rest -= part
            slot -= 1
        }
    }

    /// How long until so much can be used if nothing else is used meanwhile; nil if it never can.
    public func whenAvailable(_ cost: Int, of limit: RateLimit, at now: Uptime) -> Duration? {
        guard cost > 0 else { return .zero }
        guard cost <= limit.requests else { return nil }
        let age = self.age(limit, now)
        var missing = self.used(since: age) + cost - limit.requests
        guard missing > 0 else { return .zero }
        for slot in stride(from: Self.slots - 1 - age, through: 0, by: -1) {
            missing -= Int(self.counts[slot])
            if missing <= 0 { return .nanoseconds(self.wait(for: slot, limit, now)) }
        }
        return nil
    }

    /// How long until nothing is counted as used if nothing else is used meanwhile.
    public func resetsAfter(of limit: RateLimit, at now: Uptime) -> Duration {
        .nanoseconds(self.nanosecondsToReset(of: limit, at: now))
    }

    /// ``resetsAfter(of:at:)`` as a number.
    package func nanosecondsToReset(of limit: RateLimit, at now: Uptime) -> Int64 {
        guard self.total > 0 else { return 0 }
        for slot in 0..<Self.slots where self.counts[slot] > 0 {
            return max(0, self.wait(for: slot, limit, now))
        }
        return 0
    }

    /// The number of sub-windows since the latest one.
    @inline(__always)
    private func age(_ limit: RateLimit, _ now: Uptime) -> Int {
        Int(clamping: max(0, Self.subWindow(limit, now) - self.latest))
    }

    /// What is used in the sub-windows that still count.
    @inline(__always)
    private func used(since age: Int) -> Int {
        guard age < Self.slots else { return 0 }
        var used = Int(self.total)
        for slot in (Self.slots - age)..<Self.slots { used -= Int(self.counts[slot]) }
        return used
    }

    private mutating func advance(by age: Int) {
        guard age > 0 else { return }
        self.total = UInt32(self.used(since: age))
        for slot in stride(from: Self.slots - 1, through: 0, by: -1) {
            self.counts[slot] = slot >= age ? self.counts[slot - age] : 0
        }
        self.latest += Int64(age)
    }

    /// The nanoseconds until what was used in a sub-window no longer counts.
    private func wait(for slot: Int, _ limit: RateLimit, _ now: Uptime) -> Int64 {
        let number = self.latest - Int64(slot) + Int64(Self.slots)
        let (windows, parts) = number.quotientAndRemainder(dividingBy: Self.parts)
        let offset = (parts * limit.windowNanoseconds + Self.parts - 1) / Self.parts
        return windows * limit.windowNanoseconds + offset - now.counted
    }

    /// The number of the sub-window that a moment is in.
    @inline(__always)
    private static func subWindow(_ limit: RateLimit, _ moment: Uptime) -> Int64 {
        let (windows, rest) = moment.counted.quotientAndRemainder(dividingBy: limit.windowNanoseconds)
        return windows * self.parts + rest * self.parts / limit.windowNanoseconds
    }
}

extension Uptime {
    /// The nanoseconds, from 0 to 146 years, so that no sum overflows.
    package var counted: Int64 { min(max(self.nanoseconds, 0), .max / 2) }
}
