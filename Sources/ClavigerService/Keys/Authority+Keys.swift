public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// Makes keys, all or none of them, and gives their tokens this one time.
    public func issue(
        _ drafts: [KeyDraft],
        by caller: Caller,
        once: Once<[IssuedKey]>? = nil
    ) async throws -> Outcome<[IssuedKey]> {
        let action = AuditAction(.key, "create")
        let hasher = self.keyring
        return try await self.change(action, nil, by: caller, once: once) { change in
            // Read here, on the writing thread: a rotation of the pepper before this transaction must count.
            let hasher = hasher.keyring.makeHasher()
            var issued: [IssuedKey] = []
            var violations: [Violation] = []
            var places = try PlaceRulesCache(change.tx, change.workspaceID)
            for draft in drafts {
                let permission: Permission.KeyAction = draft.breakGlass == nil ? .create : .breakGlass
                let reach = change.caller.reach
                guard let wanted = try Self.resolve(draft, permission, from: reach, change, &places, &violations) else {
                    continue
                }
                if let glass = draft.breakGlass {
                    issued.append(try change.breakGlass(for: wanted, glass, hasher))
                } else {
                    try change.tx.refuseWithoutApproval(wanted.api, wanted.environment.name)
                    issued.append(try change.put(wanted, hasher))
                }
            }
            guard violations.isEmpty else { throw Problem.validation(violations) }
            return issued
        }
    }

    /// Looks up what a draft names, completes it and checks it.
    ///
    /// - Parameters:
    ///   - permission: what the caller needs for the place of the key.
    ///   - giver: whose power the key takes; nil while nobody gives any yet.
    static func resolve(
        _ draft: KeyDraft,
        _ permission: Permission.KeyAction,
        from giver: Reach?,
        _ change: Change,
        _ places: inout PlaceRulesCache,
        _ violations: inout [Violation]
    ) throws -> ResolvedDraft? {
        guard let api = try change.tx.api(draft.api, in: change.workspaceID) else {
            violations.append(Violation("\(draft.pointer)/apiId", "is not an api of this workspace"))
            return nil
        }
        guard let environment = api.environment(named: draft.environment) else {
            let names = api.attributes.environments.map(\.name.text).joined(separator: ", ")
            violations.append(
                Violation("\(draft.pointer)/environment", "is not an environment of the api; it has \(names)")
            )
            return nil
        }
        try change.caller.require(.keys(permission, api.reference, environment.name))
        var check = GrantCheck(api: api, kind: draft.kind, pointer: draft.pointer)
        var attributes = draft.attributes
        attributes.allowance.creditsSince = change.now
        if let reference = draft.plan {
            attributes.allowance.planID = try change.tx.plan(reference, in: change.workspaceID)?.id
            if attributes.allowance.planID == nil { check.refuse("planId", "is not a plan of this workspace") }
        }
        let rules = places.rules(api, environment)
        rules.fill(&attributes, at: change.now)
        if let glass = draft.breakGlass {
            violations += glass.violations(at: change.now, pointer: "\(draft.pointer)/breakGlass")
            attributes.expiresAt = min(attributes.expiresAt ?? glass.until, glass.until)
        }
        try check.check(&attributes, from: giver, change.tx)
        if let expiresAt = attributes.expiresAt, expiresAt <= change.now {
            check.refuse("expiresAt", "must be in the future")
        }
        let owner = try Self.owner(draft.owner, change)
        if owner == nil {
            let field = if case .id = draft.owner { "consumerId" } else { "consumerExternalId" }
            check.refuse(field, "is not a consumer of this workspace")
        }
        let roleScopes = try change.tx.roleScopes(of: attributes.roles, in: change.workspaceID)
        let subject = PolicySubject(
            attributes,
            owner: owner?.attributes.kind,
            roleScopes: roleScopes,
            createdAt: change.now
        )
        check.refuse(rules.violations(of: subject, at: draft.pointer))
        violations += check.violations
        guard let owner, check.violations.isEmpty else { return nil }

        return ResolvedDraft(
            api: api,
            environment: environment,
            owner: owner.id,
            kind: draft.kind,
            attributes: attributes,
            longestLife: rules.longestLife(of: ScopeSet(attributes.scopes + roleScopes))
        )
    }

    private static func owner(_ owner: KeyDraft.Owner, _ change: Change) throws -> Consumer? {
        switch owner {
        case .id(let id): try change.tx.consumer(id, in: change.workspaceID)
        case .externalID(let externalID): try change.tx.consumer(externalID: externalID, in: change.workspaceID)
        }
    }

    /// One key.
    public func key(_ id: APIKey.ID, by caller: Caller) async throws -> KeyReading {
        let now = self.time.now()
        return try await self.read(AuditAction(.key, "read"), id.text, by: caller) { tx, caller in
            KeyReading(value: try tx.existingKey(id, for: .read, caller).key, readAt: now)
        }
    }

    /// The credentials of a key.
    public func credentials(of id: APIKey.ID, by caller: Caller) async throws -> [Credential] {
        try await self.read(AuditAction(.key, "read"), id.text, by: caller) { tx, caller in
            let key = try tx.existingKey(id, for: .read, caller).key
            return try tx.credentials(of: key.id, in: caller.workspaceID)
        }
    }

    /// The keys that the caller may read and that pass the filter, by id.
    ///
    /// - Parameter api: the api to list, by id or name; an unknown one has no keys.
    public func keys(
        _ filter: KeyFilter,
        api: Reference<API>?,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [KeyReading] {
        let now = self.time.now()
        return try await self.read(AuditAction(.key, "list"), nil, by: caller) { tx, caller in
            var filter = filter
            let apis: [API]
            if let api {
                guard let known = try tx.api(api, in: caller.workspaceID) else { return [] }
                filter.api = known.id
                apis = [known]
            } else {
                apis = try tx.apis(in: caller.workspaceID)
            }
            filter.places = try Self.readablePlaces(apis, environment: filter.environment, caller)
            return try tx.keys(filter, in: caller.workspaceID, page: page, at: now).map {
                KeyReading(value: $0, readAt: now)
            }
        }
    }

    /// Where the caller may read keys; nil for everywhere, a refusal for nowhere.
    static func readablePlaces(
        _ apis: [API],
        environment: EnvironmentName?,
        _ caller: Caller
    ) throws(Problem) -> [KeyFilter.Place]? {
        if let everything = try? Scope(parsing: "apis.*.*.keys.read"), caller.scopes.covers(everything) { return nil }
        let places = apis.places(in: environment) {
            Permission.keys(.read, $0.reference, $1).isGranted(by: caller.scopes)
        }
        // Where there is no place at all, there is nothing to refuse.
        if places.isEmpty, !apis.places(in: environment, where: { _, _ in true }).isEmpty {
            throw .forbidden(needed: Permission.anyKey(.read, api: "*", environment: environment))
        }
        return places
    }

    /// Changes a key.
    public func updateKey(
        _ id: APIKey.ID,
        _ patch: KeyPatch,
        expecting version: Int?,
        by caller: Caller
    ) async throws -> KeyReading {
        let action = AuditAction(.key, "update")
        return try await self.change(action, id.text, by: caller, once: nil) { change in
            let caller = change.caller
            var (key, api) = try change.tx.existingKey(id, for: .update, caller)
            try Problem.checkVersion(version, is: key.version)
            switch key.state {
            case .pending, .active, .suspended: break
            case .revoked, .compromised, .destroyed:
                throw Problem(.stateConflict, "The key is \(key.state.name.rawValue); it cannot be changed any more.")
            }
            if api.isManagement { try caller.requireItsRestrictions(on: key) }
            if api.isManagement, let missing = caller.scopes.missing(from: try change.tx.granted(to: key).scopes).first
            {
                throw Problem.forbidden(needed: missing)
            }
            var wanted = key
            wanted.attributes = try change.applying(patch, to: key.attributes)
            var check = GrantCheck(api: api, kind: key.kind, pointer: "")
            try check.check(&wanted.attributes, change)
            check.refuse(try change.policyViolations(of: wanted, from: key, api, touching: patch.touched))
            guard check.violations.isEmpty else { throw Problem.validation(check.violations) }
            try change.refuseWideningWithoutApproval(of: key, api, to: wanted.attributes)
            try change.set(wanted.attributes, of: &key, api, action)
            return KeyReading(value: key, readAt: change.now)
        }.value
    }
}

extension [API] {
    /// Their environments, or those of one name, that are wanted.
    func places(
        in environment: EnvironmentName?,
        where isWanted: (API, EnvironmentName) -> Bool
    ) -> [KeyFilter.Place] {
        self.flatMap { api in
            api.attributes.environments.map(\.name)
                .filter { (environment == nil || $0 == environment) && isWanted(api, $0) }
                .map { KeyFilter.Place(apiID: api.id, environment: $0) }
        }
    }
}

extension AuthorityReading {
    /// A key of the caller's workspace that the caller may do this to, with its api.
    func existingKey(
        _ id: APIKey.ID,
        for action: Permission.KeyAction,
        _ caller: Caller
    ) throws -> (key: APIKey, api: API) {
        guard let key = try self.key(id, in: caller.workspaceID),
            let api = try self.api(key.apiID, in: caller.workspaceID)
        else { throw Problem.notFound("key") }
        try caller.require(.keys(action, api.reference, key.environment))
        return (key, api)
    }
}
