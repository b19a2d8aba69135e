import ClavigerCore

/// The counters of one shard: dense slots and where each counter is, bounded, without those that count nothing any more.
struct CounterShard {
    private struct Slot {
        let id: CounterID
        let isAdHoc: Bool
        /// The uptime from which nothing is counted as used; from then on the counter is as good as absent.
        var idleFrom: Int64
        var counter: LimitCounter
    }

    /// Slots that one use may look at in search of room.
    private static let longestSearch = 64

    private let capacity: Int
    private let adHocCapacity: Int
    private var slots: [Slot] = []
    private var index: [CounterID: UInt32] = [:]
    private(set) var adHocCount = 0
    private(set) var dropped = 0
    private(set) var crowdedOut = 0
    /// Where the search for idle counters goes on.
    private var hand = 0
    /// The latest uptime that was seen.
    ///
    /// A thread that read the clock before another and comes later counts at this time, so that what is counted and
    /// what is dropped agree.
    private var latest: Int64 = 0

    init(capacity: Int, adHocCapacity: Int) {
        self.capacity = capacity
        self.adHocCapacity = adHocCapacity
    }

    var count: Int { self.slots.count }

    /// The uptime to count at.
    mutating func advance(to now: Uptime) -> Uptime {
        self.latest = max(self.latest, now.counted)
        return Uptime(nanoseconds: self.latest)
    }

    /// Whether a cost fits a limit, and the counter into the shard.
    ///
    /// - Parameter newcomers: how many counters the whole use might add to this shard.
    mutating func canTake(_ use: LimitUse, _ cost: Int, newcomers: Int, at now: Uptime) -> Bool {
        // Nothing is counted for a cost of nothing, so it needs no counter either.
        guard cost > 0 else { return true }
        if let slot = self.find(use.counter, at: now) {
            return cost <= self.slots[slot].counter.remaining(of: use.limit, at: now)
        }
        guard cost <= use.limit.capacity else { return false }
        if !self.hasRoom(for: newcomers, use) { self.dropIdle(atMost: Self.longestSearch, at: now) }
        guard self.hasRoom(for: newcomers, use) else {
            self.crowdedOut += 1
            return false
        }
        return true
    }

    /// Counts a cost that fits.
    mutating func take(_ use: LimitUse, _ cost: Int, at now: Uptime) {
        guard cost > 0 else { return }
        if let slot = self.index[use.counter] {
            self.slots[Int(slot)].counter.take(cost, of: use.limit, at: now)
            return
        }
        // Each newcomer looks for two that have gone, so that dropping keeps pace with adding.
        self.dropIdle(atMost: 2, at: now)
        var counter = LimitCounter(for: use.limit)
        counter.take(cost, of: use.limit, at: now)
        self.index[use.counter] = UInt32(self.slots.count)
        self.slots.append(Slot(id: use.counter, isAdHoc: use.isAdHoc, idleFrom: .max, counter: counter))
        self.adHocCount += use.isAdHoc ? 1 : 0
    }

    /// Decides about a use with one limit: what the three methods around this one do together, with one look-up.
    mutating func decide(
        _ use: LimitUse,
        _ cost: Int,
        mayTake: Bool,
        at now: Uptime
    ) -> (isAllowed: Bool, outcome: LimitOutcome) {
        guard let slot = self.find(use.counter, at: now) else {
            let isAllowed = self.canTake(use, cost, newcomers: 1, at: now)
            if isAllowed, mayTake { self.take(use, cost, at: now) }
            let outcome = self.outcome(use, cost, wasTaken: isAllowed && mayTake, newcomers: 1, at: now)
            return (isAllowed, outcome)
        }
        let isAllowed = cost <= 0 || cost <= self.slots[slot].counter.remaining(of: use.limit, at: now)
        if isAllowed, mayTake, cost > 0 { self.slots[slot].counter.take(cost, of: use.limit, at: now) }
        return (isAllowed, self.outcome(of: slot, use, cost, wasTaken: isAllowed && mayTake, at: now))
    }

