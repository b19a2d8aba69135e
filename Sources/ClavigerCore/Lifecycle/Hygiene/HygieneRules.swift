/// From when on something is a finding.
public struct HygieneRules: Hashable, Sendable {
    /// A key that was not used for so long is idle.
    public var idleAfter: Duration
    /// A key that was never used is a finding so long after it could be used first.
    public var neverUsedAfter: Duration
    /// A secret that is older is overdue.
    public var rotateAfter: Duration
    /// A key that is used from more networks seems to be shared.
    public var mostNetworks: Int

    /// The usual rules: 90 days, 30 days, 90 days, and 20 networks.
    public init(
        idleAfter: Duration = .seconds(90 * 86_400),
        neverUsedAfter: Duration = .seconds(30 * 86_400),
        rotateAfter: Duration = .seconds(90 * 86_400),
        mostNetworks: Int = 20
    ) {
        self.idleAfter = idleAfter
        self.neverUsedAfter = neverUsedAfter
        self.rotateAfter = rotateAfter
        self.mostNetworks = mostNetworks
    }

    /// What should be better about a key, in the order of ``HygieneFinding``.
    public func findings(_ key: KeyFacts, at now: Timestamp) -> [HygieneFinding] {
        // A dead key does no harm any more.
        if let end = key.expiresAt, end <= now { return [] }
        return HygieneFinding.allCases.filter { self.applies($0, to: key, at: now) }
    }

    private func applies(_ finding: HygieneFinding, to key: KeyFacts, at now: Timestamp) -> Bool {
        // A publishable key is made to be seen: in a browser it is used from everywhere, and by everybody.
        let isSecret = key.kind == .secret
        switch finding {
        case .neverExpires: return isSecret && key.expiresAt == nil
        case .unrestricted: return isSecret && key.environment == .production && !key.isRestricted
        case .idle: return key.isUseRecorded && key.lastUsedAt.map { now - $0 > self.idleAfter } ?? false
        case .neverUsed:
            let usableSince = max(key.createdAt, key.notBefore ?? key.createdAt)
            return key.isUseRecorded && key.lastUsedAt == nil && now - usableSince > self.neverUsedAfter
        case .unusedScopes: return key.unusedScopes.map { !$0.isEmpty } ?? false
        // Nobody shares what lets nobody in.
        case .shared: return isSecret && key.isUseRecorded && !key.isSuspended && key.networks > self.mostNetworks
        case .noContact: return !key.hasContact
        // Only keys that are in use can be rotated.
        case .rotationOverdue: return isSecret && !key.isSuspended && now - key.credentialCreatedAt > self.rotateAfter
        case .legacyHash: return key.hasLegacyHash
        }
    }
}

extension Consumer {
    /// The members of metadata that name somebody who can be asked.
    public static let contactMembers = ["contact", "email"]

    /// Whether metadata names somebody who can be asked.
    public static func hasContact(_ metadata: Metadata) -> Bool {
        Self.contactMembers.contains { metadata.object[$0]?.string?.isEmpty == false }
    }
}
