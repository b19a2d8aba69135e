import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Asks an upstream for a WebSocket (RFC 6455 section 4) and takes HTTP out of the connection if it gives one.
///
/// An answer of another kind is kept whole, up to a limit; it is no stream.
final class WebSocketHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What the upstream says.
    enum Outcome {
        case accepted(HTTPResponse)
        case answered(HTTPResponse, ByteBuffer)
    }

    private static let longestBody = 64 * 1024

    private let request: HTTPRequestHead
    private let outcome: EventLoopPromise<Outcome>
    private let timeout: TimeAmount
    // All of it is touched on the channel's event loop only.
    private var head: HTTPResponse?
    private var body = ByteBuffer()
    private var isDone = false
    private var clock: Scheduled<Void>?

    init(_ request: HTTPRequestHead, timeout: TimeAmount, outcome: EventLoopPromise<Outcome>) {
        self.request = request
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

    /// Takes out HTTP; what came behind the answer goes on to ``TunnelEnd``.
    private func accept(_ head: HTTPResponse, _ context: ChannelHandlerContext) {
        self.isDone = true
        self.clock?.cancel()
        let pipeline = context.pipeline.syncOperations
        let outcome = self.outcome
        // Not from inside of the decoder, which is in the middle of reading.
        context.eventLoop.assumeIsolated().execute {
            do {
                let end = TunnelEnd()
                try pipeline.addHandler(end, position: .after(self))
                let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPResponseDecoder>.self)
                let encoder = try pipeline.context(handlerType: HTTPRequestEncoder.self)
                pipeline.removeHandler(self, promise: nil)
                pipeline.removeHandler(context: encoder, promise: nil)
                let removed = context.eventLoop.makePromise(of: Void.self)
                removed.futureResult.assumeIsolated().whenComplete { _ in outcome.succeed(.accepted(head)) }
                pipeline.removeHandler(context: decoder, promise: removed)
            } catch {
                context.close(promise: nil)
                outcome.fail(UpstreamFault.badHandshake)
            }
        }
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
