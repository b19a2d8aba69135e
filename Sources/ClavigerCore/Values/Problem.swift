/// One thing that is wrong with a request, and where.
public struct Violation: Hashable, Sendable {
    /// JSON pointer (RFC 6901) into the body, or `?name` for a query parameter, or a header's name.
    public var pointer: String
    /// What is wrong and what is allowed, for a person.
    ///
    /// Never repeats the refused value.
    public var message: String
    /// The rule of a policy that it is against, such as `scopes.allowed`.
    public var rule: String?
    /// The policy; nil where the rule is not one of a policy.
    public var policy: String?

    /// Makes a violation.
    public init(_ pointer: String, _ message: String, rule: String? = nil, policy: String? = nil) {
        self.pointer = pointer
        self.message = message
        self.rule = rule
        self.policy = policy
    }
}

extension Violation {
    /// The JSON pointer of a member of what stands at `parent` (RFC 6901).
    public static func pointer(_ parent: String, _ name: String) -> String {
        // Scalar by scalar: to Swift, a slash with a combining mark is another character than a slash.
        var pointer = parent + "/"
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": pointer += "~0"
            case "/": pointer += "~1"
            default: pointer.unicodeScalars.append(scalar)
            }
        }
        return pointer
    }
}

/// A request that is refused, as a value for whoever sent it.
///
/// It knows no status code and carries no secret; what went wrong inside stays in the log.
public struct Problem: Error, Hashable, Sendable {
    /// The stable kinds, documented in `docs/errors.md`.
    ///
    /// The raw value is the last part of the problem type.
    public enum Kind: String, CaseIterable, Sendable {
        case invalidJSON = "invalid-json"
        case invalidRequest = "invalid-request"
        case validationFailed = "validation-failed"
        case unauthorized = "unauthorized"
        case forbidden = "forbidden"
        case badSignature = "bad-signature"
        case approvalRequired = "approval-required"
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case stateConflict = "state-conflict"
        case alreadyExists = "already-exists"
        case preconditionFailed = "precondition-failed"
        case payloadTooLarge = "payload-too-large"
        case unsupportedMediaType = "unsupported-media-type"
        case idempotencyKeyReused = "idempotency-key-reused"
        case headersTooLarge = "headers-too-large"
        case rateLimited = "rate-limited"
        case creditsExhausted = "quota-exceeded"
        case requestTimeout = "request-timeout"
        case internalError = "internal"
        case unavailable = "unavailable"
        case auditLogInconsistent = "audit-log-inconsistent"
        case badGateway = "bad-gateway"
        case gatewayTimeout = "gateway-timeout"
    }

    /// Which kind of problem.
    public var kind: Kind
    /// What to change, for a person.
    public var detail: String
    /// Everything that is wrong with the request, where the kind is ``Kind/validationFailed``.
    public var violations: [Violation]
    /// The scope that the caller would have needed, where the kind is ``Kind/forbidden``.
    public var neededScope: String?

    /// Makes a problem.
    public init(_ kind: Kind, _ detail: String, violations: [Violation] = [], neededScope: String? = nil) {
        self.kind = kind
        self.detail = detail
        self.violations = violations
        self.neededScope = neededScope
    }

    /// The problem for a request with violations.
    ///
    /// Of very many violations the first ones are told: an answer must not be larger than the request that it refuses.
    public static func validation(_ violations: [Violation]) -> Problem {
        let count = violations.count == 1 ? "1 value is" : "\(violations.count) values are"
        return Problem(
            .validationFailed,
            "\(count) not acceptable; see errors.",
            violations: Array(violations.prefix(100))
        )
    }

    /// The one answer for an id that does not exist, is of another workspace or has been removed.
    public static func notFound(_ what: String) -> Problem {
        Problem(.notFound, "There is no such \(what) in this workspace.")
    }
}
