public import ClavigerCore
public import ClavigerHTTP
public import ClavigerService
public import Hummingbird
public import Logging
import NIOCore
import NIOPosix
public import NIOSSL

/// A proxy in front of services that know nothing of keys: it decides about each request and passes on those that may.
public struct ReverseProxy: Sendable {
    /// Why the proxy does not start.
    public struct StartFailure: Error, CustomStringConvertible {
        /// The place of the route, and what to change.
        public let description: String
    }

    private let routes: [ServedRoute]
    private let responder: ProxyResponder
    private let longestTimeout: Duration

    /// Makes everything ready: apis and environments are looked up, certificates read, and upstreams connected to.
    ///
    /// - Parameters:
    ///   - routes: at least one.
    ///   - checksUpstreams: whether an upstream that does not answer stops the start.
    ///   - isSecure: whether the proxy itself is asked over TLS.
    ///   - onFinish: is told the status of the answer to each request that was let pass.
    public init(
        routes: [ProxyRoute],
        checksUpstreams: Bool = true,
        decider: GatewayDecider,
        requestIDs: RequestIDs,
        trustedProxies: TrustedProxies,
        isSecure: Bool,
        logger: Logger,
        onFinish: @escaping @Sendable (Admission, UInt16) -> Void = { _, _ in }
    ) async throws {
        var served: [ServedRoute] = []
        do {
            for route in routes { served.append(try await Self.serve(route, checksUpstreams, decider)) }
        } catch {
            for route in served { await route.client.shutDown() }
            throw error
        }
        self.routes = served
        self.longestTimeout = routes.map(\.timeout).max() ?? .zero
        self.responder = ProxyResponder(
            table: RouteTable(served.map { ($0.route.host, $0.route.path, $0) }),
            decider: decider,
            requestIDs: requestIDs,
            trustedProxies: trustedProxies,
            isSecure: isSecure,
            logger: logger,
            onFinish: onFinish
        )
    }

    private static func serve(
        _ route: ProxyRoute,
        _ checksUpstream: Bool,
        _ decider: GatewayDecider
    ) async throws -> ServedRoute {
        let gateway: GatewayRoute
        do {
            gateway = try await decider.route(api: route.api, environment: route.environment)
        } catch let problem as Problem where problem.kind == .notFound {
            throw StartFailure(description: "\(route.place): \(problem.detail)")
        }
        let connector: UpstreamConnector
        let client: UpstreamClient
        do {
            connector = try UpstreamConnector(route, timeout: UpstreamClient.connectTimeout)
            client = try UpstreamClient(route)
        } catch {
            throw StartFailure(description: "\(route.place): \(UpstreamFailure.cause(of: error)).")
        }
        if checksUpstream {
            do {
                try await connector.connect(on: MultiThreadedEventLoopGroup.singleton).close()
            } catch let error as ChannelError where error == .alreadyClosed {
                // It was there, and that is all that was asked.
            } catch {
                await client.shutDown()
                throw StartFailure(
                    description: "\(route.place): the upstream \(route.upstream) cannot be used: "
                        + "\(UpstreamFailure.cause(of: error)). Start it, or give --upstream-check off."
                )
            }
        }
        return ServedRoute(route: route, gateway: gateway, client: client, connector: connector)
    }

    /// The server of the proxy.
    ///
    /// - Parameters:
    ///   - address: where to listen; whether clear text is allowed there is ``ListenPolicy``'s business, before this.
    ///   - limits: the time for a body to arrive is the route's timeout, between two parts of it.
    ///   - connections: the most clients at once.
    public func application(
        address: ListenAddress,
        tls: TLSConfiguration?,
        limits: RequestLimits,
        connections: ConnectionLimit,
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) -> Void
    ) -> some ApplicationProtocol {
        var limits = limits
        limits.bodyHasTime = true
        limits.invites = false
        // A connection must outlive the slowest answer.
        limits.idle = max(limits.idle, self.longestTimeout)
        return Application(
            responder: self.responder,
            server: .claviger(
                tls: tls,
                limits: limits,
                connections: ProxyConnections(tunnelIdle: limits.idle * 2)
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                serverName: nil,
                availableConnectionsDelegate: connections
            ),
            onServerRunning: { onListening($0.localAddress?.port ?? address.port) },
            logger: logger
        )
    }

    /// Closes the connections to the upstreams.
    public func shutDown() async {
        for route in self.routes { await route.client.shutDown() }
    }
}
