/// What is done to every key of a set.
public enum BulkAction: Hashable, Sendable {
    /// A change of the state, with its reason.
    case command(KeyCommand, reason: TransitionReason, note: String?)
    /// Another end of their time.
    case setExpiry(Timestamp)
    /// A new credential within so long, or they are suspended.
    case requireRotation(within: Duration)

    /// The names of the actions.
    public enum Name: String, CaseIterable, Sendable {
        case suspend, resume, revoke, compromise, destroy
        case setExpiry
        case requireRotation
    }

    /// The name.
    public var name: Name {
        switch self {
        case .command(.suspend, _, _): .suspend
        case .command(.resume, _, _): .resume
        case .command(.revoke, _, _): .revoke
        case .command(.compromise, _, _): .compromise
        case .command(.destroy, _, _): .destroy
        case .setExpiry: .setExpiry
        case .requireRotation: .requireRotation
        }
    }

    /// What the caller has to be allowed to do to each key.
    public var permission: Permission.KeyAction {
        switch self {
        case .command(.suspend, _, _): .suspend
        case .command(.resume, _, _): .resume
        case .command(.revoke, _, _): .revoke
        case .command(.compromise, _, _): .compromise
        case .command(.destroy, _, _): .delete
        case .setExpiry: .update
        case .requireRotation: .rotate
        }
    }

    /// Whether it changes a key: one that is so already, or of which it cannot be asked, is left alone.
    ///
    /// - Parameter revivesExpired: whether a later end may bring keys back whose time is over. That has to be wanted:
    ///   nobody who makes keys live longer thinks of those that are dead.
    public func changes(_ key: KeyOutline, at now: Timestamp, revivesExpired: Bool) -> Bool {
        switch self {
        case .command(let command, _, _):
            return command.changes(key.state, isExpired: key.isExpired(at: now))
        case .setExpiry(let end):
            guard key.isLive, key.expiresAt != end, key.notBefore.map({ $0 < end }) ?? true else { return false }
            return revivesExpired || !key.isExpired(at: now)
        case .requireRotation(let time):
            guard key.isLive, !key.isExpired(at: now) else { return false }
            return key.rotateBy.map { now + time < $0 } ?? true
        }
    }
}

extension KeyCommand {
    /// Whether a key in a stored state comes into another by the command.
    public func changes(_ state: KeyState.Name, isExpired: Bool) -> Bool {
        // Who, when and why do not count here.
        let some = Transition(at: Timestamp(milliseconds: 0), by: nil, reason: .other)
        let present: KeyState
        switch state {
        case .pending: present = .pending
        case .active: present = .active(since: nil)
        case .suspended: present = .suspended(some)
        case .revoked: present = .revoked(some)
        case .compromised: present = .compromised(some)
        case .destroyed: present = .destroyed(some)
        case .expired: return false
        }
        guard let next = try? present.after(self, isExpired: isExpired, some) else { return false }
        return next.name != state
    }
}

// MARK: The stored form

extension BulkAction {
    /// The action as a value of the audit log and the database.
    public var json: JSON {
        switch self {
        case .command(_, let reason, let note):
            ["name": .string(self.name.rawValue), "reason": .string(reason.rawValue), "note": note.map(JSON.string)]
        case .setExpiry(let end):
            ["name": .string(self.name.rawValue), "expiresAt": .string(end.text)]
        case .requireRotation(let time):
            ["name": .string(self.name.rawValue), "within": .duration(time)]
        }
    }

    /// Reads ``json``.
    public init?(_ json: JSON) {
        guard let name = json["name"]?.string.flatMap(Name.init(rawValue:)) else { return nil }
        if name == .setExpiry {
            guard let end = json["expiresAt"]?.string, let moment = try? Timestamp(parsing: end) else { return nil }
            self = .setExpiry(moment)
            return
        }
        if name == .requireRotation {
            guard let text = json["within"]?.string, let time = try? DurationText.parse(text) else { return nil }
            self = .requireRotation(within: time)
            return
        }
        guard let command = KeyCommand(rawValue: name.rawValue),
            let reason = json["reason"]?.string.flatMap(TransitionReason.init(rawValue:))
        else { return nil }
        self = .command(command, reason: reason, note: json["note"]?.string)
    }
}
