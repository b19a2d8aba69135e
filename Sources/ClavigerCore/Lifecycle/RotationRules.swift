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
    /// By when the key needs its next credential; nil where nobody asks.
    public var mustRotateBy: Timestamp?

    /// Makes rules.
    public init(
        maximumGrace: Duration = .seconds(30 * 86_400),
        mostLiveCredentials: Int = 2,
        holderMayRotate: Bool = true,
        every: Duration? = nil,
        mustRotateBy: Timestamp? = nil
    ) {
        self.maximumGrace = maximumGrace
        self.mostLiveCredentials = mostLiveCredentials
        self.holderMayRotate = holderMayRotate
        self.every = every
        self.mustRotateBy = mustRotateBy
    }

    /// The shortest grace of a rotation by a holder, who may be stopped before it has stored its new token.
    public static let shortestHolderGrace = Duration.seconds(600)

    /// Whether a holder can rotate: may, and is left the time in which a lost answer can be asked for again.
    public var holderCanRotate: Bool {
        self.holderMayRotate && self.maximumGrace >= Self.shortestHolderGrace
    }

    /// The longest grace that a holder gets now.
    ///
    /// Where a rotation was asked for, the old token is over by that moment: it may be what somebody else has got hold of.
    /// There is always time to ask again for an answer that was lost.
    ///
    /// - Parameter rotateBy: by when somebody has asked for a rotation.
    public func longestHolderGrace(rotateBy: Timestamp?, at now: Timestamp) -> Duration {
        guard let rotateBy else { return self.maximumGrace }
        return min(self.maximumGrace, max(rotateBy - now, Self.shortestHolderGrace))
    }
}
