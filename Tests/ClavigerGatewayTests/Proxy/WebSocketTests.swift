import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import ClavigerGateway

/// WebSockets through the proxy; what is in the frames is none of its business.
@Suite struct WebSocketTests {
    private static let handshake = [
        "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    private static let accepted =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Claviger-Secret: x\r\n\r\n"

    private static func head(_ proxy: ProxyFixture, token: String? = nil) -> String {
        (["GET /chat?room=1 HTTP/1.1", "Host: proxy.test", "Authorization: Bearer \(token ?? proxy.token)"]
            + Self.handshake).joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// Accepts, and sends back what comes, in capitals; tells what it was asked.
    private static func echo(
        _ asked: Seen,
        _ ended: Signal
    )
        -> @Sendable (NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws
        -> Void
    {
        { inbound, outbound in
            var isOpen = false
            for try await part in inbound {
                if isOpen {
                    try await outbound.write(ByteBuffer(string: String(buffer: part).uppercased()))
                } else {
                    asked.add(String(buffer: part))
                    // The first frame in the same packet as the answer.
                    try await outbound.write(ByteBuffer(string: Self.accepted + "<hello>"))
                    isOpen = true
                }
            }
            ended.send()
        }
    }

    @Test func bytesGoBothWays() async throws {
        let asked = Seen()
        let ended = Signal()
        try await Running.rawUpstream(Self.echo(asked, ended)) { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await RawClient.connect(proxy.port) { inbound, outbound, _ in
                    try await outbound.write(ByteBuffer(string: Self.head(proxy)))
                    var answer = ""
                    for try await part in inbound {
                        answer += String(buffer: part)
                        if answer.hasSuffix("<hello>") { try await outbound.write(ByteBuffer(string: "<frame>")) }
                        if answer.hasSuffix("<FRAME>") { break }
                    }
                    return answer
                }
                #expect(answer.hasPrefix("HTTP/1.1 101"))
                #expect(answer.lowercased().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="))
                #expect(answer.contains("<hello><FRAME>"))
                #expect(!answer.contains("X-Claviger-Secret"))
                await ended.wait("the upstream's end is closed with the client's")
                let request = try #require(asked.all.first)
                #expect(request.hasPrefix("GET /chat?room=1 HTTP/1.1\r\n"))
                #expect(request.contains("Upgrade: websocket") && request.contains("Connection: Upgrade"))
                #expect(request.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
                #expect(request.contains("X-Claviger-Consumer: acme"))
                #expect(!request.contains(proxy.token))
                #expect(proxy.finished.all == [101])
            }
        }
    }

    @Test func muchGoesThrough() async throws {
        try await Running.rawUpstream(Self.echo(Seen(), Signal())) { url in
            try await ProxyFixture.run(url) { proxy in
                let total = 8 << 20
                let count = try await RawClient.connect(proxy.port) { inbound, outbound, _ in
                    try await outbound.write(ByteBuffer(string: Self.head(proxy)))
                    return try await withThrowingTaskGroup(of: Int.self) { tasks in
                        var iterator = inbound.makeAsyncIterator()
                        var head = ""
                        while !head.hasSuffix("<hello>"), let part = try await iterator.next() {
                            head += String(buffer: part)
                        }
                        tasks.addTask {
                            for _ in 0..<(total / 65_536) {
                                try await outbound.write(ByteBuffer(repeating: 0x61, count: 65_536))
                            }
                            return 0
                        }
                        var count = 0
                        while count < total, let part = try await iterator.next() { count += part.readableBytes }
                        return count
                    }
                }
                #expect(count == total)
            }
        }
    }

    @Test func aRefusedKeyOpensNothing() async throws {
        let asked = Seen()
        try await Running.rawUpstream(Self.echo(asked, Signal())) { url in
            try await ProxyFixture.run(url) { proxy in
                let head = Self.head(proxy, token: "pay_live_nonsense")
                let answer = try await RawClient.exchange(proxy.port, head)
                #expect(answer.hasPrefix("HTTP/1.1 401"))
                #expect(asked.all.isEmpty)
            }
        }
    }

    @Test func anotherAnswerIsPassedOn() async throws {
        try await Running.rawUpstream { inbound, outbound in
            for try await _ in inbound {
                try await outbound.write(
                    ByteBuffer(string: "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
                )
            }
        } _: { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await RawClient.exchange(proxy.port, Self.head(proxy))
                #expect(answer.hasPrefix("HTTP/1.1 426"), "\(answer)")
                #expect(answer.hasSuffix("\r\n\r\nno"), "\(answer)")
            }
        }
    }

    @Test func theEndOfTheUpstreamEndsTheTunnel() async throws {
        try await Running.rawUpstream { inbound, outbound in
            for try await _ in inbound {
                try await outbound.write(ByteBuffer(string: Self.accepted + "<bye>"))
                return
            }
        } _: { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await RawClient.exchange(proxy.port, Self.head(proxy))
                #expect(answer.hasSuffix("<bye>"))
            }
        }
    }

    @Test func anUpstreamThatIsNotThere() async throws {
        try await ProxyFixture.run(StreamingTests.nowhere) { proxy in
            let answer = try await RawClient.exchange(proxy.port, Self.head(proxy))
            #expect(answer.hasPrefix("HTTP/1.1 502"), "\(answer)")
        }
    }

    /// The proxy stops while a tunnel is open: the test ends only if the tunnel does.
    @Test func theEndOfTheServerEndsTheTunnel() async throws {
        let opened = Signal()
        let closed = Signal()
        try await Running.rawUpstream(Self.echo(Seen(), Signal())) { url in
            let client = Mutexed<Task<Void, any Error>?>(nil)
            try await ProxyFixture.run(url) { proxy in
                client.value = Task {
                    try await RawClient.connect(proxy.port) { inbound, outbound, _ in
                        try await outbound.write(ByteBuffer(string: Self.head(proxy)))
                        var answer = ""
                        for try await part in inbound {
                            answer += String(buffer: part)
                            if answer.hasSuffix("<hello>") { opened.send() }
                        }
                    }
                    closed.send()
                }
                await opened.wait("the tunnel is open")
            }
            await closed.wait("the tunnel is closed")
            try? await client.value?.value
        }
    }
}

/// A value that several tasks may touch.
final class Mutexed<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { self.state = Mutex(value) }
    var value: Value {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }
}
