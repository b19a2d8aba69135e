public import ClavigerCore
public import ClavigerHTTP
import ClavigerVerifier
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers the proxies that ask before they let a request pass.
///
/// What a proxy says is believed, because only proxies can ask: that is ``GatewayAccess``' business, before this. What it
/// does not say is not guessed: without the original method and target the endpoint rules could be passed by.
public struct ForwardAuth: Sendable {
    /// Carries the true status to nginx.
    private static let status = HTTPField.Name.known("X-Claviger-Status")
    /// Carries the problem document to nginx.
    private static let problem = HTTPField.Name.known("X-Claviger-Problem")
    private static let requestID = HTTPField.Name.known("X-Request-Id")
    private static let forwardedFor = HTTPField.Name.known("X-Forwarded-For")
    private static let referrer = HTTPField.Name.known("Referer")

    private let decider: GatewayDecider
    private let access: GatewayAccess
    /// The proxies in front of those that ask.
    private let trustedProxies: TrustedProxies

    /// Makes the adapters.
    ///
    /// - Parameter trustedProxies: the proxies in front of those that ask, whose word about the client's address counts.
    public init(decider: GatewayDecider, access: GatewayAccess, trustedProxies: TrustedProxies) {
        self.decider = decider
        self.access = access
        self.trustedProxies = trustedProxies
    }

    /// Registers every address under `/gateway/`.
    public func register(in registry: inout EndpointRegistry) {
        registry.prefix(ForwardAuthTarget.prefix) { request, origin in try await self.answer(request, origin) }
    }

    private func answer(_ request: Request, _ origin: RequestOrigin) async throws -> Response {
        try self.access.check(request)
        guard let target = ForwardAuthTarget(request.uri.string) else {
            throw Problem(.notFound, "The addresses are /gateway/<adapter>/<api>/<environment>.")
        }
        let asked: GatewayRequest
        do throws(Problem) {
            asked = try self.request(request, target)
        } catch {
            let cause = error.violations.first?.message ?? error.detail
            let answer = self.decider.misconfigured(
                "\(target.adapter.rawValue): \(cause)",
                requestID: origin.requestID
            )
            return Self.response(answer, target.adapter)
        }
        let answer = await self.decider.decide(
            asked,
            api: target.api,
            environment: target.environment,
            requestID: origin.requestID
        )
        return Self.response(answer, target.adapter)
    }

    /// The client's request as the proxy tells of it.
    private func request(_ request: Request, _ target: ForwardAuthTarget) throws(Problem) -> GatewayRequest {
        let method: String
        let original: String
        let demands: ForwardAuthDemands
        if let names = target.adapter.names {
            guard let told = Self.single(names.method, request), let uri = Self.single(names.target, request),
                uri.hasPrefix("/")
            else {
                throw Problem(
                    .invalidRequest,
                    "The proxy must send \(names.method) and \(names.target) once each, with the original request."
                )
            }
            method = told
            original = uri
            try Self.checkQuery(target.rest, of: uri)
            demands = try ForwardAuthDemands(target.rest.isEmpty ? nil : String(target.rest.dropFirst()))
        } else {
            method = request.method.rawValue
            original = target.rest
            demands = try ForwardAuthDemands(nil)
        }
        let context = ClientContext(
            ip: self.trustedProxies.clientAddress(toldBy: request.headers[values: Self.forwardedFor]),
            method: method,
            path: GatewayRequest.path(of: original),
            origin: request.headers[.origin],
            referrer: request.headers[Self.referrer],
            userAgent: request.headers[.userAgent]
        )
        return GatewayRequest(
            token: PresentedCredential.token(in: request),
            context: context,
            scopes: demands.scopes,
            cost: demands.cost
        )
    }

    /// Refuses to take a client's query for the operator's, as a proxy is set up to hand it on that keeps queries.
    private static func checkQuery(_ rest: String, of target: String) throws(Problem) {
        let query = target.utf8.drop { $0 != UInt8(ascii: "?") }
        guard !rest.isEmpty, rest.utf8.elementsEqual(query) else { return }
        throw Problem(.invalidRequest, "The proxy must not put the client's query behind the address that it calls.")
    }

    /// The value of a field that is there once.
    private static func single(_ name: HTTPField.Name, _ request: Request) -> String? {
        let values = request.headers[values: name]
        return values.count == 1 ? values[0] : nil
    }

    private static func response(_ answer: GatewayAnswer, _ adapter: ForwardAuthAdapter) -> Response {
        let status = adapter.status(for: answer.status)
        var fields = answer.identity
        // The call's own id is added to every answer of this server.
        for field in answer.client where field.name != Self.requestID { fields.append(field) }
        if adapter == .nginx, !answer.passes {
            // `auth_request` drops both; the shipped configuration takes them from here.
            fields[Self.status] = String(answer.status.code)
            fields[Self.problem] = String(decoding: answer.body, as: UTF8.self)
        }
        return Response(
            status: status,
            headers: fields,
            body: answer.body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }
}
