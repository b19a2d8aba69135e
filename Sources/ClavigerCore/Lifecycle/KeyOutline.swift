/// As much of a key as says whether a bulk change takes it: a million of them are looked at one by one.
public struct KeyOutline: Hashable, Sendable {
    /// The id.
    public let id: APIKey.ID
    /// Counts changes.
    public let version: Int
    /// The api that it opens.
    public let apiID: API.ID
    /// The one environment that it belongs to.
    public let environment: EnvironmentName
    /// The state as it is stored, time left aside.
    public let state: KeyState.Name
    /// Not usable before.
    public let notBefore: Timestamp?
    /// Not usable from this moment on.
    public let expiresAt: Timestamp?
    /// When its life is over: what it says itself, or what the policies say if that is earlier.
    public let endsAt: Timestamp?
    /// By when somebody has asked for a new credential.
    public let rotateBy: Timestamp?

    /// Makes an outline.
    public init(
        id: APIKey.ID,
        version: Int,
        apiID: API.ID,
        environment: EnvironmentName,
        state: KeyState.Name,
        notBefore: Timestamp? = nil,
        expiresAt: Timestamp? = nil,
        endsAt: Timestamp? = nil,
        rotateBy: Timestamp? = nil
    ) {
        self.id = id
        self.version = version
        self.apiID = apiID
        self.environment = environment
        self.state = state
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.endsAt = endsAt ?? expiresAt
        self.rotateBy = rotateBy
    }

    /// Whether the key's time is over at `now`.
    public func isExpired(at now: Timestamp) -> Bool {
        self.endsAt.map { $0 <= now } ?? false
    }

    /// Whether the key could still be used again, or is.
    public var isLive: Bool {
        switch self.state {
        case .pending, .active, .suspended: true
        case .revoked, .compromised, .expired, .destroyed: false
        }
    }
}
