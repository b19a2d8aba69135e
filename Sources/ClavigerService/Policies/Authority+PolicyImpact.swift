public import ClavigerCore

extension Authority {
    /// What a policy, given now, would mean for the keys that are there; nothing is changed.
    ///
    /// The counting reads page by page: keys that change meanwhile are counted as they are found.
    public func policyDiff(
        _ name: ResourceName,
        _ document: PolicyDocument,
        by caller: Caller
    ) async throws -> PolicyDiff {
        let action = AuditAction(.policy, "diff")
        let current = try await self.read(action, name.text, by: caller) { tx, caller in
            try caller.require(.readPolicies)
            let current = try tx.policy(named: name, in: caller.workspaceID)
            try tx.check(document, replacing: current, named: name, by: caller)
            return current
        }
        let impact = try await self.impact(of: name, document, action, by: caller, until: { _ in false })
        return PolicyDiff(name: name, current: current, document: document, impact: impact)
    }

    /// The two states of the rules of one place.
    private struct Comparison: Sendable {
        var before: PlaceRules
        var after: PlaceRules
        /// The policy alone, as it is and as it would be.
        var own: (before: PlaceRules, after: PlaceRules)
        var mayShow: Bool
    }

    /// Walks over the keys that the old or the new version means.
    ///
    /// - Parameter isEnough: ends the walk early.
    func impact(
        of name: ResourceName,
        _ document: PolicyDocument,
        _ action: AuditAction,
        by caller: Caller,
        until isEnough: (PolicyImpact) -> Bool
    ) async throws -> PolicyImpact {
        let now = self.time.now()
        let stops = try await self.read(action, name.text, by: caller) { tx, caller in
            if action.verb == "set" {
                // Before any counting: what cannot be stored is not worth it.
                try caller.require(.managePolicies)
                let former = try tx.policy(named: name, in: caller.workspaceID)
                try tx.check(document, replacing: former, named: name, by: caller)
            } else {
                try caller.require(.readPolicies)
            }
            return try Self.comparisons(of: name, document, tx, caller)
        }
        var impact = PolicyImpact()
        let scan = PolicyScan(store: self.store, workspaceID: caller.workspaceID, now: now)
        _ = try await scan.walk(stops) { rules, keys, _ in
            for key in keys { Self.add(key, rules, to: &impact, at: now) }
            return !isEnough(impact)
        }
        return impact
    }

    private static func comparisons(
        of name: ResourceName,
        _ document: PolicyDocument,
        _ tx: any AuthorityReading,
        _ caller: Caller
    ) throws -> [PolicyScan.Stop<Comparison>] {
        let policies = try tx.policies(in: caller.workspaceID)
        let old = policies.filter { $0.name == name }
        let others = policies.filter { $0.name != name }
        let new = Policy(
            workspaceID: caller.workspaceID,
            name: name,
            document: document,
            version: 1,
            createdAt: .earliest,
            updatedAt: .earliest,
            updatedBy: nil
        )
        var stops: [PolicyScan.Stop<Comparison>] = []
        for api in try tx.apis(in: caller.workspaceID) {
            for environment in api.attributes.environments
            where (old + [new]).contains(where: { $0.document.applies(to: api, environment.name) }) {
                let comparison = Comparison(
                    before: PlaceRules(others + old, api: api, environment: environment),
                    after: PlaceRules(others + [new], api: api, environment: environment),
                    own: (
                        PlaceRules(old, api: api, environment: environment),
                        PlaceRules([new], api: api, environment: environment)
                    ),
                    mayShow: Permission.keys(.read, api.reference, environment.name).isGranted(by: caller.scopes)
                )
                stops.append(
                    PolicyScan.Stop(
                        place: KeyFilter.Place(apiID: api.id, environment: environment.name),
                        needs: comparison.own.before.needs.union(comparison.own.after.needs),
                        rules: comparison
                    )
                )
            }
        }
        return PolicyScan.ordered(stops)
    }

    private static func add(
        _ key: StandingKey,
        _ rules: Comparison,
        to impact: inout PolicyImpact,
        at now: Timestamp
    ) {
        let subject = key.subject
        let scopes = ScopeSet(subject.scopes + subject.roleScopes)
        func end(_ rules: PlaceRules) -> Timestamp? {
            APIKey.end(
                subject.expiresAt,
                createdAt: subject.createdAt,
                longestLife: rules.longestLife(of: scopes)
            )
        }
        impact.add(
            (key.id, subject.name),
            before: rules.own.before.violations(of: subject).filter { $0.policy != nil },
            after: rules.own.after.violations(of: subject).filter { $0.policy != nil },
            ends: (end(rules.before), end(rules.after)),
            at: now,
            mayShow: rules.mayShow
        )
    }
}
