import Hummingbird
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization

@testable import ClavigerHTTP

/// The refusals that a server reported.
final class Refusals: Sendable {
    private let refusals = Mutex<[RequestRefusal]>([])
    var all: [RequestRefusal] { self.refusals.withLock { $0 } }
    func add(_ refusal: RequestRefusal) { self.refusals.withLock { $0.append(refusal) } }
}

/// Knows the connection, to look at its handlers.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.channel = source.channel
    }
}

/// Runs a small application on a free loopback port: `GET /hello`, `POST /echo`, `POST /early`, which answers without
/// reading the body, `GET /large` with 1 MiB, and `GET /waiting`, which takes its time and then tells how many requests
/// of its connection have no answer yet.
func withServer(
    tls: TLSConfiguration? = nil,
    limits: RequestLimits = RequestLimits(),
    connections: Int? = nil,
    services: [any Service] = [],
    _ body: (Int, Refusals) async throws -> Void
) async throws {
    let router = Router(context: ConnectionContext.self)
    router.get("hello") { _, _ in "hello" }
    router.post("echo") { request, _ in
        var request = request
        return String(buffer: try await request.collectBody(upTo: 1 << 20))
    }
    router.post("early") { _, _ -> HTTPResponse.Status in .unauthorized }
    router.get("large") { _, _ in ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20) }
    router.get("waiting") { _, context in
        try await Task.sleep(for: .milliseconds(200))
        let channel = context.channel
        let count = try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: RequestGuardHandler.self).requestsWaiting
        }.get()
        return String(count)
    }
    let refusals = Refusals()
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let app = Application(
        router: router,
        server: .claviger(tls: tls, limits: limits, onRefusal: { refusals.add($0) }),
        configuration: .init(
            address: .hostname("127.0.0.1", port: 0),
            availableConnectionsDelegate: connections.map { ConnectionLimit($0, logger: logger) }
        ),
        onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) },
        logger: logger
    )
    let group = ServiceGroup(configuration: .init(services: services + [app], logger: logger))
    try await withThrowingTaskGroup { tasks in
        tasks.addTask { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else { throw ChannelError.ioOnClosedChannel }
        let result: Result<Void, any Error>
        do { result = .success(try await body(port, refusals)) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        try result.get()
    }
}

/// Sends pieces of text over one connection, each as soon as `next` lets it, and returns all that came back until the
/// server closed.
func exchange(
    port: Int,
    tls: TLSConfiguration? = nil,
    _ send: @escaping @Sendable (NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Void
) async throws -> String {
    let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelOption(.allowRemoteHalfClosure, value: true)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls {
                    let handler = try NIOSSLClientHandler(
                        context: NIOSSLContext(configuration: tls),
                        serverHostname: nil
                    )
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true)
                )
            }
        }
    return try await client.executeThenClose { inbound, outbound in
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // The server may close while we still send; what it said before is what counts.
                do { try await send(outbound) } catch is IOError {} catch is ChannelError {}
            }
            var answer = ""
            for try await part in inbound { answer += String(buffer: part) }
            group.cancelAll()
            return answer
        }
    }
}
