import ClavigerCore

extension AuthorityReading {
    /// Whether keys of an environment need approval, and of how many: the one place that says so.
    func approvalRules(of api: API, _ environment: EnvironmentName) throws -> ApprovalRules {
        try self.placeRules(api, environment)?.approval ?? .usual
    }

    /// Refuses to make a key where keys are made by request only.
    func refuseWithoutApproval(_ api: API, _ environment: EnvironmentName) throws {
        guard try self.approvalRules(of: api, environment).isRequired else { return }
        throw Problem(
            .approvalRequired,
            """
            Keys of the environment \(environment.text) of the api \(api.name.text) are made by request. Ask with \
            POST /v1/key-requests, and collect the key when it is approved; in an emergency give breakGlass.
            """
        )
    }

    /// Refuses when the power of whoever approves does not reach as far as what is asked for (promise P8).
    ///
    /// An approval gives: what is given must be the approver's to give, at the latest moment that it may last.
    func requireReach(
        _ reach: Reach,
        for request: KeyRequest,
        _ api: API,
        _ rules: ApprovalRules,
        at now: Timestamp
    ) throws {
        if let missing = rules.approverScopes.first(where: { !reach.scopes.covers($0) }) {
            throw Problem.forbidden(needed: missing)
        }
        var asked = request.wanted
        asked.expiresAt = request.latestEnd(ofKeyApprovedAt: now, rules)
        var given = asked
        var check = GrantCheck(api: api, kind: request.kind, pointer: "key")
        try check.check(&given, from: reach, self)
        if let violation = check.violations.first {
            throw Problem(
                .forbidden,
                "Nobody gives away more than they have: \(violation.pointer) \(violation.message)."
            )
        }
        guard given == asked else {
            throw Problem(
                .forbidden,
                "Your management key has restrictions; it can only approve management keys with the same ones."
            )
        }
        // A change of a management key is power over what it was, too.
        guard api.isManagement, let id = request.keyID, let key = try self.key(id, in: request.workspaceID) else {
            return
        }
        if let missing = reach.scopes.missing(from: try self.granted(to: key).scopes).first {
            throw Problem.forbidden(needed: missing)
        }
    }

    /// The approvals of the present version that count now: whoever has lost the permission, the key or the reach since
    /// does not.
    func countedApprovals(
        of request: KeyRequest,
        among notes: [KeyRequestNote],
        _ api: API,
        _ rules: ApprovalRules,
        at now: Timestamp
    ) throws -> [KeyRequestNote] {
        try notes.filter { note in
            guard note.kind == .approval, note.version == request.version,
                let key = try self.key(note.by, in: request.workspaceID), key.state(at: now) == .active,
                key.attributes.notBefore.map({ $0 <= now }) ?? true
            else { return false }
            let reach = try self.reach(of: key)
            guard Permission.keys(.approve, api.reference, request.environment).isGranted(by: reach.scopes) else {
                return false
            }
            do {
                try self.requireReach(reach, for: request, api, rules, at: now)
                return true
            } catch is Problem {
                return false
            }
        }
    }
}

extension ChangeBy {
    /// The parts of a key that let it do more with other attributes.
    func widening(of key: APIKey, _ api: API, to attributes: APIKey.Attributes) throws -> [KeyWidening] {
        func side(_ attributes: APIKey.Attributes) throws -> KeyWidening.Side {
            let plan = try attributes.allowance.planID.flatMap { try self.tx.plan($0, in: self.workspaceID) }
            return KeyWidening.Side(attributes, plan: plan)
        }
        return KeyWidening.parts(
            from: try side(key.attributes),
            granted: try self.tx.granted(to: key),
            to: try side(attributes),
            defaults: api.environment(named: key.environment)?.defaultRestrictions ?? .none,
            at: self.now
        )
    }

    /// Refuses a change that lets a key do more where that needs approval.
    func refuseWideningWithoutApproval(of key: APIKey, _ api: API, to attributes: APIKey.Attributes) throws {
        guard let rules = try self.tx.placeRules(api, key.environment) else { return }
        try self.refuseWideningWithoutApproval(of: key, rules, to: attributes)
    }

    /// The same by rules that are made already.
    func refuseWideningWithoutApproval(of key: APIKey, _ rules: PlaceRules, to attributes: APIKey.Attributes) throws {
        let parts = try self.widening(of: key, rules.api, to: attributes)
        guard !parts.isEmpty else { return }
        let isEmergency = try self.tx.wasMadeByBreakGlass(key.id)
        guard isEmergency || rules.approval.isRequired else { return }
        try self.refuseWideningOfEmergency(key, isEmergency)
        throw Problem(
            .approvalRequired,
            """
            The key would be able to do more (\(parts.map(\.rawValue).joined(separator: ", "))), which needs approval. \
            Ask with POST /v1/key-requests and {"keyId", "change"}.
            """
        )
    }

    /// A key that was made in an emergency gets no more than it has, by nobody's consent.
    func refuseWideningOfEmergency(_ key: APIKey, _ isEmergency: Bool) throws(Problem) {
        guard isEmergency else { return }
        throw Problem(
            .stateConflict,
            "The key was made in an emergency: it ends when that was said to end, and gets no more. Ask for another key."
        )
    }
}
