/// Who computes slow hashes and who waits for that; calls nobody.
struct SlowHashPlaces {
    /// What becomes of somebody who asked for a turn.
    enum Turn: Sendable {
        /// It is theirs, and they say when they are done.
        case own
        /// Somebody else has computed the same.
        case others([UInt8]?)
        /// Somebody else had the turn for the same and did not need it.
        case nothingComputed
    }

    typealias Waiter = CheckedContinuation<Turn, any Error>

    /// The most that wait for one and the same computation.
    private static let mostFollowers = 64

    private let atOnce: Int
    private let mostWaiting: Int
    private let mostOfOne: Int
    private var running = 0
    private var waiting: [Waiter] = []
    /// How many run or wait for each network.
    private var held: [GuessTable.Network: Int] = [:]
    /// Those who wait for what somebody else computes.
    private var followers: [SlowHashQueue.Work: [Waiter]] = [:]

    init(atOnce: Int, mostWaiting: Int, mostOfOne: Int) {
        self.atOnce = max(1, atOnce)
        self.mostWaiting = max(0, mostWaiting)
        self.mostOfOne = max(1, mostOfOne)
    }

    /// The turn or a refusal; nil for one who has to wait.
    mutating func admit(
        _ work: SlowHashQueue.Work,
        _ asker: SlowHashAsker,
        _ waiter: Waiter
    ) -> Result<Turn, any Error>? {
        if let others = self.followers[work] {
            guard others.count < Self.mostFollowers else { return .failure(UseFailure.overloaded) }
            self.followers[work] = others + [waiter]
            return nil
        }
        // Behind a caller who does not say where its clients are, there are many.
        let most = asker.isKnown ? self.mostOfOne : max(self.mostOfOne, self.mostWaiting / 2)
        guard self.held[asker.network, default: 0] < most else { return .failure(UseFailure.overloaded) }
        let isFree = self.running < self.atOnce
        guard isFree || self.waiting.count < self.mostWaiting else { return .failure(UseFailure.overloaded) }
        self.held[asker.network, default: 0] += 1
        self.followers[work] = []
        if isFree {
            self.running += 1
            return .success(.own)
        }
        self.waiting.append(waiter)
        return nil
    }

    /// Takes somebody out who had a turn: those who wait for the same, and whose turn it is next.
    mutating func leave(_ work: SlowHashQueue.Work, _ asker: SlowHashAsker) -> (followers: [Waiter], next: Waiter?) {
        let followers = self.followers.removeValue(forKey: work) ?? []
        let left = self.held[asker.network, default: 1] - 1
        self.held[asker.network] = left > 0 ? left : nil
        guard self.waiting.isEmpty else { return (followers, self.waiting.removeFirst()) }
        self.running -= 1
        return (followers, nil)
    }
}
