public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// Agrees to a request in one of its versions; with the last approval that it needs, it is approved.
    ///
    /// A change is made then and there; a key is made when its requester collects it.
    public func approveKeyRequest(
        _ id: KeyRequest.ID,
        version: Int,
        comment: String,
        by caller: Caller,
        once: Once<KeyRequestReading>? = nil
    ) async throws -> Outcome<KeyRequestReading> {
        let action = AuditAction(.request, "approve")
        return try await self.change(action, id.text, by: caller, once: once) { change in
            var (request, api) = try change.tx.existingRequest(id, in: change.workspaceID)
            try change.caller.require(.keys(.approve, api.reference, request.environment))
            let notes = try change.tx.notes(of: id)
            try request.checkVersion(version)
            if notes.contains(where: {
                $0.kind == .approval && $0.version == version && $0.by == change.caller.keyID
            }) {
                let reading = try change.tx.reading(of: request, at: change.now)
                // It may have become enough since: an approval counts again, or fewer are needed.
                guard reading.value.state(at: change.now) == .pending, reading.counted.count >= reading.quorum else {
                    change.nothingToDo()
                    return reading
                }
                let rules = try change.tx.approvalRules(of: api, request.environment)
                return try change.take(approvalOf: &request, api, rules, action)
            }
            try request.require(.pending, at: change.now)
            try change.requireSeparation(from: request, notes)
            let rules = try change.tx.approvalRules(of: api, request.environment)
            try change.tx.requireReach(change.caller.reach, for: request, api, rules, at: change.now)
            try change.note(.approval, on: request, comment)
            return try change.take(approvalOf: &request, api, rules, action)
        }
    }

    /// Refuses a request, for good.
    public func denyKeyRequest(
        _ id: KeyRequest.ID,
        comment: String,
        by caller: Caller,
        once: Once<KeyRequestReading>? = nil
    ) async throws -> Outcome<KeyRequestReading> {
        let action = AuditAction(.request, "deny")
        return try await self.change(action, id.text, by: caller, once: once) { change in
            var (request, api) = try change.tx.existingRequest(id, in: change.workspaceID)
            try change.caller.require(.keys(.approve, api.reference, request.environment))
            if request.state == .denied {
                change.nothingToDo()
                return try change.tx.reading(of: request, at: change.now)
            }
            // Until the key is made, an approval can be taken back by anybody who could have refused it.
            guard request.state(at: change.now).isOpen else { throw request.conflict(at: change.now) }
            try change.note(.denial, on: request, comment)
            let reading = try change.bring(&request, to: .denied, action)
            try change.emit(.requestDenied, about: request)
            return reading
        }
    }
}

extension Change {
    /// Counts the approvals of a request; when they are enough, approves it.
    fileprivate mutating func take(
        approvalOf request: inout KeyRequest,
        _ api: API,
        _ rules: ApprovalRules,
        _ action: AuditAction
    ) throws -> KeyRequestReading {
        let notes = try self.tx.notes(of: request.id)
        let counted = try self.tx.countedApprovals(of: request, among: notes, api, rules, at: self.now)
        let summary: JSON = [
            "version": .integer(Int64(request.version)), "quorum": .integer(Int64(rules.quorum)),
            "counted": .array(counted.map { .string($0.by.text) }),
        ]
        try self.record(action, request.id.text, after: summary)
        guard counted.count >= rules.quorum else { return try self.tx.reading(of: request, at: self.now) }
        let reading: KeyRequestReading
        switch request.subject {
        case .newKey:
            request.endsAt = self.now + rules.collectWithin
            reading = try self.bring(&request, to: .approved, AuditAction(.request, "approved"))
        case .change(let id, let version):
            try self.makeChange(of: id, version, request, api)
            reading = try self.bring(&request, to: .applied, AuditAction(.request, "applied"))
        }
        try self.emit(.requestApproved, about: request)
        return reading
    }

    private mutating func makeChange(
        of id: APIKey.ID,
        _ version: Int,
        _ request: KeyRequest,
        _ api: API
    ) throws {
        guard var key = try self.tx.key(id, in: self.workspaceID) else { throw Problem.notFound("key") }
        try key.requireChangeable()
        guard key.version == version else {
            throw Problem(
                .stateConflict,
                "The key has changed since the change was asked for. Its requester has to ask again, with PATCH."
            )
        }
        var wanted = request.wanted
        if wanted.allowance.creditGeneration != key.attributes.allowance.creditGeneration {
            wanted.allowance.creditsSince = self.now
        }
        var check = GrantCheck(api: api, kind: key.kind, pointer: "/change")
        try check.check(&wanted, from: nil, self.tx)
        check.refuse(try self.policyViolations(of: key, with: wanted, api, at: "/change"))
        guard check.violations.isEmpty else { throw Problem.validation(check.violations) }
        try self.set(wanted, of: &key, api, AuditAction(.key, "update"), reason: request.id.text)
    }
}

extension KeyRequest {
    /// Refuses a decision about another version than the present one.
    func checkVersion(_ version: Int) throws(Problem) {
        guard version != self.version else { return }
        throw Problem(
            .preconditionFailed,
            "The request is in version \(self.version) now: get it again, look at what has changed, and decide about that."
        )
    }
}
