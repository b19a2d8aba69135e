import ClavigerCore
import ClavigerVerifier

extension ChangeBy {
    /// Gives a key its next credential: same key, same counters, credits, usage and history (promise P6).
    ///
    /// Whoever calls it has decided that the author may; every rotation of every key goes through here.
    mutating func rotate(
        _ key: APIKey,
        of api: API,
        _ request: RotationRequest,
        _ rules: RotationRules,
        _ hasher: TokenHasher
    ) throws -> IssuedRotation {
        var key = key
        try Self.checkState(of: key, at: self.now)
        let before = try self.reading(of: key)
        guard let environment = api.environment(named: key.environment),
            var current = before.credentials.first(where: { $0.state == .current })
        else { throw Problem(.stateConflict, "The key has no credential that could be replaced.") }
        let term = try request.grace.checkedTerm(at: self.now, replacedAt: self.now, rules)
        try self.makeRoom(among: before.credentials, request, rules)

        let token = KeyToken(prefix: api.prefix, tag: environment.tag(of: key.kind), from: self.random)
        let next = Credential(
            id: self.newID(),
            keyID: key.id,
            lookupID: token.lookupID,
            digest: hasher.digest(of: token),
            state: .current,
            createdAt: self.now
        )
        current.retire(term, at: self.now)
        try self.store(current)
        try self.tx.insert(next, in: self.workspaceID)
        key.start = token.publicStart
        key.rotateBy = nil
        try self.change(&key)
        self.effects.added.append(next.lookupID)
        let after = try self.reading(of: key)
        try self.record(
            AuditAction(.key, "rotate"),
            key.id.text,
            before: before.publicFields,
            after: after.publicFields,
            reason: request.reason.rawValue
        )
        try self.emit(
            .keyRotated,
            about: key,
            [
                ("credential", next.rotationFields(at: self.now)), ("replaced", current.rotationFields(at: self.now)),
                ("rotation", ["reason": .string(request.reason.rawValue)]),
            ]
        )
        return IssuedRotation(reading: after, token: token)
    }

    /// The key with its credentials, as this transaction sees it.
    func reading(of key: APIKey) throws -> RotationReading {
        RotationReading(
            key: key,
            credentials: try self.tx.credentials(of: key.id, in: self.workspaceID),
            readAt: self.now
        )
    }

    /// Stores a credential that was replaced.
    func store(_ credential: Credential) throws {
        let dueAt = credential.quietFor.map { self.now + $0 }
        try self.tx.update(credential, dueAt: dueAt, in: self.workspaceID)
    }

    /// Stores a key of which something has changed, and has the verifier read all its credentials anew.
    mutating func change(_ key: inout APIKey) throws {
        key.updatedAt = self.now
        key.version += 1
        try self.tx.update(key)
        self.effects.changed += try self.tx.lookupIDs(ofKey: key.id, in: self.workspaceID)
    }

    private static func checkState(of key: APIKey, at now: Timestamp) throws(Problem) {
        let advice: String
        switch key.state(at: now) {
        case .active: return
        case .pending: advice = "it has no token in use yet"
        case .suspended: advice = "resume it first"
        case .expired: advice = "its time is over; set a later expiresAt first, or create a key"
        case .revoked, .compromised, .destroyed: advice = "it has ended for good; create a key"
        }
        throw Problem(
            .stateConflict,
            "The key is \(key.state(at: now).rawValue) and cannot be rotated: \(advice)."
        )
    }

    /// Ends older graces where that was asked for, and refuses where too many credentials would be usable.
    private func makeRoom(
        among credentials: [Credential],
        _ request: RotationRequest,
        _ rules: RotationRules
    ) throws {
        var inGrace: [Credential] = []
        for var credential in credentials {
            guard case .retiring(let endsAt) = credential.state else { continue }
            let isOver = endsAt <= self.now
            if isOver || request.endsOlderGrace {
                credential.end(at: isOver ? endsAt : self.now)
                try self.store(credential)
            } else {
                inGrace.append(credential)
            }
        }
        // With the one that is replaced and the one that replaces it.
        guard inGrace.count + 2 > max(rules.mostLiveCredentials, 2), let last = inGrace.first,
            let end = last.graceEndsAt(at: self.now)
        else {
            guard let latest = request.olderGraceEndsBy else { return }
            for var credential in inGrace {
                credential.endGrace(by: latest)
                try self.store(credential)
            }
            return
        }
        throw Problem(
            .stateConflict,
            """
            The key was rotated before and the credential \(last.id.text) is in grace until \(end.text). Wait, end that \
            grace, or send "endGrace": true, which ends it at once.
            """
        )
    }
}
