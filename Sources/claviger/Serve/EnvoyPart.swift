import ClavigerCore
import ClavigerEnvoy
import ClavigerGateway
import ClavigerHTTP
import ClavigerService
import Logging
import NIOSSL

/// Makes the port on which Envoy asks, if there is to be one.
struct EnvoyPart {
    private let settings: ServerConfiguration.Envoy
    private let logger: Logger

    init?(_ configuration: ServerConfiguration, logger: Logger) {
        guard let settings = configuration.envoy else { return nil }
        self.settings = settings
        self.logger = logger
    }

    func listener(
        authority: Authority,
        workspaceID: Workspace.ID,
        report: @escaping @Sendable () -> String?,
        requestIDs: RequestIDs,
        tls: TLSCertificates?
    ) throws -> EnvoyListener {
        try EnvoyListener(
            address: self.settings.address,
            tls: try self.tlsConfiguration(tls),
            connections: FileDescriptors.envoyConnections(),
            decider: GatewayDecider(
                authority: authority,
                workspaceID: workspaceID,
                requestIDs: requestIDs,
                logger: self.logger
            ),
            trustedProxies: self.settings.trustedProxies,
            requestIDs: requestIDs,
            isReady: {
                if report() != nil { return false }
                return await authority.isStorageReachable()
            },
            logger: self.logger
        )
    }

    private func tlsConfiguration(_ tls: TLSCertificates?) throws -> TLSConfiguration? {
        guard self.settings.usesTLS else { return nil }
        guard let tls else { throw StartFailure("envoy needs tls.certificate and tls.privateKey.") }
        var configuration = try tls.configuration()
        if let path = self.settings.clientCA {
            try ClientAuthorities(path: path, setting: SettingKey.envoyClientCA.rawValue).require(in: &configuration)
        }
        return configuration
    }
}
