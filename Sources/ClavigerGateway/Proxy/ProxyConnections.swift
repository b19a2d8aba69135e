import ClavigerHTTP
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Synchronization

/// A client's connection, as whoever answers a request on it knows it.
final class ClientConnection: Sendable {
    /// The connection of the request that is being answered.
    @TaskLocal static var current: ClientConnection?

    let channel: any Channel
    /// Takes the connection over for a tunnel.
    let valve: NIOLoopBound<TunnelValve>
    // Touched by whoever serves the connection and by its event loop; nothing is called while it is held.
    private let serving = Mutex<(task: Task<Void, Never>?, isGone: Bool)>((nil, false))

    init(channel: any Channel, valve: TunnelValve) {
        self.channel = channel
        self.valve = NIOLoopBound(valve, eventLoop: channel.eventLoop)
    }

    /// Serves the connection; stops when the client goes, so that no upstream works for nobody.
    func run(_ serve: @escaping @Sendable () async -> Void) async {
        let task = Task { await Self.$current.withValue(self) { await serve() } }
        let isGone = self.serving.withLock { serving in
            serving.task = task
            return serving.isGone
        }
        if isGone { task.cancel() }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// The client has closed its half or the whole connection.
    func clientIsGone() {
        let task = self.serving.withLock { serving in
            serving.isGone = true
            return serving.task
        }
        task?.cancel()
    }
}

/// Prepares connections for a proxy: they notice when the client goes, and can become tunnels.
struct ProxyConnections: ConnectionExtension {
    let tunnelIdle: Duration

    func prepare(
        _ channel: any Channel,
        _ position: ChannelPipeline.SynchronousOperations.Position
    ) throws -> ClientConnection {
        let valve = TunnelValve(idle: TimeAmount(self.tunnelIdle))
        try channel.pipeline.syncOperations.addHandler(valve, position: position)
        let connection = ClientConnection(channel: channel, valve: valve)
        valve.onClientGone = { [weak connection] in connection?.clientIsGone() }
        return connection
    }

    func handlers() -> [any RemovableChannelHandler] { [AnswerFramingInstaller()] }

    func run(_ connection: ClientConnection, _ serve: @escaping @Sendable () async -> Void) async {
        await connection.run(serve)
    }
}

/// Puts ``AnswerFraming`` where it sees HTTP/1 as it is on the wire; in HTTP/2 there is no need of it.
private final class AnswerFramingInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any
    typealias InboundOut = Any

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        guard let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) else { return }
        do {
            try pipeline.addHandler(AnswerFraming(), position: .before(codec))
        } catch {
            context.close(promise: nil)
        }
    }
}
