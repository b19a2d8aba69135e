public import Hummingbird
public import NIOCore

/// A context that does not exist without a verified identity.
///
/// A handler that takes one cannot forget to ask whether there is an identity, and cannot be reached without one:
///
///     router.authenticated("invoices", by: ClavigerAuthentication(client: client, api: "payments", environment: "production"))
///         .get { request, context in
///             "These are the invoices of \(context.claviger.consumerExternalID)"
///         }
public struct ClavigerVerifiedContext<ParentContext: ClavigerRequestContext>: ChildRequestContext,
    RemoteAddressRequestContext
{
    /// What the web framework keeps about a request.
    public var coreContext: CoreRequestContextStorage
    /// Who the client is.
    public let claviger: ClavigerIdentity
    /// The context that this one was made of, with whatever else the app keeps there.
    public let parent: ParentContext

    /// Takes the identity from its parent.
    ///
    /// - Throws: an error that is answered with status 500 if there is none: then ``ClavigerAuthentication`` does not
    ///   stand before the handler, which is a mistake in the app and not one of the client.
    public init(context: ParentContext) throws {
        guard let identity = context.claviger else { throw HTTPError(.internalServerError) }
        self.coreContext = context.coreContext
        self.claviger = identity
        self.parent = context
    }

    /// The other end of the connection.
    public var remoteAddress: SocketAddress? { self.parent.remoteAddress }
    /// The most bytes that a body may have which is decoded.
    public var maxUploadSize: Int { self.parent.maxUploadSize }
    /// What decodes bodies.
    public var requestDecoder: ParentContext.Decoder { self.parent.requestDecoder }
    /// What encodes answers.
    public var responseEncoder: ParentContext.Encoder { self.parent.responseEncoder }
}

extension RouterMethods where Context: ClavigerRequestContext {
    /// A group whose handlers are reached with a verified key only, and have its identity.
    ///
    /// - Parameters:
    ///   - path: what the paths of the group begin with.
    ///   - authentication: asks about the key.
    public func authenticated(
        _ path: RouterPath = "",
        by authentication: ClavigerAuthentication<Context>
    ) -> RouterGroup<ClavigerVerifiedContext<Context>> {
        self.group(path).add(middleware: authentication).group(context: ClavigerVerifiedContext<Context>.self)
    }
}
