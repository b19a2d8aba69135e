public import NIOCore
import NIOSSL
import NIOTLS

/// Closes TLS connections that do not finish their handshake, or that fall silent.
///
/// Stands right behind the TLS handler. The HTTP handlers, with their own clocks, are added only when the handshake is
/// done; and Hummingbird ends an idle HTTP/2 connection by asking, and waits for the answer for as long as it takes.
final class TLSConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let handshake: TimeAmount
    private let silence: TimeAmount
    // Touched on the channel's event loop only.
    private var isHandshakeDone = false
    private var wasActive = false
    private var check: Scheduled<Void>?

    init(limits: RequestLimits) {
        self.handshake = TimeAmount(limits.handshake)
        // Twice the idle time, so that the polite ways to end an idle connection come first.
        self.silence = TimeAmount(limits.idle * 2)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // A connection that did its handshake has its first silence before it.
        self.scheduleCheck(in: self.handshake, context: context) { self.isHandshakeDone }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.check?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.check?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.wasActive = true
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.wasActive = true
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { self.isHandshakeDone = true }
        context.fireUserInboundEventTriggered(event)
    }

    private func scheduleCheck(in time: TimeAmount, context: ChannelHandlerContext, isFine: @escaping () -> Bool) {
        self.check = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            guard isFine() else { return context.close(promise: nil) }
            // A flag and a slow clock: an exact time would have to be taken with every read.
            self.wasActive = false
            self.scheduleCheck(in: self.silence, context: context) { self.wasActive }
        }
    }
}

extension ChannelPipeline.SynchronousOperations {
    /// Bounds the handshake and the silence of a connection whose TLS handler is there already.
    public func watchTLS(_ limits: RequestLimits) throws {
        let tls = try self.handler(type: NIOSSLServerHandler.self)
        try self.addHandler(TLSConnectionWatch(limits: limits), position: .after(tls))
    }
}

@available(*, unavailable)
extension TLSConnectionWatch: Sendable {}
