public import ClavigerCore
import ClavigerVerifier

/// A question to limits for something that has no key: an address, a user's name, a job.
public struct LimitCheck: Sendable {
    /// What keeps these counters apart from others.
    public var namespace: LimitNamespace
    /// What is limited.
    public var identifier: String
    /// The limits, at least one.
    public var limits: RateLimits
    /// What is taken from each; 0 only asks.
    public var cost: Int

    /// Makes a check.
    public init(namespace: LimitNamespace, identifier: String, limits: RateLimits, cost: Int) {
        self.namespace = namespace
        self.identifier = identifier
        self.limits = limits
        self.cost = cost
    }
}

/// What limits said, and at what moment.
public struct LimitReading: Sendable {
    /// The decision.
    public let decision: LimitDecision
    /// When it was made.
    public let at: Timestamp
}

extension Authority {
    /// Takes from all limits, or from none if one of them refuses.
    public func check(_ check: LimitCheck, by caller: Caller) async throws -> LimitReading {
        // Decided in memory, like a verification; and like one, not in the audit log.
        try caller.require(.checkLimits)
        let overrides = try await self.overrides.of(check.namespace, in: caller.workspaceID)
        let owner = [caller.workspaceID.text, check.namespace.text, check.identifier]
        let uses = overrides.applied(to: check.limits.limits, for: check.identifier).map {
            LimitUse($0, of: .adHoc, owner)
        }
        let decision = self.verifier.limiter.take(uses, cost: check.cost, at: self.time.uptime())
        return LimitReading(decision: decision, at: self.time.now())
    }
}
