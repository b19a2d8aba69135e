/// What its holder may use up: limits and credits of its own, and those of a plan.
///
/// Of two limits with one name, the holder's own counts and not the plan's; so do its own credits.
public struct Allowance: Hashable, Sendable {
    /// Limits of its own.
    public var limits: RateLimits
    /// Credits of its own.
    public var credits: CreditPolicy?
    /// Its plan.
    public var planID: Plan.ID?
    /// Counts how often its credits were given anew; an account of an older generation does not count any more.
    public var creditGeneration: UInt32
    /// When its credits were last given anew.
    public var creditsSince: Timestamp

    /// Makes an allowance.
    public init(
        limits: RateLimits = .none,
        credits: CreditPolicy? = nil,
        planID: Plan.ID? = nil,
        creditGeneration: UInt32 = 1,
        creditsSince: Timestamp = Timestamp(milliseconds: 0)
    ) {
        self.limits = limits
        self.credits = credits
        self.planID = planID
        self.creditGeneration = creditGeneration
        self.creditsSince = creditsSince
    }

    /// No limits, no credits, no plan.
    public static let unlimited = Allowance()

    /// Whether nothing is limited.
    public var isUnlimited: Bool { self.limits.isEmpty && self.credits == nil && self.planID == nil }

    /// The limits that count, where `plan` is the one that ``planID`` names.
    public func limits(with plan: Plan?) -> [RateLimit] {
        let own = self.limits.limits
        guard let plan else { return own }
        return own + plan.attributes.limits.limits.filter { limit in !own.contains { $0.name == limit.name } }
    }

    /// The credits that count, and since when they have been given; nil if they are not limited.
    public func credits(with plan: Plan?) -> (policy: CreditPolicy, since: Timestamp)? {
        if let credits { return (credits, self.creditsSince) }
        guard let plan, let credits = plan.attributes.credits else { return nil }
        return (credits, max(self.creditsSince, plan.creditsSince))
    }
}

/// What somebody wants changed of an allowance.
public struct AllowancePatch: Sendable {
    /// The limits; removing them leaves none.
    public var limits: Edit<RateLimits> = .keep
    /// The credits, which begin anew with the policy's amount.
    public var credits: Edit<CreditPolicy> = .keep
    /// The plan, whose credits begin anew.
    public var planID: Edit<Plan.ID> = .keep

    /// Makes a patch that changes nothing.
    public init() {}

    /// The allowance afterwards.
    ///
    /// Credits begin anew when they are set, when they come or go, and with another plan.
    public func applied(to allowance: Allowance, at now: Timestamp) -> Allowance {
        var result = allowance
        result.limits = self.limits.applied(to: Optional(allowance.limits)) ?? .none
        result.credits = self.credits.applied(to: allowance.credits)
        result.planID = self.planID.applied(to: allowance.planID)
        var isNew = result.planID != allowance.planID || (result.credits == nil) != (allowance.credits == nil)
        if case .set = self.credits { isNew = true }
        if isNew {
            result.creditGeneration = allowance.creditGeneration &+ 1
            result.creditsSince = now
        }
        return result
    }
}
