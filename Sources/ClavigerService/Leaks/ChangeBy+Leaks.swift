import ClavigerCore

/// A leaked token with the key that it turned out to be of.
struct MatchedLeak: Sendable {
    let leak: LeakedToken
    /// Nil for what is no token of the workspace.
    let snapshot: KeySnapshot?
}

extension ChangeBy {
    /// Does to leaked keys what their apis say, keeps the reports and records them.
    ///
    /// Whoever reports the same again gets an answer and changes nothing.
    ///
    /// - Returns: for each token in its order what became of it, and its key.
    mutating func takeReport(_ leaks: [MatchedLeak]) throws -> [(outcome: LeakOutcome, key: APIKey?)] {
        // One report may name a key twice, also by two of its credentials: what it did the first time is the answer.
        var known: [Credential.ID: (outcome: LeakOutcome, key: APIKey?)] = [:]
        var ended: [APIKey.ID: LeakOutcome] = [:]
        var answers: [(outcome: LeakOutcome, key: APIKey?)] = []
        for match in leaks {
            guard let snapshot = match.snapshot, snapshot.workspaceID == self.workspaceID else {
                answers.append((.unknown, nil))
                continue
            }
            var answer = known[snapshot.credentialID]
            if answer == nil {
                answer = try self.act(on: snapshot, after: ended[snapshot.keyID])
                known[snapshot.credentialID] = answer
                if let outcome = answer?.outcome, outcome != .alreadyEnded { ended[snapshot.keyID] = outcome }
            }
            guard let answer, let key = answer.key else {
                answers.append((.unknown, nil))
                continue
            }
            try self.keep(match.leak.source, snapshot.credentialID, of: key, answer.outcome)
            answers.append(answer)
        }
        try self.record(AuditAction(.leak, "report"), nil, after: Self.summary(answers.map(\.outcome)))
        return answers
    }

    private mutating func act(
        on snapshot: KeySnapshot,
        after earlier: LeakOutcome?
    ) throws -> (outcome: LeakOutcome, key: APIKey?) {
        guard var key = try self.tx.key(snapshot.keyID, in: self.workspaceID),
            let api = try self.tx.api(key.apiID, in: self.workspaceID), key.state.name != .destroyed
        else { return (.unknown, nil) }
        guard try self.isInUse(snapshot.credentialID, of: key) else { return (.alreadyEnded, key) }
        if let earlier { return (earlier, key) }
        guard !key.state.name.isEnd else { return (.alreadyEnded, key) }
        // It is made to be seen: that it was is no news, and to end it would be in everybody's power.
        guard key.kind == .secret else { return (.reported, key) }
        switch (api.leakPolicy(in: key.environment), key.state) {
        case (.report, _): return (.reported, key)
        case (.suspend, .active), (.suspend, .suspended):
            _ = try self.carryOut(.suspend, on: &key, reason: .leaked)
            return (.suspended, key)
        default:
            _ = try self.carryOut(.compromise, on: &key, reason: .leaked)
            return (.compromised, key)
        }
    }

    private func keep(
        _ source: LeakSource,
        _ credential: Credential.ID,
        of key: APIKey,
        _ outcome: LeakOutcome
    ) throws {
        try self.tx.insert(
            LeakReport(
                id: self.newID(),
                workspaceID: self.workspaceID,
                keyID: key.id,
                credentialID: credential,
                source: source,
                reportedAt: self.now,
                reportedBy: self.author.actingKeyID,
                outcome: outcome
            )
        )
    }

    /// How many tokens ended how, for the audit log.
    private static func summary(_ outcomes: [LeakOutcome]) -> JSON {
        var fields: [(String, JSON)] = [("tokens", .integer(Int64(outcomes.count)))]
        for outcome in LeakOutcome.allCases {
            let count = outcomes.count { $0 == outcome }
            if count > 0 { fields.append((outcome.rawValue, .integer(Int64(count)))) }
        }
        return .object(JSONObject(fields))
    }
}
