import ClavigerCore
import ClavigerVerifier

extension Change {
    /// Refuses everybody but the requester, who must still be allowed to ask.
    func requireRequester(of request: KeyRequest, _ api: API) throws(Problem) {
        try self.caller.require(.keys(.request, api.reference, request.environment))
        guard request.requestedBy == self.caller.keyID else {
            throw Problem(.forbidden, "Only the management key that made the request can do this.")
        }
    }

    /// Brings a request into another state: the row and the record.
    mutating func bring(
        _ request: inout KeyRequest,
        to state: KeyRequest.State,
        _ action: AuditAction
    ) throws -> KeyRequestReading {
        let before: JSON = ["state": .string(request.state.rawValue)]
        request.state = state
        request.stateAt = self.now
        request.stateBy = self.caller.keyID
        request.updatedAt = self.now
        try self.tx.update(request)
        let reading = try self.tx.reading(of: request, at: self.now)
        try self.record(action, request.id.text, before: before, after: reading.recordFields)
        return reading
    }

    /// Keeps what the caller says or decides about a request.
    func note(_ kind: KeyRequestNote.Kind, on request: KeyRequest, _ text: String) throws {
        if kind == .comment, try self.tx.notes(of: request.id).count >= 500 {
            throw Problem(.stateConflict, "The request has as many comments as it can have.")
        }
        try self.tx.insert(
            KeyRequestNote(
                requestID: request.id,
                version: request.version,
                kind: kind,
                by: self.caller.keyID,
                consumerID: self.caller.consumerID,
                at: self.now,
                text: text
            )
        )
    }

    /// A request as a draft wants it; whoever asks needs the permission, and gives nothing.
    mutating func makeRequest(_ draft: KeyRequestDraft) throws -> KeyRequest {
        switch draft.subject {
        case .key(let key):
            var violations: [Violation] = []
            var places = try PlaceRulesCache(self.tx, self.workspaceID)
            var asIfNow = key
            if let life = draft.wantedLife { asIfNow.attributes.expiresAt = self.now + life }
            let resolved = try Authority.resolve(asIfNow, .request, from: nil, self, &places, &violations)
            guard violations.isEmpty, let resolved else { throw Problem.validation(violations) }
            var wanted = resolved.attributes
            var life = draft.wantedLife
            if key.attributes.expiresAt == nil {
                // It begins when the key does, and not while the request waits.
                life = life ?? wanted.expiresAt.map { $0 - self.now }
                wanted.expiresAt = nil
            }
            return try self.request(
                .newKey,
                resolved.api,
                (resolved.environment.name, resolved.owner, resolved.kind, nil),
                wanted,
                life,
                draft.about
            )
        case .change(let id, let patch):
            let (key, api) = try self.tx.existingKey(id, for: .request, self.caller)
            let wanted = try self.wanted(by: patch, for: key, api)
            var request = try self.request(
                .change(of: id, version: key.version),
                api,
                (key.environment, key.consumerID, key.kind, id),
                wanted,
                nil,
                draft.about
            )
            request.changes = wanted.changes(from: key.attributes)
            request.widening = try self.widening(of: key, api, to: wanted)
            return request
        }
    }

    private func request(
        _ subject: KeyRequest.Subject,
        _ api: API,
        _ key: (environment: EnvironmentName, consumer: Consumer.ID, kind: KeyKind, id: APIKey.ID?),
        _ wanted: APIKey.Attributes,
        _ life: Duration?,
        _ about: KeyRequest.About
    ) throws -> KeyRequest {
        let rules = try self.tx.approvalRules(of: api, key.environment)
        return KeyRequest(
            id: self.newID(),
            workspaceID: self.workspaceID,
            subject: subject,
            apiID: api.id,
            environment: key.environment,
            consumerID: key.consumer,
            kind: key.kind,
            wanted: wanted,
            wantedLife: life,
            about: about,
            requestedBy: self.caller.keyID,
            requesterConsumerID: self.caller.consumerID,
            state: .pending,
            stateAt: self.now,
            stateBy: self.caller.keyID,
            endsAt: self.now + rules.requestLifetime,
            keyID: key.id,
            createdAt: self.now,
            updatedAt: self.now,
            version: 1
        )
    }

