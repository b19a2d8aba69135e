import ClavigerClient
import ClavigerCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// The answer to a client that may not pass, the same as the authority's own gateways give it.
///
/// Whoever holds a bad key learns nothing (promise P7): malformed, unknown, revoked and expired keys get one answer.
struct Refusal: Hashable, Sendable {
    let status: HTTPResponse.Status
    /// The last part of the problem's type; `docs/errors.md` explains each.
    let slug: Problem.Kind
    let title: String
    let detail: String
    /// The scope that is missing.
    var scope: String?
    /// The value of `WWW-Authenticate` (RFC 6750 section 3).
    var challenge: String?
    var retryAfter: Duration?

    /// The answer to a request without a key.
    static let keyMissing = Refusal(
        status: .unauthorized,
        slug: .unauthorized,
        title: "Unauthorized",
        detail: "Send your API key as Authorization: Bearer <key>, or as X-API-Key.",
        challenge: "Bearer"
    )

    /// The one answer to a key that cannot be used, for whatever reason.
    static let keyRefused = Refusal(
        status: .unauthorized,
        slug: .unauthorized,
        title: "Unauthorized",
        detail: "The API key cannot be used here.",
        challenge: "Bearer error=\"invalid_token\""
    )

    /// The one answer to a key that may not be used for this request, for whatever reason but a scope.
    static let useRefused = Refusal(
        status: .forbidden,
        slug: .forbidden,
        title: "Forbidden",
        detail: "The API key may not be used for this request."
    )

    /// The answer to a key without a scope that is needed.
    static func scopeMissing(_ scope: String?) -> Refusal {
        Refusal(
            status: .forbidden,
            slug: .forbidden,
            title: "Forbidden",
            detail: "The API key does not have the scope that this request needs.",
            scope: scope,
            // A scope needs no quoting: it has neither quotes nor backslashes.
            challenge: scope.map { "Bearer error=\"insufficient_scope\", scope=\"\($0)\"" }
        )
    }

    static func tooManyRequests(_ wait: Duration?) -> Refusal {
        Refusal(
            status: .tooManyRequests,
            slug: .rateLimited,
            title: "Too many requests",
            detail: "Too many requests; Retry-After says how long to wait.",
            retryAfter: wait
        )
    }

    static func creditsExhausted(_ wait: Duration?) -> Refusal {
        Refusal(
            status: .tooManyRequests,
            slug: .creditsExhausted,
            title: "Quota exceeded",
            detail: "The credits of this API key are used up.",
            retryAfter: wait
        )
    }

    /// The answer to a request that nothing can be decided about.
    static let unreadable = Refusal(
        status: .badRequest,
        slug: .invalidRequest,
        title: "Invalid request",
        detail: "The method, the path or the origin of this request is too long."
    )

    /// The answer while the authority cannot be asked.
    static let unavailable = Refusal(
        status: .serviceUnavailable,
        slug: .unavailable,
        title: "Unavailable",
        detail: "API keys cannot be checked now; try again.",
        retryAfter: .seconds(5)
    )

    /// The answer while the app itself is refused; its log says why.
    static let misconfigured = Refusal(
        status: .internalServerError,
        slug: .internalError,
        title: "Internal error",
        detail: "The check of API keys is not set up correctly."
    )

    init(
        status: HTTPResponse.Status,
        slug: Problem.Kind,
        title: String,
        detail: String,
        scope: String? = nil,
        challenge: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.scope = scope
        self.challenge = challenge
        self.retryAfter = retryAfter
    }

    /// The answer for a verdict that is not `valid`.
    init(_ verification: Verification) {
        switch VerificationCode(rawValue: verification.code) {
        case .ipNotAllowed, .originNotAllowed, .outsideTimeWindow, .certificateNotAllowed, .endpointNotAllowed:
            self = .useRefused
        case .insufficientScope:
            // What goes into a header has to be a scope, whoever answered.
            self = .scopeMissing(verification.missingScopes.first.flatMap { try? Scope(parsing: $0).text })
        case .tooManyAttempts, .rateLimited:
            self = .tooManyRequests(verification.retryAfter)
        case .creditsExhausted:
            self = .creditsExhausted(verification.retryAfter)
        // A code that is not known here, and `valid`, which is never refused, get the answer that tells least.
        case nil, .valid, .malformed, .notFound, .suspended, .revoked, .compromised, .expired, .notYetValid,
            .superseded, .wrongAPI, .wrongEnvironment:
            self = .keyRefused
        }
    }
}

extension Refusal {
    /// The problem document (RFC 9457).
    func body(requestID: String?) -> JSON {
        [
            "type": .string("urn:claviger:problem:\(self.slug.rawValue)"), "title": .string(self.title),
            "status": .integer(Int64(self.status.code)), "detail": .string(self.detail),
            "instance": requestID.map(JSON.string), "neededScope": self.scope.map(JSON.string),
        ]
    }

    /// The answer.
    ///
    /// - Parameter requestID: the id under which the authority logged it; nil for the app's own.
    func response(
        to request: Request,
        _ context: some RequestContext,
        requestID: String? = nil
    ) -> Response {
        let id = requestID ?? context.logger[metadataKey: "hb.request.id"].map { "\($0)" }
        var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        headers[.wwwAuthenticate] = self.challenge
        headers[.retryAfter] = self.retryAfter.map { String(max(1, $0.components.seconds)) }
        // RFC 9110 section 9.3.2: an answer to HEAD has no body.
        let body = request.method == .head ? [] : self.body(requestID: id).serialized()
        return Response(status: self.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
