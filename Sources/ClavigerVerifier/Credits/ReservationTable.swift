import ClavigerCore

/// The reservations by id, with the open ones in the order in which their leases end.
///
/// Of those that are settled, the last ones are remembered, so that a repeated request gets the same answer.
struct ReservationTable {
    private let mostSettled: Int
    private var reservations: [Reservation.ID: Reservation] = [:]
    private var dirty: Set<Reservation.ID> = []
    /// A binary heap of leases, the earliest first; some belong to reservations that were settled meanwhile.
    private var leases: [(endsAt: Timestamp, id: Reservation.ID)] = []
    /// The settled ones in order; those before `oldest` are forgotten.
    private var settled: [Reservation.ID] = []
    private var oldest = 0

    init(mostSettled: Int) {
        self.mostSettled = mostSettled
    }

    var count: Int { self.reservations.count }
    var openCount: Int { self.reservations.count - (self.settled.count - self.oldest) }

    subscript(id: Reservation.ID) -> Reservation? { self.reservations[id] }

    /// Takes in a new or changed reservation, unless something newer is known.
    mutating func put(_ reservation: Reservation, isDirty: Bool = true) {
        let known = self.reservations[reservation.id]
        if let known, known.sequence >= reservation.sequence || known.state != .open { return }
        self.reservations[reservation.id] = reservation
        if isDirty { self.dirty.insert(reservation.id) }
        if reservation.state == .open {
            if known == nil { self.push(reservation) }
        } else {
            self.settled.append(reservation.id)
            self.forgetOldest()
        }
    }

    /// Makes an open reservation of what accounts carry, unless it is known; its first record can only be newer.
    mutating func adopt(_ hold: CreditHold, of account: AccountID) {
        let known = self.reservations[hold.reservation]
        guard known.map({ $0.sequence == 0 && !$0.accounts.contains(account) }) ?? true else { return }
        let reservation = Reservation(
            id: hold.reservation,
            accounts: (known?.accounts ?? []) + [account],
            amount: hold.amount,
            leaseEndsAt: hold.leaseEndsAt,
            sequence: 0
        )
        self.reservations[hold.reservation] = reservation
        if known == nil { self.push(reservation) }
    }

    /// Takes the open reservations whose leases have ended out of the queue.
    mutating func takeEnded(at now: Timestamp) -> [Reservation.ID] {
        var ended: [Reservation.ID] = []
        while let first = self.leases.first, first.endsAt <= now {
            self.pop()
            if self.reservations[first.id]?.state == .open { ended.append(first.id) }
        }
        return ended
    }

    /// Puts back what was taken out and could not be settled.
    mutating func putBack(_ id: Reservation.ID) {
        guard let reservation = self.reservations[id], reservation.state == .open else { return }
        self.push(reservation)
    }

    /// Those that changed since they were last stored, in the order of their changes.
    var changed: [Reservation] {
        self.dirty.compactMap { self.reservations[$0] }.sorted { $0.sequence < $1.sequence }
    }

    mutating func markClean(upTo sequence: UInt64) {
        self.dirty = self.dirty.filter { (self.reservations[$0]?.sequence ?? 0) > sequence }
        self.forgetOldest()
    }

    /// Forgets what is too much, but nothing that is not stored yet.
    private mutating func forgetOldest() {
        while self.settled.count - self.oldest > self.mostSettled, !self.dirty.contains(self.settled[self.oldest]) {
            self.reservations[self.settled[self.oldest]] = nil
            self.oldest += 1
        }
        if self.oldest > self.settled.count / 2 {
            self.settled.removeFirst(self.oldest)
            self.oldest = 0
        }
    }

    private mutating func push(_ reservation: Reservation) {
        self.leases.append((reservation.leaseEndsAt, reservation.id))
        var child = self.leases.count - 1
        while child > 0, self.leases[child].endsAt < self.leases[(child - 1) / 2].endsAt {
            self.leases.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func pop() {
        self.leases.swapAt(0, self.leases.count - 1)
        self.leases.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.leases.count {
                if self.leases[child].endsAt < self.leases[least].endsAt { least = child }
            }
            guard least != parent else { return }
            self.leases.swapAt(parent, least)
            parent = least
        }
    }
}
