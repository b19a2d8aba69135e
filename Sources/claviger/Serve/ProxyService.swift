import ClavigerGateway
import ClavigerHTTP
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// Runs the reverse proxy until the server stops.
struct ProxyService: Service {
    /// How long requests that are under way may take when the server stops; a stream may never end by itself.
    private static let farewell = Duration.seconds(10)

    let proxy: ReverseProxy
    let address: ListenAddress
    let tls: TLSConfiguration?
    let limits: RequestLimits
    let connections: Int
    let logger: Logger
    let onListening: @Sendable (String) -> Void

    func run() async throws {
        let scheme = self.tls == nil ? "http" : "https"
        let host = self.address.host.contains(":") ? "[\(self.address.host)]" : self.address.host
        let application = self.proxy.application(
            address: self.address,
            tls: self.tls,
            limits: self.limits,
            connections: ConnectionLimit(self.connections, logger: self.logger),
            logger: Logger(label: "claviger.proxy") { _ in FrameworkLogHandler(self.logger) },
            onListening: { port in self.onListening("\(scheme)://\(host):\(port)") }
        )
        do {
            try await Self.run(application)
        } catch let error as IOError where [EADDRINUSE, EACCES, EADDRNOTAVAIL].contains(error.errnoCode) {
            await self.proxy.shutDown()
            throw StartFailure(
                "The proxy cannot listen on \(self.address). Choose another with --proxy-host or --proxy-port."
            )
        } catch {
            await self.proxy.shutDown()
            throw error
        }
        await self.proxy.shutDown()
    }

    private static func run(_ application: some ApplicationProtocol) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            tasks.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: Self.farewell)
            }
            try await tasks.next()
            tasks.cancelAll()
            do {
                try await tasks.waitForAll()
            } catch is CancellationError {
                // The one that was not needed any more.
            }
        }
    }
}
