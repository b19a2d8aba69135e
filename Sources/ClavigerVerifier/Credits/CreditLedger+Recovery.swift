public import ClavigerCore
import Synchronization

/// What has changed since it was last stored.
public struct CreditSnapshot: Hashable, Sendable {
    /// The accounts, each as it was at one moment.
    public var accounts: [AccountState]
    /// The reservations, settled ones included, in the order of their changes.
    public var reservations: [Reservation]
}

// At the start: load every account and reservation that is stored, then replay the journal in its order. Each account
// and reservation knows the last record that changed it, so that it does not matter where the replay begins, as long
// as it is not behind what was stored, nor that accounts were stored at different moments.
extension CreditLedger {
    /// Takes in an account, unless it is there already.
    public func load(_ state: AccountState) {
        self.shard(of: state.id).accounts.withLock { accounts in
            if accounts[state.id] == nil { accounts[state.id] = CreditAccount(state) }
        }
        guard !state.holds.isEmpty else { return }
        // The reservation itself may have been lost or may come later; what is set aside must come back in any case.
        self.reservations.withLock { reservations in
            for hold in state.holds { reservations.adopt(hold, of: state.id) }
        }
    }

    /// Takes in a reservation that was stored, unless something newer is known of it.
    public func load(_ reservation: Reservation) {
        self.reservations.withLock { $0.put(reservation, isDirty: false) }
    }

    /// Takes in what an administrator has set, which is stored already.
    ///
    /// A newer generation replaces everything, what is set aside included: reservations can still be committed and
    /// released, but that no longer changes the balance. The same generation changes the policy only. An older one is
    /// ignored, as a later change was faster.
    public func replace(_ state: AccountState) {
        let account = self.shard(of: state.id).accounts.withLock { accounts in
            if let account = accounts[state.id] { return account }
            let account = CreditAccount(state)
            accounts[state.id] = account
            return account
        }
        account.guarded.withLock { guarded in
            if state.generation > guarded.state.generation {
                guarded.replace(state)
            } else if state.generation == guarded.state.generation {
                guarded.setPolicy(state.policy)
            }
        }
    }

    /// Changes what is given when; what is left stays.
    ///
    /// Periods of the old policy that nobody asked in are refilled by the new one if it has the same interval, and
    /// lapse otherwise.
    public func setPolicy(_ policy: CreditPolicy, of id: AccountID) {
        self.account(id)?.guarded.withLock { $0.setPolicy(policy) }
    }

    /// Forgets an account whose owner was deleted.
    public func remove(_ id: AccountID) {
        self.shard(of: id).accounts.withLock { $0[id] = nil }
    }

    /// An account as the journal has it: without a refill that is due.
    public func state(of id: AccountID) -> AccountState? {
        self.account(id)?.guarded.withLock { $0.state }
    }

    /// Takes in a record of the journal that may be newer than what was loaded.
    ///
    /// Replaying a record again changes nothing; accounts that no longer exist are left out.
    public func replay(_ entry: CreditEntry, sequence: UInt64) {
        for change in entry.changes {
            guard let account = self.account(change.account) else { continue }
            account.guarded.withLock { guarded in
                guard guarded.state.generation == change.generation, guarded.state.sequence < sequence else { return }
                if guarded.markDirty() { self.markDirty(account) }
                guarded.apply(change, of: entry, sequence: sequence)
            }
        }
        guard let lease = entry.lease else { return }
        self.reservations.withLock { reservations in
            let amount = entry.changes.map(\.amount).max() ?? 0
            let described = Reservation(
                id: lease.reservation,
                accounts: entry.changes.map(\.account),
                amount: amount,
                leaseEndsAt: lease.endsAt,
                sequence: sequence
            )
            // The first record describes it best; one that is not known later was settled and forgotten.
            var reservation = entry.kind == .reserve ? described : reservations[lease.reservation] ?? described
            reservation.sequence = max(sequence, reservation.sequence)
            switch entry.kind {
            case .spend: return
            case .reserve: reservation.state = .open
            case .commit: reservation.state = .committed(amount)
            case .release: reservation.state = .released
            case .expire: reservation.state = .expired
            }
            reservations.put(reservation)
        }
    }

    /// What has changed since it was last stored.
    ///
    /// To store it: remember the last sequence number of the journal, take the snapshot, store it, call
    /// ``markClean(upTo:)`` with the number, and only then drop the journal up to there. One task does this.
    public func snapshotDirty() -> CreditSnapshot {
        var accounts: [AccountState] = []
        for shard in self.shards {
            for account in shard.dirty.withLock({ $0 }) {
                // One that was removed, or loaded anew after that, is not stored.
                guard self.account(account.id) === account else { continue }
                accounts.append(account.guarded.withLock { $0.state })
            }
        }
        // After the accounts, so that every reservation that an account carries is known.
        return CreditSnapshot(accounts: accounts, reservations: self.reservations.withLock { $0.changed })
    }

    /// Remembers that everything up to a sequence number is stored.
    public func markClean(upTo sequence: UInt64) {
        for shard in self.shards {
            let accounts = shard.dirty.withLock { dirty in
                defer { dirty = [] }
                return dirty
            }
            // The lock of the list is not held here: an account that changes holds its own and asks for that.
            let stillDirty = accounts.filter { account in
                guard self.account(account.id) === account else { return false }
                return account.guarded.withLock { guarded in
                    guarded.isDirty = guarded.state.sequence > sequence
                    return guarded.isDirty
                }
            }
            shard.dirty.withLock { $0 += stillDirty }
        }
        self.reservations.withLock { $0.markClean(upTo: sequence) }
    }
}
