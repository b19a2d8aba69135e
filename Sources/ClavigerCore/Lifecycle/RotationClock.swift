/// When a key needs its next credential, and what is to be said or done about that.
public struct RotationClock: Hashable, Sendable {
    /// How long a key that somebody has brought back is left alone, so that it can be rotated.
    public static let respite = Duration.seconds(86_400)

    /// What people are told, in the order of time; of several at once, only the last one.
    public enum Milestone: Int, CaseIterable, Comparable, Sendable {
        /// It can be done from now on.
        case window = 1
        /// A week is left.
        case week
        /// A day is left.
        case day
        /// The time is over.
        case overdue

        /// Which one comes first.
        public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    /// What was told, and for which moment: another moment is told of anew.
    public struct Told: Hashable, Sendable {
        /// The moment by which the key was to be rotated.
        public var dueAt: Timestamp
        /// The last thing that was told.
        public var milestone: Milestone

        /// Makes an account.
        public init(dueAt: Timestamp, milestone: Milestone) {
            self.dueAt = dueAt
            self.milestone = milestone
        }
    }

    /// What is to be done.
    public enum Step: Hashable, Sendable {
        case tell(Milestone)
        case suspend
        /// The key ends, as of the moment at which it was due.
        case end
    }

    /// By when it needs a new credential; nil where nobody asks.
    public let dueAt: Timestamp?
    /// Whether somebody has asked for it by name of a moment, which holds whatever the policies say.
    public let isRequired: Bool
    private let rule: RotationRule?

    /// Makes the clock of a key.
    ///
    /// - Parameters:
    ///   - rule: what the policies say; nil where none reaches the key.
    ///   - credentialAt: when its current credential was made.
    ///   - rotateBy: by when somebody has asked for a new one.
    ///   - ruledAt: when the rule was last changed: nobody is punished for what was no fault before.
    ///   - notBefore: when the key begins to be usable, and with that can be rotated by its holder.
    ///   - resumedAt: when somebody resumed it last, if it was.
    ///   - revivedAt: when it got a later end after it had ended.
    public init(
        rule: RotationRule?,
        credentialAt: Timestamp,
        rotateBy: Timestamp? = nil,
        ruledAt: Timestamp? = nil,
        notBefore: Timestamp? = nil,
        resumedAt: Timestamp? = nil,
        revivedAt: Timestamp? = nil
    ) {
        // What was before the last rotation is over with it.
        let back = [ruledAt, notBefore, resumedAt, revivedAt].compactMap { $0 }.filter { $0 > credentialAt }.max()
        var byPolicy = rule.map { credentialAt + $0.every }
        if let due = byPolicy, let back { byPolicy = max(due, back + Self.respite) }
        // A moment that is still to come is not put off: whoever resumes a key in an incident knows of it.
        var required = rotateBy
        if let asked = rotateBy, let resumedAt, resumedAt >= asked { required = resumedAt + Self.respite }
        // A policy that only reminds comes first never: what was asked for in an incident is more than that.
        let actsByPolicy = rule.map { $0.mode != .remind } ?? false
        self.isRequired = required.map { required in !actsByPolicy || byPolicy.map { required <= $0 } ?? true } ?? false
        self.dueAt = self.isRequired ? required : byPolicy
        self.rule = rule
    }

    /// What is to be done now with a key that can be used.
    public func step(at now: Timestamp, told: Told?) -> Step? {
        guard let dueAt else { return nil }
        let told = told.flatMap { $0.dueAt == dueAt ? $0.milestone : nil }
        if dueAt <= now {
            if self.isRequired { return .suspend }
            switch self.rule?.mode {
            case .holder: return .suspend
            case .enforce: return .end
            case .remind, nil: break
            }
        }
        let reached = Milestone.allCases.last { milestone in
            self.moment(of: milestone).map { $0 <= now } ?? false
        }
        guard let reached, told.map({ $0 < reached }) ?? true else { return nil }
        return .tell(reached)
    }

    /// When something is to be told; nil for what lies outside of the window.
    private func moment(of milestone: Milestone) -> Timestamp? {
        guard let dueAt else { return nil }
        // Where it was asked for, people are told from that moment on.
        let window = self.isRequired ? nil : self.rule?.window
        func before(_ time: Duration) -> Timestamp? { window.map { $0 < time } ?? false ? nil : dueAt - time }
        return switch milestone {
        case .window: window.map { dueAt - $0 } ?? .earliest
        case .week: before(.seconds(7 * 86_400))
        case .day: before(.seconds(86_400))
        case .overdue: dueAt
        }
    }
}
