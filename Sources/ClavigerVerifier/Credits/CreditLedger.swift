public import ClavigerCore
import Synchronization

/// All accounts in memory: takes credits from several accounts or from none, and never more than there are.
///
/// What the ledger holds is what the journal says: a change counts when its record is written, and a refill that is
/// due becomes part of the balance together with the next record. So whoever loads an older state and replays the
/// records behind it comes to the same balances.
///
/// Locks are taken in this order: accounts by id, then the reservations, then the list of changed accounts. The map of
/// accounts is locked for a look only.
public final class CreditLedger: Sendable {
    /// The largest number of accounts in one question.
    public static let mostAccounts = 4
    /// The largest number of reservations that one account carries at a time.
    public static let mostHolds = 1000
    private static let shardCount = 64

    final class Shard: Sendable {
        let accounts = Mutex<[AccountID: CreditAccount]>([:])
        /// Those that changed since they were last stored.
        let dirty = Mutex<[CreditAccount]>([])
    }

    let shards: [Shard]
    let reservations: Mutex<ReservationTable>
    let journal: any CreditJournal
    let mostReservations: Int

    /// Makes a ledger without accounts.
    ///
    /// - Parameters:
    ///   - journal: Where reservations are written; a spend is written by whoever asks for it.
    ///   - mostReservations: How many reservations may be open.
    ///   - mostSettled: How many of those that were committed, released or expired are remembered.
    public init(journal: any CreditJournal, mostReservations: Int = 1_000_000, mostSettled: Int = 100_000) {
        self.shards = (0..<Self.shardCount).map { _ in Shard() }
        self.journal = journal
        self.mostReservations = mostReservations
        self.reservations = Mutex(ReservationTable(mostSettled: mostSettled))
    }

    /// Takes `cost` from every account, or nothing from any.
    ///
    /// Leases that have ended are given back first. An account that is named twice counts once. A cost of 0 is
    /// recorded too and is always there; a negative one never is.
    ///
    /// - Parameter record: Writes the one record of this use and answers its sequence number. It is called only if all
    ///   accounts have enough, and while they are locked, so that the order of records is the order of changes: it
    ///   must be short and must not call the ledger. If it throws, nothing is taken.
    public func spend<Failure: Error>(
        _ ids: [AccountID],
        cost: Int64,
        at now: Timestamp,
        record: ([CreditChange]) throws(Failure) -> UInt64
    ) throws(Failure) -> CreditDecision {
        let first = try self.take(.spend, cost, from: ids, lease: nil, at: now, canWait: true, record: record)
        guard !first.ended.isEmpty else { return first.decision }
        for id in first.ended { try? self.expire(id, at: now) }
        // What is still set aside now could not be journalled; it stays set aside.
        return try self.take(.spend, cost, from: ids, lease: nil, at: now, canWait: false, record: record).decision
    }

    /// What ``spend(_:cost:at:record:)`` would answer; takes nothing.
    ///
    /// Credits of leases that have ended but were not given back yet are not counted.
    public func peek(_ ids: [AccountID], cost: Int64, at now: Timestamp) -> CreditDecision {
        var decision = CreditDecision(isAllowed: true)
        for account in self.accounts(ids, missing: &decision.missing) {
            account.guarded.withLock { guarded in
                var balance = guarded.balance(at: now)
                let isEnough = balance.spend(cost)
                decision.isAllowed = decision.isAllowed && isEnough
                decision.outcomes.append(guarded.outcome(balance, isExhausted: !isEnough))
            }
        }
        decision.isAllowed = decision.isAllowed && decision.missing.isEmpty
        return decision
    }

    /// What an account has left, or nil if it is not loaded.
    public func remaining(_ id: AccountID, at now: Timestamp) -> Int64? {
        self.account(id)?.guarded.withLock { $0.balance(at: now).remaining }
    }
}

