import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import ClavigerService
import Dispatch
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

// The structures of the C library belong to Dispatch for the compiler, or not, depending on what it compiles together.
#if canImport(CDispatch)
import CDispatch
#endif

/// What gateways ask: the decisions, and the addresses where they are given.
struct GatewayParts {
    private let configuration: ServerConfiguration
    private let decider: GatewayDecider
    private let secret: GatewaySecret?
    private let logger: Logger

    init(
        configuration: ServerConfiguration,
        authority: Authority,
        workspaceID: Workspace.ID,
        requestIDs: RequestIDs,
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.decider = GatewayDecider(
            authority: authority,
            workspaceID: workspaceID,
            requestIDs: requestIDs,
            logger: logger
        )
        self.secret = try configuration.gateway.secretFile.map(Self.secret)
        self.logger = logger
    }

    /// Registers `/gateway/` on the server's own address: open on this machine only, or to whoever knows the secret.
    func register(in registry: inout EndpointRegistry) {
        self.adapters(isReachable: !self.configuration.listen.address.isLoopback, provesItself: false).register(
            in: &registry
        )
    }

    /// The address of gateways alone, if there is one.
    ///
    /// - Parameter registry: an empty one, whose calls are on that address.
    func listener(_ registry: EndpointRegistry, _ tls: TLSCertificates?) throws -> (any Service)? {
        guard let address = self.configuration.gateway.address else { return nil }
        var registry = registry
        let clientCA = self.configuration.gateway.clientCA
        self.adapters(isReachable: !address.isLocal, provesItself: clientCA != nil).register(in: &registry)
        let place: BindAddress
        var security = try tls?.configuration()
        switch address {
        case .network(let network):
            place = .hostname(network.host, port: network.port)
            if let clientCA, var demanding = security {
                try ClientAuthorities(path: clientCA, setting: SettingKey.gatewayClientCA.rawValue).require(
                    in: &demanding
                )
                security = demanding
            }
        case .socket(let path):
            try Self.clear(path)
            place = .unixDomainSocket(path: path)
            // Nobody but this machine's users hears it, and those that the folder lets in.
            security = nil
        }
        let logger = self.logger
        let application = Application(
            responder: registry.buildResponder(),
            server: .claviger(
                tls: security,
                limits: RequestLimits(
                    arrival: self.configuration.http.requestTimeout,
                    idle: self.configuration.http.idleTimeout
                )
            ),
            configuration: ApplicationConfiguration(
                address: place,
                serverName: nil,
                availableConnectionsDelegate: ConnectionLimit(self.configuration.connections, logger: logger)
            ),
            onServerRunning: { channel in
                if case .socket(let path) = address { chmod(path, 0o660) }
                logger.info("gateways can ask", metadata: ["address": "\(channel.localAddress?.description ?? "")"])
            },
            logger: Logger(label: "claviger.gateway") { _ in FrameworkLogHandler(logger) }
        )
        return GatewayListener(address: address) { try await application.run() }
    }

    private func adapters(isReachable: Bool, provesItself: Bool) -> ForwardAuth {
        let access: GatewayAccess =
            if let secret { .secret(secret) } else if provesItself || !isReachable { .connection } else { .nobody }
        return ForwardAuth(
            decider: self.decider,
            access: access,
            trustedProxies: self.configuration.gateway.trustedProxies
        )
    }

    private static func secret(_ path: String) throws -> GatewaySecret {
        let bytes: [UInt8]
        do throws(SmallFileError) {
            bytes = try SmallFile.read(path, atMost: 4096)
        } catch {
            throw StartFailure("gateway.secretFile \(path): \(error)")
        }
        guard let secret = GatewaySecret(bytes) else {
            throw StartFailure(
                """
                gateway.secretFile \(path) must have one line of at least \(GatewaySecret.shortest) visible ASCII \
                characters, such as `openssl rand -hex 32` makes.
                """
            )
        }
        return secret
    }

    /// Removes the socket that a server before this one left behind, and nothing else.
    private static func clear(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw StartFailure("listen.gateway: \(path) is there and is no socket. Remove it or name another path.")
        }
        guard unlink(path) == 0 else {
            throw StartFailure("listen.gateway: the old socket \(path) cannot be removed.")
        }
    }
}

/// Listens for gateways; where that is not possible, the failure names their address and not the server's.
private struct GatewayListener: Service {
    let address: GatewayAddress
    let application: @Sendable () async throws -> Void

    func run() async throws {
        do {
            try await self.application()
        } catch let error as IOError {
            let reason = error.errnoCode == EADDRINUSE ? "is in use by another program" : "cannot be listened on"
            throw StartFailure("listen.gateway: \(self.address) \(reason). Choose another.")
        }
    }
}
