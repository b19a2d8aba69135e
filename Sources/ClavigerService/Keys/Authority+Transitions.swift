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
        let action = AuditAction(.key, command.rawValue)
        return try await self.change(action, id.text, by: caller, once: once) { change in
            let caller = change.caller
            var (key, api) = try change.tx.existingKey(id, for: command.permission, caller)
            try Problem.checkVersion(version, is: key.version)
            try Self.checkReach(to: key, api, command, change)
            let before = key.publicFields(at: change.now)
            let transition = Transition(
                at: change.now,
                by: caller.keyID,
                reason: request.reason ?? command.usualReason,
                note: request.note
            )
            let state: KeyState
            do throws(TransitionRefusal) {
                state = try key.state.after(command, isExpired: key.isExpired(at: change.now), transition)
            } catch {
                throw Problem(.stateConflict, error.message)
            }
            guard state != key.state else {
                change.nothingToDo()
                return KeyReading(value: key, readAt: change.now)
            }
            key.state = state
            key.updatedAt = change.now
            key.version += 1
            try change.tx.update(key)
            if command == .destroy { try change.tx.eraseDigests(of: id, in: change.workspaceID) }
            change.effects.changed = try change.tx.lookupIDs(ofKey: id, in: change.workspaceID)
            try change.record(
                action,
                id.text,
                before: before,
                after: key.publicFields(at: change.now),
                reason: transition.reason.rawValue
            )
            if let event = EventType(command) { try change.emit(event, about: key) }
            return KeyReading(value: key, readAt: change.now)
        }
    }

    /// A management key is power over Claviger: whoever has less than it holds cannot give that power back by resuming
    /// it, nor for longer than their own (promise P8), nor take it from others.
    ///
    /// Everybody may end their own key.
    private static func checkReach(
        to key: APIKey,
        _ api: API,
        _ command: KeyCommand,
        _ change: Change
    ) throws {
        guard api.isManagement, key.id != change.caller.keyID else { return }
        let granted = try change.tx.granted(to: key)
        if let missing = change.caller.scopes.missing(from: granted.scopes).first {
            throw Problem.forbidden(needed: missing)
        }
        if command == .resume { try change.caller.requireItsRestrictions(on: key) }
        guard command == .resume, let limit = change.caller.expiresAt else { return }
        if key.attributes.expiresAt.map({ $0 > limit }) ?? true {
            throw Problem(.forbidden, "The key would outlive your own management key, which expires at \(limit.text).")
        }
    }
}
