import ClavigerCore

/// One shard of the cache: snapshots by lookup id, bounded, with the CLOCK second-chance policy (Corbató 1968).
///
/// Unknown ids are kept apart, so that no flood of them evicts a snapshot.
struct CacheShard {
    private struct Slot {
        let lookupID: LookupID
        var snapshot: KeySnapshot?
        var wasUsed: Bool
    }

    /// What is known of an id.
    enum Found {
        case snapshot(KeySnapshot)
        /// The id is not one of ours.
        case absent
        /// The store has to be asked; `epoch` goes back with the answer.
        case miss(epoch: UInt64)
    }

    private let capacity: Int
    private let negativeCapacity: Int
    private var slots: [Slot] = []
    private var index: [LookupID: Int32] = [:]
    private var free: [Int32] = []
    private var hand = 0
    private var negatives: [LookupID: Timestamp] = [:]
    /// Counts changes.
    ///
    /// A snapshot that was read before the last change must not be kept.
    private var epoch: UInt64 = 0
    private var filter: LookupFilter?
    private var isFilterComplete = false
    /// The latest load of the filter; the one that may complete it.
    private var filterLoad: UInt64 = 0
    /// This shard's own copy: shared storage would make two threads wait for one reference count.
    var pipeline: VerificationPipeline

    init(capacity: Int, negativeCapacity: Int, pipeline: VerificationPipeline) {
        self.capacity = max(1, capacity)
        self.negativeCapacity = max(1, negativeCapacity)
        self.pipeline = pipeline
    }

    var count: Int { self.index.count }
    var negativeCount: Int { self.negatives.count }
    var isFilterOverfull: Bool { self.filter?.isOverfull ?? false }

    mutating func find(_ id: LookupID, at now: Timestamp) -> Found {
        if let slot = self.index[id] {
            self.slots[Int(slot)].wasUsed = true
            if let snapshot = self.slots[Int(slot)].snapshot { return .snapshot(snapshot) }
        }
        if self.isFilterComplete, let filter = self.filter, !filter.mayContain(id) { return .absent }
        if let until = self.negatives[id] {
            if now < until { return .absent }
            self.negatives[id] = nil
        }
        return .miss(epoch: self.epoch)
    }

    /// Keeps what the store answered, unless something changed since the question.
    ///
    /// Tells whether nothing has.
    mutating func keep(
        _ snapshot: KeySnapshot?,
        for id: LookupID,
        askedAt epoch: UInt64,
        negativeUntil: Timestamp
    ) -> Bool {
        guard epoch == self.epoch else { return false }
        guard self.index[id] == nil else { return true }
        guard let snapshot else {
            if self.negatives.count >= self.negativeCapacity { self.negatives.removeAll(keepingCapacity: true) }
            self.negatives[id] = negativeUntil
            return true
        }
        let slot = Slot(lookupID: id, snapshot: snapshot, wasUsed: false)
        self.index[id] = self.place(slot)
        return true
    }

    /// Forgets an id because its credential or key has changed.
    mutating func forget(_ id: LookupID) {
        self.epoch &+= 1
        self.negatives[id] = nil
        guard let slot = self.index.removeValue(forKey: id) else { return }
        self.slots[Int(slot)].snapshot = nil
        self.free.append(slot)
    }

    /// Forgets everything because something that many snapshots share has changed.
    mutating func forgetAll() {
        self.epoch &+= 1
        self.slots.removeAll()
        self.index.removeAll()
        self.free.removeAll()
        self.negatives.removeAll()
        self.hand = 0
    }

    /// Takes in an id that is about to exist.
    mutating func expect(_ id: LookupID) {
        self.epoch &+= 1
        self.negatives[id] = nil
        self.filter?.insert(id)
    }

    mutating func startFilter(_ load: UInt64, capacity: Int) {
        // A load that was overtaken must not throw away what the later one has read.
        guard load > self.filterLoad else { return }
        self.filterLoad = load
        self.filter = LookupFilter(capacity: capacity)
        self.isFilterComplete = false
    }

    mutating func addToFilter(_ id: LookupID) {
        self.filter?.insert(id)
    }

    mutating func completeFilter(_ load: UInt64) {
        guard load == self.filterLoad else { return }
        self.isFilterComplete = true
    }

    private mutating func place(_ slot: Slot) -> Int32 {
        if let place = self.free.popLast() {
            self.slots[Int(place)] = slot
            return place
        }
        if self.slots.count < self.capacity {
            self.slots.append(slot)
            return Int32(self.slots.count - 1)
        }
        while self.slots[self.hand].wasUsed {
            self.slots[self.hand].wasUsed = false
            self.advance()
        }
        let place = self.hand
        self.index[self.slots[place].lookupID] = nil
        self.slots[place] = slot
        self.advance()
        return Int32(place)
    }

    private mutating func advance() {
        self.hand = self.hand + 1 == self.slots.count ? 0 : self.hand + 1
    }
}
