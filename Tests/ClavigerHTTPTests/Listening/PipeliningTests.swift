import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ClavigerHTTP

@Suite("Clients that send and do not read")
struct PipeliningTests {
    private static let impatient = RequestLimits(arrival: .milliseconds(500), idle: .milliseconds(500))

    /// Sends requests without ever reading an answer, and tells whether the server closed the connection by itself.
    private func isClosed(port: Int, whenSending requests: String) async throws -> Bool {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .connect(host: "127.0.0.1", port: port)
            .get()
        let patience = Duration.seconds(6)
        let begun = ContinuousClock.now
        channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { channel.close(promise: nil) }
        // What does not fit into the system's buffers waits here. Since this client does not read, it learns of the end
        // by the reset that answers what it sends.
        channel.writeAndFlush(ByteBuffer(string: requests), promise: nil)
        try await channel.closeFuture.get()
        return ContinuousClock.now - begun < patience
    }

    @Test("A connection whose answers are not taken is closed")
    func answersNotTaken() async throws {
        try await withServer(limits: Self.impatient) { port, _ in
            let request = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
            let isClosed = try await self.isClosed(port: port, whenSending: String(repeating: request, count: 200_000))
            #expect(isClosed)
        }
    }

    @Test("A client that pipelines gets every answer, in order")
    func pipelining() async throws {
        try await withServer { port, refusals in
            let text = try await exchange(port: port) {
                let request = "GET /hello HTTP/1.1\r\nHost: a\r\n"
                let requests = String(repeating: request + "\r\n", count: 2_999)
                try await $0.write(ByteBuffer(string: requests + request + "Connection: close\r\n\r\n"))
            }
            #expect(text.ranges(of: "HTTP/1.1 200 ").count == 3_000)
            #expect(refusals.all.isEmpty)
        }
    }

    @Test("Few pipelined requests are taken in before the first is answered")
    func fewRequestsWait() async throws {
        try await withServer { port, _ in
            let text = try await exchange(port: port) {
                let requests = String(repeating: "GET /hello HTTP/1.1\r\n\r\n", count: 20_000)
                try await $0.write(ByteBuffer(string: "GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n" + requests))
                $0.finish()
            }
            let count = text.split(separator: "\r\n\r\n").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
            let waiting = try #require(count)
            #expect(waiting < 1000)
        }
    }
}

@Suite("The limit of connections")
struct ConnectionLimitTests {
    @Test("No more are accepted than the limit, until one closes")
    func counts() {
        var limit = ConnectionLimit(2, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        limit.connectionOpened()
        #expect(limit.isAcceptingNewConnections())
        limit.connectionOpened()
        #expect(!limit.isAcceptingNewConnections())
        limit.connectionClosed()
        #expect(limit.isAcceptingNewConnections())
    }

    @Test("Connections beyond the limit wait until another closes", .timeLimit(.minutes(10)))
    func waits() async throws {
        try await withServer(connections: 1) { port, _ in
            var idle: [any Channel] = []
            for _ in 0..<8 {
                idle.append(
                    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .connect(host: "127.0.0.1", port: port).get()
                )
            }
            let isAnswered = Flag()
            let answer = Task {
                let text = try await exchange(port: port) {
                    try await $0.write(
                        ByteBuffer(string: "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    )
                }
                isAnswered.set()
                return text
            }
            // That something does not happen can only be seen by waiting.
            try await Task.sleep(for: .milliseconds(300))
            #expect(!isAnswered.isSet)
            for channel in idle { try await channel.close().get() }
            let text = try await answer.value
            #expect(text.hasSuffix("hello"))
        }
    }
}

private final class Flag: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { self.state.withLock { $0 } }
    func set() { self.state.withLock { $0 = true } }
}
