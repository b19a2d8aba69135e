import ClavigerCore
import NIOCore
import NIOHTTP1
import NIOPosix

/// One request on a connection of its own, sent as it is written: a usual client would tidy up its target and header.
struct Exchange: Sendable {
    var method = "GET"
    var target = "/public/a"
    var headers: [(name: String, value: String)] = []
    var body = ""
    /// The address to connect from. On Linux all of 127.0.0.0/8 is there.
    var source: String

    /// What came back.
    struct Answer: Sendable {
        var status: Int
        var headers: [(name: String, value: String)]
        var body: String

        func values(_ name: String) -> [String] {
            self.headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }

        var json: JSON { (try? JSON.parse(Array(self.body.utf8))) ?? .null }
    }

    func run(port: Int) async throws -> Answer {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(to: SocketAddress(ipAddress: self.source, port: 0))
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers(enableOutboundHeaderValidation: false)
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        return try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask { try await self.talk(channel) }
            group.addTask {
                try await Task.sleep(for: .seconds(45))
                throw Unexpected("no answer within 45 seconds")
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw Unexpected("no answer") }
            return answer
        }
    }

    private func talk(
        _ channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
    ) async throws -> Answer {
        try await channel.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: self.method), uri: self.target)
            head.headers.add(name: "Host", value: "api.example")
            for (name, value) in self.headers { head.headers.add(name: name, value: value) }
            if !self.body.isEmpty { head.headers.add(name: "Content-Length", value: "\(self.body.utf8.count)") }
            try await outbound.write(.head(head))
            if !self.body.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(string: self.body)))) }
            try await outbound.write(.end(nil))
            var answer = Answer(status: 0, headers: [], body: "")
            for try await part in inbound {
                switch part {
                case .head(let head):
                    answer.status = Int(head.status.code)
                    answer.headers = head.headers.map { ($0.name, $0.value) }
                case .body(let bytes): answer.body += String(buffer: bytes)
                case .end: return answer
                }
            }
            throw Unexpected("the connection ended before the answer did")
        }
    }
}
