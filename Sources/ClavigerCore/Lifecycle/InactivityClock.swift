/// Since when a key was not used, and what becomes of it for that.
///
/// A key is never revoked before it was suspended, or people were told, where the rule says that too: there is always
/// the time between the two steps in which somebody can notice, also when a policy is new or the server was down.
public struct InactivityClock: Hashable, Sendable {
    /// What is to be done.
    public enum Step: String, Hashable, Sendable {
        case remind, suspend, revoke
    }

    /// How far it has come with the key.
    public enum Standing: Hashable, Sendable {
        /// It can be used; people were told at this moment that it has not been used since ``InactivityClock/since``.
        case active(toldAt: Timestamp?)
        /// This clock suspended it at this moment.
        case suspended(at: Timestamp)
    }

    /// What comes, and when.
    public struct Next: Hashable, Sendable {
        /// What.
        public let step: Step
        /// When, if nobody uses the key.
        public let at: Timestamp
    }

    /// What the time counts from.
    public let since: Timestamp
    /// Nothing but a reminder comes before.
    private let sparedUntil: Timestamp
    private let steps: InactivityRule.Steps

    /// Makes the clock of a key.
    ///
    /// - Parameters:
    ///   - beganAt: when it could be used first.
    ///   - lastUse: its last success; nil where there was none.
    ///   - backAt: when somebody resumed it last, or gave it a later end after it had ended.
    ///   - ruledAt: when the rule began to hold for it as it does now; what was before its last use is over with that.
    ///   - recordedSince: since when uses are on record at all: what was before it is not known.
    public init(
        rule: InactivityRule,
        beganAt: Timestamp,
        lastUse: Timestamp?,
        backAt: Timestamp? = nil,
        ruledAt: Timestamp? = nil,
        recordedSince: Timestamp = .earliest
    ) {
        self.since = max(lastUse ?? beganAt, backAt ?? .earliest, recordedSince)
        let (since, changed) = (self.since, ruledAt ?? .earliest)
        self.sparedUntil = since < changed ? changed + RotationClock.respite : .earliest
        let steps: InactivityRule.Steps =
            if lastUse != nil { rule.idle } else if beganAt < recordedSince {
                // Whether it was used before is not known: it gets the time of either.
                rule.neverUsed.milder(than: rule.idle)
            } else { rule.neverUsed }
        self.steps = steps.warned
    }

    /// What is to be done now.
    public func step(at now: Timestamp, _ standing: Standing) -> Step? {
        guard let next = self.next(at: now, standing), next.at <= now else { return nil }
        return next.step
    }

    /// What comes next, or has come; nil where nothing does.
    public func next(at now: Timestamp, _ standing: Standing) -> Next? {
        switch standing {
        case .suspended(let suspendedAt): return self.revocation(after: self.steps.suspend, at: suspendedAt)
        case .active(let toldAt):
            let suspension = self.steps.suspend.map {
                Next(step: .suspend, at: max(self.since + $0, self.sparedUntil))
            }
            if toldAt == nil, let remind = self.steps.remind {
                // A reminder that would come with the suspension is none.
                if let suspension, suspension.at <= now { return suspension }
                return Next(step: .remind, at: self.since + remind)
            }
            return suspension ?? self.revocation(after: self.steps.remind, at: toldAt)
        }
    }

    /// The last step, which nobody can take back: the step before it has to have been so long ago as the rule has between
    /// the two.
    private func revocation(after before: Duration?, at moment: Timestamp?) -> Next? {
        guard let revoke = self.steps.revoke else { return nil }
        var at = max(self.since + revoke, self.sparedUntil)
        if let before, let moment { at = max(at, moment + (revoke - before)) }
        return Next(step: .revoke, at: at)
    }
}
