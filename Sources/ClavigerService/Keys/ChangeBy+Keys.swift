import ClavigerCore
import ClavigerVerifier

/// A draft of a key whose names have been looked up, and which can be a key as it is.
struct ResolvedDraft: Sendable {
    var api: API
    var environment: API.Environment
    var owner: Consumer.ID
    var kind: KeyKind
    var attributes: APIKey.Attributes
    /// How long the policies let it live.
    var longestLife: Duration?
}

extension Change {
    /// Makes a key with its first credential, in the transaction, the log, the events and the verifier's memory.
    ///
    /// Whoever calls it has decided that the caller may.
    mutating func put(_ draft: ResolvedDraft, _ hasher: TokenHasher) throws -> IssuedKey {
        let token = KeyToken(prefix: draft.api.prefix, tag: draft.environment.tag(of: draft.kind), from: self.random)
        let key = APIKey(
            id: self.newID(),
            workspaceID: self.workspaceID,
            apiID: draft.api.id,
            environment: draft.environment.name,
            consumerID: draft.owner,
            kind: draft.kind,
            start: token.publicStart,
            attributes: draft.attributes,
            state: .active(since: nil),
            createdAt: self.now,
            createdBy: self.caller.keyID,
            updatedAt: self.now,
            version: 1,
            longestLife: draft.longestLife
        )
        let credential = Credential(
            id: self.newID(),
            keyID: key.id,
            lookupID: token.lookupID,
            digest: hasher.digest(of: token),
            state: .current,
            createdAt: self.now
        )
        try self.tx.insert(key, credential)
        try self.record(AuditAction(.key, "create"), key.id.text, after: key.publicFields(at: self.now))
        try self.emit(.keyCreated, about: key)
        self.effects.added.append(credential.lookupID)
        return IssuedKey(key: key, token: token)
    }

    /// What is said of a key after a patch; names are looked up, nothing is checked.
    func applying(_ patch: KeyPatch, to attributes: APIKey.Attributes) throws -> APIKey.Attributes {
        var result = attributes
        result.name = patch.name.applied(to: attributes.name)
        result.scopes = patch.scopes.applied(to: Optional(attributes.scopes)) ?? []
        result.roles = patch.roles.applied(to: Optional(attributes.roles)) ?? []
        result.notBefore = patch.notBefore.applied(to: attributes.notBefore)
        result.expiresAt = patch.expiresAt.applied(to: attributes.expiresAt)
        result.restrictions = patch.restrictions.applied(to: Optional(attributes.restrictions)) ?? .none
        result.allowance = try self.applying(patch.allowance, patch.plan, to: attributes.allowance)
        result.metadata = try attributes.metadata.applying(patch.metadata)
        return result
    }
}

extension ChangeBy {
    /// Gives a key other attributes, in the transaction, the log and the verifier's memory.
    ///
    /// Whoever calls it has decided that the author may.
    mutating func set(
        _ attributes: APIKey.Attributes,
        of key: inout APIKey,
        _ api: API,
        _ action: AuditAction,
        reason: String? = nil
    ) throws {
        let before = key.publicFields(at: self.now)
        let (former, formerEnd) = (key.attributes.allowance, key.endsAt)
        key.attributes = attributes
        key.longestLife = try self.tx.longestLife(of: key, api)
        key.updatedAt = self.now
        key.version += 1
        try self.tx.update(key)
        try self.noteRevival(of: key, formerly: formerEnd)
        self.effects.changed += try self.tx.lookupIDs(ofKey: key.id, in: self.workspaceID)
        try self.resetCredits(AccountID(.key, key.id.bits), from: former, to: attributes.allowance)
        try self.record(
            action,
            key.id.text,
            before: before,
            after: key.publicFields(at: self.now),
            reason: reason
        )
        try self.tellEnd(of: key, formerly: formerEnd)
    }

    /// Writes down that a key has come back, if it has: the jobs leave it the time to be used and rotated again.
    func noteRevival(of key: APIKey, formerly formerEnd: Timestamp?) throws {
        guard formerEnd.map({ $0 <= self.now }) ?? false, key.endsAt.map({ self.now < $0 }) ?? true,
            var notices = try self.tx.keyLife(key.id, in: self.workspaceID)?.notices
        else { return }
        notices.revivedAt = self.now
        try self.tx.store(notices, of: key.id)
    }
}
