/// What the jobs remember of a key, so that nothing is said or done twice.
public struct KeyNotices: Hashable, Sendable {
    /// That a key was not used.
    public struct Unused: Hashable, Sendable {
        /// Since when it had not been used.
        public var since: Timestamp
        /// When that was told.
        public var toldAt: Timestamp

        /// Makes an account.
        public init(since: Timestamp, toldAt: Timestamp) {
            self.since = since
            self.toldAt = toldAt
        }
    }

    /// What was told of its rotation.
    public var rotation: RotationClock.Told?
    /// When it last got a later end after it had ended.
    public var revivedAt: Timestamp?
    /// What was told of its want of use.
    public var unused: Unused?

    /// Remembers nothing.
    public init() {}
}

/// As much of a key as the jobs look at to see whether its time has come: a million of them are looked at one by one.
public struct KeyLife: Hashable, Sendable {
    /// The id.
    public let id: APIKey.ID
    /// The api that it opens.
    public let apiID: API.ID
    /// The one environment that it belongs to.
    public let environment: EnvironmentName
    /// Where it is in its life.
    public let state: KeyState
    /// When it was made.
    public let createdAt: Timestamp
    /// From when it can be used, where that was not at once.
    public let notBefore: Timestamp?
    /// When its time is over.
    public let endsAt: Timestamp?
    /// By when somebody has asked for a new credential.
    public let rotateBy: Timestamp?
    /// When its current credential was made.
    public let credentialAt: Timestamp
    /// What the jobs remember of it.
    public let notices: KeyNotices

    /// Makes a value.
    public init(
        id: APIKey.ID,
        apiID: API.ID,
        environment: EnvironmentName,
        state: KeyState,
        createdAt: Timestamp,
        notBefore: Timestamp? = nil,
        endsAt: Timestamp?,
        rotateBy: Timestamp?,
        credentialAt: Timestamp,
        notices: KeyNotices
    ) {
        self.id = id
        self.apiID = apiID
        self.environment = environment
        self.state = state
        self.createdAt = createdAt
        self.notBefore = notBefore
        self.endsAt = endsAt
        self.rotateBy = rotateBy
        self.credentialAt = credentialAt
        self.notices = notices
    }

    /// Whether its time is over at `now`.
    public func isExpired(at now: Timestamp) -> Bool {
        self.endsAt.map { $0 <= now } ?? false
    }

    /// When its rotation is due.
    ///
    /// - Parameter ruledAt: when the rule was last changed.
    public func rotationClock(_ rule: RotationRule?, ruledAt: Timestamp?) -> RotationClock {
        RotationClock(
            rule: rule,
            credentialAt: self.credentialAt,
            rotateBy: self.rotateBy,
            ruledAt: ruledAt,
            notBefore: self.notBefore,
            resumedAt: self.state.resumedAt,
            revivedAt: self.notices.revivedAt
        )
    }

    /// What is to be done about its rotation: only a key that can be used can be rotated.
    public func rotationStep(_ rule: RotationRule?, ruledAt: Timestamp?, at now: Timestamp) -> RotationClock.Step? {
        guard case .active = self.state, !self.isExpired(at: now) else { return nil }
        return self.rotationClock(rule, ruledAt: ruledAt).step(at: now, told: self.notices.rotation)
    }

    /// Since when it was not used.
    public func inactivityClock(
        _ rule: InactivityRule,
        ruledAt: Timestamp?,
        lastUse: Timestamp?,
        recordedSince: Timestamp
    ) -> InactivityClock {
        InactivityClock(
            rule: rule,
            beganAt: max(self.createdAt, self.notBefore ?? .earliest),
            lastUse: lastUse,
            backAt: [self.state.resumedAt, self.notices.revivedAt].compactMap { $0 }.max(),
            ruledAt: [ruledAt, rule.exemption(of: self.id)].compactMap { $0 }.max(),
            recordedSince: recordedSince
        )
    }

    /// How far the rule has come with it; nil for a key that is none of its business.
    ///
    /// A key that a person has suspended waits for a person.
    public func standing(_ clock: InactivityClock) -> InactivityClock.Standing? {
        switch self.state {
        case .active:
            let unused = self.notices.unused
            return .active(toldAt: unused?.since == clock.since ? unused?.toldAt : nil)
        case .suspended(let transition) where transition.by == nil && transition.reason == .unused:
            return .suspended(at: transition.at)
        case .pending, .suspended, .revoked, .compromised, .destroyed: return nil
        }
    }

    /// What is to be done because nobody uses it.
    public func inactivityStep(
        _ rule: InactivityRule,
        ruledAt: Timestamp?,
        lastUse: Timestamp?,
        recordedSince: Timestamp,
        at now: Timestamp
    ) -> InactivityClock.Step? {
        guard !self.isExpired(at: now), rule.exemption(of: self.id).map({ $0 <= now }) ?? true else { return nil }
        let clock = self.inactivityClock(rule, ruledAt: ruledAt, lastUse: lastUse, recordedSince: recordedSince)
        return self.standing(clock).flatMap { clock.step(at: now, $0) }
    }
}

extension KeyState {
    /// When somebody resumed the key, if it can be used because of that.
    public var resumedAt: Timestamp? {
        if case .active(let transition) = self { transition?.at } else { nil }
    }
}
