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

    /// The shortest grace that a holder may ask for, who may be stopped before it has stored its new token.
    public var shortestHolderGrace: Duration {
        min(.seconds(600), self.maximumGrace)
    }
}
