public import ClavigerCore
import ClavigerVerifier

/// The versions of the purpose keys.
public struct KeyringStatus: Sendable {
    /// All versions of all purposes.
    public let entries: [KeyringEntry]
    /// Credentials whose digest still has an older pepper; each gets the current one at its next use.
    public let credentialsOnOldPeppers: Int
}

extension Authority {
    /// The keyring.
    public func keyringStatus(by caller: Caller) async throws -> KeyringStatus {
        let action = AuditAction(.keyring, "read")
        return try await self.read(action, nil, by: caller) { tx, caller in
            try caller.require(.readKeyring)
            return try Self.status(tx)
        }
    }

    /// Makes the next version of purposes and begins to use it.
    ///
    /// Older versions stay for what they were used for.
    public func rotateKeyring(
        _ purposes: [KeyPurpose],
        by caller: Caller,
        once: Once<KeyringStatus>? = nil
    ) async throws -> Outcome<KeyringStatus> {
        let action = AuditAction(.keyring, "rotate")
        let holder = self.keyring
        let origin = self.auditLog.origin
        return try await self.change(action, nil, by: caller, once: once) { change in
            let caller = change.caller
            try caller.require(.rotateKeyring)
            var keyring = holder.keyring
            for purpose in purposes {
                let old = keyring.currentVersion(of: purpose)
                let entry = try keyring.makeNextVersion(of: purpose, at: change.now, from: change.random)
                keyring = try keyring.adding(entry)
                try change.tx.retireCurrentKey(for: purpose)
                try change.tx.insert(entry)
                try change.record(
                    action,
                    purpose.rawValue,
                    before: ["version": .integer(Int64(old))],
                    after: ["version": .integer(Int64(entry.version))]
                )
                if purpose == .auditSigning {
                    try change.record(
                        AuditAction(.audit, AuditLogSigners.rotationVerb),
                        nil,
                        after: AuditLogSigners.rotation(keyring, from: old, origin: origin)
                    )
                }
            }
            // Runs right after the commit, on the writing thread: the next change uses the new versions.
            change.effects.makeHasher = { [keyring] in
                holder.replace(keyring)
                return keyring.makeHasher()
            }
            return try Self.status(change.tx)
        }
    }

    private static func status(_ tx: any AuthorityReading) throws -> KeyringStatus {
        let entries = try tx.keyringEntries()
        let current = entries.first { $0.purpose == .pepper && $0.state == .current }
        return KeyringStatus(
            entries: entries,
            credentialsOnOldPeppers: try current.map { try tx.credentialCount(withPepperOtherThan: $0.version) } ?? 0
        )
    }
}
