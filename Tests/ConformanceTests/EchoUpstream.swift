import ClavigerCore
import NIOCore
import NIOHTTP1
import NIOPosix

/// The protected application: answers with the request as it arrived.
///
/// `X-Answer-Status` chooses the status, to see that the application's own refusals stay what they are.
final class EchoUpstream: Sendable {
    let port: Int
    private let channel: any Channel

    init() async throws {
        self.channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 64)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(EchoHandler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = self.channel.localAddress?.port ?? 0
    }

    func stop() async throws {
        try await self.channel.close()
    }

    /// What it saw of a request.
    struct Seen {
        var method: String
        var target: String
        var headers: [(name: String, value: String)]
        var body: Int

        init?(_ json: JSON) {
            guard let method = json["method"]?.string, let target = json["target"]?.string,
                let headers = json["headers"]?.array, let body = json["body"]?.integer
            else { return nil }
            self.method = method
            self.target = target
            self.headers = headers.map { ($0["name"]?.string ?? "", $0["value"]?.string ?? "") }
            self.body = Int(body)
        }

        func values(_ name: String) -> [String] {
            self.headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }
    }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var head: HTTPRequestHead?
    private var received = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.received = 0
        case .body(let bytes): self.received += bytes.readableBytes
        case .end:
            guard let head = self.head else { return }
            self.answer(head, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let seen: JSON = [
            "method": .string(head.method.rawValue),
            "target": .string(head.uri),
            "headers": .array(head.headers.map { ["name": .string($0.name), "value": .string($0.value)] }),
            "body": .integer(Int64(self.received)),
        ]
        let bytes = ByteBuffer(bytes: seen.serialized())
        let status = head.headers.first(name: "X-Answer-Status").flatMap(Int.init) ?? 200
        let headers: HTTPHeaders = [
            "Content-Type": "application/json", "Content-Length": "\(bytes.readableBytes)", "X-Echo": "yes",
        ]
        let answer = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.write(self.wrapOutboundOut(.head(answer)), promise: nil)
        if head.method != .HEAD { context.write(self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }
}
