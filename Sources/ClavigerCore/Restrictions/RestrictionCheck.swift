/// Restrictions made ready for checking requests.
///
/// Immutable, and made once for each key that restricts something. What several keys share, the defaults and what an
/// environment requires, is compiled once and referred to: ten thousand networks of an environment do not come again
/// with each of its keys.
public final class RestrictionCheck: Sendable {
    /// An address in one of these is refused.
    private let denied: [NetworkSet]
    /// An address has to be in each of these.
    private let allowed: [NetworkSet]
    /// An origin has to match one of each of these.
    private let origins: [[OriginPattern]]
    /// A moment has to be in one of each of these.
    private let timeWindows: [[TimeWindow]]
    /// A certificate has to be in each of these.
    private let thumbprints: [[CertificateThumbprint]]

    /// The check that refuses nothing.
    public static let unrestricted = RestrictionCheck(all: [])

    /// Compiles restrictions that all have to be fulfilled.
    public init(all restrictions: [Restrictions]) {
        self.denied = restrictions.map(\.networks.deny).filter { !$0.isEmpty }.map(NetworkSet.init)
        self.allowed = restrictions.map(\.networks.allow).filter { !$0.isEmpty }.map(NetworkSet.init)
        self.origins = restrictions.map(\.origins).filter { !$0.isEmpty }
        self.timeWindows = restrictions.map(\.timeWindows).filter { !$0.isEmpty }
        self.thumbprints = restrictions.map(\.certificateThumbprints).filter { !$0.isEmpty }
    }

    /// Compiles a key's own restrictions; `required` has to be fulfilled too.
    ///
    /// What the key does not set is taken from `defaults`, as ``Restrictions/merged(defaults:)`` does.
    public init(
        _ own: Restrictions,
        defaults: RestrictionCheck = .unrestricted,
        required: RestrictionCheck = .unrestricted
    ) {
        let compiled = RestrictionCheck(all: [own])
        let networks = own.networks.isEmpty ? defaults : compiled
        self.denied = networks.denied + required.denied
        self.allowed = networks.allowed + required.allowed
        self.origins = (own.origins.isEmpty ? defaults : compiled).origins + required.origins
        self.timeWindows = (own.timeWindows.isEmpty ? defaults : compiled).timeWindows + required.timeWindows
        self.thumbprints = (own.certificateThumbprints.isEmpty ? defaults : compiled).thumbprints + required.thumbprints
    }

    /// Whether nothing is restricted, so that there is nothing to check.
    public var isEmpty: Bool {
        self.denied.isEmpty && self.allowed.isEmpty && self.origins.isEmpty && self.timeWindows.isEmpty
            && self.thumbprints.isEmpty
    }

    /// Whether there is a restriction of the kind.
    public func restricts(_ kind: RestrictionRefusal.Kind) -> Bool {
        switch kind {
        case .ipNotAllowed: !self.denied.isEmpty || !self.allowed.isEmpty
        case .originNotAllowed: !self.origins.isEmpty
        case .outsideTimeWindow: !self.timeWindows.isEmpty
        case .certificateNotAllowed: !self.thumbprints.isEmpty
        }
    }

    /// The first refusal in the order of the kinds, or nil if the request may pass.
    public func refusal(of context: ClientContext, at now: Timestamp) -> RestrictionRefusal? {
        // Written out, as `allCases` would make an array for each request.
        self.refusal(.ipNotAllowed, of: context, at: now)
            ?? self.refusal(.originNotAllowed, of: context, at: now)
            ?? self.refusal(.outsideTimeWindow, of: context, at: now)
            ?? self.refusal(.certificateNotAllowed, of: context, at: now)
    }

    /// The refusal of one kind, or nil if the request may pass.
    ///
    /// What a restriction needs and the context does not have is refused.
    public func refusal(
        _ kind: RestrictionRefusal.Kind,
        of context: ClientContext,
        at now: Timestamp
    ) -> RestrictionRefusal? {
        guard self.restricts(kind) else { return nil }
        let detail =
            switch kind {
            case .ipNotAllowed: self.flaw(of: context.ip)
            case .originNotAllowed: self.originFlaw(of: context)
            case .outsideTimeWindow: self.flaw(of: now)
            case .certificateNotAllowed: self.flaw(of: context.certificateThumbprint)
            }
        return detail.map { RestrictionRefusal(kind, $0) }
    }

    private func flaw(of ip: IPAddress?) -> String? {
        guard let ip else { return "the client's address is not known" }
        if self.denied.contains(where: { $0.contains(ip) }) { return "\(ip) is in a network that is denied" }
        guard self.allowed.allSatisfy({ $0.contains(ip) }) else { return "\(ip) is in no network that is allowed" }
        return nil
    }

    private func originFlaw(of context: ClientContext) -> String? {
        guard context.origin != nil || context.referrer != nil else {
            return "the request names neither its origin nor its referrer"
        }
        guard let origin = context.pageOrigin else { return "the request's origin is none that could be allowed" }
        let isAllowed = self.origins.allSatisfy { patterns in patterns.contains { $0.matches(origin) } }
        return isAllowed ? nil : "the origin \(origin) is not allowed"
    }

    private func flaw(of now: Timestamp) -> String? {
        let isAllowed = self.timeWindows.allSatisfy { windows in windows.contains { $0.contains(now) } }
        return isAllowed ? nil : "no time window is open"
    }

    private func flaw(of thumbprint: CertificateThumbprint?) -> String? {
        guard let thumbprint else { return "the client has shown no certificate" }
        let isAllowed = self.thumbprints.allSatisfy { $0.contains(thumbprint) }
        return isAllowed ? nil : "the client's certificate is none of those that are allowed"
    }
}

/// Why restrictions refuse a request.
public struct RestrictionRefusal: Hashable, Sendable {
    /// The kinds of restrictions by their refusals, in the order in which they are checked, which is the contract.
    public enum Kind: String, CaseIterable, Sendable {
        case ipNotAllowed = "ip_not_allowed"
        case originNotAllowed = "origin_not_allowed"
        case outsideTimeWindow = "outside_time_window"
        case certificateNotAllowed = "certificate_not_allowed"
    }

    /// Which restriction refused.
    public let code: Kind
    /// Why, for the operator.
    public let detail: String

    init(_ code: Kind, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}
