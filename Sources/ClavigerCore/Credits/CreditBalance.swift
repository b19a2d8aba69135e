/// What is left of somebody's credits, and the period in which they were last refilled.
///
/// A balance is never negative and never larger than ``CreditPolicy/most``.
public struct CreditBalance: Hashable, Sendable {
    /// The credits that can be spent.
    public private(set) var remaining: Int64
    /// The ``RefillPeriod/code`` of the period of the last refill; 0 without a refill.
    ///
    /// It carries the interval: when a policy is changed from months to hours, no month is taken for an hour.
    public private(set) var period: Int64

    /// Makes a balance, which is brought into the range of balances.
    public init(remaining: Int64, period: Int64) {
        self.remaining = min(max(remaining, 0), CreditPolicy.most)
        self.period = period
    }

    /// The balance that a policy begins with.
    public init(opening policy: CreditPolicy, at now: Timestamp) {
        self.init(remaining: policy.amount, period: policy.refill?.schedule.period(at: now).code ?? 0)
    }

    /// Adds or sets what has come due; nothing if the policy has no refill.
    ///
    /// See ``refill(_:in:reserved:)``.
    public mutating func refill(_ policy: CreditPolicy, at now: Timestamp, reserved: Int64 = 0) {
        guard let refill = policy.refill else { return }
        self.refill(refill, in: refill.schedule.period(at: now), reserved: reserved)
    }

    /// Adds or sets what has come due since the last refill, where `period` is the one that it is now.
    ///
    /// Each missed period adds its amount where credits accumulate; credits that are `reserved` count towards the
    /// cap, as they may come back.
    ///
    /// If the clock is set back by more than one period, the balance follows it without a refill, so that nobody is
    /// locked out until a wrong time is reached again. Thus a clock that goes back and forth over *n* periods gives at
    /// most *n* refills too many where credits accumulate (and never more than the cap), and one where they are
    /// replaced. Being one period ahead is not being wrong: the refill has been given already, be it because the
    /// clock was a little fast or because two threads crossed, and it is not given twice.
    ///
    /// If the balance comes from a policy with another interval, it keeps its credits, and the next period brings
    /// the next refill.
    public mutating func refill(_ refill: Refill, in period: RefillPeriod, reserved: Int64 = 0) {
        guard period.code != self.period else { return }
        guard let last = RefillPeriod.number(in: self.period, of: period.interval) else {
            self.period = period.code
            return
        }
        // Codes are within an eighth of what 64 bits hold, so that differences cannot overflow.
        let missed = period.number - last
        guard missed != -1 else { return }
        self.period = period.code
        guard missed > 0 else { return }
        switch refill.mode {
        case .replace:
            self.remaining = min(refill.amount, CreditPolicy.most)
        case .accumulate(let cap):
            let reserved = min(max(reserved, 0), CreditPolicy.most)
            let room = min(cap ?? .max, CreditPolicy.most) - self.remaining - reserved
            guard room > 0 else { return }
            let (sum, overflow) = refill.amount.multipliedReportingOverflow(by: missed)
            self.remaining += overflow ? room : min(sum, room)
        }
    }

    /// Whether `cost` can be spent; negative costs cannot.
    public func canSpend(_ cost: Int64) -> Bool {
        cost >= 0 && cost <= self.remaining
    }

    /// Takes `cost`, if that much is left.
    public mutating func spend(_ cost: Int64) -> Bool {
        guard self.canSpend(cost) else { return false }
        self.remaining -= cost
        return true
    }

    /// Gives back what was taken in `period` (its code) and not used after all.
    ///
    /// Where each period replaces the one before, credits of an earlier period have lapsed, and nothing is given back.
    public mutating func giveBack(_ amount: Int64, takenIn period: Int64, _ policy: CreditPolicy) {
        guard amount > 0 else { return }
        if policy.refill?.mode == .replace, period != self.period { return }
        self.remaining += min(amount, CreditPolicy.most - self.remaining)
    }
}
