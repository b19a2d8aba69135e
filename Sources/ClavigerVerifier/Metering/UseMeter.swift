import ClavigerCore

/// Why a use could not be counted; nothing was used up.
public enum UseFailure: Error, Hashable, Sendable {
    /// The journal has no room.
    case journalFull(JournalFull)
    /// An account of the key is not in memory.
    case accountMissing
    /// Too many slow hashes of imported keys are to be computed.
    case overloaded
}

/// One verification on its way to the journal: what is known of it besides its outcome.
struct UseInProgress {
    let recording: UseRecording
    let query: VerificationQuery
    var lookupID: LookupID?
    let now: Timestamp
    let begin: Uptime
    let time: any TimeSource
    let sink: any UsageSink

    /// Writes the record of an outcome.
    func write(_ verdict: Verdict, _ credits: [UsageRecord.CreditChange] = []) throws(JournalFull) -> UInt64 {
        let took = self.time.uptime() - self.begin
        var record = self.recording.record(verdict, self.query, self.lookupID, at: self.now, took: took)
        record.credits = credits
        return try self.sink.append(record)
    }
}

/// Counts the uses of one verification in the limiter and the ledger; the spend and the use are one record.
struct UseMeter: VerificationMeter {
    let limiter: Limiter
    let ledger: CreditLedger
    private(set) var use: UseInProgress
    /// The number of the record, if one was written.
    private(set) var sequence: UInt64?
    /// What was taken from limits.
    private var taken: (uses: [LimitUse], cost: Int)?

    init(limiter: Limiter, ledger: CreditLedger, use: UseInProgress) {
        self.limiter = limiter
        self.ledger = ledger
        self.use = use
    }

    mutating func found(_ lookupID: LookupID) {
        self.use.lookupID = lookupID
    }

    mutating func takeLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision {
        let decision = self.limiter.take(uses, cost: cost, at: self.use.begin)
        if decision.isAllowed { self.taken = (uses, cost) }
        return decision
    }

    mutating func giveBackLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision {
        self.giveBack()
        return self.limiter.peek(uses, cost: 0, at: self.use.begin)
    }

    /// Gives back what was taken from limits, as the use does not take place.
    mutating func giveBack() {
        guard let taken else { return }
        self.taken = nil
        self.limiter.giveBack(taken.uses, cost: taken.cost, takenAt: self.use.begin, at: self.use.begin)
    }

    mutating func spendCredits(of verdict: Verdict, cost: Int) throws(UseFailure) -> CreditAnswer {
        guard let accounts = verdict.key?.allowance?.accounts else { throw .accountMissing }
        let decision: CreditDecision
        do throws(JournalFull) {
            decision = try self.ledger.spend(accounts, cost: Int64(cost), at: self.use.now) {
                changes throws(JournalFull) in
                try self.use.write(verdict, CreditEntry(.spend, changes).recorded)
            }
        } catch {
            throw .journalFull(error)
        }
        guard decision.missing.isEmpty else { throw .accountMissing }
        self.sequence = decision.sequence
        return CreditAnswer(decision, at: self.use.now)
    }
}

/// Tells what would be counted, for `explain`.
struct PeekMeter: VerificationMeter {
    let limiter: Limiter
    let ledger: CreditLedger
    let now: Timestamp
    let uptime: Uptime

    /// What there would be after this use.
    mutating func takeLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision {
        var decision = self.limiter.peek(uses, cost: cost, at: self.uptime)
        guard decision.isAllowed else { return decision }
        for (place, outcome) in decision.outcomes.enumerated() {
            var after = outcome
            after.remaining -= cost
            decision.outcomes.set(after, at: place)
        }
        return decision
    }

    mutating func giveBackLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision {
        self.limiter.peek(uses, cost: 0, at: self.uptime)
    }

    mutating func spendCredits(of verdict: Verdict, cost: Int) throws(UseFailure) -> CreditAnswer {
        guard let accounts = verdict.key?.allowance?.accounts else { throw .accountMissing }
        let decision = self.ledger.peek(accounts, cost: Int64(cost), at: self.now)
        guard decision.missing.isEmpty else { throw .accountMissing }
        return CreditAnswer(decision, at: self.now)
    }
}

extension CreditAnswer {
    init(_ decision: CreditDecision, at now: Timestamp) {
        let refillsAt = decision.outcomes.compactMap(\.refillsAt).min()
        // All that have too little must have more first.
        let exhausted = decision.outcomes.filter(\.isExhausted).map(\.refillsAt)
        let next = exhausted.contains(nil) ? nil : exhausted.compactMap { $0 }.max()
        let least = decision.outcomes.min { $0.remaining < $1.remaining }
        self.init(
            isAllowed: decision.isAllowed,
            credits: Verdict.Credits(
                remaining: least?.remaining ?? 0,
                refillsAt: refillsAt,
                account: least?.account
            ),
            retryAfter: next.map { $0 - now }
        )
    }
}
