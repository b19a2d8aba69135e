import ClavigerCore
import ClavigerTestSupport
import ClavigerVerifier
import Synchronization

/// A journal in memory that can be full.
final class RecordingJournal: CreditJournal {
    private struct State {
        var entries: [CreditEntry] = []
        var isFull = false
    }

    private let state = Mutex(State())

    /// The entries; the sequence number of the first one is 1.
    var entries: [CreditEntry] { self.state.withLock { $0.entries } }
    var last: UInt64 { UInt64(self.entries.count) }
    var isFull: Bool {
        get { self.state.withLock { $0.isFull } }
        set { self.state.withLock { $0.isFull = newValue } }
    }

    func append(_ entry: CreditEntry) throws(JournalFull) -> UInt64 {
        try self.state.withLock { state throws(JournalFull) in
            guard !state.isFull else { throw JournalFull("full") }
            state.entries.append(entry)
            return UInt64(state.entries.count)
        }
    }
}

/// A ledger with its journal, as it is used by verifications.
struct CreditFixture {
    static let start = Timestamp(milliseconds: 1_795_243_200_000)

    let journal = RecordingJournal()
    let ledger: CreditLedger
    private let ids = SeededRandom(seed: 7)

    init(mostReservations: Int = 1000, mostSettled: Int = 1000) {
        self.ledger = CreditLedger(
            journal: self.journal,
            mostReservations: mostReservations,
            mostSettled: mostSettled
        )
    }

    static func key(_ number: UInt128) -> AccountID { AccountID(.key, number) }
    static func consumer(_ number: UInt128) -> AccountID { AccountID(.consumer, number) }

    static func hourly(_ amount: Int64, refill: Int64, mode: Refill.Mode = .replace) throws -> CreditPolicy {
        let schedule = RefillSchedule(every: .hour, in: try LocalTimeZone(parsing: "UTC"))
        return CreditPolicy(amount: amount, refill: Refill(schedule: schedule, amount: refill, mode: mode))
    }

    static func hours(_ count: Double) -> Timestamp { Self.start + .milliseconds(Int64(count * 3_600_000)) }

    func reservationID() -> Reservation.ID { Reservation.ID(at: Self.start, from: self.ids) }

    @discardableResult
    func open(_ id: AccountID, _ policy: CreditPolicy) -> AccountID {
        let balance = CreditBalance(opening: policy, at: Self.start)
        self.ledger.load(AccountState(id: id, policy: policy, balance: balance))
        return id
    }

    func open(_ id: AccountID, _ amount: Int64) -> AccountID {
        self.open(id, CreditPolicy(amount: amount))
    }

    func spend(_ ids: [AccountID], _ cost: Int64, at now: Timestamp = Self.start) throws(JournalFull) -> CreditDecision
    {
        try self.ledger.spend(ids, cost: cost, at: now) { changes throws(JournalFull) in
            try self.journal.append(CreditEntry(.spend, changes))
        }
    }

    func reserve(
        _ id: Reservation.ID,
        _ ids: [AccountID],
        _ amount: Int64,
        lease: Duration = .seconds(60),
        at now: Timestamp = Self.start
    ) throws -> Bool {
        switch try self.ledger.reserve(id, from: ids, amount: amount, lease: lease, at: now) {
        case .granted: true
        case .refused: false
        }
    }

    func remaining(_ id: AccountID, at now: Timestamp = Self.start) -> Int64? {
        self.ledger.remaining(id, at: now)
    }
}
