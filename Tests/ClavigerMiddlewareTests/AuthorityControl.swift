import ClavigerCore
import ClavigerHTTP
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Stands between the network and a real authority: counts verifications, keeps what was asked, and misbehaves as a
/// test wants it.
final class AuthorityControl: Sendable {
    enum Mode: Sendable {
        /// Answers as the authority does.
        case normal
        /// Takes the question, and waits until ``release()``.
        case holding
        /// Answers something else.
        case answering(HTTPResponse.Status, String, type: String = "application/json")
    }

    private struct State {
        var mode = Mode.normal
        var cacheControl: String?
        var questions: [JSON] = []
        var connections = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        var arrivals: [(count: Int, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var mode: Mode {
        get { self.state.withLock { $0.mode } }
        set { self.state.withLock { $0.mode = newValue } }
    }

    /// What stands in place of the authority's own `Cache-Control`.
    var cacheControl: String? {
        get { self.state.withLock { $0.cacheControl } }
        set { self.state.withLock { $0.cacheControl = newValue } }
    }

    /// The bodies of all verifications.
    var questions: [JSON] { self.state.withLock { $0.questions } }
    /// How many verifications were asked for.
    var count: Int { self.questions.count }
    /// What the last one told of the request.
    var lastContext: JSON { self.questions.last?["context"] ?? .null }
    /// How many connections were made.
    var connections: Int { self.state.withLock { $0.connections } }

    func connected() {
        self.state.withLock { $0.connections += 1 }
    }

    func asked(_ question: JSON) {
        let reached = self.state.withLock { state in
            state.questions.append(question)
            let reached = state.arrivals.filter { $0.count <= state.questions.count }
            state.arrivals.removeAll { $0.count <= state.questions.count }
            return reached
        }
        for arrival in reached { arrival.1.resume() }
    }

    /// Waits until so many verifications were asked for.
    func waitForQuestions(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.questions.count >= count { return true }
                state.arrivals.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func hold() async {
        await withCheckedContinuation { continuation in
            let isHolding = self.state.withLock { state in
                guard case .holding = state.mode else { return false }
                state.waiting.append(continuation)
                return true
            }
            if !isHolding { continuation.resume() }
        }
    }

    /// Lets everything go on, and answers as usual.
    func release() {
        let waiting = self.state.withLock { state in
            state.mode = .normal
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// The authority's routes behind a control.
struct ControlledAuthority<Routes: HTTPResponder<ServerContext>>: HTTPResponder {
    let routes: Routes
    let control: AuthorityControl

    func respond(to request: Request, context: ServerContext) async throws -> Response {
        guard request.uri.path == "/v1/keys/verify" else {
            return try await self.routes.respond(to: request, context: context)
        }
        var request = request
        let body = try await request.collectBody(upTo: 1 << 20)
        let mode = self.control.mode
        self.control.asked(try JSON.parse(Array(buffer: body)))
        if case .holding = mode { await self.control.hold() }
        if case .answering(let status, let text, let type) = mode {
            let body = ResponseBody(byteBuffer: ByteBuffer(string: text))
            return Response(status: status, headers: [.contentType: type], body: body)
        }
        var response = try await self.routes.respond(to: request, context: context)
        if let cacheControl = self.control.cacheControl { response.headers[.cacheControl] = cacheControl }
        return response
    }
}

/// Counts the connections that it is put into.
final class ConnectionCounter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let control: AuthorityControl

    init(_ control: AuthorityControl) {
        self.control = control
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.control.connected()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(data)
    }
}
