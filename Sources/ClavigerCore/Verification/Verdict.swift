/// The outcome of a verification.
public enum VerificationCode: String, CaseIterable, Sendable {
    case valid
    case malformed
    case notFound = "not_found"
    case suspended
    case revoked
    case compromised
    case expired
    case notYetValid = "not_yet_valid"
    case superseded
    case wrongAPI = "wrong_api"
    case wrongEnvironment = "wrong_environment"
    case insufficientScope = "insufficient_scope"
}

/// The outcome of a verification with what belongs to it.
public struct Verdict: Sendable {
    /// The outcome.
    public let code: VerificationCode
    /// What is known of the key, once the token has proved to be its token.
    ///
    /// Never for `malformed` and `not_found`.
    public let key: KeySnapshot?
    /// The scopes that were missing, for `insufficient_scope`.
    public let missingScopes: [Scope]

    /// Whether the key may be used.
    public var isValid: Bool { self.code == .valid }

    init(_ code: VerificationCode, _ key: KeySnapshot? = nil, missingScopes: [Scope] = []) {
        self.code = code
        self.key = key
        self.missingScopes = missingScopes
    }
}

/// What a caller wants to know about a token.
public struct VerificationQuery: Sendable {
    /// An api named by its id or its name.
    public enum ExpectedAPI: Hashable, Sendable {
        case id(API.ID)
        case name(ResourceName)

        func matches(_ api: API.Reference) -> Bool {
            switch self {
            case .id(let id): id == api.id
            case .name(let name): name == api.name
            }
        }
    }

    /// The api that the key must open, if it matters.
    public var api: ExpectedAPI?
    /// The environment that the key must belong to, if it matters.
    public var environment: EnvironmentName?
    /// The scopes that the key must have, if it matters.
    public var scopes: ScopeQuery?

    /// Makes a query; one without conditions asks whether the key may be used at all.
    public init(api: ExpectedAPI? = nil, environment: EnvironmentName? = nil, scopes: ScopeQuery? = nil) {
        self.api = api
        self.environment = environment
        self.scopes = scopes
    }
}

/// The steps of a verification in their order, which is the contract.
public enum VerificationStep: String, CaseIterable, Sendable {
    case parse
    case lookUp = "look_up"
    case compare
    case state
    case api
    case environment
    case scopes
}

/// What became of one step.
public struct VerificationTraceEntry: Sendable {
    /// How a step ended.
    public enum Outcome: String, Sendable {
        case passed, failed, skipped
    }

    /// The step.
    public let step: VerificationStep
    /// How it ended.
    public let outcome: Outcome
    /// Why, for the operator.
    public let detail: String
}
