public import ClavigerCore

/// How one account stands after a decision.
public struct CreditOutcome: Hashable, Sendable {
    /// The account.
    public let account: AccountID
    /// What is left, or what would be left if the question consumes nothing.
    public let remaining: Int64
    /// When the next refill comes, if there is one.
    public let refillsAt: Timestamp?
    /// Whether the account has less than was asked for.
    public let isExhausted: Bool
}

/// Whether credits were there in every account; then they were taken from all, else from none.
public struct CreditDecision: Hashable, Sendable {
    /// Whether all accounts have enough.
    public internal(set) var isAllowed: Bool
    /// One for each account that is loaded, in the order in which they are locked.
    public internal(set) var outcomes: [CreditOutcome] = []
    /// The accounts that have to be loaded first; while there are some, nothing is allowed.
    public internal(set) var missing: [AccountID] = []
    /// The journal record, if something was taken.
    public internal(set) var sequence: UInt64?

    /// The least that any account has left.
    public var remaining: Int64? { self.outcomes.map(\.remaining).min() }
}

/// The outcome of a wish to set credits aside.
public enum ReservationDecision: Hashable, Sendable {
    /// They are set aside.
    case granted(Reservation, CreditDecision)
    /// An account has too little, or is not loaded.
    case refused(CreditDecision)
}

/// Why a reservation cannot be made, committed or released.
public enum ReservationError: Error, Hashable, CustomStringConvertible {
    /// There is none with this id, or it was settled long ago.
    case unknown
    /// There is one with this id already.
    case exists
    /// The lease has ended; the credits went back.
    case expired
    /// It was committed already, with this amount.
    case committed(Int64)
    /// It was released already.
    case released
    /// The amount is negative or larger than what was set aside.
    case notReserved(Int64)
    /// The ledger keeps as many reservations as it may.
    case tooMany

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .unknown: "There is no such reservation, or it was settled more than a day ago."
        case .exists: "There is a reservation with this id already."
        case .expired: "The lease has ended and the credits went back; make a new reservation with a longer lease."
        case .committed(let amount): "The reservation has been committed with \(amount) credits already."
        case .released: "The reservation has been released already."
        case .notReserved(let amount): "The amount must be from 0 to the \(amount) credits that were reserved."
        case .tooMany: "There are too many reservations; commit or release some first."
        }
    }
}
