import NIOCore

/// The upstream's end of a tunnel; the client's is ``TunnelValve``.
///
/// Stands where the bytes are in clear, before HTTP. What comes behind the answer to the handshake belongs to the
/// tunnel, perhaps in the same packet and with the end of the connection right behind it; so the bytes are given to
/// HTTP one head at a time until it says that this was the answer.
final class TunnelEnd: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = ByteBuffer

    // All of it is touched on the channel's event loop only.
    private var heads = HeadEnds()
    private var isTunnel = false
    private var valve: TunnelValve?
    private var context: ChannelHandlerContext?
    private var held = CircularBuffer<ByteBuffer>()
    private var hasPendingRead = false
    private var isClosing = false
    private var isClosed = false

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    /// The upstream has accepted: all that comes now is the tunnel's.
    func turn() { self.isTunnel = true }

    func join(_ valve: TunnelValve) {
        self.valve = valve
        while let buffer = self.held.popFirst() { valve.write(buffer) }
        valve.flush()
        guard !self.isClosed else { return valve.close() }
        self.readIfPossible()
    }

    func write(_ buffer: ByteBuffer) { self.context?.write(self.wrapOutboundOut(buffer), promise: nil) }

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
        var buffer = self.unwrapInboundIn(data)
        while !self.isTunnel, let head = self.heads.next(in: &buffer) {
            context.fireChannelRead(self.wrapInboundOut(head))
        }
        guard self.isTunnel else { return }
        guard buffer.readableBytes > 0 else { return }
        if let valve { valve.write(buffer) } else { self.held.append(buffer) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.valve?.flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if self.valve?.isWritable ?? !self.isTunnel { context.read() } else { self.hasPendingRead = true }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        self.valve?.close()
        self.valve = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard self.isTunnel else { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.valve?.readIfPossible() }
        context.fireChannelWritabilityChanged()
    }
}

/// Cuts bytes behind each empty line, where the head of an answer ends.
struct HeadEnds {
    /// Whether nothing but CR has come since the last LF.
    private var isAtLineStart = false

    /// The bytes up to the next empty line, or all of them if there is none; nil if there are no bytes.
    mutating func next(in buffer: inout ByteBuffer) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        var count = 0
        for byte in buffer.readableBytesView {
            count += 1
            switch byte {
            case UInt8(ascii: "\n"):
                if self.isAtLineStart {
                    self.isAtLineStart = false
                    return buffer.readSlice(length: count)
                }
                self.isAtLineStart = true
            case UInt8(ascii: "\r"): break
            default: self.isAtLineStart = false
            }
        }
        return buffer.readSlice(length: count)
    }
}

@available(*, unavailable)
extension TunnelEnd: Sendable {}
