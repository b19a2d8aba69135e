public import ClavigerCore

/// How ``ClavigerAuthentication`` asks, and what it does with the answers.
public struct ClavigerAuthenticationOptions: Sendable {
    /// How long one verification may take, from the first byte sent to the last one read.
    ///
    /// Afterwards the request is answered with status 503.
    public var timeout: Duration
    /// Where answers are kept for as long as the authority allows; nil asks for each request.
    ///
    /// Keep a reference to it: it is where keys are invalidated.
    public var cache: ClavigerVerificationCache?
    /// How long an answer whose time is over may still be used while the authority cannot be reached.
    ///
    /// Nil, the default, answers 503 instead. With a time, a key that was revoked meanwhile goes on opening the app for
    /// that long, and nothing that it does is on record. It takes a ``cache``, and an authority that lets answers be
    /// kept. A key never outlives its `expiresAt` by it.
    public var lastKnownGood: Duration?
    /// The proxies whose `Forwarded` or `X-Forwarded-For` tells the client's address.
    ///
    /// With none, the default, the client is the other end of the connection, whatever a header says.
    public var trustedProxies: TrustedProxies
    /// What a use costs in limits and credits; nil for what the endpoint rule says, or 1.
    public var cost: Int?
    /// Where the time comes from; nil for the clock of the machine.
    public var time: (any TimeSource)?

    /// Makes options.
    public init(
        timeout: Duration = .seconds(2),
        cache: ClavigerVerificationCache? = nil,
        lastKnownGood: Duration? = nil,
        trustedProxies: TrustedProxies = TrustedProxies(),
        cost: Int? = nil,
        time: (any TimeSource)? = nil
    ) {
        self.timeout = timeout
        self.cache = cache
        self.lastKnownGood = lastKnownGood
        self.trustedProxies = trustedProxies
        self.cost = cost
        self.time = time
    }
}
