public import ClavigerCore
public import ClavigerGateway
public import ClavigerHTTP
import GRPCCore
import GRPCNIOTransportHTTP2Posix
public import Logging
import NIOCore
public import NIOSSL
public import ServiceLifecycle

/// The port on which Envoy asks: external authorization and health, over gRPC.
public struct EnvoyListener: Service {
    private typealias Transport = HTTP2ServerTransport.Custom<ListenerFactory>

    /// What one check may have; Envoy's own limit for a client's header fields is 60 KiB unless it is set otherwise.
    static let largestMessage = 1 << 20
    /// Checks that one connection may have under way.
    private static let mostChecks = 1000
    /// After which a connection that nothing came over is closed; long, as a proxy keeps its connections.
    private static let idle = Duration.seconds(15 * 60)
    /// How long checks that are under way may take when the server stops.
    private static let grace = Duration.seconds(5)

    private let address: ListenAddress
    private let server: GRPCServer<Transport>
    private let logger: Logger

    /// Makes a listener; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - address: where Envoy asks.
    ///   - tls: the TLS settings; nil for clear text, which is ``ListenPolicy``'s business, before this.
    ///   - connections: the most open connections.
    ///   - trustedProxies: the proxies in front of Envoy whose `X-Forwarded-For` counts.
    ///   - isReady: whether the server can be used, for the health service.
    public init(
        address: ListenAddress,
        tls: TLSConfiguration?,
        connections: Int,
        decider: GatewayDecider,
        trustedProxies: TrustedProxies,
        requestIDs: RequestIDs,
        isReady: @escaping @Sendable () async -> Bool,
        logger: Logger
    ) throws {
        var tls = tls
        tls?.applicationProtocols = ["h2"]
        let factory = ListenerFactory(
            address: address,
            tls: try tls.map { try NIOSSLContext(configuration: $0) },
            limits: RequestLimits(idle: Self.idle),
            gate: ConnectionGate(limit: connections)
        )
        self.address = address
        self.server = GRPCServer(
            transport: Transport(listenerFactory: factory, config: Self.configuration),
            services: [
                AuthorizationService(
                    decider: decider,
                    trustedProxies: trustedProxies,
                    requestIDs: requestIDs,
                    logger: logger
                ),
                HealthService(isReady: isReady),
            ]
        )
        self.logger = logger
    }

    private static var configuration: Transport.Config {
        var configuration = Transport.Config.defaults
        configuration.rpc.maxRequestPayloadSize = Self.largestMessage
        configuration.http2.maxConcurrentStreams = Self.mostChecks
        configuration.connection.maxIdleTime = Self.idle
        configuration.connection.maxGraceTime = Self.grace
        // Envoy's `connection_keepalive` asks as often as its operator likes, also between requests.
        configuration.connection.keepalive.clientBehavior = .init(
            minPingIntervalWithoutCalls: .seconds(5),
            allowWithoutCalls: true
        )
        return configuration
    }

    /// The port, once it is open; nil if it could not be opened, or is closed again.
    public var port: Int? {
        get async {
            let address = await self.server.transport.listeningAddress
            return address?.ipv4?.port ?? address?.ipv6?.port
        }
    }

    /// Waits until Envoy can ask; does not come back if the port cannot be opened.
    public func untilListening() async throws {
        guard let port = await self.port else {
            // `run` says why, and that ends the whole server; nothing else may start meanwhile.
            try await gracefulShutdown()
            throw CancellationError()
        }
        self.logger.info(
            "Envoy can ask over gRPC",
            metadata: ["address": "\(self.address.host)", "port": "\(port)"]
        )
    }

    /// Serves until the server shuts down.
    ///
    /// - Throws: ``EnvoyListenFailure`` if the port cannot be opened.
    public func run() async throws {
        do {
            try await withGracefulShutdownHandler {
                try await self.server.serve()
            } onGracefulShutdown: {
                self.server.beginGracefulShutdown()
            }
        } catch let error as RuntimeError {
            guard let cause = error.cause as? IOError else { throw error }
            throw EnvoyListenFailure(address: self.address, reason: "\(cause)")
        }
    }
}

/// Why the port for Envoy cannot be opened.
public struct EnvoyListenFailure: Error, CustomStringConvertible {
    /// Where it should be.
    public let address: ListenAddress
    /// What the system says.
    public let reason: String

    /// One sentence that says what to change.
    public var description: String {
        "envoy.host and envoy.port: this process cannot listen on \(self.address) (\(self.reason))."
    }
}
