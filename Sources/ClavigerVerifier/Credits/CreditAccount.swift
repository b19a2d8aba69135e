public import ClavigerCore
import Synchronization

/// Everything that is known of an account, as it is stored and loaded.
public struct AccountState: Hashable, Sendable {
    /// The account.
    public let id: AccountID
    /// What is given when.
    public var policy: CreditPolicy
    /// What is left.
    public var balance: CreditBalance
    /// Counts how often an administrator has set the balance; records of other generations do not count.
    public var generation: UInt32
    /// The journal record that last changed the balance.
    public var sequence: UInt64
    /// What is set aside, in the order in which it was.
    public var holds: [CreditHold]

    /// Makes a state.
    public init(
        id: AccountID,
        policy: CreditPolicy,
        balance: CreditBalance,
        generation: UInt32 = 0,
        sequence: UInt64 = 0,
        holds: [CreditHold] = []
    ) {
        self.id = id
        self.policy = policy
        self.balance = balance
        self.generation = generation
        self.sequence = sequence
        self.holds = holds
    }

    /// Takes in what a record says that was done to this account.
    mutating func apply(_ change: CreditChange, of entry: CreditEntry, sequence: UInt64) {
        self.balance = CreditBalance(remaining: change.remainingAfter, period: change.periodAfter)
        self.sequence = sequence
        guard let lease = entry.lease else { return }
        self.holds.removeAll { $0.reservation == lease.reservation }
        guard entry.kind == .reserve else { return }
        self.holds.append(
            CreditHold(
                reservation: lease.reservation,
                amount: change.amount,
                period: change.periodAfter,
                leaseEndsAt: lease.endsAt
            )
        )
    }
}

/// An account in memory.
///
/// Its lock is held while a change is journalled. Whoever locks several accounts does so in the order of their ids.
final class CreditAccount: Sendable {
    /// What the lock protects.
    struct Guarded {
        /// What the journal says; a refill that is due is in here only once something was journalled after it.
        private(set) var state: AccountState
        /// The sum of what is set aside.
        private var reserved: Int64 = 0
        /// The end of the lease that ends first.
        private var firstLeaseEnd = Timestamp.latest
        /// The period that was last asked for; most questions fall into the same.
        private var period: RefillPeriod?
        var isDirty = false

        init(_ state: AccountState) {
            self.state = state
            self.holdsChanged()
        }

        /// The balance with what has come due.
        mutating func balance(at now: Timestamp) -> CreditBalance {
            var balance = self.state.balance
            // Most questions come in the period of the last refill.
            if let known = self.period, known.code == balance.period, known.contains(now) { return balance }
            guard let refill = self.state.policy.refill else { return balance }
            let period = self.period.flatMap { $0.contains(now) ? $0 : nil } ?? refill.schedule.period(at: now)
            self.period = period
            balance.refill(refill, in: period, reserved: self.reserved)
            return balance
        }

        /// The reservations whose leases have ended that are still set aside.
        func endedLeases(at now: Timestamp) -> [Reservation.ID] {
            guard self.firstLeaseEnd <= now else { return [] }
            return self.state.holds.filter { $0.leaseEndsAt <= now }.map(\.reservation)
        }

        /// What an answer says of the account; `balance` is one of ``balance(at:)``.
        func outcome(_ balance: CreditBalance, isExhausted: Bool) -> CreditOutcome {
            var refillsAt = self.period?.end
            if let period = self.period, balance.period != period.code {
                // A balance that is one period ahead has the next refill already.
                refillsAt = self.state.policy.refill?.schedule.period(at: period.end).end
            }
            return CreditOutcome(
                account: self.state.id,
                remaining: balance.remaining,
                refillsAt: refillsAt,
                isExhausted: isExhausted
            )
        }

        /// What a record is to say of the account.
        func change(_ amount: Int64, to balance: CreditBalance) -> CreditChange {
            CreditChange(
                account: self.state.id,
                generation: self.state.generation,
                amount: amount,
                remainingAfter: balance.remaining,
                periodAfter: balance.period
            )
        }

        /// Notes that the account may differ from what is stored; answers whether that is new.
        mutating func markDirty() -> Bool {
            defer { self.isDirty = true }
            return !self.isDirty
        }

        /// Takes in a change that was recorded.
        mutating func apply(_ change: CreditChange, of entry: CreditEntry, sequence: UInt64) {
            self.state.apply(change, of: entry, sequence: sequence)
            if entry.lease != nil { self.holdsChanged() }
        }

        mutating func setPolicy(_ policy: CreditPolicy) {
            self.state.policy = policy
            self.period = nil
        }

        mutating func replace(_ state: AccountState) {
            self.state = state
            self.period = nil
            self.holdsChanged()
        }

        private mutating func holdsChanged() {
            self.reserved = self.state.holds.reduce(0) { $0 + $1.amount }
            self.firstLeaseEnd = self.state.holds.map(\.leaseEndsAt).min() ?? .latest
        }
    }

    let id: AccountID
    let guarded: Mutex<Guarded>

    init(_ state: AccountState) {
        self.id = state.id
        self.guarded = Mutex(Guarded(state))
    }
}

extension AccountState {
    /// An account from which nothing has been taken since its credits were given.
    public init(opening id: AccountID, _ policy: CreditPolicy, since: Timestamp, generation: UInt32) {
        self.init(
            id: id,
            policy: policy,
            balance: CreditBalance(opening: policy, at: since),
            generation: generation
        )
    }
}
