public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// Makes a policy, or gives it a new version; what it says counts from the next verification on.
    ///
    /// - Parameters:
    ///   - isForced: whether it is taken although no key that is there meets it.
    /// - Returns: the policy, and whether there was none of that name.
    public func setPolicy(
        _ name: ResourceName,
        _ document: PolicyDocument,
        expecting version: Int?,
        isForced: Bool,
        by caller: Caller
    ) async throws -> (policy: Policy, isNew: Bool) {
        let action = AuditAction(.policy, "set")
        if !isForced {
            let impact = try await self.impact(of: name, document, action, by: caller, until: { $0.met > 0 })
            if impact.isMetByNone { throw Problem.metByNone(impact) }
        }
        return try await self.change(action, name.text, by: caller, once: nil) { change in
            try change.caller.require(.managePolicies)
            let former = try change.tx.policy(named: name, in: change.workspaceID)
            try Problem.checkVersion(version, is: former?.version ?? 0)
            try change.tx.check(document, replacing: former, named: name, by: change.caller)
            if let former, former.document == document {
                change.nothingToDo()
                return (former, false)
            }
            let page = PageRequest(limit: 1)
            let last = try change.tx.policyVersions(of: name, in: change.workspaceID, page: page).first?.number ?? 0
            let policy = Policy(
                workspaceID: change.workspaceID,
                name: name,
                document: document,
                version: last + 1,
                createdAt: former?.createdAt ?? change.now,
                updatedAt: change.now,
                updatedBy: change.caller.keyID
            )
            try change.tx.store(policy)
            try change.refreshLifetimes()
            try change.record(
                action,
                name.text,
                before: former.map { ["version": .integer(Int64($0.version)), "document": $0.document.json] },
                after: ["version": .integer(Int64(policy.version)), "document": document.json]
            )
            return (policy, former == nil)
        }.value
    }

    /// One policy.
    public func policy(_ name: ResourceName, by caller: Caller) async throws -> Policy {
        try await self.read(AuditAction(.policy, "read"), name.text, by: caller) { tx, caller in
            try caller.require(.readPolicies)
            return try tx.existingPolicy(name, in: caller.workspaceID)
        }
    }

    /// The policies by name.
    public func policies(page: PageRequest, by caller: Caller) async throws -> [Policy] {
        try await self.read(AuditAction(.policy, "list"), nil, by: caller) { tx, caller in
            try caller.require(.readPolicies)
            let rest = try tx.policies(in: caller.workspaceID).drop { $0.name.text <= page.after ?? "" }
            return Array(rest.prefix(page.limit))
        }
    }

    /// What a policy was, the newest first; also of one that was deleted.
    public func policyVersions(
        _ name: ResourceName,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [PolicyVersion] {
        try await self.read(AuditAction(.policy, "read"), name.text, by: caller) { tx, caller in
            try caller.require(.readPolicies)
            let versions = try tx.policyVersions(of: name, in: caller.workspaceID, page: page)
            if versions.isEmpty, page.after == nil { throw Problem.notFound("policy") }
            return versions
        }
    }

    /// One version of a policy.
    public func policyVersion(_ number: Int, of name: ResourceName, by caller: Caller) async throws -> PolicyVersion {
        try await self.read(AuditAction(.policy, "read"), name.text, by: caller) { tx, caller in
            try caller.require(.readPolicies)
            guard let version = try tx.policyVersion(number, of: name, in: caller.workspaceID) else {
                throw Problem.notFound("version of the policy")
            }
            return version
        }
    }

    /// Ends a policy; its versions stay.
    public func deletePolicy(_ name: ResourceName, expecting version: Int?, by caller: Caller) async throws {
        let action = AuditAction(.policy, "delete")
        _ = try await self.change(action, name.text, by: caller, once: nil) { change in
            try change.caller.require(.managePolicies)
            let policy = try change.tx.existingPolicy(name, in: change.workspaceID)
            try Problem.checkVersion(version, is: policy.version)
            try change.tx.requirePower(over: policy.document, by: change.caller)
            try change.tx.delete(policy, as: policy.version + 1, by: change.caller.keyID, at: change.now)
            try change.refreshLifetimes()
            try change.record(
                action,
                name.text,
                before: ["version": .integer(Int64(policy.version)), "document": policy.document.json]
            )
        }
    }

    /// What the policies say together of how the keys of an api and environment live: rotation, inactivity, approval.
    ///
    /// For what the server does by itself; nobody's permission is asked.
    public func lifecycleRules(
        of api: API.ID,
        _ environment: EnvironmentName,
        in workspace: Workspace.ID
    ) async throws -> LifecycleRules {
        try await self.store.read { tx in
            guard let api = try tx.api(api, in: workspace) else { return LifecycleRules() }
            return try tx.lifecycleRules(of: api, environment)
        }
    }
}

