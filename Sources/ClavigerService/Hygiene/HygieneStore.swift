public import ClavigerCore

/// How a key was used, as far as hygiene asks.
public struct KeyUse: Sendable {
    /// The last time.
    public var lastUsedAt: Timestamp
    /// From where, where that is still known.
    public var lastAddress: IPAddress?
    /// From about how many networks.
    public var networks = NetworkSpread()

    /// Makes a use.
    public init(lastUsedAt: Timestamp, lastAddress: IPAddress?) {
        self.lastUsedAt = lastUsedAt
        self.lastAddress = lastAddress
    }
}

/// What hygiene reads in a transaction.
public protocol HygieneReading {
    /// The facts of live keys, by id, as far as they are stored here: how keys were used is recorded elsewhere.
    ///
    /// - Parameters:
    ///   - api: of this api; nil for all.
    ///   - places: in one of these places; nil for anywhere.
    ///   - pepper: the version of the pepper that is current.
    func keyFacts(
        api: API.ID?,
        places: [KeyFilter.Place]?,
        pepper: Int,
        in workspace: Workspace.ID,
        page: PageRequest,
        at now: Timestamp
    ) throws -> [KeyFacts]
}
