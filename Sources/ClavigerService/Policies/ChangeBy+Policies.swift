import ClavigerCore
import ClavigerVerifier

/// The rules of the places that one change touches, each made once.
struct PlaceRulesCache {
    private let policies: [Policy]
    private var known: [KeyFilter.Place: PlaceRules] = [:]

    init(_ tx: any AuthorityReading, _ workspace: Workspace.ID) throws {
        self.policies = try tx.policies(in: workspace)
    }

    mutating func rules(_ api: API, _ environment: API.Environment) -> PlaceRules {
        let place = KeyFilter.Place(apiID: api.id, environment: environment.name)
        if let rules = self.known[place] { return rules }
        let rules = PlaceRules(self.policies, api: api, environment: environment)
        self.known[place] = rules
        return rules
    }
}

extension AuthorityReading {
    /// What the policies ask of the keys of a place; nil where there is no such environment any more.
    func placeRules(_ api: API, _ environment: EnvironmentName) throws -> PlaceRules? {
        guard let environment = api.environment(named: environment) else { return nil }
        return PlaceRules(try self.policies(in: api.workspaceID), api: api, environment: environment)
    }

    /// What the policies say together of how the keys of a place live.
    func lifecycleRules(of api: API, _ environment: EnvironmentName) throws -> LifecycleRules {
        try self.placeRules(api, environment)?.lifecycle ?? LifecycleRules()
    }

    /// What policies look at of a key.
    func policySubject(of key: APIKey) throws -> PolicySubject {
        try self.policySubject(of: key.attributes, key.consumerID, in: key.workspaceID, at: key.createdAt)
    }

    /// What policies look at of a key that is not there yet.
    func policySubject(
        of attributes: APIKey.Attributes,
        _ owner: Consumer.ID,
        in workspace: Workspace.ID,
        at createdAt: Timestamp
    ) throws -> PolicySubject {
        PolicySubject(
            attributes,
            owner: try self.consumer(owner, in: workspace)?.attributes.kind,
            roleScopes: try self.roleScopes(of: attributes.roles, in: workspace),
            createdAt: createdAt
        )
    }

    /// How long the policies let a key live.
    func longestLife(of key: APIKey, _ api: API) throws -> Duration? {
        try self.placeRules(api, key.environment)?.longestLife(of: try self.granted(to: key))
    }

    /// The scopes of roles.
    func roleScopes(of roles: [ResourceName], in workspace: Workspace.ID) throws -> [Scope] {
        try roles.flatMap { try self.role(named: $0, in: workspace)?.attributes.scopes ?? [] }
    }
}

extension ChangeBy {
    /// Refuses to let a key be used again that is in breach of a policy.
    func requirePolicies(of key: APIKey, _ api: API) throws {
        guard let rules = try self.tx.placeRules(api, key.environment), !rules.isEmpty else { return }
        let violations = rules.violations(of: try self.tx.policySubject(of: key))
        guard violations.isEmpty else { throw Problem.validation(violations) }
    }

    /// What a change of a key would make wrong by the policies, or leave wrong of what it touches.
    ///
    /// What was wrong before and is not touched stays: nobody should have to repair a name before a leak can be
    /// answered with narrower networks.
    func policyViolations(
        of key: APIKey,
        from former: APIKey,
        _ api: API,
        touching fields: Set<String>
    ) throws -> [Violation] {
        guard let rules = try self.tx.placeRules(api, key.environment), !rules.isEmpty else { return [] }
        let subject = try self.tx.policySubject(of: key)
        let before = Set(rules.violations(of: try self.tx.policySubject(of: former)))
        return rules.violations(of: subject).filter { violation in
            let field = violation.pointer.dropFirst().prefix { $0 != "/" }
            return fields.contains(String(field)) || !before.contains(violation)
        }
    }

    /// What other attributes would make wrong of a key by the policies, or leave wrong of what they change.
    func policyViolations(
        of key: APIKey,
        with attributes: APIKey.Attributes,
        _ api: API,
        at pointer: String
    ) throws -> [Violation] {
        var wanted = key
        wanted.attributes = attributes
        return try self.policyViolations(
            of: wanted,
            from: key,
            api,
            touching: key.attributes.fields(changedIn: attributes)
        )
        .map { Violation(pointer + $0.pointer, $0.message, rule: $0.rule, policy: $0.policy) }
    }

    /// Writes down how long keys can live everywhere, as verification reads it.
    ///
    /// Where that changes, every key in memory is read again before the change is acknowledged (promise P4).
    mutating func refreshLifetimes() throws {
        let policies = try self.tx.policies(in: self.workspaceID).filter { $0.document.lifetime.maximum != nil }
        var lifetimes: [PlaceLifetime] = []
        if !policies.isEmpty {
            for api in try self.tx.apis(in: self.workspaceID) {
                for environment in api.attributes.environments {
                    let lifecycle = PlaceRules(policies, api: api, environment: environment).lifecycle
                    guard let maximum = lifecycle.maximumLifetime else { continue }
                    let place = KeyFilter.Place(apiID: api.id, environment: environment.name)
                    lifetimes.append(
                        PlaceLifetime(place: place, maximum: maximum, sparesOwners: lifecycle.sparesOwners)
                    )
                }
            }
        }
        guard Set(lifetimes) != Set(try self.tx.placeLifetimes(in: self.workspaceID)) else { return }
        try self.tx.replacePlaceLifetimes(lifetimes, in: self.workspaceID)
        self.effects.changedEverything = true
    }
}

extension APIKey.Attributes {
    /// The fields that are different, as violations point at them.
    func fields(changedIn other: Self) -> Set<String> {
        var fields: Set<String> = []
        if self.name != other.name { fields.insert("name") }
        if self.scopes != other.scopes { fields.insert("scopes") }
        if self.roles != other.roles { fields.insert("roles") }
        if self.expiresAt != other.expiresAt { fields.insert("expiresAt") }
        if self.restrictions != other.restrictions { fields.insert("restrictions") }
        if self.metadata != other.metadata { fields.insert("metadata") }
        return fields
    }
}

extension KeyPatch {
    /// The fields that are to change, as violations point at them.
    var touched: Set<String> {
        var fields: Set<String> = []
        if case .keep = self.name {} else { fields.insert("name") }
        if case .keep = self.scopes {} else { fields.insert("scopes") }
        if case .keep = self.roles {} else { fields.insert("roles") }
        if case .keep = self.expiresAt {} else { fields.insert("expiresAt") }
        if case .keep = self.restrictions {} else { fields.insert("restrictions") }
        if case .keep = self.metadata {} else { fields.insert("metadata") }
        return fields
    }
}
