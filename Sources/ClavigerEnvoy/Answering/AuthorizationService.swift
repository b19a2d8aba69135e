import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import GRPCCore
import HTTPTypes
import Logging

/// Answers `envoy.service.auth.v3.Authorization/Check`.
struct AuthorizationService: EnvoyAuthorization.SimpleServiceProtocol {
    private static let route = EnvoyAuthorization.Method.Check.descriptor.fullyQualifiedMethod

    private let decider: GatewayDecider
    private let trustedProxies: TrustedProxies
    private let requestIDs: RequestIDs
    private let metrics = RequestMetrics(method: "POST", route: Self.route)
    private let logger: Logger

    init(decider: GatewayDecider, trustedProxies: TrustedProxies, requestIDs: RequestIDs, logger: Logger) {
        self.decider = decider
        self.trustedProxies = trustedProxies
        self.requestIDs = requestIDs
        self.logger = logger
    }

    func check(request: EnvoyCheckRequest, context: GRPCCore.ServerContext) async throws -> EnvoyCheckResponse {
        let begin = MonotonicTime.nanoseconds()
        let requestID = self.requestIDs.next()
        let headers = ClientHeaders(request.attributes.request.http)
        let answer = await self.answer(request.attributes, headers, requestID)
        let response = CheckAnswer.response(answer, forged: headers.forged)
        let duration = MonotonicTime.nanoseconds() - begin
        self.metrics.record(answer.status, nanoseconds: duration)
        self.logger.debug(
            "request",
            metadata: [
                "requestId": "\(requestID)", "method": "POST", "route": "\(Self.route)",
                "status": "\(answer.status.code)", "microseconds": "\(duration / 1000)",
            ]
        )
        return response
    }

    private func answer(
        _ attributes: EnvoyAttributeContext,
        _ headers: ClientHeaders,
        _ requestID: String
    ) async -> GatewayAnswer {
        let settings: RouteSettings
        do throws(RouteSettings.Mistake) {
            settings = try RouteSettings(attributes.contextExtensions)
        } catch {
            return self.decider.misconfigured(error.description, requestID: requestID)
        }
        return await self.decider.decide(
            GatewayRequest(attributes, headers, settings, trustedProxies: self.trustedProxies),
            api: settings.api,
            environment: settings.environment,
            requestID: requestID
        )
    }
}
