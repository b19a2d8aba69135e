public import Hummingbird
public import NIOCore

/// A request context that has room for the verified identity of the client.
///
/// ``ClavigerAuthentication`` works on it. The address of the connection belongs to it, as keys can be restricted to
/// networks, and a client whose address nobody knows is refused by such keys:
///
///     struct AppContext: ClavigerRequestContext {
///         var coreContext: CoreRequestContextStorage
///         var claviger: ClavigerIdentity?
///         let remoteAddress: SocketAddress?
///
///         init(source: ApplicationRequestContextSource) {
///             self.coreContext = .init(source: source)
///             self.remoteAddress = source.channel.remoteAddress
///         }
///     }
///
/// ``ClavigerContext`` is such a type without anything else in it. Handlers that must not be without an identity take a
/// ``ClavigerVerifiedContext``.
public protocol ClavigerRequestContext: RemoteAddressRequestContext {
    /// Who the client is; nil until ``ClavigerAuthentication`` has verified the key.
    var claviger: ClavigerIdentity? { get set }
}

/// A context with the client's identity and address, for apps that keep nothing else about a request.
public struct ClavigerContext: ClavigerRequestContext {
    /// What the web framework keeps about a request.
    public var coreContext: CoreRequestContextStorage
    /// Who the client is; nil until ``ClavigerAuthentication`` has verified the key.
    public var claviger: ClavigerIdentity?
    /// The other end of the connection; nil for some tests.
    public let remoteAddress: SocketAddress?

    /// Begins the context of a request.
    public init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.remoteAddress = source.channel.remoteAddress
    }
}
