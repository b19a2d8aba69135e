public import ClavigerCore
public import ClavigerService
import HTTPTypes
public import Hummingbird
public import Logging

/// A method and a path, such as `GET /v1/keys/{id}`.
public struct EndpointName: Hashable, Sendable {
    /// The method.
    public let method: HTTPRequest.Method
    /// The path with its parameters in braces.
    public let path: String
}

/// Registers the calls of the server, each wrapped in what every call needs: an id, authentication, problems for what
/// goes wrong, a line in the log, metrics, and headers for safety.
public struct EndpointRegistry {
    private static let methods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
    ]

    private let router = Router(context: ServerContext.self)
    private let shell: EndpointShell
    private let authority: Authority
    /// All calls that need a management key.
    public private(set) var authenticated: [EndpointName] = []
    /// All calls that anybody may make.
    public private(set) var open: [EndpointName] = []

    /// What answers everything that begins with a prefix.
    private var prefixes: [PrefixResponder] = []

    /// Makes an empty registry.
    ///
    /// - Parameter isSecure: whether the server speaks TLS, and so tells browsers to insist on it.
    public init(
        authority: Authority,
        requestIDs: RequestIDs,
        trustedProxies: TrustedProxies,
        isSecure: Bool,
        logger: Logger
    ) {
        self.authority = authority
        self.shell = EndpointShell(
            requestIDs: requestIDs,
            trustedProxies: trustedProxies,
            isSecure: isSecure,
            logger: logger
        )
    }

    /// A call that needs a management key.
    ///
    /// A call that changes or reads the store sees in its transaction whether the caller is still one. A call that
    /// decides from memory has to have its body before the caller is authenticated, or a key that was revoked while the
    /// body was on its way would still be obeyed.
    ///
    /// - Parameters:
    ///   - isFrequent: whether it is too frequent for a line in the log at level `info`.
    ///   - bodyFirst: how much body to take in before the caller is authenticated; nil for none.
    ///   - takesClients: whether the management key may come as the password of `Authorization: Basic` too.
    public mutating func authenticated(
        _ method: HTTPRequest.Method,
        _ path: String,
        isFrequent: Bool = false,
        bodyFirst: Int? = nil,
        takesClients: Bool = false,
        _ handler: @escaping @Sendable (Request, CallerContext) async throws -> Response
    ) {
        self.authenticated.append(EndpointName(method: method, path: path))
        let authority = self.authority
        self.add(method, path, isFrequent: isFrequent) { request, origin, line in
            let isClient = takesClients && PresentedCredential.isBasic(request)
            let client = isClient ? PresentedCredential.client(in: request) : nil
            guard let token = isClient ? client?.token : PresentedCredential.token(in: request) else {
                if isClient { return Self.clientRefused }
                throw Problem.callerMissing
            }
            var request = request
            if let bodyFirst { try await request.takeIn(atMost: bodyFirst) }
            let caller = try await authority.authenticate(
                token,
                network: origin.client,
                requestID: origin.requestID
            )
            guard let caller, client.map({ Self.mayBeCalled($0.name, caller) }) ?? true else {
                if isClient { return Self.clientRefused }
                throw Problem.callerRefused
            }
            line.callerKeyID = caller.keyID
            return try await handler(request, CallerContext(caller: caller, origin: origin))
        }
    }

    /// A call that whoever holds the token of a key, any key, makes about that key alone.
    ///
    /// - Parameters:
    ///   - bodyFirst: how much body to take in before the holder is known; nil for none.
    ///   - changes: whether the call changes something, and so counts for itself.
    public mutating func held(
        _ method: HTTPRequest.Method,
        _ path: String,
        bodyFirst: Int? = nil,
        changes: Bool,
        _ handler: @escaping @Sendable (Request, HolderContext) async throws -> Response
    ) {
        self.authenticated.append(EndpointName(method: method, path: path))
        let authority = self.authority
        self.add(method, path, isFrequent: !changes) { request, origin, line in
            guard let token = PresentedCredential.token(in: request) else { throw Problem.holderMissing }
            var request = request
            if let bodyFirst { try await request.takeIn(atMost: bodyFirst) }
            let admission = try await authority.holder(
                of: token,
                origin: request.headers.one(.origin),
                network: origin.client,
                requestID: origin.requestID,
                changes: changes
            )
            switch admission {
            case .refused: throw Problem.holderRefused
            case .wait(let wait):
                var response = ProblemResponse.response(for: .tooManyHolders, requestID: origin.requestID)
                RateLimitFields.add(retryAfter: wait, to: &response.headers)
                return response
            case .holder(let holder):
                line.callerKeyID = holder.keyID
                return try await handler(request, HolderContext(holder: holder, origin: origin))
            }
        }
    }

    /// Whether the name that came with a management key can be its holder's: any name, but no other key's id.
    private static func mayBeCalled(_ name: String?, _ caller: Caller) -> Bool {
        guard let name else { return false }
        guard let id = try? APIKey.ID(parsing: name) else { return true }
        return id == caller.keyID
    }

    /// The answer to a client that cannot be authenticated (RFC 6749 section 5.2).
    private static var clientRefused: Response {
        var response = Response.json(["error": "invalid_client"], status: .unauthorized)
        response.headers[.wwwAuthenticate] = "Basic realm=\"claviger\", charset=\"UTF-8\""
        return response
    }

    /// A call that anybody may make.
    public mutating func open(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ handler: @escaping @Sendable (Request, RequestOrigin) async throws -> Response
    ) {
        self.open.append(EndpointName(method: method, path: path))
        self.add(method, path, isFrequent: true) { request, origin, _ in try await handler(request, origin) }
    }

    /// All targets that begin with a prefix, with any method; the handler reads the rest as it was written.
    ///
    /// The handler decides who may call: it is neither authenticated nor open to anybody by itself.
    public mutating func prefix(
        _ prefix: String,
        _ handler: @escaping @Sendable (Request, RequestOrigin) async throws -> Response
    ) {
        let metrics = RequestMetrics(method: "any", route: prefix)
        self.prefixes.append(
            PrefixResponder(prefix: prefix) { [shell] request, context in
                await shell.prefixed(prefix, metrics, request, context) { request, origin, _ in
                    try await handler(request, origin)
                }
            }
        )
    }

    private func add(
        _ method: HTTPRequest.Method,
        _ path: String,
        isFrequent: Bool,
        _ handler: @escaping EndpointShell.Handler
    ) {
        let metrics = RequestMetrics(method: method.rawValue, route: path)
        let responder = self.shell.responder(method, path, metrics, isFrequent: isFrequent, handler)
        self.router.on(RouterPath(path), method: method, responder: responder)
    }

    /// The responder for all calls; other methods on known paths get 405 and unknown paths 404.
    public func buildResponder() -> some HTTPResponder<ServerContext> {
        let known = Dictionary(grouping: self.authenticated + self.open, by: \.path)
        for (path, names) in known {
            let allowed = names.map(\.method.rawValue).sorted().joined(separator: ", ")
            for method in Self.methods where !names.contains(where: { $0.method == method }) {
                let responder = self.shell.responder(method, path, EndpointShell.unknown, isFrequent: true) { _, _, _ in
                    throw MethodNotAllowed(allowed: allowed)
                }
                self.router.on(RouterPath(path), method: method, responder: responder)
            }
        }
        // Added last, it wraps nothing but the answer for unknown paths.
        self.router.add(middleware: UnknownPath(shell: self.shell))
        return PrefixedResponder(prefixes: self.prefixes, other: self.router.buildResponder())
    }
}

/// What answers everything that begins with a prefix.
private struct PrefixResponder: Sendable {
    let prefix: String
    let respond: @Sendable (Request, ServerContext) async -> Response
}

/// Looks at prefixes before the router does: it would take paths apart.
private struct PrefixedResponder<Other: HTTPResponder>: HTTPResponder where Other.Context == ServerContext {
    let prefixes: [PrefixResponder]
    let other: Other

    func respond(to request: Request, context: ServerContext) async throws -> Response {
        for prefix in self.prefixes where request.uri.string.hasPrefix(prefix.prefix) {
            return await prefix.respond(request, context)
        }
        return try await self.other.respond(to: request, context: context)
    }
}

/// The answer for paths that are not registered.
private struct UnknownPath: RouterMiddleware {
    let shell: EndpointShell

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        await self.shell.unknownPath(request, context)
    }
}
