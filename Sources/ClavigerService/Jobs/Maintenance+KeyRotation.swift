import ClavigerCore

extension Maintenance {
    /// How many keys are looked at in one part of a job.
    static let looked = 2000

    /// Looks at the next keys that have to be rotated: tells of those whose time comes, suspends or ends those whose time
    /// is over.
    func rotateNext(_ turn: JobTurn) async throws -> Bool {
        let now = self.authority.time.now()
        let workspace = self.workspaceID
        let (due, last) = try await self.authority.store.read { tx -> ([APIKey.ID], APIKey.ID?) in
            let places = try PlaceLifecycles(tx, workspace)
            let keys = try tx.keyLives(
                KeyLifeFilter(places: places.rotating(at: now), age: .credential, withRequiredRotation: true),
                after: try turn.lastKey(),
                limit: Self.looked,
                in: workspace
            )
            return try Self.firstDue(keys) {
                let rule = try places.rotation($0, tx, workspace)
                return $0.rotationStep(rule, ruledAt: places.changedAt($0), at: now) != nil
            }
        }
        guard !due.isEmpty || last != nil else { return false }
        let action = AuditAction(.job, Job.Name.rotation.rawValue)
        try await self.authority.change(action, as: OwnAccord(workspaceID: workspace)) { change in
            change.nothingToDo()
            try turn.advance(change.tx, to: (last ?? due.last)?.text ?? "", at: now)
            let places = try PlaceLifecycles(change.tx, workspace)
            // Somebody may have rotated it meanwhile, or changed a policy.
            for id in due {
                guard let key = try change.tx.keyLife(id, in: workspace) else { continue }
                try change.takeStep(key, try places.rotation(key, change.tx, workspace), places)
            }
        }
        return last != nil
    }

    /// The first keys that something has to be done to, no more than fit in one transaction, and the last one that was
    /// looked at; nil if there are no more.
    static func firstDue(
        _ keys: [KeyLife],
        _ isDue: (KeyLife) throws -> Bool
    ) rethrows -> (due: [APIKey.ID], last: APIKey.ID?) {
        var due: [APIKey.ID] = []
        for key in keys where try isDue(key) {
            due.append(key.id)
            if due.count == Self.batch { return (due, key.id) }
        }
        return (due, keys.count == Self.looked ? keys.last?.id : nil)
    }
}

extension JobTurn {
    /// The last key that was looked at.
    func lastKey() throws -> APIKey.ID? {
        self.job.cursor.isEmpty ? nil : try APIKey.ID(parsing: self.job.cursor)
    }
}

extension ChangeBy<OwnAccord> {
    /// Does what is to be done about a key's rotation now.
    fileprivate mutating func takeStep(_ life: KeyLife, _ rule: RotationRule?, _ places: PlaceLifecycles) throws {
        let ruledAt = places.changedAt(life)
        let clock = life.rotationClock(rule, ruledAt: ruledAt)
        guard let step = life.rotationStep(rule, ruledAt: ruledAt, at: self.now), let dueAt = clock.dueAt,
            var key = try self.tx.key(life.id, in: self.workspaceID)
        else { return }
        switch step {
        case .tell(let milestone): try self.tell(milestone, dueAt, life, key)
        case .suspend:
            // Claviger does not lock everybody out: people are told, and that is all.
            guard try !places.isManagement(life) || !self.isLastOwner(key) else {
                guard life.notices.rotation != RotationClock.Told(dueAt: dueAt, milestone: .overdue) else { return }
                return try self.tell(.overdue, dueAt, life, key)
            }
            let note = "It was to be rotated by \(dueAt.text)."
            _ = try self.carryOut(.suspend, on: &key, reason: .rotationOverdue, note: note)
        case .end: try self.end(key, dueAt)
        }
    }

    private mutating func tell(
        _ milestone: RotationClock.Milestone,
        _ dueAt: Timestamp,
        _ life: KeyLife,
        _ key: APIKey
    ) throws {
        var notices = life.notices
        notices.rotation = RotationClock.Told(dueAt: dueAt, milestone: milestone)
        try self.tx.store(notices, of: key.id)
        try self.emit(
            .keyRotationDue,
            about: key,
            [("rotateBy", .string(dueAt.text)), ("overdue", .bool(milestone == .overdue))]
        )
    }

    /// Ends a key as of the moment at which it was to be rotated.
    private mutating func end(_ key: APIKey, _ dueAt: Timestamp) throws {
        guard let api = try self.tx.api(key.apiID, in: self.workspaceID) else { return }
        var key = key
        var attributes = key.attributes
        attributes.expiresAt = dueAt
        let reason = TransitionReason.rotationOverdue.rawValue
        try self.set(attributes, of: &key, api, AuditAction(.key, "expire"), reason: reason)
    }
}
