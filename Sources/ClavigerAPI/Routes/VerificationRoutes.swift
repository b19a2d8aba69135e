import ClavigerCore
import ClavigerHTTP
import ClavigerService
import HTTPTypes
import Hummingbird

extension ManagementAPI {
    func registerVerification(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/keys/verify", isFrequent: true, bodyFirst: Self.bodyLimit) {
            request,
            context in
            let body = try VerifyBody(reading: try await request.json(atMost: Self.bodyLimit))
            let verdict = try await self.authority.verify(body.token, body.query, by: context.caller)
            let now = self.authority.now
            var response = Response.json(
                bytes: VerdictWriter.body(of: verdict, requestID: context.origin.requestID, at: now)
            )
            if let seconds = AnswerLifetime.seconds(of: verdict, at: now, atMost: self.answerLifetime) {
                response.headers.append(HTTPField(name: .cacheControl, value: "private, max-age=\(seconds)"))
            }
            if let limits = verdict.limits { RateLimitFields.add(limits, to: &response.headers) }
            RateLimitFields.add(retryAfter: verdict.retryAfter, to: &response.headers)
            return response
        }
        registry.authenticated(.post, "/v1/keys/explain", bodyFirst: Self.bodyLimit) { request, context in
            let body = try VerifyBody(reading: try await request.json(atMost: Self.bodyLimit))
            let (verdict, steps) = try await self.authority.explain(body.token, body.query, by: context.caller)
            return .json(
                bytes: VerdictWriter.body(
                    of: verdict,
                    requestID: context.origin.requestID,
                    at: self.authority.now,
                    steps: steps
                )
            )
        }
    }
}
