import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import ClavigerVerifier

/// A straightforward ledger of the same rules: one balance after the other, nothing remembered but what is there.
private struct ModelLedger {
    struct Account {
        var policy: CreditPolicy
        var remaining: Int64
        var hour: Int64
        var holds: [Int: (amount: Int64, hour: Int64, endsAt: Int64)] = [:]

        mutating func refill(at milliseconds: Int64) {
            guard let refill = self.policy.refill else { return }
            let now = milliseconds / 3_600_000
            while self.hour < now {
                self.hour += 1
                switch refill.mode {
                case .replace: self.remaining = refill.amount
                case .accumulate(let cap):
                    let held = self.holds.values.reduce(0) { $0 + $1.amount }
                    self.remaining = max(self.remaining, min(self.remaining + refill.amount, (cap ?? .max) - held))
                }
            }
        }

        mutating func close(_ reservation: Int, used: Int64) {
            guard let hold = self.holds.removeValue(forKey: reservation) else { return }
            if self.policy.refill?.mode == .replace, hold.hour != self.hour { return }
            self.remaining += hold.amount - used
        }
    }

    var accounts: [AccountID: Account] = [:]

    /// Takes from all; as a hold, if a reservation is named.
    mutating func take(_ cost: Int64, _ ids: Set<AccountID>, reservation: Int?, endsAt: Int64, at now: Int64) -> Bool {
        // The ledger looks for ended leases in these accounts only, and closes each in all accounts that it is in.
        let ended = Set(ids.flatMap { self.accounts[$0]?.holds.filter { $0.value.endsAt <= now }.map(\.key) ?? [] })
        for reservation in ended { self.close(reservation, used: 0, at: now) }
        var next = self.accounts
        for id in ids {
            guard var account = next[id] else { return false }
            account.refill(at: now)
            guard account.remaining >= cost else { return false }
            account.remaining -= cost
            if let reservation { account.holds[reservation] = (cost, account.hour, endsAt) }
            next[id] = account
        }
        self.accounts = next
        return true
    }

    mutating func close(_ reservation: Int, used: Int64, at now: Int64) {
        for id in self.accounts.keys where self.accounts[id]?.holds[reservation] != nil {
            self.accounts[id]?.refill(at: now)
            self.accounts[id]?.close(reservation, used: used)
        }
    }

    func remaining(_ id: AccountID, at now: Int64) -> Int64? {
        guard var account = self.accounts[id] else { return nil }
        account.refill(at: now)
        return account.remaining
    }
}

@Suite("Credits across a crash")
struct CreditRecoveryTests {
    /// What a ledger holds, apart from the order of the accounts.
    private struct Picture: Equatable {
        var accounts: [AccountID: AccountState] = [:]
        var reservations: [Reservation.ID: Reservation] = [:]
    }

    /// A random life of a ledger, compared with the model at every step.
    private struct Life {
        let fixture = CreditFixture(mostReservations: 100_000, mostSettled: 100_000)
        private(set) var opened: [AccountState] = []
        /// What the ledger held after each record, the first one before any.
        private(set) var pictures: [Picture] = []
        private var model = ModelLedger()
        private var reservations: [Reservation.ID] = []
        private var random: SeededGenerator
        private var now = CreditFixture.start

