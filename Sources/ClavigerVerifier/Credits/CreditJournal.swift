public import ClavigerCore

/// What one record did to one account.
public struct CreditChange: Hashable, Sendable {
    /// The account.
    public let account: AccountID
    /// The account's generation at that time; a change to an older generation does not count.
    public let generation: UInt32
    /// The credits spent, set aside, used of those set aside, or given back.
    public let amount: Int64
    /// What was left afterwards.
    public let remainingAfter: Int64
    /// The code of the period of the last refill.
    public let periodAfter: Int64

    /// Makes a change.
    public init(account: AccountID, generation: UInt32, amount: Int64, remainingAfter: Int64, periodAfter: Int64) {
        self.account = account
        self.generation = generation
        self.amount = amount
        self.remainingAfter = remainingAfter
        self.periodAfter = periodAfter
    }
}

/// One change of credits as the journal keeps it.
///
/// It says what is left, not what is to be subtracted: applying it twice is applying it once.
public struct CreditEntry: Hashable, Sendable {
    /// What happened; the raw value is kept in records and never given to another.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case spend = 1
        case reserve = 2
        case commit = 3
        case release = 4
        /// A release because the lease has ended.
        case expire = 5
    }

    /// The reservation that an entry belongs to.
    public struct Lease: Hashable, Sendable {
        /// The reservation.
        public let reservation: Reservation.ID
        /// When its lease ends or ended.
        public let endsAt: Timestamp

        /// Makes a lease.
        public init(reservation: Reservation.ID, endsAt: Timestamp) {
            self.reservation = reservation
            self.endsAt = endsAt
        }
    }

    /// What happened.
    public let kind: Kind
    /// What it did to each account: at most ``CreditLedger/mostAccounts``.
    public let changes: [CreditChange]
    /// The reservation, unless this is a ``Kind/spend``.
    public let lease: Lease?

    /// Makes an entry.
    public init(_ kind: Kind, _ changes: [CreditChange], lease: Lease? = nil) {
        self.kind = kind
        self.changes = changes
        self.lease = lease
    }
}

/// Where changes of credits are written before they count.
public protocol CreditJournal: Sendable {
    /// Writes an entry and answers its sequence number, which is larger than all before it.
    ///
    /// It is called while the accounts are locked, so that the order in the journal is the order of the changes. It
    /// must be short and must not call the ledger.
    func append(_ entry: CreditEntry) throws(JournalFull) -> UInt64
}
