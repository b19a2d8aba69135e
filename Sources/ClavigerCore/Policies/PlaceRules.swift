/// What the policies ask of the keys of one api and environment, and what the api's own catalogue does.
///
/// Made once and held against many keys.
public struct PlaceRules: Sendable {
    /// The rule that keeps the scopes of one environment off the keys of others.
    public static let environmentRule = "catalogue.environments"

    /// The api.
    public let api: API
    /// The environment.
    public let environment: API.Environment
    /// The policies, by name.
    public let policies: [Policy]
    /// What they say together of how keys live.
    public let lifecycle: LifecycleRules
    /// The scopes of the catalogue that are for other environments.
    private let foreignScopes: [Scope]

    /// Picks out the policies that are meant for a place.
    public init(_ policies: some Sequence<Policy>, api: API, environment: API.Environment) {
        self.api = api
        self.environment = environment
        self.policies = policies.filter { $0.document.applies(to: api, environment.name) }
            .sorted { $0.name.text < $1.name.text }
        var lifecycle = LifecycleRules()
        lifecycle.sparesOwners = api.isManagement
        for policy in self.policies { lifecycle.add(policy) }
        self.lifecycle = lifecycle
        self.foreignScopes = api.scopes(notFor: environment.name)
    }

    /// Whether keys need approval, and of how many: what the environment says together with the policies.
    public var approval: ApprovalRules {
        let own = self.environment.approval ?? .usual
        return self.lifecycle.approvals.map { own.stricter(with: $0) } ?? own
    }

    /// Whether no key can be in breach of anything.
    public var isEmpty: Bool { self.policies.isEmpty && self.foreignScopes.isEmpty }

    /// The parts of a key that have to be known.
    public var needs: PolicyNeeds {
        let own: PolicyNeeds = self.foreignScopes.isEmpty ? [] : .scopes
        let spared: PolicyNeeds = self.lifecycle.sparesOwners ? .scopes : []
        return self.policies.reduce(own.union(spared)) { $0.union($1.document.needs) }
    }

    /// Everything that is wrong with a key, by all policies.
    ///
    /// - Parameter pointer: where the key stands in the request.
    public func violations(of subject: PolicySubject, at pointer: String = "") -> [Violation] {
        var violations: [Violation] = []
        for policy in self.policies {
            policy.document.check(subject, in: self.environment) { place, rule, message in
                violations.append(Violation(pointer + place, message, rule: rule, policy: policy.name.text))
            }
        }
        for (index, scope) in subject.scopes.enumerated() where self.isForeign(scope) {
            violations.append(
                Violation("\(pointer)/scopes/\(index)", self.foreignMessage, rule: Self.environmentRule)
            )
        }
        if subject.roleScopes.contains(where: self.isForeign) {
            violations.append(
                Violation("\(pointer)/roles", "have a scope that \(self.foreignMessage)", rule: Self.environmentRule)
            )
        }
        return violations
    }

    /// How long a key with these scopes can live at most, those of its roles included.
    public func longestLife(of scopes: ScopeSet) -> Duration? {
        self.lifecycle.reaches(scopes) ? self.lifecycle.maximumLifetime : nil
    }

    /// Fills in what the attributes of a new key leave open, from the templates and the usual lifetimes.
    ///
    /// What is filled in never lives longer than the policies let it: nobody asked for that length.
    public func fill(_ attributes: inout APIKey.Attributes, at now: Timestamp) {
        for policy in self.policies {
            let template = policy.document.template
            if attributes.scopes.isEmpty { attributes.scopes = template.scopes }
            var members = attributes.metadata.object
            for (name, value) in template.metadata.members where members[name] == nil { members[name] = value }
            if let metadata = try? Metadata(members) { attributes.metadata = metadata }
        }
        guard attributes.expiresAt == nil else { return }
        let templates = self.policies.compactMap(\.document.template.lifetime)
        let usual = self.policies.compactMap(\.document.lifetime.usual)
        let lifetime = templates.min() ?? usual.min() ?? self.api.attributes.defaults.lifetime
        guard let lifetime else { return }
        attributes.expiresAt = now + min(lifetime, self.lifecycle.maximumLifetime ?? lifetime)
    }

    /// A scope that reaches one of another environment grants it, also by its `*`.
    private func isForeign(_ scope: Scope) -> Bool {
        self.foreignScopes.contains { scope.covers($0) }
    }

    private var foreignMessage: String {
        "reaches a scope that the catalogue of the api \(self.api.name.text) keeps for other environments"
    }
}

extension API {
    /// The scopes of the catalogue that keys of an environment may not have.
    public func scopes(notFor environment: EnvironmentName) -> [Scope] {
        self.attributes.catalogue.filter { !$0.environments.isEmpty && !$0.environments.contains(environment) }
            .map(\.scope)
    }
}

extension PlaceRules {
    /// What is wrong with a scope that a role brings to keys which have the role already.
    public func violation(ofRoleWith scope: Scope, at now: Timestamp) -> Violation? {
        let subject = PolicySubject(name: "", ownerKind: nil, scopes: [], roleScopes: [scope], createdAt: now)
        // What else is wrong with a key of nothing but this scope means nothing.
        return self.violations(of: subject).first { $0.pointer == "/roles" }
    }
}
