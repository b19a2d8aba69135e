import NIOCore
import Testing

@testable import ClavigerHTTP

@Suite
struct RequestGuardTests {
    private static let quick = RequestLimits(arrival: .milliseconds(300), linger: .milliseconds(300))

    private func answers(_ text: String) -> Int {
        text.ranges(of: "HTTP/1.1 ").count
    }

    @Test
    func ordinaryRequestsPass() async throws {
        try await withServer { port, refusals in
            let text = try await exchange(port: port) {
                try await $0.write(ByteBuffer(string: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"))
                try await $0.write(ByteBuffer(string: "cdGET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
            }
            #expect(text.contains("\r\n\r\nabcd"))
            #expect(text.hasSuffix("hello"))
            #expect(refusals.all.isEmpty)
        }
    }

    @Test
    func invitesAClientThatWaits() async throws {
        try await withServer { port, refusals in
            let text = try await exchange(port: port) {
                try await $0.write(
                    ByteBuffer(
                        string: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n"
                            + "Connection: close\r\n\r\n"
                    )
                )
                try await $0.write(ByteBuffer(string: "abcd"))
            }
            #expect(text.hasPrefix("HTTP/1.1 100 Continue\r\n"))
            #expect(text.hasSuffix("\r\n\r\nabcd"))
            #expect(self.answers(text) == 2)
            #expect(refusals.all.isEmpty)
        }
    }

    @Test
    func slowBody() async throws {
        try await withServer(limits: Self.quick) { port, refusals in
            let text = try await exchange(port: port) { writer in
                try await writer.write(
                    ByteBuffer(string: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n")
                )
                while !Task.isCancelled {
                    try await writer.write(ByteBuffer(string: "x"))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(text.hasPrefix("HTTP/1.1 408 "))
            #expect(self.answers(text) == 1)
            #expect(text.contains("application/problem+json"))
            #expect(text.contains(#""type":"urn:claviger:problem:request-timeout""#))
            #expect(refusals.all == [.timedOut(after: .milliseconds(300))])
        }
    }

    @Test
    func slowHead() async throws {
        try await withServer(limits: Self.quick) { port, refusals in
            let text = try await exchange(port: port) { writer in
                try await writer.write(ByteBuffer(string: "GET /hello HTTP/1.1\r\n"))
                while !Task.isCancelled {
                    try await writer.write(ByteBuffer(string: "a: b\r\n"))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(text.hasPrefix("HTTP/1.1 408 "))
            #expect(self.answers(text) == 1)
            #expect(refusals.all == [.timedOut(after: .milliseconds(300))])
        }
    }

    @Test
    func slowHeadOfTheSecondRequest() async throws {
        try await withServer(limits: Self.quick) { port, _ in
            let text = try await exchange(port: port) { writer in
                try await writer.write(ByteBuffer(string: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"))
                var head = "GET /"[...]
                while !Task.isCancelled {
                    try await writer.write(ByteBuffer(string: String(head.popFirst() ?? "x")))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(text.hasPrefix("HTTP/1.1 200 "))
            #expect(text.contains("helloHTTP/1.1 408 "))
        }
    }

    @Test
    func slowBodyBehindItsAnswer() async throws {
        // Long enough for the answer to come first on a busy machine, which is what this is about.
        try await withServer(limits: RequestLimits(arrival: .seconds(2))) { port, refusals in
            let text = try await exchange(port: port) { writer in
                try await writer.write(
                    ByteBuffer(string: "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
                )
                try await Task.sleep(for: .seconds(5))
            }
            #expect(text.hasPrefix("HTTP/1.1 401 "))
            #expect(self.answers(text) == 1)
            #expect(refusals.all == [.timedOut(after: .seconds(2))])
        }
    }

    /// Where the body has a clock of its own, that ends with the answer: nobody waits for the rest of it then.
    @Test
    func drippingBodyBehindItsAnswer() async throws {
        var limits = Self.quick
        limits.bodyHasTime = true
        try await withServer(limits: limits) { port, refusals in
            let text = try await exchange(port: port) { writer in
                try await writer.write(
                    ByteBuffer(string: "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n")
                )
                for _ in 0..<200 where !Task.isCancelled {
                    try await writer.write(ByteBuffer(string: "x"))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(text.hasPrefix("HTTP/1.1 401 "))
            #expect(refusals.all == [.timedOut(after: .milliseconds(300))])
        }
    }

    @Test
    func tenThousandHeaderLines() async throws {
        try await withServer { port, refusals in
            let lines = (0..<10_000).map { "X-Header-\($0): some value that takes room\r\n" }.joined()
            let text = try await exchange(port: port) { writer in
                try await writer.write(ByteBuffer(string: "GET /hello HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"))
            }
            #expect(text.hasPrefix("HTTP/1.1 431 "))
            #expect(self.answers(text) == 1)
            #expect(text.contains(#""type":"urn:claviger:problem:headers-too-large""#))
            #expect(refusals.all == [.headersTooLarge])
        }
    }

    @Test
    func oneLongHeaderLine() async throws {
        try await withServer { port, _ in
            let value = String(repeating: "a", count: 100_000)
            let text = try await exchange(port: port) { writer in
                try await writer.write(ByteBuffer(string: "GET /hello HTTP/1.1\r\nHost: a\r\nX: \(value)\r\n\r\n"))
            }
            #expect(text.hasPrefix("HTTP/1.1 431 "))
        }
    }

    @Test(arguments: [
        "nonsense\r\n\r\n",
        "GET /hello HTTP/1.1\r\nBad Header: x\r\n\r\n",
        "GET /hello HTTP/1.1\r\nX: a\u{0}b\r\n\r\n",
        "GET /hello HTTP/3.0\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}",
    ])
    func malformed(request: String) async throws {
        try await withServer { port, refusals in
            let text = try await exchange(port: port) { try await $0.write(ByteBuffer(string: request)) }
            #expect(text.hasPrefix("HTTP/1.1 400 "), "\(text)")
            #expect(self.answers(text) == 1)
            #expect(text.contains(#""type":"urn:claviger:problem:invalid-request""#))
            #expect(refusals.all.count == 1)
        }
    }

    @Test
    func malformedBehindAGoodOne() async throws {
        try await withServer { port, _ in
            let text = try await exchange(port: port) {
                try await $0.write(ByteBuffer(string: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n"))
            }
            #expect(text.hasPrefix("HTTP/1.1 200 "))
            #expect(text.contains("helloHTTP/1.1 400 "))
            #expect(text.contains("urn:claviger:problem:invalid-request"))
            #expect(self.answers(text) == 2)
        }
    }

    @Test
    func truncatedBody() async throws {
        try await withServer { port, _ in
            let text = try await exchange(port: port) {
                try await $0.write(ByteBuffer(string: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"))
                $0.finish()
            }
            #expect(text.hasPrefix("HTTP/1.1 400 "))
            #expect(text.contains("closed before the request was complete"))
            #expect(self.answers(text) == 1)
        }
    }

    @Test
    func idleConnectionIsClosedWithoutAWord() async throws {
        try await withServer(limits: RequestLimits(idle: .milliseconds(200))) { port, refusals in
            let text = try await exchange(port: port) { _ in }
            #expect(text.isEmpty)
            #expect(refusals.all.isEmpty)
        }
    }
}
