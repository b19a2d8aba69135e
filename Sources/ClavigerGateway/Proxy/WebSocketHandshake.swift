import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Asks an upstream for a WebSocket (RFC 6455 section 4), and turns the connection into a tunnel if it gives one.
///
/// An answer of another kind is kept whole, up to a limit; it is no stream.
final class WebSocketHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What the upstream says.
    enum Outcome {
        case accepted(HTTPResponse, NIOLoopBound<TunnelEnd>)
        case answered(HTTPResponse, ByteBuffer)
    }

    private static let longestBody = 64 * 1024

    private let request: HTTPRequestHead
    private let end: TunnelEnd
    private let outcome: EventLoopPromise<Outcome>
    private let timeout: TimeAmount
    // All of it is touched on the channel's event loop only.
    private var head: HTTPResponse?
    private var body = ByteBuffer()
    private var isDone = false
    private var clock: Scheduled<Void>?

    /// - Parameter end: stands before the HTTP codec.
    init(_ request: HTTPRequestHead, _ end: TunnelEnd, timeout: TimeAmount, outcome: EventLoopPromise<Outcome>) {
        self.request = request
        self.end = end
        self.timeout = timeout
        self.outcome = outcome
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        self.start(context)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard self.clock == nil else { return }
        self.clock = context.eventLoop.assumeIsolated().scheduleTask(in: self.timeout) {
            self.fail(UpstreamFault.silent, context)
        }
        context.write(self.wrapOutboundOut(.head(self.request)), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isDone else { return }
        switch self.unwrapInboundIn(data) {
        case .head(let old):
            guard let head = try? HTTPResponse(old) else { return self.fail(UpstreamFault.badHandshake, context) }
            self.head = head
            if old.status == .switchingProtocols { self.accept(head, context) }
        case .body(var part):
            guard self.body.readableBytes + part.readableBytes <= Self.longestBody else {
                return self.fail(UpstreamFault.badHandshake, context)
            }
            self.body.writeBuffer(&part)
        case .end:
            guard let head else { return self.fail(UpstreamFault.badHandshake, context) }
            self.finish(.answered(head, self.body))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail(UpstreamFault.badHandshake, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(error, context)
    }

    private func accept(_ head: HTTPResponse, _ context: ChannelHandlerContext) {
        self.end.turn()
        self.finish(.accepted(head, NIOLoopBound(self.end, eventLoop: context.eventLoop)))
    }

    private func finish(_ outcome: Outcome) {
        self.isDone = true
        self.clock?.cancel()
        self.outcome.succeed(outcome)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        guard !self.isDone else { return }
        self.isDone = true
        self.clock?.cancel()
        self.outcome.fail(error)
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension WebSocketHandshake: Sendable {}
