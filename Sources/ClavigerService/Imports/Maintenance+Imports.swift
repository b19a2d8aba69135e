import ClavigerCore

extension Maintenance {
    /// Seals the HMAC keys of imports under the current key; there are few rules.
    func rewrapForeignRules() async throws {
        let keyring = self.authority.keyring.keyring
        let version = keyring.currentVersion(of: .seal)
        let isOld: @Sendable (StoredForeignRule) -> Bool = { ($0.sealedKey?.keyVersion ?? version) != version }
        guard try await self.authority.store.read({ try $0.foreignRules().contains(where: isOld) }) else { return }
        try await self.authority.store.write { tx in
            let sealer = Sealer(keyring: keyring, random: self.authority.random)
            let old = try tx.foreignRules().filter(isOld)
            for rule in old {
                guard let sealed = rule.sealedKey, let again = try sealer.rewrap(sealed, for: rule.sealingContext)
                else { continue }
                try tx.replace(again, for: rule.id)
            }
            try tx.append(self.record("keyring.rewrap", ["foreignRules": .integer(Int64(old.count))]))
        } afterCommit: { _ in
        }
    }
}
