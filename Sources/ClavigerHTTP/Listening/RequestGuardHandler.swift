import HTTPTypes
public import NIOCore
import NIOHTTP1
public import NIOHTTPTypes
import NIOSSL

/// Refuses requests that do not arrive in time, are not HTTP, or have too many header fields.
///
/// Stands right behind the HTTP codec, in `additionalChannelHandlers`: decoder errors pass here before anything else
/// sees them, and bytes that make up no request yet show as a read without parts. Without it, Hummingbird closes a
/// connection that drips its *header* after the idle timeout but never one that drips its *body*, and answers
/// malformed requests with an empty 400, or not at all.
///
/// A refusal is one problem document, in its turn behind the answers to earlier requests on the connection. Then the
/// connection closes, but not at once: closing while the client is still sending makes the system reset the
/// connection, and the client may never see the answer. So only the sending half closes, and what still arrives is
/// thrown away for a short while.
///
/// A client that does not take its answers is cut off: nothing else would end such a connection, since idle clocks
/// stand still while answers are due.
///
/// A request that arrives in one read costs neither a look at the clock nor a scheduled task.
public final class RequestGuardHandler: ChannelDuplexHandler, RemovableChannelHandler {
    /// Requests from the decoder.
    public typealias InboundIn = HTTPRequestPart
    /// Requests to the application.
    public typealias InboundOut = HTTPRequestPart
    /// Answers from the application.
    public typealias OutboundIn = HTTPResponsePart
    /// Answers to the encoder.
    public typealias OutboundOut = HTTPResponsePart

    private enum State {
        case open
        /// Refused, but earlier requests are still being answered.
        case refusing(RequestRefusal)
        /// The last answer is on its way; nothing passes any more.
        case closing
        /// Our half is closed; waiting for the client to close its half.
        case lingering
    }

    private let limits: RequestLimits
    private let onRefusal: (@Sendable (RequestRefusal) -> Void)?
    // All of it is touched on the channel's event loop only, as NIO guarantees for handlers.
    private var state = State.open
    private var progress = RequestProgress()
    private var check: Scheduled<Void>?
    private var lingerEnd: Scheduled<Void>?
    private var stuckEnd: Scheduled<Void>?
    private var inputClosed = false

    /// How many requests have begun to arrive and have not been answered to the end.
    var requestsWaiting: Int { self.progress.requestsWaiting }

    /// A handler for one connection, or one HTTP/2 stream.
    ///
    /// - Parameters:
    ///   - limits: what is refused.
    ///   - onRefusal: is called on the event loop with each refusal, e.g. to count it.
    public init(limits: RequestLimits, onRefusal: (@Sendable (RequestRefusal) -> Void)? = nil) {
        self.limits = limits
        self.onRefusal = onRefusal
    }

    /// Stops the clocks.
    public func handlerRemoved(context: ChannelHandlerContext) {
        self.cancelTasks()
    }

    /// Stops the clocks.
    public func channelInactive(context: ChannelHandlerContext) {
        self.cancelTasks()
        context.fireChannelInactive()
    }

    /// Follows the request; drops everything behind a refused one.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .open = self.state else { return }
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.progress.readHead()
            // HTTP/1's decoder counts by itself, HTTP/2's only limits the bytes.
            guard head.headerFields.count <= self.limits.headerFields else {
                return self.refuse(.headersTooLarge, context: context)
            }
            if self.limits.invites { self.invite(head, context: context) }
        case .body:
            self.progress.readBody()
        case .end:
            self.progress.readEnd()
        }
        context.fireChannelRead(data)
    }

    /// Starts the clock if a request has begun to arrive and is not complete.
    public func channelReadComplete(context: ChannelHandlerContext) {
        switch self.state {
        case .open:
            let mayHavePartOfHead = self.progress.readComplete()
            if self.progress.isReadingRequest {
                // Whoever takes the body has a clock of its own, until there is an answer and nobody wants the rest.
                if self.limits.bodyHasTime, !self.progress.isAnsweredEarly {
                    self.progress.incompleteSince = nil
                } else {
                    self.startClock(context: context)
                }
            } else if mayHavePartOfHead {
                self.startClockForHead(context: context)
            }
        case .refusing:
            break
        case .closing, .lingering:
            // The application asks for nothing more, but the client's end must still be noticed.
            context.read()
        }
        context.fireChannelReadComplete()
    }

    /// Answers what the decoder could not read; other errors pass.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch self.state {
        case .open:
            if let error = error as? HTTPParserError {
                self.refuse(RequestRefusal(error), context: context)
            } else if Self.isConversionError(error) {
                self.refuse(.malformed(reason: "the request line or a header field is invalid"), context: context)
            } else {
                context.fireErrorCaught(error)
            }
        case .refusing, .closing, .lingering:
            // The decoder complains about all that follows the first error; the rest means the connection is gone.
            guard error is ByteToMessageDecoderError || error is HTTPParserError else {
                context.fireErrorCaught(error)
                return context.close(promise: nil)
            }
        }
    }

    /// Notices that the client has closed its half.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            self.inputClosed = true
            if case .lingering = self.state { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Starts the clock when the client stops taking its answers, and stops it when they flow again.
    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            self.stuckEnd?.cancel()
            self.stuckEnd = nil
        } else if self.stuckEnd == nil {
            self.stuckEnd = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(self.limits.idle)) {
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Follows the answers; sends the refusal when its turn has come.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.state {
        case .open, .refusing: break
        case .closing, .lingering:
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch self.unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational { self.progress.answerBegan() }
        case .body: break
        case .end:
            if self.progress.answerEnded() {
                self.startClockForHead(context: context)
            } else if self.progress.isAnsweredEarly {
                self.startClock(context: context)
            }
        }
        context.write(data, promise: promise)
        if case .refusing(let refusal) = self.state, self.progress.verdict == .answer {
            self.answer(refusal, context: context)
        }
    }
}