extension CreditLedger {
    /// Takes credits from all accounts while all are locked, and writes the record in between.
    ///
    /// `look` sees each account before. If `canWait`, and a lease of one of the accounts has ended, nothing is taken, and the reservations are answered.
    func take<Failure: Error>(
        _ kind: CreditEntry.Kind,
        _ amount: Int64,
        from ids: [AccountID],
        lease: CreditEntry.Lease?,
        at now: Timestamp,
        canWait: Bool,
        look: (CreditAccount.Guarded) -> Void = { _ in },
        record: ([CreditChange]) throws(Failure) -> UInt64
    ) throws(Failure) -> (decision: CreditDecision, ended: [Reservation.ID]) {
        var decision = CreditDecision(isAllowed: true)
        var ended: [Reservation.ID] = []
        let accounts = self.accounts(ids, missing: &decision.missing)
        decision.isAllowed = decision.missing.isEmpty
        decision.outcomes.reserveCapacity(accounts.count)
        decision.sequence = try self.change(
            accounts,
            kind,
            lease,
            prepare: { guarded in
                look(guarded)
                if canWait { ended += guarded.endedLeases(at: now) }
                var balance = guarded.balance(at: now)
                let isEnough = balance.spend(amount)
                decision.isAllowed = decision.isAllowed && isEnough
                decision.outcomes.append(guarded.outcome(balance, isExhausted: !isEnough))
                return guarded.change(amount, to: balance)
            },
            record: { changes throws(Failure) in
                guard decision.isAllowed, ended.isEmpty else { return nil }
                return try record(changes)
            }
        )
        return (decision, ended)
    }

    /// Locks accounts one after the other, asks what is to change in each, writes the record when all are locked, and
    /// makes the changes; none if `record` answers nil or throws.
    func change<Failure: Error>(
        _ accounts: [CreditAccount],
        _ kind: CreditEntry.Kind,
        _ lease: CreditEntry.Lease?,
        prepare: (inout CreditAccount.Guarded) -> CreditChange,
        record: ([CreditChange]) throws(Failure) -> UInt64?
    ) throws(Failure) -> UInt64? {
        var changes: [CreditChange] = []
        changes.reserveCapacity(accounts.count)
        // What an entry does to an account depends on its kind and lease only, besides the change.
        return try self.change(
            accounts[...],
            CreditEntry(kind, [], lease: lease),
            &changes,
            prepare: prepare,
            record: record
        )
    }

    private func change<Failure: Error>(
        _ accounts: ArraySlice<CreditAccount>,
        _ entry: CreditEntry,
        _ changes: inout [CreditChange],
        prepare: (inout CreditAccount.Guarded) -> CreditChange,
        record: ([CreditChange]) throws(Failure) -> UInt64?
    ) throws(Failure) -> UInt64? {
        guard let account = accounts.first else { return try record(changes) }
        return try account.guarded.withLock { guarded throws(Failure) in
            let change = prepare(&guarded)
            changes.append(change)
            // Before the record is written: whoever stores what has changed up to a record must not miss this account.
            let isNews = guarded.markDirty()
            if isNews { self.markDirty(account) }
            var isWritten = false
            defer { if isNews, !isWritten, self.takeBackDirty(account) { guarded.isDirty = false } }
            let rest = accounts.dropFirst()
            let sequence = try self.change(rest, entry, &changes, prepare: prepare, record: record)
            guard let sequence else { return nil }
            isWritten = true
            guarded.apply(change, of: entry, sequence: sequence)
            return sequence
        }
    }

    func shard(of id: AccountID) -> Shard {
        // The low bits of ids are random.
        self.shards[Int(truncatingIfNeeded: id.bits) & (Self.shardCount - 1)]
    }

    func account(_ id: AccountID) -> CreditAccount? {
        self.shard(of: id).accounts.withLock { $0[id] }
    }

    /// The accounts in the order in which they are locked, each once.
    func accounts(_ ids: [AccountID], missing: inout [AccountID]) -> [CreditAccount] {
        var accounts: [CreditAccount] = []
        accounts.reserveCapacity(ids.count)
        for id in ids {
            if let account = self.account(id) {
                accounts.append(account)
            } else {
                missing.append(id)
            }
        }
        guard accounts.count > 1 else { return accounts }
        accounts.sort { $0.id < $1.id }
        for index in accounts.indices.dropFirst().reversed() where accounts[index].id == accounts[index - 1].id {
            accounts.remove(at: index)
        }
        return accounts
    }

    /// Forgets that an account was to change, if nobody has come after it; else it is stored once more, as it was.
    private func takeBackDirty(_ account: CreditAccount) -> Bool {
        self.shard(of: account.id).dirty.withLock { dirty in
            guard dirty.last === account else { return false }
            dirty.removeLast()
            return true
        }
    }

    func markDirty(_ account: CreditAccount) {
        self.shard(of: account.id).dirty.withLock { $0.append(account) }
    }
}
