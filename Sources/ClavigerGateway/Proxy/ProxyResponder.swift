import ClavigerCore
import ClavigerHTTP
import ClavigerService
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// A route with what is needed to serve it.
struct ServedRoute: Sendable {
    let route: ProxyRoute
    let gateway: GatewayRoute
    let client: UpstreamClient
    let connector: UpstreamConnector
}

/// Decides about each request, and asks the upstream if it may pass.
struct ProxyResponder: HTTPResponder {
    typealias Context = ProxyContext

    let table: RouteTable<ServedRoute>
    let decider: GatewayDecider
    let requestIDs: RequestIDs
    let trustedProxies: TrustedProxies
    let isSecure: Bool
    let logger: Logger
    let onFinish: @Sendable (Admission, UInt16) -> Void

    func respond(to request: Request, context: ProxyContext) async throws -> Response {
        let requestID = self.requestIDs.next()
        let proxied: ProxiedRequest
        do throws(Problem) {
            proxied = try ProxiedRequest(
                request.head,
                isHTTP1: context.http1 != nil,
                peer: context.peer,
                trustedProxies: self.trustedProxies,
                isSecure: self.isSecure
            )
        } catch {
            return Self.refusal(ProblemResponse.response(for: error, requestID: requestID), of: request)
        }
        guard let served = self.table.target(authority: proxied.authority, path: proxied.target.path) else {
            let problem = Problem(.notFound, "There is nothing at this address.")
            return Self.refusal(ProblemResponse.response(for: problem, requestID: requestID), of: request)
        }
        let answer = await self.decider.decide(
            GatewayRequest(
                token: PresentedCredential.token(in: request.headers),
                context: proxied.clientContext,
                scopes: served.route.scopes,
                cost: served.route.cost
            ),
            on: served.gateway,
            requestID: requestID
        )
        guard answer.passes, let admission = answer.admission else {
            let body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
            return Self.refusal(Response(status: answer.status, headers: answer.client, body: body), of: request)
        }
        let exchange = ProxyExchange(
            request: request,
            proxied: proxied,
            served: served,
            answer: answer,
            requestID: requestID,
            logger: self.logger,
            onFinish: { [onFinish] in onFinish(admission, $0) }
        )
        return await self.forward(exchange, context)
    }

    private func forward(_ exchange: ProxyExchange, _ context: ProxyContext) async -> Response {
        if let connection = context.http1 {
            return exchange.proxied.asksForWebSocket
                ? await exchange.tunnel(connection) : await exchange.forward(context.channel)
        }
        // A stream of HTTP/2 ends by itself when the client cancels it; the connection goes on.
        let task = Task { await exchange.forward(context.channel) }
        context.channel.closeFuture.whenComplete { _ in task.cancel() }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Answers a request that does not pass; its body is read to its end only if it is short.
    private static func refusal(_ response: Response, of request: Request) -> Response {
        guard request.headers.contains(.contentLength) || request.headers.contains(.transferEncoding) else {
            return response
        }
        let (body, rest) = (response.body, request.body)
        var response = response
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await writer.writeAll(body)
            var count = 0
            for try await part in rest {
                count += part.readableBytes
                guard count <= Self.mostUnread else { throw RefusedBody() }
            }
        }
        return response
    }

    /// The most that is read of a body that nobody wants, so that the client can read why.
    private static let mostUnread = 256 * 1024

    /// Ends the connection of a client that goes on sending what nobody wants.
    private struct RefusedBody: Error {}
}