// MARK: - Inviting

extension RequestGuardHandler {
    private static let expectation = HTTPField.Name("Expect")

    /// Tells a client to go on that waits for `100 Continue` before it sends its body (RFC 9110 section 10.1.1).
    ///
    /// curl waits a second for it. Nobody is refused before the body: its size is limited as it arrives.
    private func invite(_ head: HTTPRequest, context: ChannelHandlerContext) {
        guard head.method == .post || head.method == .patch,
            let name = Self.expectation, head.headerFields[name]?.lowercased() == "100-continue",
            // An answer to an earlier request may be half written; the client then goes on by itself.
            self.progress.requestsWaiting == 1
        else { return }
        let invitation = HTTPResponse(status: .continue)
        context.writeAndFlush(self.wrapOutboundOut(.head(invitation)), promise: nil)
    }
}

// MARK: - Refusing

extension RequestGuardHandler {
    private func refuse(_ refusal: RequestRefusal, context: ChannelHandlerContext) {
        self.onRefusal?(refusal)
        switch self.progress.verdict {
        case .answer: self.answer(refusal, context: context)
        case .wait: self.state = .refusing(refusal)
        case .closeAfterAnswer: self.linger(context: context)
        case .abort: self.abort(context: context)
        }
    }

    private func answer(_ refusal: RequestRefusal, context: ChannelHandlerContext) {
        self.state = .closing
        let body = context.channel.allocator.buffer(string: refusal.problem)
        var head = HTTPResponse(status: refusal.status)
        head.headerFields[.contentType] = "application/problem+json"
        head.headerFields[.contentLength] = String(body.readableBytes)
        head.headerFields[.cacheControl] = "no-store"
        // HTTP/2 forbids the field; its stream ends with the answer anyway.
        if self.isHTTP1(context) { head.headerFields[.connection] = "close" }
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(body)), promise: nil)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.linger(context: context)
            case .failure: self.abort(context: context)
            }
        }
        // Until the client has taken it; then `linger` has a shorter clock.
        self.lingerEnd = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(self.limits.idle)) {
            context.close(promise: nil)
        }
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: written)
    }

    /// Closes our half, then the whole connection when the client has closed its half or the time is up.
    private func linger(context: ChannelHandlerContext) {
        self.state = .lingering
        guard self.isHTTP1(context), !self.inputClosed else { return context.close(promise: nil) }
        let closed = context.eventLoop.makePromise(of: Void.self)
        closed.futureResult.assumeIsolated().whenFailure { _ in context.close(promise: nil) }
        context.close(mode: .output, promise: closed)
        self.lingerEnd?.cancel()
        self.lingerEnd = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(self.limits.linger)) {
            context.close(promise: nil)
        }
        context.read()
    }

    private func abort(context: ChannelHandlerContext) {
        self.state = .lingering
        context.close(promise: nil)
    }

    private func startClockForHead(context: ChannelHandlerContext) {
        // A stream has one request; what is read behind it is not the head of another.
        if self.isHTTP1(context) { self.startClock(context: context) }
    }

    private func startClock(context: ChannelHandlerContext) {
        guard self.progress.incompleteSince == nil else { return }
        self.progress.incompleteSince = context.eventLoop.now
        if self.check == nil { self.scheduleCheck(in: self.limits.arrival, context: context) }
    }

    private func scheduleCheck(in time: Duration, context: ChannelHandlerContext) {
        self.check = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) {
            self.check = nil
            guard case .open = self.state, let since = self.progress.incompleteSince else { return }
            let waited = Duration.nanoseconds((context.eventLoop.now - since).nanoseconds)
            if waited >= self.limits.arrival {
                self.refuse(.timedOut(after: self.limits.arrival), context: context)
            } else {
                // That clock was started for an earlier request, which has arrived since.
                self.scheduleCheck(in: self.limits.arrival - waited, context: context)
            }
        }
    }

    private func cancelTasks() {
        self.check?.cancel()
        self.check = nil
        self.lingerEnd?.cancel()
        self.lingerEnd = nil
        self.stuckEnd?.cancel()
        self.stuckEnd = nil
    }

    /// Whether this is a connection and not one stream of an HTTP/2 connection.
    ///
    /// Asked only when something is wrong or slow: it walks the pipeline.
    private func isHTTP1(_ context: ChannelHandlerContext) -> Bool {
        let decoder = ByteToMessageHandler<HTTPRequestDecoder>.self
        return (try? context.pipeline.syncOperations.context(handlerType: decoder)) != nil
    }

    /// Whether the codec between the decoder and this handler threw it.
    ///
    /// Told by the module's name, since the codecs of HTTP/1 and HTTP/2 live in modules that nothing else needs here.
    private static func isConversionError(_ error: any Error) -> Bool {
        String(reflecting: type(of: error)).hasPrefix("NIOHTTPTypes")
    }
}

@available(*, unavailable)
extension RequestGuardHandler: Sendable {}
