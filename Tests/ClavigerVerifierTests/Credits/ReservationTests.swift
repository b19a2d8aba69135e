import ClavigerCore
import ClavigerTestSupport
import ClavigerVerifier
import Testing

@Suite("Reservations")
struct ReservationTests {
    private static let start = CreditFixture.start
    private static let later = start + .seconds(60)

    @Test("what is set aside cannot be spent; what is not used goes back")
    func commit() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 100)
        let consumer = fixture.open(CreditFixture.consumer(1), 80)
        let id = fixture.reservationID()
        #expect(try fixture.reserve(id, [key, consumer], 50))
        #expect(fixture.remaining(key) == 50)
        #expect(fixture.remaining(consumer) == 30)
        #expect(try !fixture.spend([key, consumer], 31).isAllowed)
        let reservation = try fixture.ledger.commit(id, amount: 32, at: Self.start)
        #expect(reservation.state == .committed(32))
        #expect(reservation.amount == 50)
        #expect(reservation.accounts == [key, consumer])
        #expect(fixture.remaining(key) == 68)
        #expect(fixture.remaining(consumer) == 48)
        #expect(fixture.journal.entries.map(\.kind) == [.reserve, .commit])
        #expect(fixture.journal.entries[1].changes.map(\.amount) == [32, 32])
        #expect(fixture.journal.entries[1].lease == CreditEntry.Lease(reservation: id, endsAt: Self.later))
    }

    @Test("too much is refused and sets nothing aside")
    func refused() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 100)
        let consumer = fixture.open(CreditFixture.consumer(1), 80)
        let id = fixture.reservationID()
        for amount in [Int64(81), -1, .max] { #expect(try !fixture.reserve(id, [key, consumer], amount)) }
        #expect(fixture.remaining(key) == 100)
        #expect(fixture.remaining(consumer) == 80)
        #expect(fixture.ledger.reservation(id) == nil)
        #expect(try !fixture.reserve(id, [key, CreditFixture.key(77)], 1))
        #expect(fixture.journal.entries.isEmpty)
    }

    @Test("a repeated answer is the same; another wish is a conflict")
    func repeated() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 100)
        let ledger = fixture.ledger
        let committed = fixture.reservationID()
        let released = fixture.reservationID()
        #expect(try fixture.reserve(committed, [key], 50))
        #expect(try fixture.reserve(released, [key], 10))
        #expect(throws: ReservationError.exists) { try fixture.reserve(released, [key], 10) }
        let first = try ledger.commit(committed, amount: 20, at: Self.start)
        #expect(try ledger.commit(committed, amount: 20, at: Self.start) == first)
        // Also long after the lease.
        #expect(try ledger.commit(committed, amount: 20, at: Self.later + .seconds(9999)) == first)
        #expect(throws: ReservationError.committed(20)) { try ledger.commit(committed, amount: 21, at: Self.start) }
        #expect(throws: ReservationError.committed(20)) { try ledger.release(committed, at: Self.start) }
        let second = try ledger.release(released, at: Self.start)
        #expect(second.state == .released)
        #expect(try ledger.release(released, at: Self.later) == second)
        #expect(throws: ReservationError.released) { try ledger.commit(released, amount: 1, at: Self.start) }
        #expect(throws: ReservationError.unknown) { try ledger.release(fixture.reservationID(), at: Self.start) }
        #expect(throws: ReservationError.unknown) {
            try ledger.commit(fixture.reservationID(), amount: 0, at: Self.start)
        }
        #expect(fixture.remaining(key) == 80)
        #expect(fixture.journal.entries.count == 4)
    }

    @Test("no more than was reserved can be used", arguments: [Int64(-1), 51, .min, .max])
    func amounts(amount: Int64) throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 100)
        let id = fixture.reservationID()
        #expect(try fixture.reserve(id, [key], 50))
        #expect(throws: ReservationError.notReserved(50)) {
            try fixture.ledger.commit(id, amount: amount, at: Self.start)
        }
        #expect(fixture.remaining(key) == 50)
        #expect(try fixture.ledger.commit(id, amount: 0, at: Self.start).state == .committed(0))
        #expect(fixture.remaining(key) == 100)
    }

    @Test("a lease that has ended gives back, once, however it is noticed", arguments: 0..<5)
    func expiry(way: Int) throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 100)
        let consumer = fixture.open(CreditFixture.consumer(1), 100)
        let id = fixture.reservationID()
        #expect(try fixture.reserve(id, [key, consumer], 100))
        let justBefore = Timestamp(milliseconds: Self.later.milliseconds - 1)
        #expect(try !fixture.spend([key], 1, at: justBefore).isAllowed)
        #expect(try fixture.ledger.expireLeases(at: justBefore) == 0)
        switch way {
        case 0: #expect(try fixture.ledger.expireLeases(at: Self.later) == 1)
        case 1: #expect(try fixture.spend([key], 0, at: Self.later).remaining == 100)
        case 2:
            #expect(throws: ReservationError.expired) { try fixture.ledger.commit(id, amount: 1, at: Self.later) }
        case 3: #expect(try fixture.ledger.release(id, at: Self.later).state == .expired)
        default: #expect(try fixture.reserve(fixture.reservationID(), [consumer], 0, at: Self.later))
        }
        #expect(fixture.remaining(key) == 100)
        #expect(fixture.remaining(consumer) == 100)
        #expect(fixture.ledger.reservation(id)?.state == .expired)
        #expect(try fixture.ledger.expireLeases(at: Self.later) == 0)
        #expect(throws: ReservationError.expired) { try fixture.ledger.commit(id, amount: 1, at: Self.later) }
        #expect(throws: ReservationError.expired) { try fixture.ledger.commit(id, amount: 1, at: justBefore) }
        #expect(fixture.journal.entries.filter { $0.kind == .expire }.count == 1)
    }

    @Test("leases end in their order")
    func order() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 1000)
        var random = SeededGenerator(seed: 5)
        let leases = (1...100).shuffled(using: &random)
        for lease in leases {
            #expect(try fixture.reserve(fixture.reservationID(), [key], 1, lease: .seconds(lease)))
        }
        for second in 1...100 {
            #expect(try fixture.ledger.expireLeases(at: Self.start + .seconds(second)) == 1)
            #expect(fixture.remaining(key) == 900 + Int64(second))
        }
    }

    @Test("while the journal is full, nothing is given back and nothing is lost")
    func journalFull() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 100)
        let id = fixture.reservationID()
        #expect(try fixture.reserve(id, [key], 60))
        fixture.journal.isFull = true
        #expect(throws: JournalFull("full")) { try fixture.reserve(fixture.reservationID(), [key], 1) }
        #expect(throws: JournalFull("full")) { try fixture.ledger.commit(id, amount: 1, at: Self.start) }
        #expect(throws: JournalFull("full")) { try fixture.ledger.release(id, at: Self.start) }
        #expect(throws: JournalFull("full")) { try fixture.ledger.expireLeases(at: Self.later) }
        #expect(throws: JournalFull("full")) { try fixture.ledger.commit(id, amount: 1, at: Self.later) }
        // Whoever answers without a journal is answered by what is surely there.
        let decision = fixture.ledger.spend([key], cost: 41, at: Self.later) { _ in 9 }
        #expect(!decision.isAllowed)
        #expect(fixture.remaining(key, at: Self.later) == 40)
        #expect(fixture.ledger.reservation(id)?.state == .open)
        fixture.journal.isFull = false
        #expect(try fixture.ledger.expireLeases(at: Self.later) == 1)
        #expect(fixture.remaining(key) == 100)
    }

    @Test("a reservation over the end of a period is the old period's where periods are replaced")
    func periods() throws {
        let fixture = CreditFixture()
        let replaced = fixture.open(CreditFixture.key(1), try CreditFixture.hourly(100, refill: 100))
        let kept = fixture.open(
            CreditFixture.key(2),
            try CreditFixture.hourly(100, refill: 100, mode: .accumulate(cap: 150))
        )
        let id = fixture.reservationID()
        let next = CreditFixture.hours(1)
        #expect(try fixture.reserve(id, [replaced, kept], 50, lease: .seconds(7200)))
        #expect(fixture.remaining(replaced, at: next) == 100)
        #expect(fixture.remaining(kept, at: next) == 100)
        _ = try fixture.ledger.release(id, at: next)
        #expect(fixture.remaining(replaced, at: next) == 100)
        #expect(fixture.remaining(kept, at: next) == 150)
    }

    @Test("once an administrator has set the balance, nothing goes back to it")
    func generations() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 100)
        let id = fixture.reservationID()
        #expect(try fixture.reserve(id, [key], 60))
        fixture.ledger.replace(
            AccountState(
                id: key,
                policy: CreditPolicy(amount: 70),
                balance: CreditBalance(remaining: 70, period: 0),
                generation: 1
            )
        )
        #expect(fixture.remaining(key) == 70)
        #expect(try fixture.ledger.commit(id, amount: 10, at: Self.start).state == .committed(10))
        #expect(fixture.remaining(key) == 70)
        let orphan = fixture.reservationID()
        #expect(try fixture.reserve(orphan, [key], 60))
        fixture.ledger.remove(key)
        #expect(try fixture.ledger.release(orphan, at: Self.start).state == .released)
    }

    @Test("the number of reservations is bounded")
    func bounds() throws {
        let fixture = CreditFixture(mostReservations: 3, mostSettled: 2)
        let key = fixture.open(CreditFixture.key(1), 100)
        let ids = (0..<6).map { _ in fixture.reservationID() }
        for id in ids.prefix(3) { #expect(try fixture.reserve(id, [key], 1)) }
        #expect(throws: ReservationError.tooMany) { try fixture.reserve(ids[3], [key], 1) }
        #expect(fixture.remaining(key) == 97)
        for id in ids.prefix(3) { _ = try fixture.ledger.release(id, at: Self.start) }
        // Nothing is forgotten that is not stored.
        #expect(fixture.ledger.reservation(ids[0]) != nil)
        fixture.ledger.markClean(upTo: fixture.journal.last)
        #expect(fixture.ledger.reservation(ids[0]) == nil)
        #expect(fixture.ledger.reservation(ids[1])?.state == .released)
        #expect(try fixture.reserve(ids[3], [key], 1))
        let many = CreditFixture(mostReservations: 5000)
        let busy = many.open(CreditFixture.key(1), 5000)
        for _ in 0..<CreditLedger.mostHolds { #expect(try many.reserve(many.reservationID(), [busy], 1)) }
        #expect(throws: ReservationError.tooMany) { try many.reserve(many.reservationID(), [busy], 1) }
        #expect(many.remaining(busy) == 4000)
    }

    @Test("of many that settle one reservation at the same time, one does")
    func concurrent() async throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 10_000)
        let consumer = fixture.open(CreditFixture.consumer(1), 10_000)
        for round in 0..<50 {
            let id = fixture.reservationID()
            #expect(try fixture.reserve(id, [key, consumer], 100))
            let before = try #require(fixture.remaining(key))
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        switch (task + round) % 4 {
                        case 0: _ = try? fixture.ledger.commit(id, amount: 10, at: Self.start)
                        case 1: _ = try? fixture.ledger.release(id, at: Self.start)
                        case 2: _ = try? fixture.ledger.expireLeases(at: Self.later)
                        default: _ = try? fixture.spend([consumer, key], 0, at: Self.later)
                        }
                    }
                }
            }
            let used: Int64 = fixture.ledger.reservation(id)?.state == .committed(10) ? 10 : 0
            #expect(fixture.remaining(key) == before + 100 - used)
            #expect(fixture.remaining(consumer) == fixture.remaining(key))
        }
        let settled = fixture.journal.entries.filter { [.commit, .release, .expire].contains($0.kind) }
        #expect(settled.count == 50)
    }
}
