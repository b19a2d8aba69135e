/// The outcome of a verification with what belongs to it.
public struct Verdict: Sendable {
    /// What is left of credits.
    public struct Credits: Hashable, Sendable {
        /// The least that any account of the key has left.
        public let remaining: Int64
        /// When the next refill comes, if there is one.
        public let refillsAt: Timestamp?
        /// The account that has the least left.
        public let account: AccountID?

        /// Makes a statement about credits.
        public init(remaining: Int64, refillsAt: Timestamp?, account: AccountID? = nil) {
            self.remaining = remaining
            self.refillsAt = refillsAt
            self.account = account
        }
    }

    /// The outcome.
    public internal(set) var code: VerificationCode
    /// What is known of the key, once the token has proved to be its token.
    ///
    /// Never for `malformed` and `not_found`.
    public let key: KeySnapshot?
    /// The scopes that were missing, for `insufficient_scope`.
    public var missingScopes: [Scope] = []
    /// The endpoint rule that the request's method and path matched.
    public var rule: EndpointRule?
    /// What the use cost, or would have cost.
    public var cost = 0
    /// What each limit says, once limits were asked.
    public var limits: LimitDecision?
    /// What is left of the key's credits, once they were asked.
    public var credits: Credits?
    /// How long to wait before it is worth trying again, for `rate_limited`, `credits_exhausted` and
    /// `too_many_attempts`.
    public var retryAfter: Duration?

    /// Whether the key may be used.
    public var isValid: Bool { self.code == .valid }

    init(_ code: VerificationCode, _ key: KeySnapshot? = nil) {
        self.code = code
        self.key = key
    }

    /// The verdict on a token that is nobody's.
    public static let notFound = Verdict(.notFound)

    /// The verdict on a token from a network that has sent too many bad ones; nothing was looked up.
    public static func tooManyAttempts(retryAfter: Duration) -> Verdict {
        var verdict = Verdict(.tooManyAttempts)
        verdict.retryAfter = retryAfter
        return verdict
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
    /// What the use takes from limits and credits; nil for what the endpoint rule says, or 1.
    public var cost: Int?
    /// Limits for this key besides those that it has.
    public var limits: RateLimits
    /// The request that the token came with.
    public var context: ClientContext

    /// Makes a query; one without conditions asks whether the key may be used at all.
    public init(
        api: ExpectedAPI? = nil,
        environment: EnvironmentName? = nil,
        scopes: ScopeQuery? = nil,
        cost: Int? = nil,
        limits: RateLimits = .none,
        context: ClientContext = ClientContext()
    ) {
        self.api = api
        self.environment = environment
        self.scopes = scopes
        self.cost = cost
        self.limits = limits
        self.context = context
    }
}

/// The steps of a verification in their order, which is the contract.
public enum VerificationStep: String, CaseIterable, Sendable {
    case parse
    case attempts
    case lookUp = "look_up"
    case compare
    case state
    case api
    case environment
    case network
    case origin
    case timeWindow = "time_window"
    case certificate
    case endpoint
    case scopes
    case limits
    case credits

    init(_ kind: RestrictionRefusal.Kind) {
        self =
            switch kind {
            case .ipNotAllowed: .network
            case .originNotAllowed: .origin
            case .outsideTimeWindow: .timeWindow
            case .certificateNotAllowed: .certificate
            }
    }
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