    /// What a limit says: after `cost` was taken, or to the question whether it could be.
    mutating func outcome(
        _ use: LimitUse,
        _ cost: Int,
        wasTaken: Bool,
        newcomers: Int,
        at now: Uptime
    ) -> LimitOutcome {
        if let slot = self.find(use.counter, at: now) {
            return self.outcome(of: slot, use, cost, wasTaken: wasTaken, at: now)
        }
        var outcome = LimitOutcome(
            name: use.limit.name,
            limit: use.limit.capacity,
            quota: use.limit.requests,
            window: use.limit.window,
            remaining: use.limit.capacity,
            resetsAfter: .zero
        )
        if cost > use.limit.capacity {
            outcome.isExceeded = true
        } else if !wasTaken, cost > 0, !self.hasRoom(for: newcomers, use) {
            outcome.isExceeded = true
            outcome.isCrowdedOut = true
            outcome.remaining = 0
            outcome.retryAfter = .seconds(1)
        }
        return outcome
    }

    private mutating func outcome(
        of slot: Int,
        _ use: LimitUse,
        _ cost: Int,
        wasTaken: Bool,
        at now: Uptime
    ) -> LimitOutcome {
        let toReset = self.slots[slot].counter.nanosecondsToReset(of: use.limit, at: now)
        self.slots[slot].idleFrom = now.counted + toReset
        var outcome = LimitOutcome(
            name: use.limit.name,
            limit: use.limit.capacity,
            quota: use.limit.requests,
            window: use.limit.window,
            remaining: self.slots[slot].counter.remaining(of: use.limit, at: now),
            resetsAfter: .nanoseconds(toReset)
        )
        if !wasTaken, cost > outcome.remaining, cost > 0 {
            outcome.isExceeded = true
            outcome.retryAfter = self.slots[slot].counter.whenAvailable(cost, of: use.limit, at: now)
        }
        return outcome
    }

    mutating func giveBack(_ use: LimitUse, _ cost: Int, takenAt moment: Uptime, at now: Uptime) {
        guard let slot = self.find(use.counter, at: now) else { return }
        self.slots[slot].counter.giveBack(cost, of: use.limit, takenAt: moment, at: now)
        self.slots[slot].idleFrom =
            now.counted + self.slots[slot].counter.nanosecondsToReset(of: use.limit, at: now)
    }

    /// Looks at the next slots and drops the counters that count nothing any more.
    @discardableResult
    mutating func dropIdle(atMost limit: Int, at now: Uptime) -> Int {
        let before = self.dropped
        for _ in 0..<min(limit, self.slots.count) {
            if self.hand >= self.slots.count { self.hand = 0 }
            guard !self.slots.isEmpty else { break }
            if self.slots[self.hand].idleFrom <= now.counted {
                self.drop(self.hand)
            } else {
                self.hand += 1
            }
        }
        self.shrink()
        return self.dropped - before
    }

    /// Where a counter is; one that counts nothing any more is dropped.
    private mutating func find(_ id: CounterID, at now: Uptime) -> Int? {
        guard let place = self.index[id] else { return nil }
        let slot = Int(place)
        guard self.slots[slot].idleFrom <= now.counted else { return slot }
        self.drop(slot)
        return nil
    }

    private func hasRoom(for newcomers: Int, _ use: LimitUse) -> Bool {
        self.slots.count + newcomers <= self.capacity
            && (!use.isAdHoc || self.adHocCount + newcomers <= self.adHocCapacity)
    }

    /// Drops a counter; the last slot takes its place.
    private mutating func drop(_ slot: Int) {
        self.index[self.slots[slot].id] = nil
        self.adHocCount -= self.slots[slot].isAdHoc ? 1 : 0
        let last = self.slots.removeLast()
        if slot < self.slots.count {
            self.slots[slot] = last
            self.index[last.id] = UInt32(slot)
        }
        self.dropped += 1
    }

    /// Returns memory after a flood has gone.
    private mutating func shrink() {
        guard self.slots.capacity > 1024, self.slots.count < self.slots.capacity / 4 else { return }
        var slots: [Slot] = []
        slots.reserveCapacity(self.slots.count * 2)
        slots.append(contentsOf: self.slots)
        self.slots = slots
        var index: [CounterID: UInt32] = [:]
        index.reserveCapacity(slots.count)
        for (slot, element) in slots.enumerated() { index[element.id] = UInt32(slot) }
        self.index = index
    }
}
