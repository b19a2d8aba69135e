public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// How many keys a preview shows.
    private static let mostKeysShown = 200
    /// How many users of the keys a preview shows.
    private static let mostUsersShown = 50

    /// Everything that depends on a consumer, remembered so that its leaving can be confirmed.
    public func previewOffboarding(_ id: Consumer.ID, by caller: Caller) async throws -> Dependents {
        let action = AuditAction(.consumer, "offboard.preview")
        let now = self.time.now()
        let (consumer, selection, keys, plans, mayReadUsage) = try await self.read(action, id.text, by: caller) {
            tx,
            caller in
            try caller.require(.consumers(.read))
            let consumer = try tx.existingConsumer(id, in: caller.workspaceID)
            let selection = try tx.dependents(of: consumer, nil, caller, at: now).all
            try tx.checkMay(.read, to: selection, caller)
            let ids = try tx.planIDs(ofLiveKeysOf: id, in: caller.workspaceID)
            let plans = try Set(ids + [consumer.attributes.allowance.planID].compactMap(\.self)).sorted()
                .compactMap { try tx.plan($0, in: caller.workspaceID) }
            let shown = Array(selection.ids.prefix(Self.mostKeysShown))
            return (
                consumer, selection, try tx.keys(shown, in: caller.workspaceID), plans,
                Permission.readUsage.isGranted(by: caller.scopes)
            )
        }
        let preview = BulkPreview(
            id: Identifier(at: now, from: self.random),
            workspaceID: caller.workspaceID,
            createdBy: caller.keyID,
            createdAt: now,
            subject: .offboarding(id),
            count: selection.ids.count,
            digest: selection.digest
        )
        try await self.keep(preview, action, target: id.text, by: caller) {
            ["previewId": .string(preview.id.text), "count": .integer(Int64(preview.count))]
        }
        try? await self.refreshUsage()
        // That a management key calls this server is not recorded; what else is known would be taken for its last use.
        let recorded = Set(keys.map(\.id)).subtracting(selection.managementKeys)
        let accounts = [AccountID(.consumer, id.bits)] + selection.ids.map { AccountID(.key, $0.bits) }
        let (users, since) = try await self.users(of: id, in: caller.workspaceID, at: now)
        return Dependents(
            preview: preview,
            consumer: consumer,
            keys: keys,
            lastUses: try await self.usage.lastUses(of: recorded.sorted(), in: caller.workspaceID),
            plans: plans,
            reservations: self.holds(on: accounts),
            users: mayReadUsage ? Array(users.prefix(Self.mostUsersShown)) : nil,
            usersSince: since
        )
    }

    /// Ends or hands over the live keys of a consumer, all of them or none.
    ///
    /// When this returns, no verification on this server sees the old state any more (promise P4). Confirming again
    /// changes nothing and gives the same answer.
    public func offboard(
        _ id: Consumer.ID,
        _ previewID: BulkPreview.ID,
        _ offboarding: OffboardAction,
        note: String? = nil,
        by caller: Caller
    ) async throws -> BulkOutcome {
        let action = AuditAction(.consumer, "offboard")
        let ledger = self.verifier.ledger
        return try await self.change(action, id.text, by: caller, once: nil) { change in
            let (caller, tx) = (change.caller, change.tx)
            try caller.require(.consumers(.update))
            let consumer = try tx.existingConsumer(id, in: change.workspaceID)
            let preview = try tx.existingPreview(previewID, by: caller, at: change.now)
            guard preview.subject == .offboarding(id) else { throw Problem.notFound("preview") }
            if let outcome = preview.outcome {
                change.nothingToDo()
                return BulkOutcome(publicFields: outcome, isReplayed: true)
            }
            let command = offboarding.command(note: note)
            let (all, changed) = try tx.dependents(of: consumer, command, caller, at: change.now)
            guard all.digest == preview.digest else { throw Problem.stalePreview }
            try tx.checkMay(offboarding.permission, to: all, caller)
            var successor: Consumer?
            if let command {
                try tx.checkReach(command, to: all, caller, at: change.now)
                try change.carryOut(command, on: changed)
            } else if case .transfer(let to) = offboarding {
                let next = try tx.successor(to, of: consumer, in: change.workspaceID)
                try Self.checkTransfer(of: consumer, all, ledger, change)
                let rules = try BulkRules(change)
                try change.changeAll(.owner, of: changed, AuditAction(.key, "transfer"), reason: .ownerLeft) { key in
                    try rules.checkTransfer(of: key, to: next)
                    key.consumerID = next.id
                }
                successor = next
            }
            let outcome: JSON = [
                "previewId": .string(previewID.text),
                "consumerId": .string(id.text),
                "action": .string(offboarding.name.rawValue),
                "to": successor.map { .string($0.id.text) },
                "count": .integer(Int64(changed.count)),
                "appliedAt": .string(change.now.text),
            ]
            try tx.store(outcome, of: previewID)
            try change.record(action, id.text, after: outcome, reason: TransitionReason.ownerLeft.rawValue)
            return BulkOutcome(publicFields: outcome, isReplayed: false)
        }.value
    }

    /// Credits that the keys share belong to the consumer that leaves and stay with it.
    ///
    /// What is set aside of them for
    /// work under way could not be settled by those who work with the keys, once they are another's.
    private static func checkTransfer(
        of consumer: Consumer,
        _ keys: KeySelection,
        _ ledger: CreditLedger,
        _ change: Change
    ) throws {
        try change.tx.checkReach(ofTransfer: keys, change.caller)
        let account = AccountID(.consumer, consumer.id.bits)
        // What nobody has used since the start is not in memory.
        let holds = try (ledger.state(of: account) ?? change.tx.creditAccount(account))?.holds ?? []
        guard let last = holds.map(\.leaseEndsAt).max(), last > change.now else { return }
        throw Problem(
            .stateConflict,
            """
            Credits of the consumer are set aside for work under way. Have the reservations settled, or wait until \
            \(last.text), when the last of their leases ends.
            """
        )
    }

    /// What is set aside of accounts, each reservation once.
    private func holds(on accounts: [AccountID]) -> [CreditHold] {
        var known: Set<Reservation.ID> = []
        return accounts.flatMap { self.verifier.ledger.state(of: $0)?.holds ?? [] }
            .filter { known.insert($0.reservation).inserted }
    }
}

extension AuthorityReading {
    /// Handing a management key over is power given and taken: only whoever has it may (promise P8).
    fileprivate func checkReach(ofTransfer keys: KeySelection, _ caller: Caller) throws {
        for id in keys.managementKeys {
            guard let key = try self.key(id, in: caller.workspaceID),
                let api = try self.api(key.apiID, in: caller.workspaceID)
            else { throw Problem.notFound("key") }
            try self.checkReach(to: key, api, .suspend, caller)
            try caller.requireItsRestrictions(on: key)
        }
    }
}
