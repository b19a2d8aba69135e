import Hummingbird
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import Synchronization

/// A receiver on a loopback port.
final class HookServer: Sendable {
    struct Hook: Sendable {
        let path: String
        let headers: [String: String]
        let body: String
    }

    /// What came in, by all servers of one test.
    final class Inbox: Sendable {
        private let hooks = Mutex<[Hook]>([])

        var all: [Hook] { self.hooks.withLock { $0 } }

        /// Keeps a request and tells how many came before it.
        func add(_ hook: Hook) -> Int {
            self.hooks.withLock {
                $0.append(hook)
                return $0.count - 1
            }
        }
    }

    let port: Int
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    private init(port: Int, group: ServiceGroup, task: Task<Void, any Error>) {
        self.port = port
        self.group = group
        self.task = task
    }

    /// Starts a receiver.
    ///
    /// - Parameter answer: what it answers to a request, given how many came before.
    static func start(
        port: Int = 0,
        host: String = "127.0.0.1",
        tls: TLSConfiguration? = nil,
        inbox: Inbox,
        answer: @escaping @Sendable (Hook, Int) async throws -> Response
    ) async throws -> HookServer {
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            var request = request
            let body = String(buffer: try await request.collectBody(upTo: 1 << 20))
            let headers = request.headers.map { ($0.name.canonicalName, $0.value) }
            let hook = Hook(
                path: request.uri.path,
                headers: Dictionary(headers) { $0 + "," + $1 }.merging(["host": request.head.authority ?? ""]) { $1 },
                body: body
            )
            return try await answer(hook, inbox.add(hook))
        }
        var logger = Logger(label: "receiver")
        logger.logLevel = .critical
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let application = Application(
            responder: responder,
            server: try tls.map { try .tls(.http1(), tlsConfiguration: $0) } ?? .http1(),
            configuration: .init(address: .hostname(host, port: port), reuseAddress: true),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        let task = Task {
            defer { continuation.finish() }
            try await group.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let bound = await iterator.next() else {
            try await task.value
            throw ChannelError.ioOnClosedChannel
        }
        return HookServer(port: bound, group: group, task: task)
    }

    func stop() async throws {
        await self.group.triggerGracefulShutdown()
        try await self.task.value
    }
}
