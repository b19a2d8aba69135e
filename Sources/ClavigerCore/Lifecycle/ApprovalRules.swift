/// Whether keys of an environment need the consent of others, of how many, and how long it is waited for.
public struct ApprovalRules: Hashable, Sendable {
    /// The largest quorum.
    public static let mostApprovers = 10

    /// Whether keys are made, and widened, by request only.
    public var isRequired: Bool
    /// How many have to approve a request, whether it is required or not.
    public var quorum: Int
    /// What each approver has to be allowed, besides approving at all; only policies ask for it.
    public var approverScopes: [Scope] = []
    /// How long a request waits for its approvals.
    public var requestLifetime: Duration
    /// How long an approved key waits for its requester.
    public var collectWithin: Duration

    /// Makes rules.
    public init(
        isRequired: Bool = false,
        quorum: Int = 1,
        requestLifetime: Duration = .seconds(7 * 86_400),
        collectWithin: Duration = .seconds(3 * 86_400)
    ) {
        self.isRequired = isRequired
        self.quorum = quorum
        self.requestLifetime = requestLifetime
        self.collectWithin = collectWithin
    }

    /// The rules of an environment together with what the policies ask for.
    public func stricter(with policies: ApprovalRule) -> ApprovalRules {
        var rules = self
        rules.isRequired = true
        rules.quorum = max(self.quorum, policies.quorum)
        rules.approverScopes = policies.approverScopes
        return rules
    }

    /// Nothing is required; whoever asks all the same needs one approval.
    public static let usual = ApprovalRules()
}

extension ApprovalRules {
    private static let longestWait = Duration.seconds(90 * 86_400)

    /// Reads `{"required": true, "quorum"?: 2, "requestLifetime"?: "7d", "collectWithin"?: "3d"}`.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        var rules = ApprovalRules.usual
        switch reader.value("required") {
        case .bool(let isRequired)?: rules.isRequired = isRequired
        case nil: reader.refuse("required", "is required")
        default: reader.refuse("required", "must be true or false")
        }
        if let value = reader.value("quorum") {
            if let number = value.integer, (1...Int64(Self.mostApprovers)).contains(number) {
                rules.quorum = Int(number)
            } else {
                reader.refuse("quorum", "must be a whole number from 1 to \(Self.mostApprovers)")
            }
        }
        if let wait = reader.optional("requestLifetime", Self.wait) { rules.requestLifetime = wait }
        if let wait = reader.optional("collectWithin", Self.wait) { rules.collectWithin = wait }
        guard reader.violations.count == before else { return nil }
        self = rules
    }

    /// The form that is read.
    public var json: JSON {
        [
            "required": .bool(self.isRequired), "quorum": .integer(Int64(self.quorum)),
            "requestLifetime": .string(DurationText.text(for: self.requestLifetime)),
            "collectWithin": .string(DurationText.text(for: self.collectWithin)),
        ]
    }

    private static func wait(_ text: String) throws(FieldError) -> Duration {
        guard let wait = try? DurationText.parse(text), wait > .zero, wait <= Self.longestWait else {
            throw FieldError("must be a duration of at most 90d, such as 12h or 7d")
        }
        return wait
    }
}
