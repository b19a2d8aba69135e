/// Why a key changed its state.
public enum TransitionReason: String, CaseIterable, Sendable {
    case superseded
    case unused
    case leaked
    case ownerLeft = "owner_left"
    case privilegeWithdrawn = "privilege_withdrawn"
    /// It needed a new credential, and did not get it in time.
    case rotationOverdue = "rotation_overdue"
    case other
}

/// When, by whom and why a key came into its state.
public struct Transition: Hashable, Sendable {
    /// When.
    public var at: Timestamp
    /// The key that asked for it: a management key, or this key itself when its holder ended it; nil when the system did it.
    public var by: APIKey.ID?
    /// Why.
    public var reason: TransitionReason
    /// Why, in words.
    public var note: String?

    /// Makes a transition.
    public init(at: Timestamp, by: APIKey.ID?, reason: TransitionReason, note: String? = nil) {
        self.at = at
        self.by = by
        self.reason = reason
        self.note = note
    }
}

/// Where a key is in its life (after NIST SP 800-57 part 1, section 7).
///
/// `expired` is no state of its own: it is what time makes of a pending, active or suspended key, see
/// ``APIKey/state(at:)``.
public enum KeyState: Hashable, Sendable {
    case pending
    /// `since` tells who resumed it; nil when it was never suspended.
    case active(since: Transition?)
    case suspended(Transition)
    case revoked(Transition)
    case compromised(Transition)
    case destroyed(Transition)

    /// The name in the API and the database.
    public var name: Name {
        switch self {
        case .pending: .pending
        case .active: .active
        case .suspended: .suspended
        case .revoked: .revoked
        case .compromised: .compromised
        case .destroyed: .destroyed
        }
    }

    /// How the key came into this state, where somebody brought it there.
    public var transition: Transition? {
        switch self {
        case .pending: nil
        case .active(let transition): transition
        case .suspended(let transition), .revoked(let transition), .compromised(let transition),
            .destroyed(let transition):
            transition
        }
    }

    /// The names of the states.
    public enum Name: String, CaseIterable, Sendable {
        case pending, active, suspended, revoked, compromised, expired, destroyed
    }
}

/// What can be asked of a key's state.
public enum KeyCommand: String, CaseIterable, Sendable {
    case suspend, resume, revoke, compromise, destroy

    /// The reason when none is given.
    public var usualReason: TransitionReason {
        self == .compromise ? .leaked : .other
    }
}

/// Why a state cannot be reached.
public struct TransitionRefusal: Error, Hashable, Sendable {
    /// What is in the way and what to do, for a person.
    public let message: String
}

extension KeyState {
    /// The state after a command; the same state when the command has been carried out already.
    ///
    /// `isExpired` says whether the key's time is over.
    public func after(
        _ command: KeyCommand,
        isExpired: Bool,
        _ transition: Transition
    ) throws(TransitionRefusal) -> KeyState {
        switch (command, self) {
        case (_, .destroyed) where command != .destroy:
            throw TransitionRefusal(message: "The key is destroyed; nothing can be done with it any more.")
        case (.suspend, .active): return .suspended(transition)
        case (.resume, .suspended): return .active(since: transition)
        case (.revoke, .pending), (.revoke, .active), (.revoke, .suspended): return .revoked(transition)
        case (.compromise, .pending), (.compromise, .active), (.compromise, .suspended), (.compromise, .revoked):
            return .compromised(transition)
        case (.destroy, .revoked), (.destroy, .compromised): return .destroyed(transition)
        case (.destroy, .pending) where isExpired, (.destroy, .active) where isExpired,
            (.destroy, .suspended) where isExpired:
            return .destroyed(transition)
        case (.suspend, .suspended), (.resume, .active), (.revoke, .revoked), (.compromise, .compromised),
            (.destroy, .destroyed):
            return self
        case (.destroy, _):
            throw TransitionRefusal(message: "The key is \(self.name.rawValue); revoke it first, then delete it.")
        case (.revoke, .compromised):
            throw TransitionRefusal(message: "The key is compromised, which is stronger than revoked.")
        default:
            throw TransitionRefusal(
                message: "A key that is \(self.name.rawValue) cannot be told to \(command.rawValue)."
            )
        }
    }
}
