public import ClavigerCore
public import ClavigerHTTP
public import ClavigerService
import ClavigerVerifier
import HTTPTypes
public import Logging

/// Decides about requests for all gateways: the one place where a verdict becomes a status code.
///
/// Whoever holds a bad key learns nothing (promise P7): malformed, unknown, revoked and expired keys get one answer.
public struct GatewayDecider: Sendable {
    private static let requestID = HTTPField.Name.known("X-Request-Id")

    private let authority: Authority
    private let workspaceID: Workspace.ID
    private let requestIDs: RequestIDs
    private let logger: Logger

    /// Makes a decider for a workspace.
    public init(authority: Authority, workspaceID: Workspace.ID, requestIDs: RequestIDs, logger: Logger) {
        self.authority = authority
        self.workspaceID = workspaceID
        self.requestIDs = requestIDs
        self.logger = logger
    }

    /// The route with an api's id or name and an environment's name.
    ///
    /// - Throws: a `Problem` that says which of the two does not exist.
    public func route(api: String, environment: String) async throws -> GatewayRoute {
        try await self.authority.gatewayRoute(api: api, environment: environment, in: self.workspaceID)
    }

    /// Decides about a request; what cannot be decided does not pass.
    ///
    /// - Parameter requestID: the request's id, if it has one already; never the client's.
    public func decide(
        _ request: GatewayRequest,
        on route: GatewayRoute,
        requestID: String? = nil
    ) async -> GatewayAnswer {
        let requestID = requestID ?? self.requestIDs.next()
        guard let token = request.token else { return self.refusal(.keyMissing, nil, requestID) }
        let query = VerificationQuery(scopes: request.scopes, cost: request.cost, context: request.context)
        do {
            let admission = try await self.authority.admit(token, query, on: route, requestID: requestID)
            guard admission.verdict.isValid, let key = admission.verdict.key else {
                return self.refusal(.refusal(admission.verdict), admission, requestID)
            }
            return GatewayAnswer(
                status: .ok,
                identity: IdentityFields.of(key),
                client: Self.fields(of: admission, requestID),
                body: [],
                admission: admission
            )
        } catch {
            return self.failure(error, requestID)
        }
    }

    /// Finds a route and decides; a route that does not exist is the operator's mistake, not the client's.
    public func decide(
        _ request: GatewayRequest,
        api: String,
        environment: String,
        requestID: String? = nil
    ) async -> GatewayAnswer {
        let requestID = requestID ?? self.requestIDs.next()
        do {
            let route = try await self.route(api: api, environment: environment)
            return await self.decide(request, on: route, requestID: requestID)
        } catch let problem as Problem where problem.kind == .notFound {
            self.logger.error(
                "a gateway asks for an api or environment that does not exist",
                metadata: ["requestId": "\(requestID)", "cause": "\(problem.detail)"]
            )
            return self.refusal(.misconfigured, nil, requestID)
        } catch {
            return self.failure(error, requestID)
        }
    }

    /// Puts on record how the upstream answered a request that passed.
    public func finished(_ admission: Admission, upstreamStatus: UInt16) {
        self.authority.noteUpstream(upstreamStatus, of: admission)
    }

    /// The answer where a gateway asks for something that cannot be: the operator's mistake, not the client's.
    ///
    /// - Parameter cause: what is wrong, for the log alone.
    public func misconfigured(_ cause: String, requestID: String? = nil) -> GatewayAnswer {
        let requestID = requestID ?? self.requestIDs.next()
        self.logger.error(
            "a gateway is not set up correctly",
            metadata: ["requestId": "\(requestID)", "cause": "\(cause)"]
        )
        return self.refusal(.misconfigured, nil, requestID)
    }

    /// The answer for something that went wrong here.
    private func failure(_ error: any Error, _ requestID: String) -> GatewayAnswer {
        self.refusal(ProblemResponse.problem(for: error, self.logger, requestID: requestID), nil, requestID)
    }

    private func refusal(_ problem: Problem, _ admission: Admission?, _ requestID: String) -> GatewayAnswer {
        var fields = Self.fields(of: admission, requestID)
        fields[.contentType] = "application/problem+json"
        fields[.cacheControl] = "no-store"
        switch problem.kind {
        case .unauthorized:
            fields[.wwwAuthenticate] = problem == .keyMissing ? "Bearer" : "Bearer error=\"invalid_token\""
        case .forbidden:
            if let scope = problem.neededScope {
                fields[.wwwAuthenticate] = "Bearer error=\"insufficient_scope\", scope=\"\(scope)\""
            }
        case .unavailable:
            fields[.retryAfter] = "5"
        default:
            break
        }
        return GatewayAnswer(
            status: ProblemResponse.status(of: problem.kind),
            identity: [:],
            client: fields,
            body: ProblemResponse.body(of: problem, requestID: requestID),
            admission: admission
        )
    }

    private static func fields(of admission: Admission?, _ requestID: String) -> HTTPFields {
        var fields = HTTPFields()
        fields.append(HTTPField(name: Self.requestID, value: requestID))
        guard let verdict = admission?.verdict else { return fields }
        if let limits = verdict.limits { RateLimitFields.add(limits, to: &fields) }
        RateLimitFields.add(retryAfter: verdict.retryAfter, to: &fields)
        return fields
    }
}

extension Problem {
    /// The answer to a request without a key.
    static let keyMissing = Problem(
        .unauthorized,
        "Send your API key as Authorization: Bearer <key>, or as X-API-Key."
    )

    /// The one answer to a key that cannot be used, for whatever reason.
    static let keyRefused = Problem(.unauthorized, "The API key cannot be used here.")

    /// The one answer to a key that may not be used for this request, for whatever reason but a scope.
    static let useRefused = Problem(.forbidden, "The API key may not be used for this request.")

    /// The answer where the gateway is set up wrongly; the log says how.
    static let misconfigured = Problem(.internalError, "The gateway in front of this API is not set up correctly.")

    /// The answer to a client for a verdict that is not `valid`.
    static func refusal(_ verdict: Verdict) -> Problem {
        switch verdict.code {
        // `valid` is never refused; if it were, this is the answer that tells least.
        case .valid, .malformed, .notFound, .suspended, .revoked, .compromised, .expired, .notYetValid, .superseded,
            .wrongAPI, .wrongEnvironment:
            .keyRefused
        case .ipNotAllowed, .originNotAllowed, .outsideTimeWindow, .certificateNotAllowed, .endpointNotAllowed:
            .useRefused
        case .insufficientScope:
            Problem(
                .forbidden,
                "The API key does not have the scope that this request needs.",
                neededScope: verdict.missingScopes.first?.text
            )
        case .tooManyAttempts, .rateLimited:
            Problem(.rateLimited, "Too many requests; Retry-After says how long to wait.")
        case .creditsExhausted:
            Problem(.creditsExhausted, "The credits of this API key are used up.")
        }
    }
}