        init(seed: UInt64) throws {
            self.random = SeededGenerator(seed: seed)
            for number in 0..<6 {
                let kind: AccountID.Kind = number < 4 ? .key : .consumer
                let mode: Refill.Mode = [.replace, .accumulate(cap: 60), .accumulate(cap: nil)][number % 3]
                let policy =
                    number == 5 ? CreditPolicy(amount: 400) : try CreditFixture.hourly(50, refill: 20, mode: mode)
                let id = self.fixture.open(AccountID(kind, UInt128(number)), policy)
                self.opened.append(try #require(self.fixture.ledger.state(of: id)))
                let hour = CreditFixture.start.milliseconds / 3_600_000
                self.model.accounts[id] = .init(policy: policy, remaining: policy.amount, hour: hour)
            }
            self.pictures = [self.picture(self.fixture.ledger)]
        }

        func picture(_ ledger: CreditLedger) -> Picture {
            var picture = Picture()
            for account in self.opened { picture.accounts[account.id] = ledger.state(of: account.id) }
            for id in self.reservations { picture.reservations[id] = ledger.reservation(id) }
            return picture
        }

        mutating func step() throws {
            let ledger = self.fixture.ledger
            let pause: ClosedRange<Int64> = Int.random(in: 0..<20, using: &self.random) == 0 ? 0...9000 : 0...240
            self.now = self.now + .seconds(Int64.random(in: pause, using: &self.random))
            let now = self.now.milliseconds
            let ids = (0..<Int.random(in: 1...3, using: &self.random)).compactMap { _ in
                self.opened.randomElement(using: &self.random)?.id
            }
            let amount = Int64.random(in: 0...25, using: &self.random)
            let chosen = self.reservations.indices.suffix(8).randomElement(using: &self.random)
            switch Int.random(in: 0..<10, using: &self.random) {
            case 0...4:
                let expected = self.model.take(amount, Set(ids), reservation: nil, endsAt: 0, at: now)
                #expect(try self.fixture.spend(ids, amount, at: self.now).isAllowed == expected)
            case 5, 6:
                let id = self.fixture.reservationID()
                self.reservations.append(id)
                let lease = Int64.random(in: 1...7200, using: &self.random)
                let endsAt = now + lease * 1000
                let number = self.reservations.count - 1
                let expected = self.model.take(amount, Set(ids), reservation: number, endsAt: endsAt, at: now)
                #expect(try self.fixture.reserve(id, ids, amount, lease: .seconds(lease), at: self.now) == expected)
            case 7:
                guard let chosen, let known = ledger.reservation(self.reservations[chosen]) else { break }
                let used = min(amount, known.amount)
                let settled = try? ledger.commit(known.id, amount: used, at: self.now)
                guard known.state == .open else { break }
                #expect((settled == nil) == (known.leaseEndsAt <= self.now))
                self.model.close(chosen, used: settled == nil ? 0 : used, at: now)
            case 8:
                guard let chosen, let known = ledger.reservation(self.reservations[chosen]) else { break }
                _ = try? ledger.release(known.id, at: self.now)
                if known.state == .open { self.model.close(chosen, used: 0, at: now) }
            default:
                try ledger.expireLeases(at: self.now)
                for (number, id) in self.reservations.enumerated() where ledger.reservation(id)?.state == .expired {
                    self.model.close(number, used: 0, at: now)
                }
            }
            for account in self.opened {
                #expect(ledger.remaining(account.id, at: self.now) == self.model.remaining(account.id, at: now))
            }
            // A step may write several records; those in between are checked as prefixes of the next picture.
            let picture = self.picture(ledger)
            while self.pictures.count < self.fixture.journal.entries.count { self.pictures.append(Picture()) }
            if self.pictures.count == self.fixture.journal.entries.count {
                self.pictures.append(picture)
            } else {
                self.pictures[self.pictures.count - 1] = picture
            }
        }
    }

    private static func ledger(_ snapshot: Picture, replaying entries: [CreditEntry], from first: Int) -> CreditLedger {
        let ledger = CreditLedger(journal: RecordingJournal())
        for account in snapshot.accounts.values { ledger.load(account) }
        for reservation in snapshot.reservations.values { ledger.load(reservation) }
        for (index, entry) in entries.enumerated().dropFirst(first) {
            ledger.replay(entry, sequence: UInt64(index + 1))
        }
        return ledger
    }

