import ClavigerCore
import ClavigerService
import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// What happens around every call.
struct EndpointShell: Sendable {
    typealias Handler = @Sendable (Request, RequestOrigin, inout RequestLine) async throws -> Response

    private static let requestIDHeader = HTTPField.Name("X-Request-Id")
    /// The metrics of whatever is no call of this server, in one place: clients choose how much of it there is.
    static let unknown = RequestMetrics(method: "other", route: "unknown")

    let requestIDs: RequestIDs
    let trustedProxies: TrustedProxies
    let isSecure: Bool
    let logger: Logger

    func responder(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ metrics: RequestMetrics,
        isFrequent: Bool,
        _ handler: @escaping Handler
    ) -> some HTTPResponder<ServerContext> {
        let level: Logger.Level = isFrequent ? .debug : .info
        return CallbackResponder { request, context in
            await self.respond(request, context, method.rawValue, path, level, metrics, handler)
        }
    }

    func unknownPath(_ request: Request, _ context: ServerContext) async -> Response {
        await self.respond(request, context, "other", "unknown", .debug, Self.unknown) { _, _, _ in
            throw HTTPError(.notFound)
        }
    }

    /// The answer to whatever begins with a prefix; the handler reads the rest of the target as it was written.
    func prefixed(
        _ prefix: String,
        _ metrics: RequestMetrics,
        _ request: Request,
        _ context: ServerContext,
        _ handler: Handler
    ) async -> Response {
        await self.respond(request, context, "any", prefix, .debug, metrics, isVerbatim: true, handler)
    }

    private func respond(
        _ request: Request,
        _ context: ServerContext,
        _ method: String,
        _ route: String,
        _ level: Logger.Level,
        _ metrics: RequestMetrics,
        isVerbatim: Bool = false,
        _ handler: Handler
    ) async -> Response {
        let begin = MonotonicTime.nanoseconds()
        let requestID = self.requestIDs.next()
        let origin = RequestOrigin(
            requestID: requestID,
            client: context.peer.flatMap { self.client(of: request, peer: $0) },
            parameters: context.parameters
        )
        var line = RequestLine()
        var response: Response
        do {
            guard isVerbatim || Self.isExact(request.uri.string) else { throw HTTPError(.notFound) }
            response = try await handler(request, origin, &line)
        } catch let error as MethodNotAllowed {
            let problem = Problem(.methodNotAllowed, "This path takes \(error.allowed).")
            response = ProblemResponse.response(for: problem, requestID: requestID)
            response.headers[.allow] = error.allowed
        } catch {
            let problem = ProblemResponse.problem(for: error, self.logger, requestID: requestID)
            response = ProblemResponse.response(for: problem, requestID: requestID)
            if let problem = error as? Problem, problem == .callerRefused || problem == .holderRefused {
                response.headers[.wwwAuthenticate] = "Bearer error=\"invalid_token\""
            }
        }
        // RFC 9110 section 9.3.2: an answer to HEAD has no body; one would be taken for the next answer.
        if request.method == .head { response.body = ResponseBody() }
        self.addHeaders(to: &response, requestID)
        let duration = MonotonicTime.nanoseconds() - begin
        metrics.record(response.status, nanoseconds: duration)
        if self.logger.logLevel <= level {
            var metadata: Logger.Metadata = [
                "requestId": "\(requestID)", "method": "\(method)", "route": "\(route)",
                "status": "\(response.status.code)", "microseconds": "\(duration / 1000)",
            ]
            if let client = origin.client { metadata["client"] = "\(client)" }
            if let key = line.callerKeyID { metadata["keyId"] = "\(key)" }
            self.logger.log(level: level, "request", metadata: metadata)
        }
        return response
    }

    /// Whether a path is written as it is documented.
    ///
    /// The router passes over empty segments; a rule in front of this server that looks at paths might not.
    private static func isExact(_ target: String) -> Bool {
        var last: UInt8 = 0
        for byte in target.utf8 {
            if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { break }
            if byte == UInt8(ascii: "/"), last == UInt8(ascii: "/") { return false }
            last = byte
        }
        return last != UInt8(ascii: "/")
    }

    private func client(of request: Request, peer: IPAddress) -> IPAddress? {
        guard !self.trustedProxies.networks.isEmpty, let forwarded = HTTPField.Name("Forwarded"),
            let xForwardedFor = HTTPField.Name("X-Forwarded-For")
        else { return peer }
        return self.trustedProxies.clientAddress(
            peer: peer,
            forwarded: request.headers[values: forwarded],
            xForwardedFor: request.headers[values: xForwardedFor]
        )
    }

    private func addHeaders(to response: inout Response, _ requestID: String) {
        // No call sets these itself, so they can be appended; setting them would search for them first.
        if let name = Self.requestIDHeader { response.headers.append(HTTPField(name: name, value: requestID)) }
        // Answers may have a token in them; nobody on the way keeps them.
        if !response.headers.contains(.cacheControl) {
            response.headers.append(HTTPField(name: .cacheControl, value: "no-store"))
        }
        response.headers.append(HTTPField(name: .xContentTypeOptions, value: "nosniff"))
        // One year, as RFC 6797 section 6.1.1 counts it.
        if self.isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
    }
}

/// What a call adds to its line in the log.
struct RequestLine {
    /// The management key that was used, or the key whose holder asks about it.
    var callerKeyID: APIKey.ID?
}

/// A known path was called with a method that it does not have.
struct MethodNotAllowed: Error {
    let allowed: String
}

extension Problem {
    /// The answer to a request without a management key.
    static let callerMissing = Problem(
        .unauthorized,
        "Send a management key as Authorization: Bearer <token>, or as X-API-Key."
    )

    /// The answer to a request about its own key without the key.
    static let holderMissing = Problem(
        .unauthorized,
        "Send your key as Authorization: Bearer <token>, or as X-API-Key."
    )
}
