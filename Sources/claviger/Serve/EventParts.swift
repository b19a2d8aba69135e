import ClavigerService
import ClavigerWebhooks
import Logging
import NIOSSL
import ServiceLifecycle

/// The parts of a server that tell endpoints of events.
struct EventParts: Service {
    private let dispatcher: EventDispatcher
    private let sender: WebhookSender

    init(_ configuration: ServerConfiguration.Events, authority: Authority, logger: Logger) throws {
        self.sender = WebhookSender(
            WebhookSender.Configuration(
                policy: configuration.policy,
                timeout: configuration.timeout,
                authorities: try configuration.authorityFile.map(Self.authorities) ?? []
            )
        )
        self.dispatcher = EventDispatcher(authority: authority, sender: self.sender, logger: logger)
    }

    /// Takes over what a server before this one had begun.
    func start() async throws {
        try await self.dispatcher.start()
    }

    /// Delivers until the server stops.
    func run() async throws {
        await cancelWhenGracefulShutdown { await self.dispatcher.run() }
        await self.dispatcher.flush()
        await self.sender.close()
    }

    private static func authorities(_ file: String) throws -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
            throw StartFailure(
                "events.authorityFile: \(file) does not hold certificates in PEM format that can be read."
            )
        }
        return certificates
    }
}
