/// What outgoing events tell of.
///
/// The raw value is the `type` of the payload; it never changes.
public enum EventType: String, CaseIterable, Hashable, Sendable {
    case keyCreated = "key.created"
    case keyRotated = "key.rotated"
    /// A token was used although another has replaced it; in its grace, that is no refusal.
    case keyReplacedUsed = "key.replaced_used"
    /// A token was refused because another has replaced it.
    case keyReplacedRefused = "key.replaced_refused"
    case keySuspended = "key.suspended"
    case keyResumed = "key.resumed"
    case keyRevoked = "key.revoked"
    case keyCompromised = "key.compromised"
    /// 30, 7 and 1 day before a key's time is over.
    case keyExpiring = "key.expiring"
    case keyExpired = "key.expired"
    /// A limit has at most a fifth left.
    case limitWarning = "limit.warning"
    /// A limit has nothing left, or refused.
    case limitReached = "limit.reached"
    /// An account has at most a fifth of its credits left.
    case creditsLow = "credits.low"
    /// An account has no credits left, or too few.
    case creditsExhausted = "credits.exhausted"
    /// A key was presented in another environment than its own.
    case keyWrongEnvironment = "key.wrong_environment"
    /// Sent on request, to one endpoint.
    case webhookTest = "webhook.test"
    case requestCreated = "request.created"
    case requestApproved = "request.approved"
    case requestDenied = "request.denied"
    /// Nobody approved it in time, or nobody collected its key.
    case requestExpired = "request.expired"
    /// A key was made without the approval that it needs.
    case keyBreakGlass = "key.break_glass"
    case reviewOpened = "review.opened"
    /// 7 days and 1 day before the deadline, while keys are not decided.
    case reviewReminder = "review.reminder"
    /// The deadline is over.
    case reviewDue = "review.due"
    case reviewClosed = "review.closed"
    /// A key is to be rotated: at the begin of its window, a week and a day before, and when the time is over.
    case keyRotationDue = "key.rotation_due"
    /// A key has not been used for as long as a policy says.
    case keyUnused = "key.unused"
    /// A witness of the audit log does not cosign its heads.
    case auditWitnessMissing = "audit.witness_missing"

    /// What an endpoint can ask for.
    public static let selectable = Self.allCases.filter { $0 != .webhookTest }
}

extension EventType {
    /// The event of a key's new state; nil where there is none.
    public init?(_ command: KeyCommand) {
        switch command {
        case .suspend: self = .keySuspended
        case .resume: self = .keyResumed
        case .revoke: self = .keyRevoked
        case .compromise: self = .keyCompromised
        case .destroy: return nil
        }
    }
}

/// Some types of events, as the bits of one number.
public struct EventTypes: OptionSet, Hashable, Sendable {
    /// One bit for each type.
    public let rawValue: UInt32

    /// Makes a set from its bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Makes a set of types.
    public init(_ types: some Sequence<EventType>) {
        self = types.reduce([]) { $0.union(Self($1)) }
    }

    private init(_ type: EventType) {
        self.rawValue = 1 << UInt32(EventType.allCases.firstIndex(of: type) ?? 31)
    }

    /// Whether the type is one of them.
    public func contains(_ type: EventType) -> Bool {
        self.contains(Self(type))
    }

    /// What is found out while keys are verified.
    public static let ofUse = Self([
        .limitWarning, .limitReached, .creditsLow, .creditsExhausted, .keyReplacedUsed, .keyReplacedRefused,
        .keyWrongEnvironment,
    ])
}
