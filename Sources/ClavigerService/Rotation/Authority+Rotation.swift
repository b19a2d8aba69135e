public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// Gives a key its next credential, and its token this one time.
    ///
    /// When this returns, every verification on this server sees both credentials as they are now (promise P4).
    public func rotate(
        _ id: APIKey.ID,
        _ request: RotationRequest,
        expecting version: Int? = nil,
        by caller: Caller,
        once: Once<IssuedRotation>? = nil
    ) async throws -> Outcome<IssuedRotation> {
        let keyring = self.keyring
        let lastUse = try await self.lastUses(of: [id], by: caller)[id]
        return try await self.change(AuditAction(.key, "rotate"), id.text, by: caller, once: once) {
            [detailRetention] change in
            let (key, api) = try change.tx.existingKey(id, for: .rotate, change.caller)
            try Problem.checkVersion(version, is: key.version)
            try change.requireReach(to: key, api)
            try request.grace.checkQuiet(isKnownFor: detailRetention)
            let rules = try change.tx.rotationRules(for: api, key.environment, key)
            // Read here, on the writing thread: a rotation of the pepper before this transaction must count.
            let hasher = keyring.keyring.makeHasher()
            var issued = try change.rotate(key, of: api, request, rules, hasher)
            issued.reading.lastUse = lastUse
            return issued
        }
    }

    /// Ends the grace of every credential of a key that was replaced.
    public func endGrace(
        of id: APIKey.ID,
        expecting version: Int? = nil,
        by caller: Caller,
        once: Once<RotationReading>? = nil
    ) async throws -> Outcome<RotationReading> {
        let action = AuditAction(.key, "rotation_end")
        return try await self.change(action, id.text, by: caller, once: once) { change in
            let (key, api) = try change.tx.existingKey(id, for: .rotate, change.caller)
            try Problem.checkVersion(version, is: key.version)
            try change.requirePower(of: key, api)
            return try change.changeGrace(of: key, action) { credentials, now in
                for index in credentials.indices { credentials[index].end(at: now) }
            }
        }
    }

    /// Gives the credential that was replaced last another grace; it counts from now.
    public func extendGrace(
        of id: APIKey.ID,
        _ grace: RotationGrace,
        expecting version: Int? = nil,
        by caller: Caller,
        once: Once<RotationReading>? = nil
    ) async throws -> Outcome<RotationReading> {
        let action = AuditAction(.key, "rotation_extend")
        return try await self.change(action, id.text, by: caller, once: once) { [detailRetention] change in
            let (key, api) = try change.tx.existingKey(id, for: .rotate, change.caller)
            try Problem.checkVersion(version, is: key.version)
            try change.requireReach(to: key, api)
            try grace.checkQuiet(isKnownFor: detailRetention)
            let rules = try change.tx.rotationRules(for: api, key.environment, key)
            let reading = try change.changeGrace(of: key, action) { credentials, now in
                guard var last = credentials.first else { return }
                let term = try grace.checkedTerm(at: now, replacedAt: last.replacedAt ?? now, rules)
                guard term.endsAt > now else {
                    throw Problem.validation([Violation("/grace", "must be longer than 0; end it instead")])
                }
                last.retire(term, at: now)
                credentials = [last]
            }
            // Whoever has the old token for longer may ask for the next one for longer.
            if let end = reading.credentials.compactMap({ $0.graceEndsAt(at: change.now) }).max() {
                try change.tx.keepAnswers(to: key.id, until: end, in: change.workspaceID)
            }
            return reading
        }
    }
}

extension ChangeBy<Caller> {
    /// The token of a key is what the key may do: refuses a caller who has less of a management key's power, may come
    /// from fewer places, or would be outlived by the key (promise P8).
    func requireReach(to key: APIKey, _ api: API) throws {
        try self.requirePower(of: key, api)
        if api.isManagement { try self.caller.requireItsRestrictions(on: key) }
        try self.caller.requireLife(of: key)
        try self.requireNoDecision(by: key, api)
    }

    /// Whoever has the token of somebody who approves requests could approve their own: only the holder, or whoever may
    /// do everything, has such a token replaced.
    private func requireNoDecision(by key: APIKey, _ api: API) throws {
        guard api.isManagement, key.id != self.caller.keyID, !self.caller.scopes.isEverything else { return }
        let approving = Permission.anyKey(.approve, api: "*", environment: nil)
        guard try self.tx.granted(to: key).scopes.contains(where: { $0.overlaps(approving) }) else { return }
        throw Problem.forbidden(needed: try Scope(parsing: "*"))
    }

    /// Changes the credentials of a key that are in grace.
    ///
    /// - Parameter body: leaves those that it has changed; the one that was replaced last comes first.
    mutating func changeGrace(
        of key: APIKey,
        _ action: AuditAction,
        _ body: (inout [Credential], Timestamp) throws -> Void
    ) throws -> RotationReading {
        var key = key
        guard !key.state.name.isEnd else {
            throw Problem(.stateConflict, "The key is \(key.state.name.rawValue), and all its credentials with it.")
        }
        let before = try self.reading(of: key)
        var inGrace = before.credentials.filter { $0.graceEndsAt(at: self.now) != nil }
        guard !inGrace.isEmpty else {
            throw Problem(.stateConflict, "No credential of the key is in grace; rotate it first.")
        }
        try body(&inGrace, self.now)
        for credential in inGrace { try self.store(credential) }
        try self.change(&key)
        let after = try self.reading(of: key)
        try self.record(action, key.id.text, before: before.publicFields, after: after.publicFields)
        return after
    }
}

extension RotationGrace {
    /// When it ends; a refusal where the rules do not allow it.
    func checkedTerm(at now: Timestamp, replacedAt: Timestamp, _ rules: RotationRules) throws(Problem) -> Term {
        do throws(Refusal) {
            return try self.term(at: now, replacedAt: replacedAt, rules)
        } catch {
            throw .validation([Violation("/\(error.field)", error.message)])
        }
    }

    /// Refuses to wait for a quiet time that is longer than uses are known: a use that is forgotten would count as none.
    func checkQuiet(isKnownFor retention: Duration) throws(Problem) {
        guard case .untilQuiet(let duration) = self, duration > retention else { return }
        throw .validation([
            Violation(
                "/quietFor",
                """
                must not be longer than \(DurationText.text(for: retention)), for which the access log is kept \
                (usage.keepDetail)
                """
            )
        ])
    }
}