    /// What a key is to be after a change that is asked for.
    private func wanted(by patch: KeyPatch, for key: APIKey, _ api: API) throws -> APIKey.Attributes {
        try key.requireChangeable()
        try self.refuseWideningOfEmergency(key, self.tx.wasMadeByBreakGlass(key.id))
        var wanted = try self.applying(patch, to: key.attributes)
        var check = GrantCheck(api: api, kind: key.kind, pointer: "/change")
        try check.check(&wanted, from: nil, self.tx)
        check.refuse(try self.policyViolations(of: key, with: wanted, api, at: "/change"))
        if wanted == key.attributes { check.refuse("", "must change something of the key") }
        guard check.violations.isEmpty else { throw Problem.validation(check.violations) }
        return wanted
    }

    /// Makes a request another one; whatever changes, approvals of the former version are void.
    mutating func apply(_ patch: KeyRequestPatch, to request: inout KeyRequest, _ api: API) throws {
        switch request.subject {
        case .newKey:
            guard patch.change == nil else {
                throw Problem.validation([Violation("/change", "is for requests that change a key")])
            }
            switch patch.wantedLife {
            case .keep where patch.key == nil: break
            default: try self.apply(patch.key ?? KeyPatch(), patch.wantedLife, to: &request, api)
            }
        case .change(let id, _):
            guard patch.key == nil, case .keep = patch.wantedLife else {
                throw Problem.validation([
                    Violation("", "A request that changes a key takes change, and no field of a key")
                ])
            }
            if let wish = patch.change {
                guard let key = try self.tx.key(id, in: self.workspaceID) else { throw Problem.notFound("key") }
                request.wanted = try self.wanted(by: wish, for: key, api)
                request.subject = .change(of: id, version: key.version)
                request.changes = request.wanted.changes(from: key.attributes)
                request.widening = try self.widening(of: key, api, to: request.wanted)
            }
        }
        request.about = patch.applied(to: request.about)
        request.version += 1
        request.updatedAt = self.now
        let rules = try self.tx.approvalRules(of: api, request.environment)
        request.endsAt = self.now + rules.requestLifetime
    }

    private func apply(
        _ patch: KeyPatch,
        _ life: Edit<Duration>,
        to request: inout KeyRequest,
        _ api: API
    ) throws {
        var wanted = try self.applying(patch, to: request.wanted)
        request.wantedLife = life.applied(to: request.wantedLife)
        if case .set = patch.expiresAt { request.wantedLife = nil }
        if case .set = life { wanted.expiresAt = nil }
        var check = GrantCheck(api: api, kind: request.kind, pointer: "")
        try check.check(&wanted, from: nil, self.tx)
        if let expiresAt = wanted.expiresAt, expiresAt <= self.now {
            check.refuse("expiresAt", "must be in the future")
        }
        if let rules = try self.tx.placeRules(api, request.environment) {
            var asIfNow = wanted
            if let life = request.wantedLife { asIfNow.expiresAt = self.now + life }
            let owner = request.consumerID
            let subject = try self.tx.policySubject(of: asIfNow, owner, in: self.workspaceID, at: self.now)
            check.refuse(rules.violations(of: subject))
        }
        guard check.violations.isEmpty else { throw Problem.validation(check.violations) }
        request.wanted = wanted
    }
}

extension APIKey {
    /// Refuses to change a key whose life is over.
    func requireChangeable() throws(Problem) {
        switch self.state {
        case .pending, .active, .suspended: break
        case .revoked, .compromised, .destroyed:
            throw Problem(.stateConflict, "The key is \(self.state.name.rawValue); it cannot be changed any more.")
        }
    }
}
