public import ClavigerCore

/// Where requests for a host and a path go, and what a key has to be for them: what the operator wrote.
public struct ProxyRoute: Hashable, Sendable {
    /// Where the route is written, for messages: a file with its line, or a flag.
    public var place: String
    /// The host that clients ask for, in lower case and without a port; nil for any.
    public var host: String?
    /// What the paths begin with.
    public var path: RequestPath
    /// The api's name or id.
    public var api: String
    /// The environment's name.
    public var environment: String
    /// Where the requests go.
    public var upstream: UpstreamAddress
    /// Whether the upstream sees the `Host` that the client asked for, and not its own.
    public var preservesHost: Bool
    /// Whether the upstream sees the path without the route's.
    public var stripsPrefix: Bool
    /// What the operator demands of the key besides the api's endpoint rules.
    public var scopes: ScopeQuery?
    /// What a request costs; nil for what the endpoint rule says, or 1.
    public var cost: Int?
    /// How long the upstream may be silent: until its answer begins, and between two parts of a body.
    public var timeout: Duration
    /// How the upstream has to prove who it is.
    public var tls: UpstreamTLS

    /// Makes a route; without more, one for every path of every host.
    public init(
        place: String,
        host: String? = nil,
        path: RequestPath,
        api: String,
        environment: String,
        upstream: UpstreamAddress,
        preservesHost: Bool = false,
        stripsPrefix: Bool = false,
        scopes: ScopeQuery? = nil,
        cost: Int? = nil,
        timeout: Duration = .seconds(60),
        tls: UpstreamTLS = UpstreamTLS()
    ) {
        self.place = place
        self.host = host
        self.path = path
        self.api = api
        self.environment = environment
        self.upstream = upstream
        self.preservesHost = preservesHost
        self.stripsPrefix = stripsPrefix
        self.scopes = scopes
        self.cost = cost
        self.timeout = timeout
        self.tls = tls
    }
}
