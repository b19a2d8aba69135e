import AsyncHTTPClient
import ClavigerCore
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks an upstream, over connections that are kept for the next request.
struct UpstreamClient: Sendable {
    /// More than any upstream takes at once; what is beyond it waits.
    private static let mostConnections = 1024
    /// How long a connection may take to open.
    static let connectTimeout = TimeAmount.seconds(10)

    private let route: ProxyRoute
    private let client: HTTPClient

    /// - Throws: ``UpstreamFault`` if the route's certificates cannot be read.
    init(_ route: ProxyRoute) throws {
        self.route = route
        var configuration = HTTPClient.Configuration()
        if route.upstream.usesTLS { configuration.tlsConfiguration = try route.tls.configuration() }
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.timeout = HTTPClient.Configuration.Timeout(
            connect: min(Self.connectTimeout, TimeAmount(route.timeout)),
            read: TimeAmount(route.timeout),
            write: TimeAmount(route.timeout)
        )
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.mostConnections
        // An upstream that is not there is told to the client at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        if !route.tls.pins.isEmpty {
            // Called when the handshake is done and before a request is sent; if it fails, so does the connection.
            let pins = route.tls.pins
            configuration.http1_1ConnectionDebugInitializer = { UpstreamTLS.check(pins, $0) }
            configuration.http2ConnectionDebugInitializer = { UpstreamTLS.check(pins, $0) }
        }
        self.client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }

    func shutDown() async { try? await self.client.shutdown() }

    /// Sends a request; the answer's body is still to come.
    ///
    /// A request that may be repeated is, once, if a kept connection turns out to have been closed meanwhile
    /// (RFC 9110 section 9.2.2).
    func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ headers: HTTPHeaders,
        _ body: HTTPClientRequest.Body?
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: self.route.upstream.origin + target)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers = headers
        request.body = body
        do {
            return try await self.client.execute(request, deadline: .distantFuture)
        } catch let error as HTTPClientError where error == .remoteConnectionClosed && body == nil {
            guard [.get, .head, .options].contains(method), !Task.isCancelled else { throw error }
            return try await self.client.execute(request, deadline: .distantFuture)
        }
    }

    /// What the client is told of a failure; nothing of the upstream is in it.
    static func problem(for error: any Error) -> Problem {
        switch error {
        case let error as HTTPClientError
        where [
            .readTimeout, .writeTimeout, .connectTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout,
            .tlsHandshakeTimeout,
        ].contains(error):
            .upstreamSilent
        case UpstreamFault.silent: .upstreamSilent
        case let error as ChannelError:
            if case .connectTimeout = error { .upstreamSilent } else { .upstreamFailed }
        default: .upstreamFailed
        }
    }
}

extension Problem {
    /// The answer where the upstream cannot be reached, or breaks off.
    static let upstreamFailed = Problem(.badGateway, "The server behind this gateway could not be reached.")

    /// The answer where the upstream takes too long.
    static let upstreamSilent = Problem(.gatewayTimeout, "The server behind this gateway did not answer in time.")
}