extension AuthorityReading {
    func existingPolicy(_ name: ResourceName, in workspace: Workspace.ID) throws -> Policy {
        guard let policy = try self.policy(named: name, in: workspace) else { throw Problem.notFound("policy") }
        return policy
    }

    /// Whoever changes what is asked of management keys has to have power over their api.
    func requirePower(over document: PolicyDocument, by caller: Caller) throws {
        guard document.apis.contains(API.managementName),
            let management = try self.api(named: API.managementName, in: caller.workspaceID)
        else { return }
        try caller.require(.apis(.update, management.reference))
    }

    /// Holds a document to what there is in the workspace: apis, environments, scopes and the other policies.
    func check(
        _ document: PolicyDocument,
        replacing former: Policy?,
        named name: ResourceName,
        by caller: Caller
    ) throws {
        try self.requirePower(over: document, by: caller)
        if let former { try self.requirePower(over: former.document, by: caller) }
        let others = try self.policies(in: caller.workspaceID).filter { $0.name != name }
        guard others.count < Policy.most else {
            throw Problem(.stateConflict, "There are \(Policy.most) policies already. Delete one first, or merge some.")
        }
        let apis = try self.apis(in: caller.workspaceID)
        var violations = document.unknownPlaces(among: apis) + document.unknownScopes(among: apis)
        for other in others where document.overlaps(other.document, among: apis) {
            violations += document.contradictions(with: other)
        }
        guard violations.isEmpty else { throw Problem.validation(violations) }
    }
}

extension PolicyDocument {
    /// The apis that it means and that there are.
    private func meant(among apis: [API]) -> [API] {
        apis.filter { api in api.attributes.environments.contains { self.applies(to: api, $0.name) } }
    }

    fileprivate func unknownPlaces(among apis: [API]) -> [Violation] {
        var violations: [Violation] = []
        for (index, name) in self.apis.enumerated() where !apis.contains(where: { $0.name == name }) {
            violations.append(Violation("/appliesTo/apis/\(index)", "is not an api of this workspace"))
        }
        let named = self.apis.isEmpty ? apis : apis.filter { self.apis.contains($0.name) }
        for (index, name) in self.environments.enumerated()
        where !named.contains(where: { $0.environment(named: name) != nil }) {
            violations.append(Violation("/appliesTo/environments/\(index)", "is not an environment of these apis"))
        }
        return violations
    }

    /// Scopes that keys have to have, or get, and that the catalogue would refuse.
    fileprivate func unknownScopes(among apis: [API]) -> [Violation] {
        var violations: [Violation] = []
        let named = self.meant(among: apis).filter { self.apis.contains($0.name) }
        for (pointer, scopes) in [
            ("/scopes/required", self.scopes.required), ("/template/scopes", self.template.scopes),
        ] {
            for (index, scope) in scopes.enumerated() {
                let place = "\(pointer)/\(index)"
                if let api = named.first(where: { !$0.unknownScopes(among: [scope]).isEmpty }) {
                    violations.append(
                        Violation(place, "is not in the scope catalogue of the api \(api.name.text)")
                    )
                }
                let isForeign = named.contains { api in
                    api.attributes.environments.contains { environment in
                        self.applies(to: api, environment.name)
                            && api.scopes(notFor: environment.name).contains { scope.covers($0) }
                    }
                }
                if isForeign { violations.append(Violation(place, "is kept for other environments by the catalogue")) }
            }
        }
        return violations
    }

    fileprivate func overlaps(_ other: PolicyDocument, among apis: [API]) -> Bool {
        apis.contains { api in
            api.attributes.environments.contains {
                self.applies(to: api, $0.name) && other.applies(to: api, $0.name)
            }
        }
    }
}

extension Problem {
    /// The refusal of a policy that would leave no key as it is, in numbers.
    fileprivate static func metByNone(_ impact: PolicyImpact) -> Problem {
        let rules = impact.rules.filter { $0.value.after > 0 }.sorted { $0.key < $1.key }
            .map { "\($0.value.after) by \($0.key)" }
        let ends = impact.endsNow > 0 ? ["\(impact.endsNow) would end at once"] : []
        return Problem(
            .stateConflict,
            """
            None of the \(impact.keys) keys that the policy is for meets it: \((rules + ends).joined(separator: ", ")). \
            See its diff first; force=true applies it all the same.
            """
        )
    }
}
