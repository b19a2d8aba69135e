/// What a policy asks of the keys of some apis and environments.
///
/// A part that is not there asks for nothing. Of several policies for the same keys, each has to be met.
public struct PolicyDocument: Hashable, Sendable {
    /// A word about the policy.
    public var description: String?
    /// The apis, by name; none means all but the built-in one.
    public var apis: [ResourceName] = []
    /// The environments; none means all.
    public var environments: [EnvironmentName] = []
    /// The shapes of which a key's name has to have one.
    public var namePatterns: [TextPattern] = []
    /// What the metadata has to have.
    public var metadata: [MetadataRule] = []
    /// What owners may be; anything if there are none.
    public var ownerKinds: [Consumer.Kind] = []
    /// What is asked of scopes.
    public var scopes = ScopeRules()
    /// What is asked of restrictions.
    public var restrictions = RestrictionRules()
    /// How long keys live.
    public var lifetime = LifetimeRules()
    /// How often keys need a new credential.
    public var rotation: RotationRule?
    /// What becomes of keys that nobody uses.
    public var inactivity: InactivityRule?
    /// How many have to agree to a key.
    public var approvals: ApprovalRule?
    /// What a key gets that does not say it itself.
    public var template = PolicyTemplate()

    /// Makes a document that asks for nothing, of all keys but management keys.
    public init() {}

    /// Whether keys of this api and environment are meant.
    public func applies(to api: API, _ environment: EnvironmentName) -> Bool {
        guard self.environments.isEmpty || self.environments.contains(environment) else { return false }
        // Power over Claviger itself is only touched by who says so.
        return self.apis.isEmpty ? !api.isManagement : self.apis.contains(api.name)
    }

    /// The parts of a key that the rules look at.
    public var needs: PolicyNeeds {
        var needs: PolicyNeeds = []
        if !self.ownerKinds.isEmpty { needs.insert(.owner) }
        if !self.metadata.isEmpty { needs.insert(.metadata) }
        if !self.restrictions.isEmpty { needs.insert(.restrictions) }
        if !self.scopes.isEmpty { needs.insert(.scopes) }
        return needs
    }

    /// Holds a key to the rules.
    ///
    /// - Parameter environment: the key's, whose restrictions count too.
    func check(_ subject: PolicySubject, in environment: API.Environment, _ refuse: PolicyRefusal) {
        if !self.namePatterns.isEmpty, !self.namePatterns.contains(where: { $0.matches(subject.name) }) {
            let patterns = self.namePatterns.map(\.text).joined(separator: " or ")
            refuse("/name", "name.patterns", "must fit the pattern \(patterns)")
        }
        if let kind = subject.ownerKind, !self.ownerKinds.isEmpty, !self.ownerKinds.contains(kind) {
            let kinds = self.ownerKinds.map(\.rawValue).joined(separator: " or ")
            refuse("/consumerId", "owners.kinds", "must be of the kind \(kinds)")
        }
        self.scopes.check(subject, refuse)
        self.restrictions.check(subject.restrictions, in: environment, refuse)
        for rule in self.metadata { rule.check(subject.metadata, refuse) }
        self.lifetime.check(subject, refuse)
    }

    /// Whether a key meets all rules.
    public func isMet(by subject: PolicySubject, in environment: API.Environment) -> Bool {
        var isMet = true
        self.check(subject, in: environment) { _, _, _ in isMet = false }
        return isMet
    }
}
