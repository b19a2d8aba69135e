import ClavigerCore
import ClavigerVerifier

extension Maintenance {
    /// Ends the grace of credentials that have not been used for as long as was asked.
    ///
    /// One that is used is looked at again when it may have gone quiet: what is looked at in one round does not depend
    /// on how many are in grace.
    func endQuietGraces() async throws {
        while true {
            let now = self.authority.time.now()
            let due = try await self.authority.store.read { try $0.credentialsDue(at: now, limit: Self.batch) }
            guard !due.isEmpty else { return }
            // What was answered before now is in what is asked below.
            try await self.authority.refreshUsage()
            for (workspace, credential) in due {
                let lastUse = try await self.authority.usage.lastUse(
                    of: credential.id,
                    of: credential.keyID,
                    since: credential.replacedAt ?? credential.createdAt,
                    in: workspace
                )
                try await self.settle(credential, lastUse, in: workspace, at: now)
            }
            guard due.count == Self.batch else { return }
        }
    }

    private func settle(
        _ seen: Credential,
        _ lastUse: Timestamp?,
        in workspace: Workspace.ID,
        at now: Timestamp
    ) async throws {
        let (random, detailRetention) = (self.authority.random, self.authority.detailRetention)
        _ = try await self.authority.store.write { tx -> Verifier.Effects in
            let author = OwnAccord(workspaceID: workspace, requestID: "")
            var change = ChangeBy(tx, by: author, at: now, random: random)
            // Somebody may have ended or extended it meanwhile.
            guard var key = try tx.key(seen.keyID, in: workspace),
                var credential = try tx.credentials(of: key.id, in: workspace).first(where: { $0.id == seen.id }),
                credential.state == seen.state, credential.quietFor == seen.quietFor
            else { return change.effects }
            guard case .retiring(let endsAt) = credential.state, endsAt > now, let quietFor = credential.quietFor else {
                // Time has ended it.
                credential.end(at: credential.retiredAt(at: now) ?? now)
                try tx.update(credential, dueAt: nil, in: workspace)
                return change.effects
            }
            // The access log may be kept for a shorter time than when the grace was given: then nobody knows that it is
            // quiet, and time ends it.
            guard quietFor <= detailRetention else {
                try tx.update(credential, dueAt: endsAt, in: workspace)
                return change.effects
            }
            if let lastUse, lastUse + quietFor > now {
                try tx.update(credential, dueAt: lastUse + quietFor, in: workspace)
                return change.effects
            }
            credential.end(at: now)
            try change.store(credential)
            try change.change(&key)
            try tx.append(
                .bySystem(
                    "key.rotation_end",
                    key.id.text,
                    after: [
                        "credential": credential.rotationFields(at: now, lastUsedAt: lastUse),
                        "quietFor": .string(DurationText.text(for: quietFor)),
                    ],
                    in: workspace,
                    at: now,
                    from: random
                )
            )
            return change.effects
        } afterCommit: { [verifier = self.authority.verifier] in
            verifier.apply($0)
        }
    }
}
