public import ClavigerCore

/// Which requests to list.
public struct KeyRequestFilter: Hashable, Sendable {
    /// In this state, time taken into account.
    public var state: KeyRequest.State?
    /// Of this api.
    public var api: API.ID?
    /// In this environment.
    public var environment: EnvironmentName?
    /// About this key.
    public var key: APIKey.ID?
    /// By this management key.
    public var requester: APIKey.ID?
    /// With this state of an emergency's review: true for those that nobody has looked at.
    public var isReviewOpen: Bool?
    /// Only those in one of these places, or by ``reader``; nil means anywhere.
    public var places: [KeyFilter.Place]?
    /// Who reads: their own requests are shown wherever they are.
    public var reader: APIKey.ID?

    /// Makes a filter that lets everything through.
    public init() {}
}

/// What can be read of requests in a transaction.
public protocol RequestReading {
    func keyRequest(_ id: KeyRequest.ID, in workspace: Workspace.ID) throws -> KeyRequest?
    /// Requests, the newest first.
    func keyRequests(
        _ filter: KeyRequestFilter,
        in workspace: Workspace.ID,
        page: PageRequest,
        at now: Timestamp
    ) throws -> [KeyRequest]
    /// What was said and decided about a request, the oldest first.
    func notes(of request: KeyRequest.ID) throws -> [KeyRequestNote]
    /// Whether the key was made without the approval that it needs.
    func wasMadeByBreakGlass(_ key: APIKey.ID) throws -> Bool
    /// Open requests whose time is over.
    func keyRequests(endedAt now: Timestamp, in workspace: Workspace.ID, limit: Int) throws -> [KeyRequest]
}

/// What can be changed of requests in a transaction.
public protocol RequestWriting: RequestReading {
    func insert(_ request: KeyRequest) throws
    func update(_ request: KeyRequest) throws
    func insert(_ note: KeyRequestNote) throws
}
