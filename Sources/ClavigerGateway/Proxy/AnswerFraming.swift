import NIOCore
import NIOHTTP1

/// Ends answers where the codec alone would end them wrongly.
///
/// - The answer to HEAD has no body, not even the end of a chunked one, which would be taken for the next answer.
/// - HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
/// - Behind a request with `Upgrade` the codec reads nothing more, so that the connection ends with its answer.
final class AnswerFraming: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Request {
        let isHead: Bool
        let isOld: Bool
        let isLast: Bool
    }

    // Touched on the channel's event loop only. Answers go out in the order of the requests.
    private var waiting = CircularBuffer<Request>()
    private var isUpgraded = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = self.unwrapInboundIn(data) {
            let isOld = head.version.major == 1 && head.version.minor == 0
            self.waiting.append(
                Request(
                    isHead: head.method == .HEAD,
                    isOld: isOld,
                    isLast: isOld || head.headers.contains(name: "upgrade")
                )
            )
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let request = self.waiting.first else { return context.write(data, promise: promise) }
        switch self.unwrapOutboundIn(data) {
        case .head(var head):
            self.isUpgraded = head.status == .switchingProtocols
            let isFinal = head.status.code >= 200
            if request.isOld { head.version = .http1_0 }
            if request.isLast, isFinal { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            guard !request.isHead else {
                promise?.succeed()
                return
            }
            context.write(data, promise: promise)
        case .end:
            self.waiting.removeFirst()
            // An empty part of a body writes nothing; the promise is kept in its turn.
            let end =
                request.isHead ? HTTPServerResponsePart.body(.byteBuffer(ByteBuffer())) : self.unwrapOutboundIn(data)
            guard request.isLast, !self.isUpgraded else {
                return context.write(self.wrapOutboundOut(end), promise: promise)
            }
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.write(self.wrapOutboundOut(end), promise: written)
        }
    }
}

@available(*, unavailable)
extension AnswerFraming: Sendable {}
