import NIOCore
import NIOExtras

/// Lets the bytes of a client's connection through to HTTP, until it is turned: then they go to an upstream, and the
/// upstream's come back.
///
/// Stands where the bytes are in clear, before everything that knows HTTP, so that a tunnel needs no change of the
/// handlers behind it. Both ends of a tunnel are on one event loop. Each reads only while the other can be written to,
/// so that a slow end slows the other one down and nothing piles up here.
final class TunnelValve: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case http
        /// A handshake is under way: what the client sends is for the tunnel, if there will be one.
        case holding
        case tunnel(TunnelEnd)
        case closed
    }

    private let idle: TimeAmount
    // All of it is touched on the channel's event loop only.
    private var state = State.http
    private var held = CircularBuffer<ByteBuffer>()
    private var context: ChannelHandlerContext?
    private var hasPendingRead = false
    private var wasActive = false
    private var check: Scheduled<Void>?
    private var isClosing = false
    /// Is called when the client has closed its half or the connection, unless it is a tunnel.
    var onClientGone: (() -> Void)?

    init(idle: TimeAmount) {
        self.idle = idle
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.check?.cancel()
    }

    /// Keeps what arrives from now on.
    func hold() {
        if case .http = self.state { self.state = .holding }
    }

    /// Joins the connection with an upstream's, to the end of both.
    func join(_ end: TunnelEnd) {
        guard let context, context.channel.isActive, case .holding = self.state else { return end.close() }
        self.state = .tunnel(end)
        end.join(self)
        while let buffer = self.held.popFirst() { end.write(buffer) }
        end.flush()
        self.scheduleCheck(context)
        self.readIfPossible()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.state {
        case .http: context.fireChannelRead(data)
        case .holding: self.held.append(self.unwrapInboundIn(data))
        case .tunnel(let end):
            self.wasActive = true
            end.write(self.unwrapInboundIn(data))
        case .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .tunnel(let end) = self.state { end.flush() }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        switch self.state {
        case .http: context.read()
        case .holding where self.held.isEmpty: context.read()
        case .tunnel(let end) where end.isWritable: context.read()
        case .holding, .tunnel: self.hasPendingRead = true
        case .closed: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.check?.cancel()
        switch self.state {
        case .tunnel(let end):
            self.state = .closed
            end.close()
        case .http, .holding: self.onClientGone?()
        case .closed: break
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .tunnel = self.state else { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            switch self.state {
            case .tunnel(let end): return end.close()
            case .http, .holding: self.onClientGone?()
            case .closed: break
            }
        } else if event is ChannelShouldQuiesceEvent, case .tunnel(let end) = self.state {
            end.close()
            return self.close()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .tunnel(let end) = self.state, context.channel.isWritable { end.readIfPossible() }
        context.fireChannelWritabilityChanged()
    }

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        self.wasActive = false
        self.check = context.eventLoop.assumeIsolated().scheduleTask(in: self.idle) {
            guard self.wasActive else { return context.close(promise: nil) }
            self.scheduleCheck(context)
        }
    }
}

// MARK: - For the other end

extension TunnelValve {
    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    func write(_ buffer: ByteBuffer) {
        self.wasActive = true
        self.context?.write(self.wrapOutboundOut(buffer), promise: nil)
    }

    func flush() { self.context?.flush() }

    func readIfPossible() {
        guard self.hasPendingRead, let context else { return }
        self.hasPendingRead = false
        self.read(context: context)
    }

    /// Closes the connection behind what has been written.
    func close() {
        guard let context, !self.isClosing else { return }
        self.isClosing = true
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: written)
    }
}

@available(*, unavailable)
extension TunnelValve: Sendable {}
