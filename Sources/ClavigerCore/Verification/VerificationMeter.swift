/// What the last steps of a verification use up: limits, then credits.
///
/// The pipeline decides when; a meter counts.
public protocol VerificationMeter {
    /// Why something could not be counted at all.
    associatedtype Failure: Error

    /// Hears which credential a token that another system made turned out to be of.
    mutating func found(_ lookupID: LookupID)

    /// Takes from all limits, or from none if one of them refuses.
    mutating func takeLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision

    /// Gives back what ``takeLimits(_:cost:)`` took, as a later step refused; tells what the limits say then.
    mutating func giveBackLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision

    /// Takes from all accounts, or from none if one of them has too little; the use is on record when this returns.
    mutating func spendCredits(of verdict: Verdict, cost: Int) throws(Failure) -> CreditAnswer
}

extension VerificationMeter {
    /// Does nothing: most keep no record.
    public mutating func found(_ lookupID: LookupID) {}
}

/// What credit accounts say.
public struct CreditAnswer: Hashable, Sendable {
    /// Whether all of them had enough.
    public var isAllowed: Bool
    /// What is left.
    public var credits: Verdict.Credits
    /// How long it is until the next refill, if there is one.
    public var retryAfter: Duration?

    /// Makes an answer.
    public init(isAllowed: Bool, credits: Verdict.Credits, retryAfter: Duration? = nil) {
        self.isAllowed = isAllowed
        self.credits = credits
        self.retryAfter = retryAfter
    }
}

/// Counts nothing and allows everything, for callers of the management API: nothing limits their keys.
public struct NoMeter: VerificationMeter {
    /// Makes a meter.
    public init() {}

    /// Allows everything.
    public mutating func takeLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision { .unlimited }

    /// Does nothing.
    public mutating func giveBackLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision { .unlimited }

    /// Allows everything.
    public mutating func spendCredits(of verdict: Verdict, cost: Int) throws(Never) -> CreditAnswer {
        CreditAnswer(isAllowed: true, credits: Verdict.Credits(remaining: 0, refillsAt: nil))
    }
}
