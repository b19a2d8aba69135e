import ClavigerCore
import ClavigerVerifier

extension ChangeBy {
    /// How many keys are in memory at a time.
    private static var part: Int { 500 }

    /// Changes many keys, with one audit record and one event for each: what ``carryOut(_:on:reason:note:)`` does to one.
    ///
    /// Whoever calls it has decided that the author may, and writes the record of the whole.
    ///
    /// - Parameters:
    ///   - part: what `edit` changes.
    ///   - action: what the records say was done.
    ///   - edit: changes the key; its version and time of change are taken care of.
    mutating func changeAll(
        _ part: KeyPart,
        of ids: [APIKey.ID],
        _ action: AuditAction,
        reason: TransitionReason? = nil,
        event: EventType? = nil,
        _ edit: (inout APIKey) throws -> Void
    ) throws {
        let endpoints = try event.map { event in
            try self.tx.enabledWebhookEndpoints(in: self.workspaceID).filter { $0.wanted.contains(event) }.map(\.id)
        }
        self.effects.changed.reserveCapacity(self.effects.changed.count + ids.count)
        for start in stride(from: 0, to: ids.count, by: Self.part) {
            let some = Array(ids[start..<min(start + Self.part, ids.count)])
            var keys = try self.tx.keys(some, in: self.workspaceID)
            guard keys.count == some.count else { throw Problem.stalePreview }
            var records: [AuditRecord] = []
            records.reserveCapacity(keys.count)
            for index in keys.indices {
                let before = keys[index].publicFields(at: self.now)
                let formerEnd = keys[index].endsAt
                try edit(&keys[index])
                try self.noteRevival(of: keys[index], formerly: formerEnd)
                keys[index].updatedAt = self.now
                keys[index].version += 1
                records.append(
                    self.auditRecord(
                        action,
                        keys[index].id.text,
                        before: before,
                        after: keys[index].publicFields(at: self.now),
                        reason: reason?.rawValue
                    )
                )
            }
            try self.tx.update(part, of: keys)
            self.effects.changed += try self.tx.lookupIDs(ofKeys: some, in: self.workspaceID)
            try self.tx.append(records)
            if let event, let endpoints, !endpoints.isEmpty {
                for key in keys { try self.emit(event, about: key, to: endpoints) }
            }
        }
    }

    /// Carries an action out on many keys.
    mutating func carryOut(_ action: BulkAction, on ids: [APIKey.ID]) throws {
        let (now, rules) = (self.now, try BulkRules(self))
        switch action {
        case .command(let command, let reason, let note):
            let transition = Transition(at: now, by: self.author.actingKeyID, reason: reason, note: note)
            try self.changeAll(.state, of: ids, command.action, reason: reason, event: EventType(command)) { key in
                if command == .resume { try rules.checkResume(of: key) }
                do throws(TransitionRefusal) {
                    key.state = try key.state.after(command, isExpired: key.isExpired(at: now), transition)
                } catch {
                    throw Problem(.stateConflict, error.message)
                }
            }
            if command == .destroy { try self.tx.eraseDigests(ofKeys: ids, in: self.workspaceID) }
        case .setExpiry(let end):
            try self.changeAll(.expiry, of: ids, AuditAction(.key, "update")) { key in
                var wanted = key.attributes
                wanted.expiresAt = end
                try rules.checkChange(of: key, to: wanted)
                key.attributes = wanted
            }
        case .requireRotation(let time):
            let end = now + time
            try self.changeAll(.rotateBy, of: ids, AuditAction(.key, "require_rotation")) { key in
                key.rotateBy = key.rotateBy.map { min($0, end) } ?? end
            }
            // People and programs are told at once.
            try self.tx.requestJob(.rotation, at: now)
        }
    }

    private mutating func emit(_ type: EventType, about key: APIKey, to endpoints: [WebhookEndpoint.ID]) throws {
        let event = OutgoingEvent(
            id: self.newID(),
            workspaceID: key.workspaceID,
            type: type,
            at: self.now,
            subject: key.id.text,
            data: ["key": key.eventFields(at: self.now)]
        )
        try self.tx.insert(event, for: endpoints, at: self.now, from: self.random)
        self.news.hasEvents = true
    }
}

extension Problem {
    static let passedExpiry = Problem(
        .stateConflict,
        "The moment at which the keys were to expire is over. Make a new preview with a later one, or revoke them."
    )

    static let stalePreview = Problem(
        .stateConflict,
        "The keys are not those of the preview any more: some were changed or used, came or went. Make a new one."
    )
}
