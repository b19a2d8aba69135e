public import ClavigerCore

/// A key that is in breach of policies.
public struct PolicyBreach: Sendable {
    /// The key.
    public let keyID: APIKey.ID
    /// Its name.
    public let name: String
    /// Its api.
    public let api: API.Reference
    /// Its environment.
    public let environment: EnvironmentName
    /// Its owner.
    public let consumerID: Consumer.ID
    /// Its state, time left aside.
    public let state: KeyState.Name
    /// What is wrong with it.
    public let violations: [Violation]
}

/// Which breaches are asked for.
public struct BreachFilter: Hashable, Sendable {
    /// Of this policy.
    public var policy: ResourceName?
    /// By keys of this api.
    public var api: Reference<API>?
    /// By keys of this environment.
    public var environment: EnvironmentName?

    /// Makes a filter that lets everything through.
    public init() {}
}

/// A part of the breaches.
public struct BreachPage: Sendable {
    /// The keys in breach.
    public let breaches: [PolicyBreach]
    /// How many keys were looked at.
    public let checked: Int
    /// Where it goes on; nil at the end.
    public let next: String?
}

extension Authority {
    /// How many keys one call looks at; a page may have nothing and be followed by others.
    private static let checkedPerCall = 50_000

    /// Keys that are in breach of policies, among those that the caller may read.
    ///
    /// Keys whose time is over, and those that were ended, are in breach of nothing.
    ///
    /// - Parameter after: the `next` of the page before.
    public func policyBreaches(
        _ filter: BreachFilter,
        after: String?,
        limit: Int,
        by caller: Caller
    ) async throws -> BreachPage {
        let now = self.time.now()
        let stops = try await self.breachStops(filter, by: caller)
        let scan = PolicyScan(store: self.store, workspaceID: caller.workspaceID, now: now)
        var breaches: [PolicyBreach] = []
        var checked = 0
        var cut: PolicyScan.Position?
        let end = try await scan.walk(stops, from: after.flatMap(PolicyScan.Position.init(text:))) { rules, keys, _ in
            for (index, key) in keys.enumerated() {
                guard let breach = Self.breach(of: key, rules, filter, at: now, &checked) else { continue }
                breaches.append(breach)
                if breaches.count == limit, index < keys.count - 1 {
                    let place = KeyFilter.Place(apiID: rules.api.id, environment: rules.environment.name)
                    cut = PolicyScan.Position(place: place, after: key.id)
                    return false
                }
            }
            return breaches.count < limit && checked < Self.checkedPerCall
        }
        return BreachPage(breaches: breaches, checked: checked, next: (cut ?? end)?.text)
    }

    /// Refuses who may not ask for these breaches.
    public func checkMayListBreaches(_ filter: BreachFilter, by caller: Caller) async throws {
        _ = try await self.breachStops(filter, by: caller)
    }

    /// Hands on all keys that are in breach, a page at a time, in bounded memory.
    ///
    /// - Returns: how many keys were looked at and how many of them are in breach.
    public func forEachBreach(
        _ filter: BreachFilter,
        by caller: Caller,
        _ body: ([PolicyBreach]) async throws -> Void
    ) async throws -> (checked: Int, inBreach: Int) {
        let now = self.time.now()
        let stops = try await self.breachStops(filter, by: caller)
        let scan = PolicyScan(store: self.store, workspaceID: caller.workspaceID, now: now)
        var (checked, inBreach) = (0, 0)
        _ = try await scan.walk(stops) { rules, keys, _ in
            var breaches: [PolicyBreach] = []
            for key in keys {
                if let breach = Self.breach(of: key, rules, filter, at: now, &checked) { breaches.append(breach) }
            }
            inBreach += breaches.count
            if !breaches.isEmpty { try await body(breaches) }
            return true
        }
        return (checked, inBreach)
    }

    /// The places that are asked for and that the caller may see the keys of.
    private func breachStops(
        _ filter: BreachFilter,
        by caller: Caller
    ) async throws -> [PolicyScan.Stop<PlaceRules>] {
        try await self.read(AuditAction(.policy, "check"), filter.policy?.text, by: caller) { tx, caller in
            try caller.require(.readPolicies)
            if let policy = filter.policy { _ = try tx.existingPolicy(policy, in: caller.workspaceID) }
            let policies = try tx.policies(in: caller.workspaceID)
            let apis = try filter.api.map { [try tx.existingAPI($0, in: caller.workspaceID)] }
            var refused: Permission?
            var stops: [PolicyScan.Stop<PlaceRules>] = []
            for api in try apis ?? tx.apis(in: caller.workspaceID) {
                for environment in api.attributes.environments
                where filter.environment == nil || filter.environment == environment.name {
                    let rules = PlaceRules(policies, api: api, environment: environment)
                    guard !rules.isEmpty else { continue }
                    let permission = Permission.keys(.read, api.reference, environment.name)
                    guard permission.isGranted(by: caller.scopes) else {
                        refused = permission
                        continue
                    }
                    let place = KeyFilter.Place(apiID: api.id, environment: environment.name)
                    stops.append(PolicyScan.Stop(place: place, needs: rules.needs, rules: rules))
                }
            }
            if stops.isEmpty, let refused { throw Problem.forbidden(needed: refused) }
            return PolicyScan.ordered(stops)
        }
    }

    private static func breach(
        of key: StandingKey,
        _ rules: PlaceRules,
        _ filter: BreachFilter,
        at now: Timestamp,
        _ checked: inout Int
    ) -> PolicyBreach? {
        let subject = key.subject
        if let longest = rules.lifecycle.maximumLifetime, subject.createdAt + longest <= now,
            rules.lifecycle.reaches(ScopeSet(subject.scopes + subject.roleScopes))
        {
            return nil
        }
        checked += 1
        var violations = rules.violations(of: subject)
        if let policy = filter.policy { violations = violations.filter { $0.policy == policy.text } }
        guard !violations.isEmpty else { return nil }
        return PolicyBreach(
            keyID: key.id,
            name: subject.name,
            api: rules.api.reference,
            environment: rules.environment.name,
            consumerID: key.consumerID,
            state: key.state,
            violations: violations
        )
    }
}
