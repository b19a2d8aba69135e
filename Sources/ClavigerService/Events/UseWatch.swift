import ClavigerCore

/// A limit, an account, a credential or a key that something was said of.
struct Told: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64
    private let type: EventType

    init(_ counter: CounterID, _ type: EventType) {
        self.high = counter.high
        self.low = counter.low
        self.type = type
    }

    init(_ key: APIKey.ID, _ type: EventType) {
        self.high = UInt64(truncatingIfNeeded: key.bits >> 64)
        self.low = UInt64(truncatingIfNeeded: key.bits)
        self.type = type
    }

    init(_ account: AccountID, _ type: EventType) {
        self.high = UInt64(truncatingIfNeeded: account.bits >> 64)
        self.low = UInt64(truncatingIfNeeded: account.bits)
        self.type = type
    }

    init(_ credential: Credential.ID, _ type: EventType) {
        self.high = UInt64(truncatingIfNeeded: credential.bits >> 64)
        self.low = UInt64(truncatingIfNeeded: credential.bits)
        self.type = type
    }
}

/// What was noticed of a key while it was verified.
struct UseNotice: Sendable {
    let workspaceID: Workspace.ID
    let keyID: APIKey.ID
    let type: EventType
    /// What the event's data has besides the key.
    let details: (name: String, value: JSON)
    var at = Timestamp.earliest

    init(_ key: KeySnapshot, _ type: EventType, _ outcome: LimitOutcome) {
        self.init(
            key,
            type,
            (
                "limit",
                [
                    "name": .string(outcome.name.text), "limit": .integer(Int64(outcome.limit)),
                    "remaining": .integer(Int64(max(outcome.remaining, 0))),
                    "window": .string(DurationText.text(for: outcome.window)),
                ]
            )
        )
    }

    init(_ key: KeySnapshot, _ type: EventType, _ account: AccountID, _ credits: Verdict.Credits) {
        let owner =
            switch account.kind {
            case .key: "key"
            case .consumer: "consumer"
            }
        self.init(
            key,
            type,
            (
                "credits",
                [
                    "account": .string(owner), "remaining": .integer(max(credits.remaining, 0)),
                    "refillsAt": credits.refillsAt.map { .string($0.text) },
                ]
            )
        )
    }

    /// That a token was used which another has replaced.
    init(_ key: KeySnapshot, _ type: EventType) {
        let graceEndsAt: Timestamp? = if case .retiring(let end) = key.credentialState { end } else { nil }
        self.init(
            key,
            type,
            (
                "credential",
                [
                    "id": .string(key.credentialID.text), "graceEndsAt": graceEndsAt.map { .string($0.text) },
                ]
            )
        )
    }

    /// A key in another environment than its own; where it came from is what its owner has to find out.
    init(strayed key: KeySnapshot, _ query: VerificationQuery) {
        self.init(
            key,
            .keyWrongEnvironment,
            (
                "use",
                [
                    "environment": query.environment.map { .string($0.text) },
                    "address": query.context.ip.map { .string($0.description) },
                    "userAgent": query.context.userAgent.map { .string(Self.shown($0)) },
                ]
            )
        )
    }

    /// What a client says of itself, bounded, on one line and without tokens (promise P1).
    private static func shown(_ text: String) -> String {
        // Before the cut, which would leave a part of a token that is no longer recognised.
        let redacted = TokenRedaction.redacting(text)
        var shown = String.UnicodeScalarView()
        for scalar in redacted.unicodeScalars.prefix(256) {
            shown.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return String(shown)
    }

    private init(_ key: KeySnapshot, _ type: EventType, _ details: (name: String, value: JSON)) {
        self.workspaceID = key.workspaceID
        self.keyID = key.keyID
        self.type = type
        self.details = details
    }
}

/// What was told lately, so that it is not told at every verification, and what is still to be told.
///
/// Both are bounded: what does not fit is not told. It is in memory only: a crash forgets what was not written yet, and
/// may have something told twice.
struct UseWatch: Sendable {
    /// The shortest time between two events about one limit or account.
    static let shortestPeriod = Duration.seconds(15 * 60)
    /// The same where no refill will end the matter.
    static let withoutRefill = Duration.seconds(24 * 3600)
    /// The time between two events about one replaced credential.
    static let ofReplaced = Duration.seconds(3600)
    /// The shortest time between two events about one key that was presented in a wrong environment.
    static let strayPeriod = Duration.seconds(3600)
    static let capacity = 10_000

    private var told: [Told: Uptime] = [:]
    private var notices: [UseNotice] = []
    private var sweptAt: Uptime?

    /// Notes that something is told now; false when it was already, or when there is no room.
    mutating func mark(_ mark: Told, for period: Duration, at now: Uptime) -> Bool {
        if let end = self.told[mark], now < end { return false }
        if self.told.count >= Self.capacity, self.told[mark] == nil {
            // Looking through all of them at every verification would be worse than not telling.
            if let sweptAt, now < sweptAt + .seconds(1) { return false }
            self.sweptAt = now
            self.told = self.told.filter { now < $0.value }
            guard self.told.count < Self.capacity else { return false }
        }
        self.told[mark] = now + max(period, Self.shortestPeriod)
        return true
    }

    mutating func forget(_ mark: Told) {
        self.told[mark] = nil
    }

    mutating func add(_ notice: UseNotice) {
        guard self.notices.count < Self.capacity else { return }
        self.notices.append(notice)
    }

    var hasNotices: Bool { !self.notices.isEmpty }

    mutating func take() -> [UseNotice] {
        defer { self.notices = [] }
        return self.notices
    }
}
