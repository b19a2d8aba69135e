import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS

/// Opens connections to an upstream that are not for the pool: tunnels, and the look at it when the server starts.
struct UpstreamConnector: Sendable {
    private let address: UpstreamAddress
    private let pins: [SPKIPin]
    private let tls: NIOSSLContext?
    private let timeout: TimeAmount

    init(_ route: ProxyRoute, timeout: TimeAmount) throws {
        self.address = route.upstream
        self.pins = route.tls.pins
        self.timeout = timeout
        guard route.upstream.usesTLS else {
            self.tls = nil
            return
        }
        var configuration = try route.tls.configuration()
        configuration.applicationProtocols = ["http/1.1"]
        self.tls = try NIOSSLContext(configuration: configuration)
    }

    /// Connects; with TLS the upstream has proved who it is when this returns.
    func connect(on group: any EventLoopGroup) async throws -> any Channel {
        let eventLoop = group.next()
        let ready = eventLoop.makePromise(of: Void.self)
        let (tls, address, timeout) = (self.tls, self.address, self.timeout)
        let connected = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let tls else { return }
                    let isAddress = (try? SocketAddress(ipAddress: address.host, port: 0)) != nil
                    let handlers: [any ChannelHandler] = [
                        try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : address.host),
                        TLSHandshakeWait(ready, timeout: timeout),
                    ]
                    try channel.pipeline.syncOperations.addHandlers(handlers)
                }
            }
            .connect(host: self.address.host, port: self.address.port)
        connected.whenFailure { ready.fail($0) }
        if tls == nil { connected.whenSuccess { _ in ready.succeed() } }
        let channel: any Channel
        do {
            channel = try await connected.get()
        } catch {
            ready.fail(error)
            throw error
        }
        do {
            try await ready.futureResult.get()
            if self.tls != nil { try await UpstreamTLS.check(self.pins, channel).get() }
            return channel
        } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    /// Asks for a WebSocket over a connection of its own, on the event loop of the client's.
    func openWebSocket(
        _ request: HTTPRequestHead,
        on eventLoop: any EventLoop,
        timeout: TimeAmount
    ) async throws -> (channel: any Channel, outcome: WebSocketHandshake.Outcome) {
        let channel = try await self.connect(on: eventLoop)
        let outcome = eventLoop.makePromise(of: WebSocketHandshake.Outcome.self)
        do {
            try await eventLoop.submit {
                let pipeline = channel.pipeline.syncOperations
                let end = TunnelEnd()
                // No validator: the fields have been read by one already.
                let handlers: [any ChannelHandler] = [
                    end, HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()),
                    WebSocketHandshake(request, end, timeout: timeout, outcome: outcome),
                ]
                try pipeline.addHandlers(handlers)
            }.get()
        } catch {
            outcome.fail(error)
            channel.close(promise: nil)
            throw error
        }
        return try await withTaskCancellationHandler {
            (channel, try await outcome.futureResult.get())
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// Waits for the end of a TLS handshake, and takes itself out then.
private final class TLSHandshakeWait: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let done: EventLoopPromise<Void>
    private let timeout: TimeAmount
    // Touched on the channel's event loop only.
    private var clock: Scheduled<Void>?

    init(_ done: EventLoopPromise<Void>, timeout: TimeAmount) {
        self.done = done
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.clock = context.eventLoop.assumeIsolated().scheduleTask(in: self.timeout) {
            self.finish(.failure(UpstreamFault.silent))
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.finish(.failure(ChannelError.ioOnClosedChannel)) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            self.finish(.success(()))
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.finish(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(.failure(ChannelError.ioOnClosedChannel))
        context.fireChannelInactive()
    }

    private func finish(_ result: Result<Void, any Error>) {
        self.clock?.cancel()
        self.done.completeWith(result)
    }
}