    @Test("a random life is that of a straightforward ledger", arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func model(seed: UInt64) throws {
        var life = try Life(seed: seed)
        for _ in 0..<600 { try life.step() }
        #expect(life.fixture.journal.entries.count > 200)
    }

    @Test("after a crash behind any record, the ledger is what it was", arguments: [UInt64(11), 12])
    func everyPrefix(seed: UInt64) throws {
        var life = try Life(seed: seed)
        for _ in 0..<150 { try life.step() }
        let entries = life.fixture.journal.entries
        var random = SeededGenerator(seed: seed)
        for count in 0...entries.count where !life.pictures[count].accounts.isEmpty {
            let kept = Array(entries.prefix(count))
            let expected = life.pictures[count]
            // From the very beginning, and from what was stored at some moment.
            let fresh = Self.ledger(life.pictures[0], replaying: kept, from: 0)
            #expect(life.picture(fresh) == expected)
            let stored = (0...count).filter { !life.pictures[$0].accounts.isEmpty }.randomElement(using: &random) ?? 0
            let first = Int.random(in: 0...stored, using: &random)
            let later = Self.ledger(life.pictures[stored], replaying: kept, from: first)
            #expect(life.picture(later) == expected)
            // Again from the start: nothing changes.
            for (index, entry) in kept.enumerated() { later.replay(entry, sequence: UInt64(index + 1)) }
            #expect(life.picture(later) == expected)
        }
    }

    @Test("accounts that were stored at different moments come to the same", arguments: [UInt64(21), 22, 23])
    func mixedSnapshots(seed: UInt64) throws {
        var life = try Life(seed: seed)
        for _ in 0..<200 { try life.step() }
        let entries = life.fixture.journal.entries
        let whole = life.pictures.indices.filter { !life.pictures[$0].accounts.isEmpty }
        let expected = try #require(life.pictures.last)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var mixed = Picture()
            for account in life.opened {
                let moment = try #require(whole.randomElement(using: &random))
                mixed.accounts[account.id] = life.pictures[moment].accounts[account.id]
            }
            let moment = try #require(whole.randomElement(using: &random))
            mixed.reservations = life.pictures[moment].reservations
            let ledger = Self.ledger(mixed, replaying: entries, from: 0)
            #expect(life.picture(ledger) == expected)
        }
    }

    @Test("records of another generation and of accounts that are gone do not count")
    func generations() throws {
        let fixture = CreditFixture()
        let key = CreditFixture.key(1)
        let policy = CreditPolicy(amount: 9)
        fixture.ledger.load(
            AccountState(id: key, policy: policy, balance: .init(remaining: 9, period: 0), generation: 2, sequence: 5)
        )
        func entry(_ id: AccountID, _ generation: UInt32) -> CreditEntry {
            let change = CreditChange(
                account: id,
                generation: generation,
                amount: 1,
                remainingAfter: 3,
                periodAfter: 0
            )
            return CreditEntry(.spend, [change])
        }
        fixture.ledger.replay(entry(key, 1), sequence: 6)
        fixture.ledger.replay(entry(key, 3), sequence: 7)
        fixture.ledger.replay(entry(key, 2), sequence: 5)
        fixture.ledger.replay(entry(CreditFixture.key(2), 2), sequence: 8)
        #expect(fixture.remaining(key) == 9)
        #expect(fixture.remaining(CreditFixture.key(2)) == nil)
        #expect(fixture.ledger.snapshotDirty().accounts.isEmpty)
        fixture.ledger.replay(entry(key, 2), sequence: 9)
        #expect(fixture.remaining(key) == 3)
        #expect(fixture.ledger.snapshotDirty().accounts.map(\.sequence) == [9])
    }

    @Test("a reservation survives with its lease, also if only the account was stored", arguments: [true, false])
    func openReservations(isStored: Bool) throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 100)
        let consumer = fixture.open(CreditFixture.consumer(1), 100)
        let id = fixture.reservationID()
        #expect(try fixture.reserve(id, [key, consumer], 40))
        let snapshot = fixture.ledger.snapshotDirty()
        #expect(snapshot.accounts.count == 2)
        #expect(snapshot.reservations.map(\.id) == [id])
        let ledger = CreditLedger(journal: RecordingJournal())
        for account in snapshot.accounts { ledger.load(account) }
        if isStored { for reservation in snapshot.reservations { ledger.load(reservation) } }
        #expect(ledger.remaining(key, at: CreditFixture.start) == 60)
        let end = CreditFixture.start + .seconds(60)
        #expect(try ledger.expireLeases(at: Timestamp(milliseconds: end.milliseconds - 1)) == 0)
        #expect(try ledger.expireLeases(at: end) == 1)
        #expect(ledger.remaining(key, at: end) == 100)
        #expect(ledger.remaining(consumer, at: end) == 100)
    }
}
