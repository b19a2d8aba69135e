/// The outcome of a verification.
public enum VerificationCode: String, CaseIterable, Sendable {
    case valid
    case malformed
    case tooManyAttempts = "too_many_attempts"
    case notFound = "not_found"
    case suspended
    case revoked
    case compromised
    case expired
    case notYetValid = "not_yet_valid"
    case superseded
    case wrongAPI = "wrong_api"
    case wrongEnvironment = "wrong_environment"
    case ipNotAllowed = "ip_not_allowed"
    case originNotAllowed = "origin_not_allowed"
    case outsideTimeWindow = "outside_time_window"
    case certificateNotAllowed = "certificate_not_allowed"
    case endpointNotAllowed = "endpoint_not_allowed"
    case insufficientScope = "insufficient_scope"
    case rateLimited = "rate_limited"
    case creditsExhausted = "credits_exhausted"

    /// The number in records; it is never given to another code.
    public var number: UInt8 {
        switch self {
        case .valid: 0
        case .malformed: 1
        case .tooManyAttempts: 2
        case .notFound: 3
        case .suspended: 4
        case .revoked: 5
        case .compromised: 6
        case .expired: 7
        case .notYetValid: 8
        case .superseded: 9
        case .wrongAPI: 10
        case .wrongEnvironment: 11
        case .ipNotAllowed: 12
        case .originNotAllowed: 13
        case .outsideTimeWindow: 14
        case .certificateNotAllowed: 15
        case .endpointNotAllowed: 16
        case .insufficientScope: 17
        case .rateLimited: 18
        case .creditsExhausted: 19
        }
    }

    /// The code with a number; nil for one of a newer version.
    public init?(number: UInt8) {
        guard let code = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = code
    }

    /// The code of a refusal by restrictions.
    public init(_ kind: RestrictionRefusal.Kind) {
        self =
            switch kind {
            case .ipNotAllowed: .ipNotAllowed
            case .originNotAllowed: .originNotAllowed
            case .outsideTimeWindow: .outsideTimeWindow
            case .certificateNotAllowed: .certificateNotAllowed
            }
    }
}
