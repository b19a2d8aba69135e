public import ClavigerCore
import ClavigerVerifier

/// What becomes of the keys of a consumer that leaves.
public enum OffboardAction: Hashable, Sendable {
    /// They are refused until somebody resumes them.
    case suspend
    /// They are refused for good.
    case revoke
    /// Another consumer takes them over, as they are.
    case transfer(OffboardSuccessor)

    /// The names of the actions.
    public enum Name: String, CaseIterable, Sendable {
        case suspend, revoke, transfer
    }

    /// The name.
    public var name: Name {
        switch self {
        case .suspend: .suspend
        case .revoke: .revoke
        case .transfer: .transfer
        }
    }

    /// What the caller has to be allowed to do to each key.
    var permission: Permission.KeyAction {
        switch self {
        case .suspend: .suspend
        case .revoke: .revoke
        case .transfer: .update
        }
    }

    /// The change of the state; nil where there is none.
    func command(note: String?) -> BulkAction? {
        switch self {
        case .suspend: .command(.suspend, reason: .ownerLeft, note: note)
        case .revoke: .command(.revoke, reason: .ownerLeft, note: note)
        case .transfer: nil
        }
    }
}

/// Who takes keys over.
public enum OffboardSuccessor: Hashable, Sendable {
    case id(Consumer.ID)
    case externalID(Label)
}

/// Everything that depends on a consumer.
public struct Dependents: Sendable {
    /// Where keys are used from, and by what.
    public struct User: Hashable, Sendable {
        /// The address, or 64 bits of an IPv6 address.
        public let network: String?
        /// What the client calls itself.
        public let userAgent: String?
    }

    /// How much a user used.
    public struct Use: Hashable, Sendable {
        /// How often.
        public var count: Int
        /// The last time.
        public var lastUsedAt: Timestamp
    }

    /// The preview that can be confirmed.
    public let preview: BulkPreview
    /// The consumer.
    public let consumer: Consumer
    /// The first of its live keys.
    public let keys: [APIKey]
    /// The last use of each of those that were used.
    public let lastUses: [APIKey.ID: LastUse]
    /// The plans of the consumer and of its live keys.
    public let plans: [Plan]
    /// Credits that are set aside for work under way.
    public let reservations: [CreditHold]
    /// Who uses the keys, the most frequent first; nil if the caller may not know.
    public let users: [(user: User, use: Use)]?
    /// Since when uses were looked at.
    public let usersSince: Timestamp
}

extension AuthorityReading {
    /// The live keys of a consumer, and which of them an action changes.
    ///
    /// - Parameter command: the change of the state; nil for all of them.
    func dependents(
        of consumer: Consumer,
        _ command: BulkAction?,
        _ caller: Caller,
        at now: Timestamp
    ) throws -> (all: KeySelection, changed: [APIKey.ID]) {
        let management = try self.api(named: API.managementName, in: caller.workspaceID)?.id
        var selection = KeySelection(subject: "offboarding \(consumer.id.text) \(consumer.version)")
        var changed: [APIKey.ID] = []
        var filter = BulkFilter()
        filter.consumer = consumer.id
        try self.forEachOutline(filter, in: caller.workspaceID, at: now) { key in
            guard key.isLive else { return }
            guard key.id != caller.keyID else {
                throw Problem(.stateConflict, "Your own management key belongs to this consumer. Use another one.")
            }
            try selection.add(key, isManagement: key.apiID == management)
            if command?.changes(key, at: now, revivesExpired: true) ?? true { changed.append(key.id) }
        }
        return (selection, changed)
    }

    /// The consumer that takes keys over.
    func successor(_ successor: OffboardSuccessor, of consumer: Consumer, in workspace: Workspace.ID) throws -> Consumer
    {
        let found =
            switch successor {
            case .id(let id): try self.consumer(id, in: workspace)
            case .externalID(let externalID): try self.consumer(externalID: externalID, in: workspace)
            }
        guard let found else {
            throw Problem.validation([Violation("/to", "is not a consumer of this workspace")])
        }
        guard found.id != consumer.id else {
            throw Problem.validation([Violation("/to", "must be another consumer than the one that leaves")])
        }
        return found
    }
}
