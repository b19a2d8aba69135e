import ClavigerCore
import Synchronization

/// What the parts that tell of events say to each other, in memory: that there are new ones, which types anybody wants,
/// and what was noticed while keys were verified.
public final class EventHub: Sendable {
    /// What a committed change means for events.
    struct News: Sendable {
        /// Whether there are new ones.
        var hasEvents = false
        /// The types that anybody wants, where that has changed.
        var wanted: EventTypes?
    }

    /// Wakes the dispatcher; nothing is lost when it is busy.
    let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    /// The bits of ``EventTypes``; read at every verification, so it has no lock.
    private let wanted = Atomic<UInt32>(0)
    /// Only the methods below touch it; nothing is called while it is held.
    private let watch = Mutex(UseWatch())

    init() {
        (self.signals, self.signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has the dispatcher look for work.
    public func wake() {
        self.signal.yield()
    }

    func announce(_ news: News) {
        if let wanted = news.wanted { self.wanted.store(wanted.rawValue, ordering: .relaxed) }
        if news.hasEvents { self.wake() }
    }

    /// Looks whether a verification has brought a limit or credits to a mark, and remembers it if somebody wants to know.
    ///
    /// With no such endpoint this is one read of a number.
    ///
    /// - Parameter query: without the token, as it goes on record; what it says of the client may be told.
    func observe(_ verdict: Verdict, _ query: @autoclosure () -> VerificationQuery, _ time: any TimeSource) {
        let wanted = EventTypes(rawValue: self.wanted.load(ordering: .relaxed))
        guard !wanted.isDisjoint(with: .ofUse), let key = verdict.key else { return }
        if case .current = key.credentialState {} else { self.observeReplaced(key, verdict.code, wanted, time) }
        if verdict.code == .wrongEnvironment, wanted.contains(.keyWrongEnvironment) {
            let told = Told(key.keyID, .keyWrongEnvironment)
            self.note(UseNotice(strayed: key, query()), told, for: UseWatch.strayPeriod, time)
        }
        guard let allowance = key.allowance else { return }
        if let limits = verdict.limits?.outcomes {
            // Limits that came with the call are the caller's own business.
            for (outcome, use) in zip(limits, allowance.limits) {
                guard let type = outcome.mark, wanted.contains(type) else { continue }
                self.note(UseNotice(key, type, outcome), Told(use.counter, type), for: outcome.window, time)
            }
        }
        if let credits = verdict.credits, let account = credits.account {
            let place = allowance.accounts.firstIndex(of: account)
            let lowMark = place.flatMap { allowance.lowMarks.indices.contains($0) ? allowance.lowMarks[$0] : nil }
            let isExhausted = credits.remaining <= 0 || verdict.code == .creditsExhausted
            guard let lowMark, isExhausted || credits.remaining <= lowMark else { return }
            let type: EventType = isExhausted ? .creditsExhausted : .creditsLow
            guard wanted.contains(type) else { return }
            let period = credits.refillsAt.map { $0 - time.now() } ?? UseWatch.withoutRefill
            self.note(UseNotice(key, type, account, credits), Told(account, type), for: period, time)
        }
    }

    /// Notes that somebody still sends a token that another has replaced.
    private func observeReplaced(
        _ key: KeySnapshot,
        _ code: VerificationCode,
        _ wanted: EventTypes,
        _ time: any TimeSource
    ) {
        let type: EventType = code == .superseded ? .keyReplacedRefused : .keyReplacedUsed
        // Of a key that has ended, its end is the news.
        guard wanted.contains(type), key.state == .active, code != .expired else { return }
        self.note(UseNotice(key, type), Told(key.credentialID, type), for: UseWatch.ofReplaced, time)
    }

    private func note(
        _ notice: @autoclosure () -> UseNotice,
        _ told: Told,
        for period: Duration,
        _ time: any TimeSource
    ) {
        let now = time.uptime()
        guard self.watch.withLock({ $0.mark(told, for: period, at: now) }) else { return }
        var notice = notice()
        notice.at = time.now()
        self.watch.withLock { $0.add(notice) }
        self.wake()
    }

    /// Forgets that an account was low, as it has been filled.
    func forget(_ account: AccountID) {
        self.watch.withLock { watch in
            watch.forget(Told(account, .creditsLow))
            watch.forget(Told(account, .creditsExhausted))
        }
    }

    var hasNotices: Bool { self.watch.withLock { $0.hasNotices } }

    /// Takes out what was noticed.
    func takeNotices() -> [UseNotice] {
        self.watch.withLock { $0.take() }
    }

    /// Puts back what could not be written.
    func putBack(_ notices: [UseNotice]) {
        self.watch.withLock { watch in
            for notice in notices { watch.add(notice) }
        }
    }
}

extension LimitOutcome {
    /// The event that the outcome is worth; nil for most.
    fileprivate var mark: EventType? {
        if self.isCrowdedOut || self.isBeyondLimit { return nil }
        if self.isExceeded || self.remaining <= 0 { return .limitReached }
        // At most a fifth is left: 80 % are used. A limit of 4 or less has no such moment before it is reached.
        return self.remaining <= self.limit / 5 ? .limitWarning : nil
    }
}
