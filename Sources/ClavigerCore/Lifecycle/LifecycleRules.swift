/// What the policies say together of how keys of one api and environment live: rotation, inactivity and approval.
///
/// Of several policies the stricter value counts, each by itself.
public struct LifecycleRules: Hashable, Sendable {
    /// The names of the policies that it comes from.
    public var policies: [ResourceName] = []
    /// How often keys need a new credential; nil where no policy says so.
    public var rotation: RotationRule?
    /// What becomes of keys that nobody uses; nil where no policy says so.
    public var inactivity: InactivityRule?
    /// How many have to agree to a key; nil where no policy says so.
    public var approvals: ApprovalRule?
    /// How long a key can live at most.
    public var maximumLifetime: Duration?
    /// When one of the policies was last changed; nil where there is none.
    public var changedAt: Timestamp?
    /// Whether keys that hold `*` are left alone: those of owners, who could not come back.
    public var sparesOwners = false

    /// Makes rules that ask for nothing.
    public init() {}

    /// Whether the rules may end or suspend a key with these scopes, those of its roles included.
    public func reaches(_ scopes: ScopeSet) -> Bool {
        !self.sparesOwners || !scopes.isEverything
    }

    /// Takes in what one more policy says.
    mutating func add(_ policy: Policy) {
        let document = policy.document
        self.policies.append(policy.name)
        self.changedAt = max(self.changedAt ?? .earliest, policy.updatedAt)
        self.rotation = Self.merged(self.rotation, document.rotation) { $0.stricter(with: $1) }
        self.inactivity = Self.merged(self.inactivity, document.inactivity) { $0.stricter(with: $1) }
        self.approvals = Self.merged(self.approvals, document.approvals) { $0.stricter(with: $1) }
        self.maximumLifetime = [self.maximumLifetime, document.lifetime.maximum].compactMap { $0 }.min()
    }

    private static func merged<T>(_ one: T?, _ other: T?, _ merge: (T, T) -> T) -> T? {
        guard let one, let other else { return one ?? other }
        return merge(one, other)
    }
}

extension ScopeSet {
    /// Whether one of the scopes is `*`.
    public var isEverything: Bool { self.scopes.first?.text == "*" }
}
