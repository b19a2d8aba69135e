public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// The most tokens of one report.
    public static let mostLeakedTokens = 1000

    /// Takes the report of somebody who found tokens, and does to their keys what the apis say.
    ///
    /// Holding a token is more power over its key than the report has: no permission for the key itself is asked for.
    /// When this returns, no verification on this server sees the old state of a key any more (promise P4).
    ///
    /// - Returns: what became of each token, in their order.
    public func reportLeaks(_ leaks: [LeakedToken], by caller: Caller) async throws -> [LeakAnswer] {
        let action = AuditAction(.leak, "report")
        // Before anything is looked up: whoever may not report learns of no token whose it is, nor makes work.
        try await self.read(action, nil, by: caller) { _, caller in try caller.require(.reportLeaks) }
        let matches = try await self.match(leaks)
        return try await self.change(action, nil, by: caller, once: nil) { change in
            try change.caller.require(.reportLeaks)
            return try change.takeReport(matches).map { outcome, key in
                LeakAnswer(outcome, keyID: try key.flatMap { try change.readable($0) })
            }
        }.value
    }

    /// Takes the report of another service that has proved who it is, for all workspaces.
    ///
    /// - Returns: what became of each token, in their order.
    public func reportLeaks(_ leaks: [LeakedToken], requestID: String) async throws -> [LeakAnswer] {
        var answers: [LeakAnswer] = []
        // Some at a time, so that nobody else waits long for the one that writes.
        for start in stride(from: 0, to: leaks.count, by: Self.mostLeakedTokens) {
            let end = min(start + Self.mostLeakedTokens, leaks.count)
            answers += try await self.takeIn(try await self.match(leaks[start..<end]), requestID)
        }
        return answers
    }

    private func takeIn(_ matches: [MatchedLeak], _ requestID: String) async throws -> [LeakAnswer] {
        var answers = matches.map { _ in LeakAnswer(.unknown) }
        for workspaceID in Set(matches.compactMap { $0.snapshot?.workspaceID }) {
            let author = OwnAccord(workspaceID: workspaceID, requestID: requestID)
            let known = try await self.change(AuditAction(.leak, "report"), as: author) { change in
                try change.takeReport(matches)
            }
            for (index, answer) in known.enumerated() where answer.key != nil {
                answers[index] = LeakAnswer(answer.outcome, keyID: answer.key?.id)
            }
        }
        return answers
    }

    /// Reports of leaks, the newest first.
    public func leakReports(_ filter: LeakFilter, page: PageRequest, by caller: Caller) async throws -> [LeakReport] {
        try await self.read(AuditAction(.leak, "list"), nil, by: caller) { tx, caller in
            try caller.require(.readLeaks)
            return try tx.leakReports(filter, in: caller.workspaceID, page: page)
        }
    }

    private func match(_ leaks: some Sequence<LeakedToken>) async throws -> [MatchedLeak] {
        var matches: [MatchedLeak] = []
        for leak in leaks {
            let snapshot = try await Problem.ofUse { try await self.verifier.key(ofReported: leak.token) }
            matches.append(MatchedLeak(leak: leak, snapshot: snapshot))
        }
        return matches
    }
}

extension Change {
    /// The id of a key, if the caller may read the key.
    fileprivate func readable(_ key: APIKey) throws -> APIKey.ID? {
        guard let api = try self.tx.api(key.apiID, in: key.workspaceID) else { return nil }
        return Permission.keys(.read, api.reference, key.environment).isGranted(by: self.caller.scopes) ? key.id : nil
    }
}

extension LeakReport {
    /// The fields of a report for answers.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "keyId": .string(self.keyID.text),
            "credentialId": .string(self.credentialID.text),
            "source": self.source.name.isEmpty ? nil : .string(self.source.name),
            "url": self.source.place.isEmpty ? nil : .string(self.source.place),
            "outcome": .string(self.outcome.rawValue),
            "reportedAt": .string(self.reportedAt.text),
            "reportedBy": self.reportedBy.map { .string($0.text) },
        ]
    }
}
