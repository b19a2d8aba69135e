import AsyncHTTPClient
import ClavigerCore
import ClavigerHTTP
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// One request that may pass, and the upstream's answer to it.
struct ProxyExchange: Sendable {
    /// Bodies up to this size are taken in before the answer begins, and written with its head.
    private static let smallBody = 32 * 1024

    let request: Request
    let proxied: ProxiedRequest
    let served: ServedRoute
    let answer: GatewayAnswer
    let requestID: String
    let logger: Logger
    /// Is told the status of the answer, once.
    let onFinish: @Sendable (UInt16) -> Void

    /// Asks the upstream and passes its answer on as it comes.
    func forward(_ channel: any Channel) async -> Response {
        let gate = RequestBodyGate()
        do {
            let answer = try await self.served.client.send(
                self.proxied.method,
                self.proxied.target.text(for: self.served.route),
                HTTPHeaders(self.fields, host: self.host),
                self.body(gate, channel)
            )
            let head = try HTTPResponse(
                HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
            )
            return try await self.response(head, answer.body, gate)
        } catch {
            return self.failure(error, gate)
        }
    }

    /// Opens a WebSocket at the upstream and joins both connections; passes any other answer on.
    func tunnel(_ connection: ClientConnection) async -> Response {
        let eventLoop = connection.channel.eventLoop
        let valve = connection.valve
        do {
            try await eventLoop.submit { valve.value.hold() }.get()
            var headers = HTTPHeaders(self.fields, host: self.host)
            headers.add(name: "Connection", value: "Upgrade")
            headers.add(name: "Upgrade", value: "websocket")
            let head = HTTPRequestHead(
                version: .http1_1,
                method: .GET,
                uri: self.proxied.target.text(for: self.served.route),
                headers: headers
            )
            let (channel, outcome) = try await self.served.connector.openWebSocket(
                head,
                on: eventLoop,
                timeout: TimeAmount(self.served.route.timeout)
            )
            switch outcome {
            case .accepted(let head, let end):
                connection.channel.closeFuture.whenComplete { _ in channel.close(promise: nil) }
                return self.accepted(head, connection, channel, end)
            case .answered(let head, let body):
                self.onFinish(UInt16(head.status.code))
                let fields = UpstreamFields.response(head.headerFields, client: self.answer.client)
                return Response(status: head.status, headers: fields, body: ResponseBody(byteBuffer: body))
            }
        } catch {
            return self.failure(error, RequestBodyGate())
        }
    }

    private func accepted(
        _ head: HTTPResponse,
        _ connection: ClientConnection,
        _ channel: any Channel,
        _ end: NIOLoopBound<TunnelEnd>
    ) -> Response {
        self.onFinish(UInt16(head.status.code))
        var fields = UpstreamFields.response(head.headerFields, client: self.answer.client)
        fields[.connection] = "Upgrade"
        fields[.upgrade] = "websocket"
        let valve = connection.valve
        let body = ResponseBody { _ in
            try await withTaskCancellationHandler {
                try await connection.channel.eventLoop.submit {
                    valve.value.join(end.value)
                }.get()
                try await connection.channel.closeFuture.get()
            } onCancel: {
                channel.close(promise: nil)
                connection.channel.close(promise: nil)
            }
            throw TunnelEnded()
        }
        return Response(status: head.status, headers: fields, body: body)
    }

    /// There is no HTTP any more on the connection.
    private struct TunnelEnded: Error {}
}

// MARK: - The request

extension ProxyExchange {
    private static let requestIDField = HTTPField.Name.known("X-Request-Id")

    private var fields: HTTPFields {
        var fields = UpstreamFields.request(
            self.request.headers,
            identity: self.answer.identity,
            forwarding: self.proxied.forwarding
        )
        // The id that the answer and the access log have.
        fields[Self.requestIDField] = self.requestID
        return fields
    }

    private var host: String {
        self.served.route.preservesHost ? self.proxied.authority : self.served.route.upstream.authority
    }

    private func body(_ gate: RequestBodyGate, _ channel: any Channel) -> HTTPClientRequest.Body? {
        let length: HTTPClientRequest.Body.Length
        switch self.proxied.framing {
        case .none: return nil
        case .length(let count): length = .known(count)
        case .unknown: length = .unknown
        }
        let invite: (@Sendable () -> Void)? =
            self.proxied.expectsInvitation
            ? { @Sendable in
                channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)), promise: nil)
            } : nil
        return .stream(ForwardedBody(body: self.request.body, gate: gate, invite: invite), length: length)
    }
}

// MARK: - The answer

extension ProxyExchange {
    private func response(
        _ head: HTTPResponse,
        _ body: HTTPClientResponse.Body,
        _ gate: RequestBodyGate
    ) async throws -> Response {
        let fields = UpstreamFields.response(head.headerFields, client: self.answer.client)
        let length = fields[.contentLength].flatMap { Int($0) }
        let hasBody = self.proxied.method != .head && head.status.code != 204 && head.status.code != 304
        if hasBody, let length, length <= Self.smallBody, self.proxied.framing == .none {
            let whole = try await body.collect(upTo: length)
            self.onFinish(UInt16(head.status.code))
            return Response(status: head.status, headers: fields, body: ResponseBody(byteBuffer: whole))
        }
        self.onFinish(UInt16(head.status.code))
        let body = ResponseBody { [logger, requestID] writer in
            do {
                for try await part in body { try await writer.write(part) }
                try await writer.finish(nil)
            } catch {
                logger.debug(
                    "an answer broke off",
                    metadata: ["requestId": "\(requestID)", "type": "\(type(of: error))"]
                )
                throw error
            }
            await gate.stop()
        }
        return Response(status: head.status, headers: fields, body: body)
    }

    private func failure(_ error: any Error, _ gate: RequestBodyGate) -> Response {
        let problem = UpstreamClient.problem(for: error)
        let status = ProblemResponse.status(of: problem.kind)
        self.onFinish(UInt16(status.code))
        if !Task.isCancelled {
            self.logger.warning(
                "an upstream failed",
                metadata: [
                    "requestId": "\(self.requestID)", "route": "\(self.served.route.place)",
                    "status": "\(status.code)", "cause": "\(UpstreamFailure.cause(of: error))",
                ]
            )
        }
        let bytes = ByteBuffer(bytes: ProblemResponse.body(of: problem, requestID: self.requestID))
        var fields = self.answer.client
        fields[.contentType] = "application/problem+json"
        fields[.cacheControl] = "no-store"
        let body = ResponseBody(contentLength: bytes.readableBytes) { writer in
            try await writer.write(bytes)
            try await writer.finish(nil)
            await gate.stop()
        }
        return Response(status: status, headers: fields, body: body)
    }
}

extension ResponseBodyWriter {
    /// Writes a body that is at hand, to its end.
    mutating func writeAll(_ body: ResponseBody) async throws {
        try await body.write(self)
    }
}

extension HTTPHeaders {
    /// The fields of a request; those of a cookie that HTTP/2 has split are one in HTTP/1.1 (RFC 9113 section 8.2.3).
    init(_ fields: HTTPFields, host: String) {
        self.init()
        self.reserveCapacity(fields.count + 1)
        self.add(name: "Host", value: host)
        var cookies: [String] = []
        for field in fields {
            if field.name == .cookie {
                cookies.append(field.value)
            } else {
                self.add(name: field.name.rawName, value: field.value)
            }
        }
        if !cookies.isEmpty { self.add(name: "Cookie", value: cookies.joined(separator: "; ")) }
    }
}
