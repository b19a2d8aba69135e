import ClavigerCore
import ClavigerHTTP
import ClavigerService
import ClavigerVerifier
import Hummingbird

/// The endpoints of OAuth for tokens that are known already: RFC 7662 and RFC 7009.
extension ManagementAPI {
    /// The most bytes of a form with a token.
    private static let formLimit = 16 * 1024

    func registerTokens(_ registry: inout EndpointRegistry) {
        registry.authenticated(
            .post,
            "/oauth/introspect",
            isFrequent: true,
            bodyFirst: Self.formLimit,
            takesClients: true
        ) { request, context in
            try await Self.answeringMalformed {
                let form = try await request.form(atMost: Self.formLimit)
                let token = try Self.token(form)
                let told = try await self.authority.introspect(
                    token,
                    try Self.context(form),
                    by: context.caller
                )
                switch told {
                case .active(let key): return .json(IntrospectionWriter.body(of: key))
                case .inactive: return .json(IntrospectionWriter.inactive)
                case .wait(let wait):
                    return Self.waiting(
                        wait,
                        "Too many wrong tokens were asked about; wait and go on.",
                        context.caller.requestID
                    )
                }
            }
        }
        registry.open(.post, "/oauth/revoke") { request, origin in
            try await Self.answeringMalformed {
                let form = try await request.form(atMost: Self.formLimit)
                let wait = try await self.authority.revoke(
                    presented: try Self.token(form),
                    network: origin.client,
                    requestID: origin.requestID
                )
                guard let wait else { return Response(status: .ok) }
                return Self.waiting(
                    wait,
                    "Your network has sent too many revocations; wait and go on.",
                    origin.requestID
                )
            }
        }
    }

    /// The answer to whoever has to wait before a token is looked at.
    private static func waiting(_ wait: Duration, _ detail: String, _ requestID: String) -> Response {
        var response = ProblemResponse.response(for: Problem(.rateLimited, detail), requestID: requestID)
        RateLimitFields.add(retryAfter: wait, to: &response.headers)
        return response
    }

    /// Answers what is no good request as OAuth has it (RFC 6749 section 5.2).
    private static func answeringMalformed(_ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch let error as FormFields.Malformed {
            return .json(
                ["error": "invalid_request", "error_description": .string(error.message)],
                status: .badRequest
            )
        }
    }

    /// The token of a form.
    ///
    /// `token_type_hint` does not matter: there is one type, and a hint is only a hint.
    private static func token(_ form: FormFields) throws(FormFields.Malformed) -> PresentedToken {
        guard let token = form["token"] else { throw FormFields.Malformed(message: "The field token is required.") }
        return PresentedToken(token)
    }

    /// What the form tells of the request that the token came with; RFC 7662 section 2.1 leaves room for that.
    private static func context(_ form: FormFields) throws(FormFields.Malformed) -> ClientContext {
        var context = ClientContext(origin: form["origin"])
        if let text = form["ip"] {
            context.ip = IPAddress(parsing: text)
            guard context.ip != nil else {
                throw FormFields.Malformed(message: "The field ip must be an IPv4 or IPv6 address.")
            }
        }
        return context
    }
}
