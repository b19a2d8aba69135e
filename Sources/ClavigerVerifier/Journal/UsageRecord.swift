public import ClavigerCore

/// One use of a key, or one attempt: what the journal keeps of a verification or of a gateway's decision.
///
/// Texts that come from clients are bounded: what is longer is cut when the record is written, at the border of a
/// character's bytes.
public struct UsageRecord: Hashable, Sendable {
    /// Who asked for the decision.
    public enum Source: UInt8, CaseIterable, Sendable {
        /// The decision API.
        case verify = 0
        /// The gateway.
        case gateway = 1
        /// Nobody: the record only says what became of credits, and is no entry of the access log.
        case credits = 2
        /// A gateway that has the answer of the protected service: the record adds ``UsageRecord/upstreamStatus`` to the
        /// record ``UsageRecord/about``, and is no entry of the access log.
        case upstream = 3
        /// Somebody who was told that the token is active: the key is in use, but this is no request and counts as none.
        case introspection = 4
        /// Claviger's own API, where a management key was presented: no request to a protected service, and recorded
        /// only where the key had been ended.
        case management = 5
    }

    /// The largest number of bytes of ``environment``, ``method`` and ``requestID``.
    public static let longestName = 32
    /// The largest number of bytes of ``origin``.
    public static let longestOrigin = 128
    /// The largest number of bytes of ``path`` and ``userAgent``.
    public static let longestText = 256
    /// The largest number of ``credits``; a verification changes a few accounts at most.
    public static let mostCredits = 255

    /// When the decision was made.
    public var time: Timestamp
    /// The outcome, as a number that the writer and the reader of the journal agree on.
    public var code: UInt8
    /// Who asked.
    public var source: Source
    /// The 128 bits of the workspace's id.
    public var workspaceID: UInt128?
    /// The 128 bits of the api's id.
    public var apiID: UInt128?
    /// The 128 bits of the consumer's id.
    public var consumerID: UInt128?
    /// The 128 bits of the key's id.
    public var keyID: UInt128?
    /// The 128 bits of the credential's id.
    public var credentialID: UInt128?
    /// The public part of the token, when it is one of ours.
    public var lookupID: LookupID?
    /// The name of the key's environment.
    public var environment: String?
    /// The address of the client.
    public var clientAddress: IPAddress?
    /// The method of the client's request.
    public var method: String?
    /// The path of the client's request, or the rule that it matched.
    public var path: String?
    /// Where the client says that its page comes from.
    public var origin: String?
    /// What the client calls itself.
    public var userAgent: String?
    /// How the protected service answered, where that is known.
    public var upstreamStatus: UInt16?
    /// The number of the record that this one adds to; both have the same ``time``.
    public var about: UInt64?
    /// What the use cost.
    public var cost: UInt32
    /// How long the decision took, in microseconds.
    public var latencyMicros: UInt32
    /// The id of the request that asked.
    public var requestID: String
    /// What it changed in credit accounts, in the order of the changes; at most ``mostCredits``.
    public var credits: [CreditChange]

    /// Makes a record of which nothing but the outcome is known; the rest is filled in.
    public init(time: Timestamp, code: UInt8, source: Source, cost: UInt32 = 0, requestID: String = "") {
        self.time = time
        self.code = code
        self.source = source
        self.cost = cost
        self.latencyMicros = 0
        self.requestID = requestID
        self.credits = []
    }
}

extension UsageRecord {
    /// What a decision changed in one credit account, and what the account held afterwards.
    public struct CreditChange: Hashable, Sendable {
        /// The credits that are set aside under one id.
        public struct Reservation: Hashable, Sendable {
            /// The 128 bits of the reservation's id.
            public var id: UInt128
            /// When what is left of it goes back.
            public var leaseEndsAt: Timestamp

            /// Makes a reservation.
            public init(id: UInt128, leaseEndsAt: Timestamp) {
                self.id = id
                self.leaseEndsAt = leaseEndsAt
            }
        }

        /// What was done.
        public var kind: CreditEntry.Kind
        /// What kind of owner the account has, as a number that the writer and the reader agree on.
        public var accountKind: UInt8
        /// The 128 bits of the account's id.
        public var accountID: UInt128
        /// The generation of the account that the change belongs to.
        public var generation: UInt32
        /// How many credits.
        public var amount: Int64
        /// What the account held afterwards.
        public var remainingAfter: Int64
        /// The refill period that the account was in afterwards.
        public var periodAfter: Int64
        /// The reservation that the change belongs to.
        public var reservation: Reservation?

        /// Makes a change.
        public init(
            kind: CreditEntry.Kind,
            accountKind: UInt8,
            accountID: UInt128,
            generation: UInt32,
            amount: Int64,
            remainingAfter: Int64,
            periodAfter: Int64,
            reservation: Reservation? = nil
        ) {
            self.kind = kind
            self.accountKind = accountKind
            self.accountID = accountID
            self.generation = generation
            self.amount = amount
            self.remainingAfter = remainingAfter
            self.periodAfter = periodAfter
            self.reservation = reservation
        }
    }
}
