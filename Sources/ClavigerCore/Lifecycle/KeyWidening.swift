/// Which parts of a changed key let it do more than before.
///
/// What cannot be compared counts as more: that somebody looks at it costs little.
public enum KeyWidening: String, CaseIterable, Sendable {
    case scopes, roles, notBefore, expiresAt, restrictions, limits, credits

    /// A key as it is before or after a change, with what its parts refer to.
    public struct Side: Sendable {
        /// What is said of the key.
        public var attributes: APIKey.Attributes
        /// Its plan.
        public var plan: Plan?

        /// Makes a side.
        public init(_ attributes: APIKey.Attributes, plan: Plan?) {
            self.attributes = attributes
            self.plan = plan
        }
    }

    /// The parts that let the key do more.
    ///
    /// - Parameters:
    ///   - granted: the scopes of the key before, those of its roles included.
    ///   - defaults: what restricts a key of the environment that does not say so itself.
    public static func parts(
        from old: Side,
        granted: ScopeSet,
        to new: Side,
        defaults: Restrictions,
        at now: Timestamp
    ) -> [KeyWidening] {
        let (before, after) = (old.attributes, new.attributes)
        var parts: [KeyWidening] = []
        if !granted.missing(from: after.scopes).isEmpty { parts.append(.scopes) }
        // A role may get more scopes later; to get one is more, whatever it has now.
        if !Set(after.roles).isSubset(of: before.roles) { parts.append(.roles) }
        if max(after.notBefore ?? now, now) < max(before.notBefore ?? now, now) { parts.append(.notBefore) }
        if (after.expiresAt ?? .latest) > (before.expiresAt ?? .latest) { parts.append(.expiresAt) }
        let restrictions = after.restrictions.merged(defaults: defaults)
        if !restrictions.isAtLeastAsStrict(as: before.restrictions.merged(defaults: defaults)) {
            parts.append(.restrictions)
        }
        if Self.isMore(after.allowance.limits(with: new.plan), than: before.allowance.limits(with: old.plan)) {
            parts.append(.limits)
        }
        // Credits that begin anew are more, unless there was no end to them before.
        let hadCredits = before.allowance.credits(with: old.plan) != nil
        let isAnew = before.allowance.creditGeneration != after.allowance.creditGeneration
        if hadCredits, isAnew || after.allowance.credits(with: new.plan) == nil { parts.append(.credits) }
        return parts
    }

    private static func isMore(_ after: [RateLimit], than before: [RateLimit]) -> Bool {
        !before.allSatisfy { old in
            after.contains { $0.name == old.name && $0.isAtLeastAsStrict(as: old) }
        }
    }
}

extension RateLimit {
    /// Whether it never lets through what another limit would not.
    func isAtLeastAsStrict(as other: RateLimit) -> Bool {
        switch (self.algorithm, other.algorithm) {
        case (.slidingWindow, .slidingWindow):
            self.requests <= other.requests && self.window >= other.window
        case (.tokenBucket(let burst), .tokenBucket(let otherBurst)):
            burst <= otherBurst && self.requests <= other.requests && self.window >= other.window
        default: false
        }
    }
}

extension Restrictions {
    /// Whether it never lets through what others would not, as far as that can be told without trying.
    func isAtLeastAsStrict(as other: Restrictions) -> Bool {
        self.networks.isAtLeastAsStrict(as: other.networks) && Self.isPart(self.origins, of: other.origins)
            && Self.isPart(self.timeWindows, of: other.timeWindows)
            && Self.isPart(self.certificateThumbprints, of: other.certificateThumbprints)
    }

    /// A list without entries restricts nothing.
    private static func isPart<T: Hashable>(_ list: [T], of other: [T]) -> Bool {
        other.isEmpty || (!list.isEmpty && Set(list).isSubset(of: other))
    }
}

extension NetworkRules {
    /// Whether every address that is let through is let through by others too.
    func isAtLeastAsStrict(as other: NetworkRules) -> Bool {
        let (wide, denied) = (Set(other.allow), Set(self.deny))
        let isInside = other.allow.isEmpty || (!self.allow.isEmpty && self.allow.allSatisfy { $0.isInside(wide) })
        return isInside && other.deny.allSatisfy { $0.isInside(denied) }
    }
}
