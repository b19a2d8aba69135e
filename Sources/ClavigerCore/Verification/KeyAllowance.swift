/// What a key may use up, and the plan it is on, compiled for verification: its own limits and credits and those of its plan, its consumer, its
/// consumer's plan and its api.
public final class KeyAllowance: Sendable {
    /// The limits and where they are counted.
    public let limits: [LimitUse]
    /// The accounts that every use takes from.
    public let accounts: [AccountID]
    /// At how many credits each account counts as low: a fifth of what it is given at a time.
    public let lowMarks: [Int64]
    /// Whether a plan of the key or of its consumer is suspended.
    public let isSuspended: Bool
    /// The name of the key's plan, else of its consumer's.
    public let plan: ResourceName?

    /// Makes an allowance.
    public init(
        limits: [LimitUse],
        accounts: [AccountID],
        lowMarks: [Int64] = [],
        isSuspended: Bool,
        plan: ResourceName? = nil
    ) {
        self.limits = limits
        self.accounts = accounts
        self.lowMarks = lowMarks
        self.isSuspended = isSuspended
        self.plan = plan
    }

    /// Compiles what limits a key; nil if nothing does.
    ///
    /// - Parameters:
    ///   - overrides: those of the api's namespace.
    ///   - externalID: the consumer's, which overrides name.
    public convenience init?(
        key: (id: APIKey.ID, allowance: Allowance, plan: Plan?),
        consumer: (id: Consumer.ID, allowance: Allowance, plan: Plan?),
        api: (id: API.ID, limits: RateLimits),
        overrides: [LimitOverride],
        externalID: String
    ) {
        let limits: (CounterID.Kind, String, [RateLimit]) -> [LimitUse] = { kind, owner, limits in
            overrides.applied(to: limits, for: externalID).map { LimitUse($0, of: kind, [owner]) }
        }
        let uses =
            limits(.key, key.id.text, key.allowance.limits(with: key.plan))
            + limits(.consumer, consumer.id.text, consumer.allowance.limits(with: consumer.plan))
            + limits(.api, api.id.text, api.limits.limits)
        var accounts: [AccountID] = []
        var lowMarks: [Int64] = []
        for (id, policy) in [
            (AccountID(.key, key.id.bits), key.allowance.credits(with: key.plan)?.policy),
            (AccountID(.consumer, consumer.id.bits), consumer.allowance.credits(with: consumer.plan)?.policy),
        ] {
            guard let policy else { continue }
            accounts.append(id)
            lowMarks.append((policy.refill?.amount ?? policy.amount) / 5)
        }
        let isSuspended = key.plan?.state == .suspended || consumer.plan?.state == .suspended
        let plan = key.plan ?? consumer.plan
        guard !uses.isEmpty || !accounts.isEmpty || plan != nil else { return nil }
        self.init(
            limits: uses,
            accounts: accounts,
            lowMarks: lowMarks,
            isSuspended: isSuspended,
            plan: plan?.name
        )
    }
}
