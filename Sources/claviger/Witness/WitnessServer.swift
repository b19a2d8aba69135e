import ClavigerHTTP
import ClavigerLog
import ClavigerWitness
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The composition root of a witness: makes its parts and holds them together while it runs.
struct WitnessServer {
    /// How long requests that are being answered may take when the witness stops.
    private static let longestFarewell = Duration.seconds(10)
    /// Each may have one request in memory; logs are few.
    private static let mostConnections = 500

    let options: WitnessOptions
    let logger: Logger

    /// Starts, serves until a signal comes, and stops in order.
    ///
    /// - Parameter onReady: is told where the witness listens, and its verifier key.
    func run(onReady: @escaping @Sendable (_ url: String, _ key: VerifierKey) -> Void) async throws {
        // A file that may not grow has to be an error of the write, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        let logs = try self.options.knownLogs()
        let address = try self.options.address()
        let tls = try self.options.tlsFiles.map { try TLSCertificates(files: $0, logger: self.logger) }
        // Before the folder is taken: it would get the authority's lock file, and then a key.
        guard !DataFolder.hasDatabase(in: self.options.data) else {
            throw CommandFailure.usage(
                "\(self.options.data) is the data folder of an authority. A witness has a folder of its own, on another "
                    + "host: name it with --data."
            )
        }
        let folder = try DataFolder(path: self.options.data)
        defer { folder.release() }
        let random = SystemRandom()
        let cosigner = try WitnessKeyFile.load(in: folder, name: self.options.name, random: random)
        guard !logs.sign(with: cosigner.verifierKey) else {
            throw CommandFailure.usage("--log has the key of this witness itself. Give the verifier key of the log.")
        }
        let witness = try Witness(of: logs, cosigner: cosigner, folder: folder.path, time: SystemTime())
        for (origin, error) in witness.damages() {
            self.logger.error(
                "nothing is cosigned of this log",
                metadata: ["origin": "\(origin)", "cause": "\(error)"]
            )
        }
        let responder = WitnessResponder(
            witness,
            requestIDs: RequestIDs(random: random),
            isSecure: tls != nil,
            logger: self.logger
        )
        try await self.serve(responder, address, tls) { url in onReady(url, cosigner.verifierKey) }
    }

    private func serve(
        _ responder: WitnessResponder,
        _ address: ListenAddress,
        _ tls: TLSCertificates?,
        _ onListening: @escaping @Sendable (String) -> Void
    ) async throws {
        let scheme = tls == nil ? "http" : "https"
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let connections = min(Self.mostConnections, FileDescriptors.connections())
        let application = Application(
            responder: responder,
            server: .claviger(tls: try tls?.configuration()),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                serverName: nil,
                availableConnectionsDelegate: ConnectionLimit(connections, logger: self.logger)
            ),
            services: tls.map { [$0] } ?? [],
            onServerRunning: { channel in
                onListening("\(scheme)://\(host):\(channel.localAddress?.port ?? address.port)")
            },
            logger: Logger(label: "claviger.http") { _ in FrameworkLogHandler(self.logger) }
        )
        var group = ServiceGroupConfiguration(
            services: [application],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: application.logger
        )
        // A client that does not read its answer must not keep the witness from stopping.
        group.maximumGracefulShutdownDuration = Self.longestFarewell
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StartFailure("\(address) is in use by another program. Choose another with --port.")
        } catch let error as IOError where error.errnoCode == EACCES || error.errnoCode == EADDRNOTAVAIL {
            throw StartFailure("This process cannot listen on \(address). Choose another --host or --port.")
        }
    }
}
