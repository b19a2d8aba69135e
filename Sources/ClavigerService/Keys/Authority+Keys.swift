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
            for draft in drafts {
                guard let (key, credential, token) = try Self.make(draft, hasher, change, &violations) else { continue }
                try change.tx.insert(key, credential)
                try change.record(action, key.id.text, after: key.publicFields(at: change.now))
                try change.emit(.keyCreated, about: key)
                change.effects.added.append(credential.lookupID)
                issued.append(IssuedKey(key: key, token: token))
            }
            guard violations.isEmpty else { throw Problem.validation(violations) }
            return issued
        }
    }

    private static func make(
        _ draft: KeyDraft,
        _ hasher: TokenHasher,
        _ change: Change,
        _ violations: inout [Violation]
    ) throws -> (APIKey, Credential, KeyToken)? {
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
        try change.caller.require(.keys(.create, api.reference, environment.name))
        var check = GrantCheck(api: api, kind: draft.kind, pointer: draft.pointer)
        var attributes = draft.attributes
        attributes.allowance.creditsSince = change.now
        if let reference = draft.plan {
            attributes.allowance.planID = try change.tx.plan(reference, in: change.workspaceID)?.id
            if attributes.allowance.planID == nil { check.refuse("planId", "is not a plan of this workspace") }
        }
        if attributes.expiresAt == nil, let lifetime = api.attributes.defaults.lifetime {
            attributes.expiresAt = change.now + lifetime
        }
        try check.check(&attributes, change)
        if let expiresAt = attributes.expiresAt, expiresAt <= change.now {
            check.refuse("expiresAt", "must be in the future")
        }
        let owner = try Self.owner(draft.owner, change)
        if owner == nil {
            let field = if case .id = draft.owner { "consumerId" } else { "consumerExternalId" }
            check.refuse(field, "is not a consumer of this workspace")
        }
        violations += check.violations
        guard let owner, check.violations.isEmpty else { return nil }

        let token = KeyToken(prefix: api.prefix, tag: environment.tag(of: draft.kind), from: change.random)
        let key = APIKey(
            id: change.newID(),
            workspaceID: change.workspaceID,
            apiID: api.id,
            environment: environment.name,
            consumerID: owner.id,
            kind: draft.kind,
            start: token.publicStart,
            attributes: attributes,
            state: .active(since: nil),
            createdAt: change.now,
            createdBy: change.caller.keyID,
            updatedAt: change.now,
            version: 1
        )
        let credential = Credential(
            id: change.newID(),
            keyID: key.id,
            lookupID: token.lookupID,
            digest: hasher.digest(of: token),
            state: .current,
            createdAt: change.now
        )
        return (key, credential, token)
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
    private static func readablePlaces(
        _ apis: [API],
        environment: EnvironmentName?,
        _ caller: Caller
    ) throws(Problem) -> [KeyFilter.Place]? {
        if let everything = try? Scope(parsing: "apis.*.*.keys.read"), caller.scopes.covers(everything) { return nil }
        var refused: Permission?
        var places: [KeyFilter.Place] = []
        for api in apis {
            for place in api.attributes.environments where environment == nil || place.name == environment {
                let permission = Permission.keys(.read, api.reference, place.name)
                if permission.isGranted(by: caller.scopes) {
                    places.append(KeyFilter.Place(apiID: api.id, environment: place.name))
                } else {
                    refused = permission
                }
            }
        }
        if places.isEmpty, refused != nil {
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
            let before = key.publicFields(at: change.now)
            let formerAllowance = key.attributes.allowance
            let formerEnd = key.attributes.expiresAt
            key.attributes.name = patch.name.applied(to: key.attributes.name)
            key.attributes.scopes = patch.scopes.applied(to: Optional(key.attributes.scopes)) ?? []
            key.attributes.roles = patch.roles.applied(to: Optional(key.attributes.roles)) ?? []
            key.attributes.notBefore = patch.notBefore.applied(to: key.attributes.notBefore)
            key.attributes.expiresAt = patch.expiresAt.applied(to: key.attributes.expiresAt)
            key.attributes.restrictions = patch.restrictions.applied(to: Optional(key.attributes.restrictions)) ?? .none
            key.attributes.allowance = try change.applying(patch.allowance, patch.plan, to: key.attributes.allowance)
            key.attributes.metadata = try key.attributes.metadata.applying(patch.metadata)
            var check = GrantCheck(api: api, kind: key.kind, pointer: "")
            try check.check(&key.attributes, change)
            guard check.violations.isEmpty else { throw Problem.validation(check.violations) }
            key.updatedAt = change.now
            key.version += 1
            try change.tx.update(key)
            change.effects.changed = try change.tx.lookupIDs(ofKey: id, in: change.workspaceID)
            try change.resetCredits(AccountID(.key, id.bits), from: formerAllowance, to: key.attributes.allowance)
            try change.record(action, id.text, before: before, after: key.publicFields(at: change.now))
            try change.tellEnd(of: key, formerly: formerEnd)
            return KeyReading(value: key, readAt: change.now)
        }.value
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
