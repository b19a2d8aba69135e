public import ClavigerCore
public import ClavigerService
public import Hummingbird
import NIOCore
import NIOSSL

/// What is known of a request before anybody has been authenticated.
public struct ServerContext: RequestContext {
    /// What the web framework keeps about a request.
    public var coreContext: CoreRequestContextStorage
    /// The other end of the connection; nil for a Unix socket or a test.
    public let peer: IPAddress?

    /// Begins the context of a request.
    public init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.peer = source.channel.remoteAddress.flatMap { IPAddress($0) }
    }
}

/// A request while it is answered: its id and where it came from.
public struct RequestOrigin: Sendable {
    /// The request's id.
    public let requestID: String
    /// The client's address, seen through trusted proxies.
    public let client: IPAddress?
    /// The parameters of the path.
    public let parameters: Parameters
}

/// A request whose management key has been verified.
///
/// There is none without a caller.
public struct CallerContext: Sendable {
    /// Who asks.
    public let caller: Caller
    /// The request.
    public let origin: RequestOrigin
}

/// A request of whoever holds the key that it is about.
///
/// There is none without a holder.
public struct HolderContext: Sendable {
    /// Who asks.
    public let holder: KeyHolder
    /// The request.
    public let origin: RequestOrigin
}
