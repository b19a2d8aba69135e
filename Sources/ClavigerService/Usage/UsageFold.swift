public import ClavigerCore
public import ClavigerVerifier
public import Logging

/// Brings what the journal has to where it is asked for: uses to the access log and the roll-ups, what is left of
/// credits to the store. Then the journal may forget it.
///
/// One piece of work at a time; every step may be done twice, and the server may die between any two.
public actor UsageFold {
    private static let batch = 5000

    private let journal: UsageJournal
    private let usage: any UsageStore
    private let store: any AuthorityStore
    private let ledger: CreditLedger
    private let logger: Logger
    private let endedKeyUses: EndedKeyUses
    /// The work that was asked for last.
    private var latest: Task<Void, Never>?
    /// Everything up to here is in the access log.
    private var appended: UInt64 = 0
    /// Everything up to here is counted.
    private var counted: UInt64 = 0
    /// Everything that concerns credits up to here is stored.
    private var stored: UInt64 = 0

    /// Makes a fold that begins with the oldest record of the journal: what was folded before is recognised.
    public init(
        journal: UsageJournal,
        usage: any UsageStore,
        store: any AuthorityStore,
        ledger: CreditLedger,
        random: any RandomSource,
        logger: Logger
    ) {
        self.journal = journal
        self.usage = usage
        self.store = store
        self.ledger = ledger
        self.endedKeyUses = EndedKeyUses(store, random: random)
        self.logger = logger
    }

    /// Folds everything that is in the journal now, so that questions see what was answered before them.
    public func catchUp() async throws {
        try await self.perform(.catchUp)
    }

    /// One round: the access log and the credits; counting and forgetting cost more and are for ``settle()``.
    public func runOnce() async throws {
        try await self.perform(.round)
    }

    /// Counts, waits for the disk, and lets the journal forget what is safe elsewhere.
    public func settle() async throws {
        try await self.perform(.settling)
    }

    private enum Work {
        case catchUp, round, settling
    }

    /// Does one piece of work after the one before it has ended: an actor lets others in while it waits for the disk.
    private func perform(_ work: Work) async throws {
        let before = self.latest
        let task = Task {
            await before?.value
            try await self.perform(alone: work)
        }
        self.latest = Task { _ = try? await task.value }
        try await task.value
    }

    private func perform(alone work: Work) async throws {
        try await self.append(through: self.journal.lastSequence)
        switch work {
        case .catchUp:
            try await self.count()
        case .round:
            try await self.storeCredits()
        case .settling:
            try await self.storeCredits()
            try await self.count()
            try await self.usage.sync()
            try self.journal.drop(through: min(self.appended, self.counted, self.stored))
        }
    }

    /// Removes use that is older than it may be.
    public func enforceRetention(_ retention: UsageRetention, at now: Timestamp) async throws {
        // What was settled long ago is not asked for again.
        let day = Duration.seconds(86_400)
        _ = try await self.store.write({ try $0.deleteReservations(settledBefore: now - day) }, afterCommit: { _ in })
        let removed = try await self.usage.enforceRetention(retention, at: now)
        guard !removed.days.isEmpty || removed.rollUps > 0 else { return }
        self.logger.info(
            "removed old use",
            metadata: ["days": "\(removed.days.count)", "rollUps": "\(removed.rollUps)"]
        )
    }

    private func append(through end: UInt64) async throws {
        while self.appended < end {
            let records = try self.journal.read(after: self.appended, limit: Self.batch)
            guard let last = records.last else { return }
            // What only concerns credits is no use of a key.
            let uses = records.filter { $0.record.source != .credits }
            if !uses.isEmpty {
                try await self.endedKeyUses.record(uses)
                try await self.usage.append(uses)
            }
            self.appended = last.sequence
        }
    }

    private func count() async throws {
        guard self.counted < self.appended else { return }
        let end = self.appended
        try await self.usage.rollUp(through: end)
        self.counted = end
    }

    private func storeCredits() async throws {
        // Before the snapshot: what comes after it may be missing there.
        let end = self.journal.lastSequence
        let snapshot = self.ledger.snapshotDirty()
        if !snapshot.accounts.isEmpty || !snapshot.reservations.isEmpty {
            try await self.store.write({ try $0.store(snapshot) }, afterCommit: { _ in })
        }
        self.ledger.markClean(upTo: end)
        self.stored = end
    }
}

extension CreditLedger {
    /// Takes in what the store and the journal know of credits; to be done before anything is spent.
    public func recover(from journal: UsageJournal, _ store: any AuthorityStore, at now: Timestamp) async throws {
        // Settled ones are remembered for a day, so that a commit that is repeated gets its answer.
        let day = Duration.seconds(86_400)
        for reservation in try await store.read({ try $0.reservations(openOrEndingAfter: now - day) }) {
            self.load(reservation)
            try await self.loadAccounts(reservation.accounts, store)
        }
        var position: UInt64 = 0
        while let last = try await self.replay(journal, after: position, store) { position = last }
    }

    private func replay(
        _ journal: UsageJournal,
        after position: UInt64,
        _ store: any AuthorityStore
    ) async throws -> UInt64? {
        let records = try journal.read(after: position, limit: 5000)
        for (sequence, record) in records {
            guard let entry = record.creditEntry else { continue }
            try await self.loadAccounts(entry.changes.map(\.account), store)
            self.replay(entry, sequence: sequence)
        }
        return records.last?.sequence
    }

    private func loadAccounts(_ ids: [AccountID], _ store: any AuthorityStore) async throws {
        let missing = ids.filter { self.state(of: $0) == nil }
        guard !missing.isEmpty else { return }
        for account in try await store.read({ tx in try missing.compactMap { try tx.creditAccount($0) } }) {
            self.load(account)
        }
    }
}
