import ClavigerCore
import ClavigerTestSupport
import Synchronization
import Testing

@testable import ClavigerVerifier

@Suite("Credit ledger")
struct CreditLedgerTests {
    private static let start = CreditFixture.start

    @Test("credits run out, and a refusal takes nothing and writes nothing")
    func spending() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 3)
        let first = try fixture.spend([key], 2)
        #expect(first.isAllowed)
        #expect(first.sequence == 1)
        #expect(
            first.outcomes == [CreditOutcome(account: key, remaining: 1, refillsAt: nil, isExhausted: false)]
        )
        let second = try fixture.spend([key], 2)
        #expect(!second.isAllowed)
        #expect(second.sequence == nil)
        #expect(second.outcomes == [CreditOutcome(account: key, remaining: 1, refillsAt: nil, isExhausted: true)])
        #expect(try !fixture.spend([key], -1).isAllowed)
        #expect(try !fixture.spend([key], .max).isAllowed)
        #expect(fixture.remaining(key) == 1)
        #expect(fixture.journal.entries.count == 1)
        #expect(try fixture.spend([key], 0).isAllowed)
        #expect(try fixture.spend([key], 1).remaining == 0)
        #expect(try fixture.spend([key], 0).isAllowed)
    }

    /// Whoever stores what has changed up to a record asks for the changed accounts after it was written: one that is
    /// noted only later would be taken for stored, and the journal would forget its record.
    @Test("an account is noted as changed before its record is written")
    func notedBeforeItsRecord() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 3)
        var isNoted = false
        _ = fixture.ledger.spend([key], cost: 1, at: Self.start) { _ in
            isNoted = fixture.ledger.shard(of: key).dirty.withLock { $0.contains { $0.id == key } }
            return 1
        }
        #expect(isNoted)
        #expect(fixture.ledger.snapshotDirty().accounts.map(\.balance.remaining) == [2])
        fixture.ledger.markClean(upTo: 1)
        #expect(fixture.ledger.snapshotDirty().accounts.isEmpty)
    }

    @Test("from all accounts or from none, whichever is short", arguments: [(Int64(5), Int64(2)), (2, 5)])
    func allOrNone(ofKey: Int64, ofConsumer: Int64) throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(9), ofKey)
        let consumer = fixture.open(CreditFixture.consumer(1), ofConsumer)
        for ids in [[key, consumer], [consumer, key]] {
            let decision = try fixture.spend(ids, 3)
            #expect(!decision.isAllowed)
            #expect(decision.remaining == 2)
            #expect(decision.outcomes.map(\.account) == [key, consumer])
            #expect(decision.outcomes.map(\.isExhausted) == [ofKey == 2, ofConsumer == 2])
        }
        #expect(fixture.remaining(key) == ofKey)
        #expect(fixture.remaining(consumer) == ofConsumer)
        let decision = try fixture.spend([consumer, key], 2)
        #expect(decision.isAllowed)
        #expect(fixture.remaining(key) == ofKey - 2)
        #expect(fixture.remaining(consumer) == ofConsumer - 2)
        #expect(
            fixture.journal.entries == [
                CreditEntry(
                    .spend,
                    [
                        CreditChange(account: key, generation: 0, amount: 2, remainingAfter: ofKey - 2, periodAfter: 0),
                        CreditChange(
                            account: consumer,
                            generation: 0,
                            amount: 2,
                            remainingAfter: ofConsumer - 2,
                            periodAfter: 0
                        ),
                    ]
                )
            ]
        )
    }

    @Test("an account that is named twice counts once")
    func twice() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 5)
        let other = fixture.open(CreditFixture.key(65), 5)
        #expect(try fixture.spend([key, other, key, other, key], 3).isAllowed)
        #expect(fixture.remaining(key) == 2)
        #expect(fixture.remaining(other) == 2)
    }

    @Test("an account that is not loaded stops everything")
    func missing() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 5)
        let stranger = CreditFixture.consumer(1)
        let decision = try fixture.spend([stranger, key], 1)
        #expect(!decision.isAllowed)
        #expect(decision.missing == [stranger])
        #expect(fixture.ledger.peek([stranger, key], cost: 1, at: Self.start).missing == [stranger])
        #expect(!fixture.ledger.peek([stranger, key], cost: 1, at: Self.start).isAllowed)
        #expect(fixture.remaining(key) == 5)
        #expect(fixture.remaining(stranger) == nil)
        fixture.ledger.remove(key)
        #expect(try fixture.spend([key], 1).missing == [key])
    }

    @Test("if the record cannot be written, nothing is taken")
    func journalFull() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), try CreditFixture.hourly(5, refill: 50))
        let consumer = fixture.open(CreditFixture.consumer(1), 5)
        let before = fixture.ledger.state(of: key)
        fixture.journal.isFull = true
        #expect(throws: JournalFull("full")) { try fixture.spend([key, consumer], 1, at: CreditFixture.hours(2)) }
        #expect(fixture.ledger.state(of: key) == before)
        #expect(fixture.remaining(consumer) == 5)
        #expect(fixture.ledger.snapshotDirty().accounts.isEmpty)
        fixture.journal.isFull = false
        #expect(try fixture.spend([key, consumer], 1, at: CreditFixture.hours(2)).isAllowed)
        #expect(fixture.remaining(key, at: CreditFixture.hours(2)) == 49)
    }

    @Test("credits come back with the next period, and the answer says when")
    func refills() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), try CreditFixture.hourly(2, refill: 3))
        // The clock starts at 06:40.
        #expect(try fixture.spend([key], 2).outcomes[0].refillsAt?.text == "2026-11-21T07:00:00.000Z")
        #expect(try !fixture.spend([key], 1, at: CreditFixture.hours(0.33)).isAllowed)
        #expect(fixture.remaining(key, at: CreditFixture.hours(0.34)) == 3)
        let decision = try fixture.spend([key], 1, at: CreditFixture.hours(0.34))
        #expect(decision.remaining == 2)
        #expect(decision.outcomes[0].refillsAt?.text == "2026-11-21T08:00:00.000Z")
        // The clock swings back: nothing is given again, and the next refill is the next.
        let back = try fixture.spend([key], 1, at: CreditFixture.hours(0.33))
        #expect(back.remaining == 1)
        #expect(back.outcomes[0].refillsAt?.text == "2026-11-21T08:00:00.000Z")
        #expect(fixture.remaining(key, at: CreditFixture.hours(0.34)) == 1)
    }

    @Test("peeking answers the same and takes nothing")
    func peek() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), try CreditFixture.hourly(2, refill: 3))
        let consumer = fixture.open(CreditFixture.consumer(1), 5)
        for (cost, hours) in [(Int64(2), 0.0), (1, 0.1), (3, 5), (9, 6), (-1, 6)] {
            let state = fixture.ledger.state(of: key)
            let peeked = fixture.ledger.peek([key, consumer], cost: cost, at: CreditFixture.hours(hours))
            #expect(fixture.ledger.state(of: key) == state)
            let spent = try fixture.spend([key, consumer], cost, at: CreditFixture.hours(hours))
            #expect(peeked.isAllowed == spent.isAllowed)
            #expect(peeked.outcomes == spent.outcomes)
        }
    }

    @Test("an administrator's change counts; an older one that comes later does not")
    func replace() throws {
        let fixture = CreditFixture()
        let key = fixture.open(CreditFixture.key(1), 5)
        #expect(try fixture.spend([key], 2).isAllowed)
        var state = try #require(fixture.ledger.state(of: key))
        state.generation = 2
        state.balance = CreditBalance(remaining: 50, period: 0)
        fixture.ledger.replace(state)
        #expect(fixture.remaining(key) == 50)
        state.generation = 1
        state.balance = CreditBalance(remaining: 20, period: 0)
        fixture.ledger.replace(state)
        #expect(fixture.remaining(key) == 50)
        // The same generation: the policy only.
        state.generation = 2
        state.policy = try CreditFixture.hourly(0, refill: 7)
        fixture.ledger.replace(state)
        #expect(fixture.remaining(key) == 50)
        #expect(try fixture.spend([key], 1).remaining == 49)
        #expect(fixture.remaining(key, at: CreditFixture.hours(1)) == 7)
        fixture.ledger.setPolicy(try CreditFixture.hourly(0, refill: 8), of: key)
        #expect(fixture.remaining(key, at: CreditFixture.hours(1)) == 8)
        fixture.ledger.load(
            AccountState(id: key, policy: CreditPolicy(amount: 1), balance: .init(remaining: 1, period: 0))
        )
        #expect(fixture.remaining(key, at: CreditFixture.hours(1)) == 8)
        let other = CreditFixture.key(2)
        fixture.ledger.replace(AccountState(id: other, policy: state.policy, balance: .init(remaining: 4, period: 0)))
        #expect(fixture.remaining(other) == 4)
    }

    @Test("what has changed is stored once")
    func dirty() throws {
        let fixture = CreditFixture()
        let keys = (1...200).map { fixture.open(CreditFixture.key(UInt128($0)), 5) }
        #expect(fixture.ledger.snapshotDirty().accounts.isEmpty)
        for key in keys.prefix(3) { _ = try fixture.spend([key], 1) }
        _ = try fixture.spend([keys[0]], 1)
        #expect(Set(fixture.ledger.snapshotDirty().accounts.map(\.id)) == Set(keys.prefix(3)))
        #expect(fixture.ledger.snapshotDirty().accounts.count == 3)
        // The last change came after the snapshot that was stored.
        fixture.ledger.markClean(upTo: 3)
        #expect(fixture.ledger.snapshotDirty().accounts == [try #require(fixture.ledger.state(of: keys[0]))])
        fixture.ledger.markClean(upTo: 4)
        #expect(fixture.ledger.snapshotDirty().accounts.isEmpty)
        _ = try fixture.spend([keys[0]], 1)
        _ = try fixture.spend([keys[1]], 1)
        fixture.ledger.remove(keys[1])
        #expect(fixture.ledger.snapshotDirty().accounts.map(\.id) == [keys[0]])
    }

    @Test("32 tasks are given exactly what is there, in the order of the journal")
    func concurrent() async {
        let fixture = CreditFixture()
        let keys = (0..<8).map { fixture.open(CreditFixture.key(UInt128($0)), 1000) }
        let shared = fixture.open(CreditFixture.consumer(3), 5000)
        let tally = Tally(count: keys.count)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<32 {
                group.addTask {
                    for step in 0..<400 {
                        let index = (task + step) % keys.count
                        let cost = Int64(step % 3 + 1)
                        let ids = step % 2 == 0 ? [keys[index], shared] : [shared, keys[index]]
                        let decision = try? fixture.spend(ids, cost)
                        if decision?.isAllowed == true { tally.add(cost, at: index) }
                    }
                }
            }
        }
        let granted = tally.sums
        for (key, sum) in zip(keys, granted) { #expect(fixture.remaining(key) == 1000 - sum) }
        let total = granted.reduce(0, +)
        #expect(fixture.remaining(shared) == 5000 - total)
        #expect(total == 5000)
        // Each record continues where the last one of that account ended.
        var last: [AccountID: Int64] = [shared: 5000]
        for key in keys { last[key] = 1000 }
        var wrong = 0
        for change in fixture.journal.entries.flatMap(\.changes) {
            if change.remainingAfter != (last[change.account] ?? 0) - change.amount { wrong += 1 }
            last[change.account] = change.remainingAfter
        }
        #expect(wrong == 0)
    }
}

/// What several tasks were granted.
private final class Tally: Sendable {
    private let state: Mutex<[Int64]>

    init(count: Int) {
        self.state = Mutex([Int64](repeating: 0, count: count))
    }

    var sums: [Int64] { self.state.withLock { $0 } }

    func add(_ amount: Int64, at index: Int) {
        self.state.withLock { $0[index] += amount }
    }
}
