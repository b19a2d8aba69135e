import NIOCore

/// The upstream's end of a tunnel; the client's is ``TunnelValve``.
final class TunnelEnd: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    // All of it is touched on the channel's event loop only.
    private var valve: TunnelValve?
    private var context: ChannelHandlerContext?
    private var held = CircularBuffer<NIOAny>()
    private var hasPendingRead = false
    private var isClosing = false
    private var isClosed = false

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    func join(_ valve: TunnelValve) {
        self.valve = valve
        while let data = self.held.popFirst() { valve.write(data) }
        valve.flush()
        guard !self.isClosed else { return valve.close() }
        self.readIfPossible()
    }

    func write(_ data: NIOAny) { self.context?.write(data, promise: nil) }

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

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let valve { valve.write(data) } else { self.held.append(data) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.valve?.flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if self.valve?.isWritable ?? self.held.isEmpty { context.read() } else { self.hasPendingRead = true }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        self.valve?.close()
        self.valve = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.valve?.readIfPossible() }
        context.fireChannelWritabilityChanged()
    }
}

@available(*, unavailable)
extension TunnelEnd: Sendable {}
