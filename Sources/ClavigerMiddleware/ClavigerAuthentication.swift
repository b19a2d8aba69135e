public import ClavigerClient
import ClavigerCore
import HTTPTypes
public import Hummingbird
import Logging

/// Lets requests pass that come with a key which the authority says is valid, and tells handlers whose key it is.
///
///     try await ClavigerClient.with(settings) { client in
///         let router = Router(context: ClavigerContext.self)
///         router.get("health") { _, _ in "fine" }
///         router.add(middleware: ClavigerAuthentication(
///             client: client, api: "payments", environment: "production", scopes: "invoices.read"))
///         router.get("invoices") { _, context in
///             "These are the invoices of \(context.claviger?.consumerExternalID ?? "nobody")"
///         }
///         try await Application(router: router).runService()
///     }
///
/// `add(middleware:)` is for the routes that are added after it. Where a handler must have an identity, make a group
/// with `router.authenticated(by:)`.
///
/// The key is in `Authorization: Bearer`, else in `X-API-Key`, and never in the query. Handlers do not see it, nor any
/// `X-Claviger-…` field that a client made up. Refused requests are answered with a problem document, as the authority's
/// gateways do it: 401 for keys that cannot be used, 403 for those that may not do this, 429 for those that did it too
/// often. While the authority cannot be asked, the answer is 503: nothing is let pass unasked.
public struct ClavigerAuthentication<Context: ClavigerRequestContext>: RouterMiddleware {
    private enum Decision {
        case passes(ClavigerIdentity, HTTPFields)
        case refused(Refusal, requestID: String? = nil, HTTPFields = [:])
    }

    private let verifier: RemoteVerifier
    private let question: VerificationQuestion
    private let options: ClavigerAuthenticationOptions

    /// Makes the middleware.
    ///
    /// - Parameters:
    ///   - client: calls the authority with a management key that may do `apis.<api>.<environment>.keys.verify`. Its
    ///     connections are used again, by all middlewares that have it.
    ///   - api: the api that keys have to be for, by name or id.
    ///   - environment: the environment that keys have to be for.
    ///   - scopes: what keys have to be allowed to do, besides what the endpoint rules of the api say.
    ///   - options: how it asks, and what it does with the answers.
    public init(
        client: ClavigerClient,
        api: String,
        environment: String,
        scopes: ClavigerScopes? = nil,
        options: ClavigerAuthenticationOptions = ClavigerAuthenticationOptions()
    ) {
        self.question = VerificationQuestion(
            api: api,
            environment: environment,
            scopes: scopes?.text,
            cost: options.cost
        )
        self.options = options
        self.verifier = RemoteVerifier(
            client: client,
            timeout: options.timeout,
            cache: options.cache,
            lastKnownGood: options.lastKnownGood,
            time: options.time ?? MachineTime()
        )
    }

    /// Verifies the key of a request, and hands it on or answers it.
    public func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        switch try await self.decide(request, context) {
        case .passes(let identity, let fields):
            var (head, context) = (request.head, context)
            ClientCredential.strip(from: &head.headerFields)
            context.claviger = identity
            var response = try await next(Request(head: head, body: request.body), context)
            response.headers.append(contentsOf: fields)
            return response
        case .refused(let refusal, let requestID, let fields):
            var response = refusal.response(to: request, context, requestID: requestID)
            response.headers.append(contentsOf: fields)
            return response
        }
    }

    private func decide(_ request: Request, _ context: Context) async throws -> Decision {
        let token: String
        switch ClientCredential(in: request.headers) {
        case .none: return .refused(.keyMissing)
        case .unusable: return .refused(.keyRefused)
        case .token(let text): token = text
        }
        let seen = RequestDescription.context(
            of: request,
            peer: context.remoteAddress,
            trusting: self.options.trustedProxies
        )
        guard let seen else { return .refused(.unreadable) }
        var question = self.question
        question.context = seen
        do {
            return self.decision(try await self.verifier.verify(token, question), context)
        } catch let failure as VerificationFailure {
            return .refused(self.refusal(for: failure, context))
        }
    }

    private func decision(_ answered: Answered, _ context: Context) -> Decision {
        let verification = answered.verification
        let isFresh = answered.source == .authority
        let fields = isFresh ? Self.limitFields(of: verification) : [:]
        if case .lastKnownGood = answered.source {
            context.logger.warning(
                "the authority cannot be reached; going by the last answer that it gave",
                metadata: ["keyId": "\(verification.keyID ?? "none")"]
            )
        }
        guard verification.isValid else {
            context.logger.debug(
                "an API key was refused",
                metadata: [
                    "code": "\(verification.code)", "keyId": "\(verification.keyID ?? "none")",
                    "verification": "\(verification.requestID)",
                ]
            )
            return .refused(Refusal(verification), requestID: isFresh ? verification.requestID : nil, fields)
        }
        guard let identity = ClavigerIdentity(verification, isFresh: isFresh) else {
            return .refused(
                self.refusal(for: .undecided("The authority's verdict does not tell whose key it is."), context)
            )
        }
        return .passes(identity, fields)
    }

    private func refusal(for failure: VerificationFailure, _ context: Context) -> Refusal {
        switch failure {
        case .unreachable(let cause), .undecided(let cause):
            context.logger.error("API keys cannot be checked", metadata: ["cause": "\(cause)"])
            return .unavailable
        case .misconfigured(let cause):
            context.logger.critical("the check of API keys is not set up correctly", metadata: ["cause": "\(cause)"])
            return .misconfigured
        }
    }

    /// What the client is told of its limits.
    private static func limitFields(of verification: Verification) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in [
            ("RateLimit-Policy", verification.rateLimitPolicy), ("RateLimit", verification.rateLimit),
        ] {
            if let name = HTTPField.Name(name), let value { fields.append(HTTPField(name: name, value: value)) }
        }
        return fields
    }
}
