/// Credits that are set aside for work whose cost is known only afterwards.
public struct Reservation: Identified, Hashable, Sendable {
    /// The prefix of its ids.
    public static let idPrefix = "res"
    /// The typed id.
    public typealias ID = Identifier<Reservation>

    /// What has become of a reservation.
    public enum State: Hashable, Sendable {
        /// The credits are set aside.
        case open
        /// So many were used; the rest went back.
        case committed(Int64)
        /// All went back.
        case released
        /// The lease ended, and all went back.
        case expired
    }

    /// The id.
    public let id: ID
    /// The accounts that the credits were taken from, each the full amount.
    public let accounts: [AccountID]
    /// How many credits were set aside.
    public let amount: Int64
    /// The moment from which they can no longer be used.
    public let leaseEndsAt: Timestamp
    /// What has become of it.
    public var state: State
    /// The journal record that last changed it.
    public var sequence: UInt64

    /// Makes a reservation.
    public init(
        id: ID,
        accounts: [AccountID],
        amount: Int64,
        leaseEndsAt: Timestamp,
        state: State = .open,
        sequence: UInt64
    ) {
        self.id = id
        self.accounts = accounts
        self.amount = amount
        self.leaseEndsAt = leaseEndsAt
        self.state = state
        self.sequence = sequence
    }
}

/// The part of an open reservation that one account carries.
public struct CreditHold: Hashable, Sendable {
    /// The reservation.
    public let reservation: Reservation.ID
    /// How many credits of this account are set aside.
    public let amount: Int64
    /// The code of the period that they were taken in.
    public let period: Int64
    /// The moment from which they can no longer be used.
    public let leaseEndsAt: Timestamp

    /// Makes a hold.
    public init(reservation: Reservation.ID, amount: Int64, period: Int64, leaseEndsAt: Timestamp) {
        self.reservation = reservation
        self.amount = amount
        self.period = period
        self.leaseEndsAt = leaseEndsAt
    }
}
