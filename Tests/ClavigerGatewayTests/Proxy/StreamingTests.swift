import AsyncHTTPClient
import ClavigerTestSupport
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import ClavigerGateway

/// Bodies that are too large to be held, and ends that go away.
@Suite struct StreamingTests {
    private static let chunk = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 * 1024)

    /// A stream of 64 KiB parts that counts what is asked for.
    private struct Parts: AsyncSequence, Sendable {
        typealias Element = ByteBuffer
        let count: Int
        let asked: Counted

        struct AsyncIterator: AsyncIteratorProtocol {
            var left: Int
            let asked: Counted
            mutating func next() async throws -> ByteBuffer? {
                guard self.left > 0 else { return nil }
                self.left -= 1
                self.asked.add(StreamingTests.chunk.readableBytes)
                return StreamingTests.chunk
            }
        }

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(left: self.count, asked: self.asked) }
    }

    @Test func largeBodiesBothWays() async throws {
        let router = Router()
        router.post("count") { request, _ -> String in
            var count = 0
            for try await part in request.body { count += part.readableBytes }
            return String(count)
        }
        router.get("large") { _, _ in
            Response(status: .ok, body: ResponseBody(asyncSequence: Parts(count: 512, asked: Counted())))
        }
        try await Running.upstream(router) { url in
            try await ProxyFixture.run(url) { proxy in
                let parts = Parts(count: 512, asked: Counted())
                for length in [HTTPClientRequest.Body.Length.unknown, .known(Int64(512 * 65_536))] {
                    let answer = try await proxy.send(.POST, "/count", body: .stream(parts, length: length))
                    #expect(answer.body == "33554432")
                }
                var request = HTTPClientRequest(url: "http://127.0.0.1:\(proxy.port)/large")
                request.headers.add(name: "Authorization", value: "Bearer \(proxy.token)")
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
                var count = 0
                for try await part in response.body { count += part.readableBytes }
                #expect(count == 33_554_432)
            }
        }
    }

    /// Waits until a number does not grow any more.
    private static func settled(_ counted: Counted) async throws -> Int {
        var last = -1
        var same = 0
        while same < 10 {
            try await Task.sleep(for: .milliseconds(50))
            let now = counted.count
            same = now == last && now > 0 ? same + 1 : 0
            last = now
        }
        return last
    }

    @Test func aClientThatDoesNotReadStopsTheUpstream() async throws {
        let asked = Counted()
        let router = Router()
        router.get("large") { _, _ in
            Response(status: .ok, body: ResponseBody(asyncSequence: Parts(count: 16_384, asked: asked)))
        }
        try await Running.upstream(router) { url in
            try await ProxyFixture.run(url) { proxy in
                let head = proxy.head("GET /large")
                let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: proxy.port).get()
                try await client.writeAndFlush(ByteBuffer(string: head)).get()
                // Of 1 GiB, only what the buffers of four sockets hold.
                let reached = try await Self.settled(asked)
                #expect(reached < 256 << 20)
                try await client.close().get()
            }
        }
    }

    @Test func anUpstreamThatDoesNotReadStopsTheClient() async throws {
        let release = Signal()
        let router = Router()
        router.post("stuck") { _, _ -> String in
            await release.wait("the end of the test")
            return "done"
        }
        try await Running.upstream(router) { url in
            try await ProxyFixture.run(url) { proxy in
                let sent = Counted()
                let head = proxy.head("POST /stuck", "Content-Length: \(1 << 30)")
                let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: proxy.port).get()
                let sending = Task {
                    try await client.writeAndFlush(ByteBuffer(string: head)).get()
                    // Each part is the kernel's before the next: an asynchronous writer of NIO's holds as
                    // many as fit before its event loop says that the socket is full.
                    for _ in 0..<16_384 {
                        try await client.writeAndFlush(Self.chunk).get()
                        sent.add(Self.chunk.readableBytes)
                    }
                }
                let reached = try await Self.settled(sent)
                #expect(reached < 64 << 20)
                try await client.close().get()
                _ = await sending.result
                release.send()
            }
        }
    }

    @Test(arguments: [true, false])
    func aClientThatGoesAwayCancelsTheUpstream(early: Bool) async throws {
        let began = Signal()
        let ended = Signal()
        try await Running.rawUpstream { inbound, outbound in
            for try await _ in inbound {
                if !early {
                    try await outbound.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nx"))
                }
                began.send()
            }
            ended.send()
        } _: { url in
            try await ProxyFixture.run(url) { proxy in
                let head = proxy.head("GET /")
                try await RawClient.connect(proxy.port) { _, outbound, _ in
                    try await outbound.write(ByteBuffer(string: head))
                    await began.wait("the upstream is asked")
                }
                await ended.wait("the upstream's connection is closed")
            }
        }
    }

    @Test func anUpstreamThatBreaksOffBreaksTheAnswerOff() async throws {
        try await Running.rawUpstream { inbound, outbound in
            for try await _ in inbound {
                let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                try await outbound.write(ByteBuffer(string: text))
                return
            }
        } _: { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await RawClient.exchange(proxy.port, proxy.head("GET /"))
                #expect(answer.contains("hello"))
                #expect(!answer.contains("0\r\n\r\n"), "it must not look complete")
            }
        }
    }

    @Test func anUpstreamThatSaysNothing() async throws {
        try await Running.rawUpstream { inbound, _ in
            for try await _ in inbound {}
        } _: { url in
            try await ProxyFixture.run(url, timeout: .milliseconds(300)) { proxy in
                let answer = try await proxy.send()
                #expect(answer.status == 504)
                #expect(answer.problem == "gateway-timeout")
                #expect(!answer.body.contains(url.dropFirst("http://".count)))
                #expect(proxy.finished.all == [504])
                // With a body that the upstream never reads.
                let body = HTTPClientRequest.Body.bytes(ByteBuffer(repeating: 0x61, count: 1 << 16))
                #expect(try await proxy.send(.POST, "/", body: body).status == 504)
            }
        }
    }

    @Test func anUpstreamThatIsNotThere() async throws {
        try await ProxyFixture.run(Self.nowhere) { proxy in
            let answer = try await proxy.send()
            #expect(answer.status == 502)
            #expect(answer.problem == "bad-gateway")
            #expect(proxy.finished.all == [502])
            let failures = proxy.test.log.lines.filter { $0.contains("an upstream failed") }
            #expect(failures.count == 1 && failures.joined().contains("it refuses connections"), "\(failures)")
            let body = HTTPClientRequest.Body.bytes(ByteBuffer(string: "x"))
            #expect(try await proxy.send(.POST, "/", body: body).status == 502)
        }
    }

    @Test func anUpstreamThatSpeaksNoHTTP() async throws {
        try await Running.rawUpstream { inbound, outbound in
            for try await _ in inbound { try await outbound.write(ByteBuffer(string: "220 mail.example ESMTP\r\n")) }
        } _: { url in
            try await ProxyFixture.run(url) { proxy in
                let answer = try await proxy.send()
                #expect(answer.status == 502)
            }
        }
    }

    /// The upstream has answered while the client is still sending: nobody else may wait for its body then.
    @Test func anEarlyAnswer() async throws {
        try await Running.rawUpstream { inbound, outbound in
            for try await _ in inbound {
                let text = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"
                try await outbound.write(ByteBuffer(string: text))
                return
            }
        } _: { url in
            try await ProxyFixture.run(url) { proxy in
                for _ in 0..<20 {
                    let head = proxy.head("POST /", "Content-Length: 1000000")
                    let answer = try await RawClient.exchange(proxy.port, head + "some", until: "big")
                    #expect(answer.hasPrefix("HTTP/1.1 413") || answer.hasPrefix("HTTP/1.1 502"), "\(answer)")
                }
                let next = try await RawClient.exchange(proxy.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", until: "}")
                #expect(next.hasPrefix("HTTP/1.1 401"))
            }
        }
    }

    /// A loopback address that nothing listens on; a port that was free a moment ago may be another test's by now.
    static let nowhere = "http://127.0.0.1:1"
}
