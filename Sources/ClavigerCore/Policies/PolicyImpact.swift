/// What a changed policy would mean for the keys that are there, in numbers.
public struct PolicyImpact: Hashable, Sendable {
    /// How many keys are in breach of a rule.
    public struct RuleCount: Hashable, Sendable {
        /// Under what counts now.
        public var before = 0
        /// Under what would count.
        public var after = 0
    }

    /// A key that shows what would change.
    public struct Example: Hashable, Sendable {
        /// The key.
        public var keyID: APIKey.ID
        /// Its name.
        public var name: String
        /// What would become of it.
        public var change: Change
        /// What is wrong with it, under what would count.
        public var violations: [Violation]
    }

    /// What would become of a key.
    public enum Change: String, Sendable {
        /// It would be in breach.
        case breach
        /// It would not be in breach any more.
        case released
        /// Its time would be over at once.
        case ends
    }

    /// The largest number of examples.
    public static let mostExamples = 20

    /// The keys that can be used, or could if they were not suspended, and that the one or the other version means.
    public var keys = 0
    /// Those that would be in breach of nothing, and live on.
    public var met = 0
    /// Those in breach under what counts now.
    public var before = 0
    /// Those in breach under what would count.
    public var after = 0
    /// Those that would newly be in breach.
    public var newlyInBreach = 0
    /// Those that would not be in breach any more.
    public var released = 0
    /// Keys in breach by rule; a key may be in breach of several.
    public var rules: [String: RuleCount] = [:]
    /// Those whose time would be over at once.
    public var endsNow = 0
    /// Those that would end sooner, but not at once.
    public var endsSooner = 0
    /// Those that would end later.
    public var endsLater = 0
    /// Those that have ended by the policy and would live again.
    public var livesAgain = 0
    /// A few of the keys that would change.
    public var examples: [Example] = []

    /// Makes an impact on no key.
    public init() {}

    /// Whether there are keys, and none of them would meet the policy.
    public var isMetByNone: Bool { self.keys > 0 && self.met == 0 }

    /// Takes in one key.
    ///
    /// - Parameters:
    ///   - ends: when the key's time is over, before and after; nil for never.
    ///   - mayShow: whether the caller may see the key itself.
    public mutating func add(
        _ key: (id: APIKey.ID, name: String),
        before: [Violation],
        after: [Violation],
        ends: (before: Timestamp?, after: Timestamp?),
        at now: Timestamp,
        mayShow: Bool
    ) {
        let wasAlive = ends.before.map { now < $0 } ?? true
        let isAlive = ends.after.map { now < $0 } ?? true
        guard wasAlive || isAlive else { return }
        self.keys += 1
        for rule in Set(before.compactMap(\.rule)) { self.rules[rule, default: RuleCount()].before += 1 }
        for rule in Set(after.compactMap(\.rule)) { self.rules[rule, default: RuleCount()].after += 1 }
        if after.isEmpty, isAlive { self.met += 1 }
        if !before.isEmpty { self.before += 1 }
        if !after.isEmpty { self.after += 1 }
        var change: Change?
        switch (before.isEmpty, after.isEmpty) {
        case (true, false):
            self.newlyInBreach += 1
            change = .breach
        case (false, true):
            self.released += 1
            change = .released
        default: break
        }
        if wasAlive, !isAlive {
            self.endsNow += 1
            change = .ends
        } else if !wasAlive {
            self.livesAgain += 1
        } else if ends.before != ends.after {
            let isSooner = ends.before.map { before in ends.after.map { $0 < before } ?? false } ?? true
            if isSooner { self.endsSooner += 1 } else { self.endsLater += 1 }
        }
        guard let change, mayShow, self.examples.count < Self.mostExamples else { return }
        self.examples.append(Example(keyID: key.id, name: key.name, change: change, violations: after))
    }
}
