/// What an organisation allows and asks of rotation, for one key.
public struct RotationRules: Hashable, Sendable {
    /// The longest time that a credential may be used after its replacement, however often it is extended.
    public var maximumGrace: Duration
    /// How many credentials of a key may be usable at one time, the current one included.
    public var mostLiveCredentials: Int
    /// Whether whoever holds the token of a key may have it replaced.
    public var holderMayRotate: Bool
    /// How old a current credential may become; nil where nobody asks.
    public var every: Duration?

    /// Makes rules.
    public init(
        maximumGrace: Duration = .seconds(30 * 86_400),
        mostLiveCredentials: Int = 2,
        holderMayRotate: Bool = true,
        every: Duration? = nil
    ) {
        self.maximumGrace = maximumGrace
        self.mostLiveCredentials = mostLiveCredentials
        self.holderMayRotate = holderMayRotate
        self.every = every
    }

    /// The shortest grace that a holder may ask for, who may be stopped before it has stored its new token.
    public var shortestHolderGrace: Duration {
        min(.seconds(600), self.maximumGrace)
    }

    /// When a credential has to be replaced; nil where nobody asks.
    ///
    /// - Parameters:
    ///   - rotateBy: by when somebody has asked for that.
    ///   - resumedAt: when the key was resumed last, if it was.
    public func mustRotate(
        _ current: Credential,
        rotateBy: Timestamp? = nil,
        resumedAt: Timestamp? = nil
    ) -> Timestamp? {
        RotationClock(
            rule: self.every.map { RotationRule(every: $0) },
            credentialAt: current.createdAt,
            rotateBy: rotateBy,
            resumedAt: resumedAt
        ).dueAt
    }
}
