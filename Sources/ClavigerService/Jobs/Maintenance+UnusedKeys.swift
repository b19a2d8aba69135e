import ClavigerCore

extension Maintenance {
    /// Looks at the next keys that have to be used: tells of those that were not for long, then suspends them, then
    /// revokes them.
    ///
    /// Where it cannot be read how keys were used, it fails, and nothing happens to any.
    func retireNext(_ turn: JobTurn) async throws -> Bool {
        let workspace = self.workspaceID
        let now = self.authority.time.now()
        let keys = try await self.authority.store.read { tx in
            let places = try PlaceLifecycles(tx, workspace)
            return try tx.keyLives(
                KeyLifeFilter(places: places.watchingUse(at: now), age: .key, withSuspended: true),
                after: try turn.lastKey(),
                limit: Self.looked,
                in: workspace
            )
        }
        // Asked also where there is nothing to do yet: it is written down when it is asked for first.
        let recordedSince = try await self.authority.usage.recordedSince(now: now)
        guard !keys.isEmpty else { return false }
        // What was answered before now is in what is asked below.
        try await self.authority.refreshUsage()
        let uses = try await self.authority.usage.lastUses(of: keys.map(\.id), in: workspace).mapValues(\.time)
        let (due, last) = try await self.authority.store.read { tx -> ([APIKey.ID], APIKey.ID?) in
            let places = try PlaceLifecycles(tx, workspace)
            return Self.firstDue(keys) { key in
                guard let rule = places.inactivity(key) else { return false }
                let step = key.inactivityStep(
                    rule,
                    ruledAt: places.changedAt(key),
                    lastUse: uses[key.id],
                    recordedSince: recordedSince,
                    at: now
                )
                return step != nil
            }
        }
        guard !due.isEmpty || last != nil else { return false }
        let action = AuditAction(.job, Job.Name.unused.rawValue)
        try await self.authority.change(action, as: OwnAccord(workspaceID: workspace)) { change in
            change.nothingToDo()
            try turn.advance(change.tx, to: (last ?? due.last)?.text ?? "", at: now)
            let places = try PlaceLifecycles(change.tx, workspace)
            // Somebody may have resumed it meanwhile, or changed a policy.
            for id in due {
                guard let key = try change.tx.keyLife(id, in: workspace),
                    let rule = places.inactivity(key)
                else { continue }
                let step = key.inactivityStep(
                    rule,
                    ruledAt: places.changedAt(key),
                    lastUse: uses[id],
                    recordedSince: recordedSince,
                    at: change.now
                )
                let clock = key.inactivityClock(
                    rule,
                    ruledAt: places.changedAt(key),
                    lastUse: uses[id],
                    recordedSince: recordedSince
                )
                if let step { try change.take(step, key, clock, lastUse: uses[id]) }
            }
        }
        return last != nil
    }
}

extension ChangeBy<OwnAccord> {
    /// Does what is to be done about a key that nobody uses.
    fileprivate mutating func take(
        _ step: InactivityClock.Step,
        _ life: KeyLife,
        _ clock: InactivityClock,
        lastUse: Timestamp?
    ) throws {
        guard var key = try self.tx.key(life.id, in: self.workspaceID) else { return }
        let note = lastUse.map { "It was last used at \($0.text)." } ?? "It was never used."
        switch step {
        case .remind:
            var notices = life.notices
            notices.unused = KeyNotices.Unused(since: clock.since, toldAt: self.now)
            try self.tx.store(notices, of: key.id)
            let next = clock.next(at: self.now, .active(toldAt: self.now))
            try self.emit(
                .keyUnused,
                about: key,
                [
                    ("since", .string(clock.since.text)),
                    ("next", next.map { ["step": .string($0.step.rawValue), "at": .string($0.at.text)] } ?? .null),
                ]
            )
        case .suspend: _ = try self.carryOut(.suspend, on: &key, reason: .unused, note: note)
        case .revoke: _ = try self.carryOut(.revoke, on: &key, reason: .unused, note: note)
        }
    }
}
