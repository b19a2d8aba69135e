/// Something about a key that should be better.
public enum HygieneFinding: String, CaseIterable, Hashable, Sendable {
    /// It has no end.
    case neverExpires = "never_expires"
    /// A production secret that works from everywhere, at any time, for anybody who has it.
    case unrestricted
    /// It was used once, and not for a long time.
    case idle
    /// It was never used, though there was time enough.
    case neverUsed = "never_used"
    /// It may do what no recorded use needed.
    case unusedScopes = "unused_scopes"
    /// It is used from so many networks that several seem to share it.
    case shared
    /// Nobody can be asked about it.
    case noContact = "no_contact"
    /// Its secret is older than it should be.
    case rotationOverdue = "rotation_overdue"
    /// Its secret is stored in a form that new ones no longer get.
    case legacyHash = "legacy_hash"

    /// How bad a finding is.
    public enum Severity: String, CaseIterable, Comparable, Sendable {
        case low, medium, high

        /// What a key loses of its 100 points.
        public var points: Int {
            switch self {
            case .low: 5
            case .medium: 15
            case .high: 40
            }
        }

        /// Whether `lhs` is the lesser one.
        public static func < (lhs: Self, rhs: Self) -> Bool { lhs.points < rhs.points }
    }

    /// How bad it is.
    public var severity: Severity {
        switch self {
        case .shared: .high
        case .neverExpires, .unrestricted, .idle, .rotationOverdue, .legacyHash: .medium
        case .neverUsed, .unusedScopes, .noContact: .low
        }
    }

    /// The one command that fixes it for a key.
    ///
    /// Words in capitals are to be replaced by whoever knows them.
    public func fix(for key: KeyFacts) -> String {
        let id = key.id.text
        switch self {
        case .neverExpires: return "claviger key update \(id) --expires 90d"
        case .unrestricted:
            return "claviger key update \(id) --allow-network \(key.lastAddress?.description ?? "NETWORK")"
        case .idle, .neverUsed: return "claviger key \(key.isSuspended ? "revoke" : "suspend") \(id) --reason unused"
        case .unusedScopes:
            let unused = Set(key.unusedScopes ?? [])
            let kept = key.scopes.filter { !unused.contains($0) }
            let options = kept.isEmpty ? "--no-scopes" : kept.map { "--scope '\($0.text)'" }.joined(separator: " ")
            return "claviger key update \(id) \(options)"
        case .shared: return "claviger key suspend \(id) --note 'seems to be shared'"
        case .noContact:
            return "claviger consumer update \(key.consumerID.text) --metadata '{\"contact\": \"ADDRESS\"}'"
        // A suspended key cannot be rotated; what nobody uses can go.
        case .legacyHash where key.isSuspended: return "claviger key revoke \(id) --reason unused"
        case .rotationOverdue, .legacyHash: return "claviger key rotate \(id) --grace 24h"
        }
    }
}
