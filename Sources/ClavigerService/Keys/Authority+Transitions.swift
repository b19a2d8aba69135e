public import ClavigerCore
import ClavigerVerifier

/// Why a key is to change its state.
public struct TransitionRequest: Sendable {
    /// The reason; nil for the command's usual one.
    public var reason: TransitionReason?
    /// The reason in words.
    public var note: String?

    /// Makes a request.
    public init(reason: TransitionReason? = nil, note: String? = nil) {
        self.reason = reason
        self.note = note
    }
}

extension KeyCommand {
    var permission: Permission.KeyAction {
        switch self {
        case .suspend: .suspend
        case .resume: .resume
        case .revoke: .revoke
        case .compromise: .compromise
        case .destroy: .delete
        }
    }

    var action: AuditAction { AuditAction(.key, self.rawValue) }
}

extension ChangeBy {
    /// Brings a key into another state: the row, the record, and what the verifier has to forget.
    ///
    /// Whoever calls it has decided that the author may; every transition of every key goes through here.
    ///
    /// - Returns: false if the key was told so before, and nothing was done.
    mutating func carryOut(
        _ command: KeyCommand,
        on key: inout APIKey,
        reason: TransitionReason? = nil,
        note: String? = nil
    ) throws -> Bool {
        let before = key.publicFields(at: self.now)
        let transition = Transition(
            at: self.now,
            by: self.author.actingKeyID,
            reason: reason ?? command.usualReason,
            note: note
        )
        let state: KeyState
        do throws(TransitionRefusal) {
            state = try key.state.after(command, isExpired: key.isExpired(at: self.now), transition)
        } catch {
            throw Problem(.stateConflict, error.message)
        }
        guard state != key.state else { return false }
        key.state = state
        key.updatedAt = self.now
        key.version += 1
        try self.tx.update(key)
        if command == .destroy { try self.tx.eraseDigests(of: key.id, in: self.workspaceID) }
        self.effects.changed += try self.tx.lookupIDs(ofKey: key.id, in: self.workspaceID)
        try self.record(
            command.action,
            key.id.text,
            before: before,
            after: key.publicFields(at: self.now),
            reason: transition.reason.rawValue
        )
        if let event = EventType(command) { try self.emit(event, about: key) }
        return true
    }
}

extension Authority {
    /// Tells a key to change its state.
    ///
    /// What was told already changes nothing and answers the same.
    ///
    /// When this returns, no verification on this server sees the old state any more (promise P4).
    public func transition(
        _ id: APIKey.ID,
        _ command: KeyCommand,
        _ request: TransitionRequest,
        expecting version: Int? = nil,
        by caller: Caller,
        once: Once<KeyReading>? = nil
    ) async throws -> Outcome<KeyReading> {
        try await self.change(command.action, id.text, by: caller, once: once) { change in
            let caller = change.caller
            var (key, api) = try change.tx.existingKey(id, for: command.permission, caller)
            try Problem.checkVersion(version, is: key.version)
            try change.tx.checkReach(to: key, api, command, caller)
            if command == .resume, case .suspended = key.state { try change.requirePolicies(of: key, api) }
            if try !change.carryOut(command, on: &key, reason: request.reason, note: request.note) {
                change.nothingToDo()
            }
            return KeyReading(value: key, readAt: change.now)
        }
    }
}

extension AuthorityReading {
    /// A management key is power over Claviger: whoever has less than it holds cannot give that power back by resuming
    /// it, nor for longer than their own (promise P8), nor take it from others.
    ///
    /// Everybody may end their own key.
    func checkReach(to key: APIKey, _ api: API, _ command: KeyCommand, _ caller: Caller) throws {
        guard api.isManagement, key.id != caller.keyID else { return }
        if let missing = caller.scopes.missing(from: try self.granted(to: key).scopes).first {
            throw Problem.forbidden(needed: missing)
        }
        if command == .resume {
            try caller.requireItsRestrictions(on: key)
            try caller.requireLife(of: key)
        }
    }
}

extension ChangeBy<Caller> {
    /// A management key is power over Claviger: refuses a caller who has less of it than the key (promise P8).
    func requirePower(of key: APIKey, _ api: API) throws {
        guard api.isManagement else { return }
        if let missing = self.caller.scopes.missing(from: try self.tx.granted(to: key).scopes).first {
            throw Problem.forbidden(needed: missing)
        }
    }
}

extension Caller {
    /// Refuses where the key would outlive the caller's own (promise P8).
    func requireLife(of key: APIKey) throws(Problem) {
        guard let limit = self.expiresAt, key.attributes.expiresAt.map({ $0 > limit }) ?? true else { return }
        throw Problem(.forbidden, "The key would outlive your own management key, which expires at \(limit.text).")
    }
}
