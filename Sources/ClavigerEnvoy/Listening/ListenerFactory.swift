import ClavigerHTTP
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Opens the port and takes connections in.
///
/// Not gRPC's own factory, which knows nothing of this project's TLS settings, of clients that never finish their
/// handshake, and of a largest number of connections.
struct ListenerFactory: HTTP2ServerTransport.ListenerFactory {
    let address: ListenAddress
    /// Nil for clear text.
    let tls: NIOSSLContext?
    let limits: RequestLimits
    let gate: ConnectionGate

    var eventLoopGroup: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
        try await ServerBootstrap(group: self.eventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // An error of accepting, such as too many open files, would otherwise end the listener.
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptBackoffHandler(shouldForwardIOErrorCaught: false)
                    )
                }.flatMap {
                    listenerConfigurator.configure(channel: channel)
                }
            }
            .bind(host: self.address.host, port: self.address.port) { channel in
                guard self.gate.enter(channel) else {
                    channel.close(promise: nil)
                    return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
                }
                return channel.eventLoop.makeCompletedFuture {
                    guard let tls = self.tls else { return }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: tls))
                    try pipeline.watchTLS(self.limits)
                }.flatMap {
                    connectionConfigurator.configure(
                        channel: channel,
                        tls: self.tls == nil ? .none : .configured(requireALPN: true)
                    )
                }
            }
    }
}

/// Counts open connections: each takes a file descriptor, of which the whole process has a limited number.
final class ConnectionGate: Sendable {
    private let limit: Int
    private let open = Atomic(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether one more may come in.
    func enter(_ channel: any Channel) -> Bool {
        guard self.open.add(1, ordering: .relaxed).newValue <= self.limit else {
            self.open.subtract(1, ordering: .relaxed)
            return false
        }
        channel.closeFuture.whenComplete { _ in self.open.subtract(1, ordering: .relaxed) }
        return true
    }
}
