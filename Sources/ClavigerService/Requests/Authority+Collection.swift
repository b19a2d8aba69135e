public import ClavigerCore
import ClavigerVerifier

/// A key that was made of a request, and the request.
public struct CollectedKey: Sendable {
    /// The key with its token.
    public let issued: IssuedKey
    /// The request as it stands then.
    public let request: KeyRequestReading
}

extension Authority {
    /// Makes the key of an approved request, and gives its token to its requester, this one time.
    public func collectKey(
        of id: KeyRequest.ID,
        by caller: Caller,
        once: Once<CollectedKey>? = nil
    ) async throws -> Outcome<CollectedKey> {
        let action = AuditAction(.request, "collect")
        let keyring = self.keyring
        return try await self.change(action, id.text, by: caller, once: once) { change in
            // Read here, on the writing thread: a rotation of the pepper before this transaction must count.
            let hasher = keyring.keyring.makeHasher()
            var (request, api) = try change.tx.existingRequest(id, in: change.workspaceID)
            try change.requireRequester(of: request, api)
            if request.state == .collected {
                throw Problem(.stateConflict, "The key was collected; its token is shown once, and only then.")
            }
            try request.require(.approved, at: change.now)
            if api.isManagement { try change.requireStandingApprovals(of: request, api) }
            let draft = try change.draft(of: request, api)
            let issued = try change.put(draft, hasher)
            request.keyID = issued.key.id
            return CollectedKey(issued: issued, request: try change.bring(&request, to: .collected, action))
        }
    }

    /// Makes the key of a request that nobody has approved yet, in an emergency, for hours.
    public func breakGlass(
        for id: KeyRequest.ID,
        _ glass: BreakGlass,
        by caller: Caller,
        once: Once<CollectedKey>? = nil
    ) async throws -> Outcome<CollectedKey> {
        let action = AuditAction(.request, "break_glass")
        let keyring = self.keyring
        return try await self.change(action, id.text, by: caller, once: once) { change in
            let hasher = keyring.keyring.makeHasher()
            var (request, api) = try change.tx.existingRequest(id, in: change.workspaceID)
            try change.caller.require(.keys(.breakGlass, api.reference, request.environment))
            try change.requireRequester(of: request, api)
            try request.require(.pending, at: change.now)
            guard case .newKey = request.subject else {
                throw Problem(
                    .stateConflict,
                    "In an emergency a key is made, not changed: POST /v1/keys with breakGlass."
                )
            }
            var violations = glass.violations(at: change.now, pointer: "")
            var draft = try change.draft(of: request, api)
            draft.attributes.expiresAt = min(draft.attributes.expiresAt ?? glass.until, glass.until)
            var check = GrantCheck(api: api, kind: request.kind, pointer: "/key")
            try check.check(&draft.attributes, change)
            violations += check.violations
            guard violations.isEmpty else { throw Problem.validation(violations) }
            let issued = try change.put(draft, hasher)
            request.keyID = issued.key.id
            request.breakGlass = glass
            let reading = try change.bring(&request, to: .collected, action)
            try change.tell(of: issued.key, glass, request)
            return CollectedKey(issued: issued, request: reading)
        }
    }

    /// Closes what an emergency left open: somebody else says whether there was a good reason.
    ///
    /// Without one, the key is revoked if it still lives.
    public func reviewBreakGlass(
        of id: KeyRequest.ID,
        isJustified: Bool,
        comment: String,
        by caller: Caller,
        once: Once<KeyRequestReading>? = nil
    ) async throws -> Outcome<KeyRequestReading> {
        let action = AuditAction(.request, "review")
        return try await self.change(action, id.text, by: caller, once: once) { change in
            var (request, api) = try change.tx.existingRequest(id, in: change.workspaceID)
            try change.caller.require(.keys(.approve, api.reference, request.environment))
            guard var glass = request.breakGlass else {
                throw Problem(.stateConflict, "The request was no emergency: there is nothing to review.")
            }
            guard glass.review == nil else { throw Problem(.stateConflict, "The emergency was reviewed before.") }
            try change.requireSeparation(fromRequesterOf: request)
            glass.review = BreakGlass.Review(
                by: change.caller.keyID,
                at: change.now,
                isJustified: isJustified,
                comment: comment
            )
            request.breakGlass = glass
            request.updatedAt = change.now
            try change.tx.update(request)
            if !isJustified, let key = request.keyID { try change.end(key, of: api) }
            let reading = try change.tx.reading(of: request, at: change.now)
            try change.record(action, id.text, after: glass.publicFields)
            return reading
        }
    }
}

extension BreakGlass {
    /// What is wrong with an emergency that begins now.
    func violations(at now: Timestamp, pointer: String) -> [Violation] {
        if self.until <= now { return [Violation("\(pointer)/until", "must be in the future")] }
        guard self.until > now + Self.longest else { return [] }
        return [Violation("\(pointer)/until", "must be at most 24 hours from now")]
    }
}

extension Change {
    /// Refuses to make a management key that those who approved it could not approve now: what its roles give, or what
    /// they have themselves, may have changed since (promise P8).
    fileprivate func requireStandingApprovals(of request: KeyRequest, _ api: API) throws {
        let rules = try self.tx.approvalRules(of: api, request.environment)
        let notes = try self.tx.notes(of: request.id)
        let counted = try self.tx.countedApprovals(of: request, among: notes, api, rules, at: self.now)
        guard counted.count < rules.quorum else { return }
        throw Problem(
            .stateConflict,
            "Only \(counted.count) of the approvals count now, and \(rules.quorum) are needed. Ask again."
        )
    }

    /// The key of a request as it can be made now: what it names must still be there.
    fileprivate func draft(of request: KeyRequest, _ api: API) throws -> ResolvedDraft {
        guard let environment = api.environment(named: request.environment) else {
            throw Problem(.stateConflict, "The environment of the request is no longer one of its api.")
        }
        guard try self.tx.consumer(request.consumerID, in: self.workspaceID) != nil else {
            throw Problem(.stateConflict, "The consumer of the request is no longer there.")
        }
        var attributes = request.wanted
        if let life = request.wantedLife { attributes.expiresAt = self.now + life }
        attributes.allowance.creditsSince = self.now
        if let plan = attributes.allowance.planID, try self.tx.plan(plan, in: self.workspaceID) == nil {
            throw Problem(.stateConflict, "The plan of the request is no longer there.")
        }
        var check = GrantCheck(api: api, kind: request.kind, pointer: "/key")
        try check.check(&attributes, from: nil, self.tx)
        if let end = attributes.expiresAt, end <= self.now { check.refuse("expiresAt", "is over meanwhile") }
        let subject = try self.tx.policySubject(of: attributes, request.consumerID, in: self.workspaceID, at: self.now)
        let rules = PlaceRules(try self.tx.policies(in: self.workspaceID), api: api, environment: environment)
        check.refuse(rules.violations(of: subject, at: "/key"))
        guard check.violations.isEmpty else { throw Problem.validation(check.violations) }
        return ResolvedDraft(
            api: api,
            environment: environment,
            owner: request.consumerID,
            kind: request.kind,
            attributes: attributes,
            longestLife: rules.longestLife(of: ScopeSet(subject.scopes + subject.roleScopes))
        )
    }

    /// Makes a key in an emergency, with the request that it is reviewed by.
    mutating func breakGlass(
        for draft: ResolvedDraft,
        _ glass: BreakGlass,
        _ hasher: TokenHasher
    ) throws -> IssuedKey {
        let issued = try self.put(draft, hasher)
        let request = KeyRequest(
            id: self.newID(),
            workspaceID: self.workspaceID,
            subject: .newKey,
            apiID: draft.api.id,
            environment: draft.environment.name,
            consumerID: draft.owner,
            kind: draft.kind,
            wanted: draft.attributes,
            wantedLife: nil,
            about: KeyRequest.About(purpose: "Emergency", justification: glass.reason),
            requestedBy: self.caller.keyID,
            requesterConsumerID: self.caller.consumerID,
            state: .collected,
            stateAt: self.now,
            stateBy: self.caller.keyID,
            endsAt: glass.until,
            keyID: issued.key.id,
            breakGlass: glass,
            createdAt: self.now,
            updatedAt: self.now,
            version: 1
        )
        try self.tx.insert(request)
        try self.tell(of: issued.key, glass, request)
        return issued
    }

    /// Says loudly that a key was made without approval: a record and an event of their own.
    fileprivate mutating func tell(of key: APIKey, _ glass: BreakGlass, _ request: KeyRequest) throws {
        try self.record(
            AuditAction(.key, "break_glass"),
            key.id.text,
            after: ["requestId": .string(request.id.text), "until": .string(glass.until.text)],
            reason: glass.reason
        )
        let isWanted = try self.tx.emit(
            .keyBreakGlass,
            about: key,
            [("requestId", .string(request.id.text)), ("until", .string(glass.until.text))],
            at: self.now,
            from: self.random
        )
        self.news.hasEvents = self.news.hasEvents || isWanted
    }

    /// Revokes a key that still lives; refuses a caller who could not revoke it elsewhere (promise P8).
    fileprivate mutating func end(_ id: APIKey.ID, of api: API) throws {
        guard var key = try self.tx.key(id, in: self.workspaceID) else { return }
        switch key.state {
        case .pending, .active, .suspended:
            try self.tx.checkReach(to: key, api, .revoke, self.caller)
            _ = try self.carryOut(.revoke, on: &key, reason: .privilegeWithdrawn)
        case .revoked, .compromised, .destroyed: break
        }
    }
}
