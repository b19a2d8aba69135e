public import ClavigerCore
import Dispatch
import Synchronization

/// Computes hashes that take long, on the thread that calls it.
public protocol SlowHasher: Sendable {
    /// The hash of `bytes`; nil for bytes that this hash does not take.
    ///
    /// - Throws: when it cannot be computed now, for example for want of memory.
    func hash(_ bytes: [UInt8], _ hash: SlowHash) throws -> [UInt8]?
}

/// Lets few slow hashes run at once, on threads of their own, and few wait for that.
///
/// Each takes a tenth of a second of a processor and up to 128 MiB: without a bound, whoever sends tokens decides what is
/// left for everybody else. So there are few places, one network has few of them, and a network that guesses wrong has
/// fewer attempts than elsewhere. What does not fit is refused as overload, which is no word about the token.
///
/// All who show the same token for the same credential at once share one computation and one place.
public final class SlowHashQueue: Sendable {
    /// What is computed: the same token for the same credential gives the same.
    struct Work: Hashable {
        let credential: Credential.ID
        /// The digest of the token under the pepper, so that no token waits in a table.
        let token: [UInt8]
    }

    private let hasher: any SlowHasher
    /// Of low quality of service: where the system knows that, verifications that need no such hash come first.
    private let threads = DispatchQueue(label: "claviger.slow-hash", qos: .utility, attributes: .concurrent)
    /// Only the methods below touch it; nothing is called while it is held.
    private let places: Mutex<SlowHashPlaces>
    /// Counts attempts at slow hashes that turn out wrong.
    let attempts: GuessThrottle

    /// How many hashes run at once on a machine with so many processors.
    ///
    /// Half of the processors, so that the other half is left for everybody else; no more than four, as each takes up to
    /// 128 MiB.
    public static func places(processors: Int) -> Int { min(max(1, processors / 2), 4) }

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - atOnce: how many run at once; see ``places(processors:)``.
    ///   - mostWaiting: how many may wait.
    ///   - mostOfOne: how many of those that run or wait may be of one network.
    ///   - attempts: how many wrong attempts are borne of one network.
    public init(
        _ hasher: any SlowHasher,
        random: any RandomSource,
        atOnce: Int,
        mostWaiting: Int = 64,
        mostOfOne: Int = 4,
        attempts: GuessThrottle.Configuration = GuessThrottle.Configuration(allowance: 10, networks: 16_384)
    ) {
        self.hasher = hasher
        self.places = Mutex(SlowHashPlaces(atOnce: atOnce, mostWaiting: mostWaiting, mostOfOne: mostOfOne))
        self.attempts = GuessThrottle(configuration: attempts, random: random)
    }

    /// Waits for its turn, asks whether the hash is still needed, and computes it.
    ///
    /// - Parameters:
    ///   - asker: for whom.
    ///   - answered: the answer, where it is known by now and nothing has to be computed.
    ///   - body: takes the hash, before the next one has its turn; nil for bytes that the hash does not take.
    /// - Throws: ``UseFailure/overloaded`` when too many wait already.
    func hash<T>(
        _ bytes: [UInt8],
        _ hash: SlowHash,
        _ work: Work,
        for asker: SlowHashAsker,
        unless answered: () -> T?,
        then body: ([UInt8]?) -> T
    ) async throws -> T {
        switch try await self.turn(work, asker) {
        case .own: break
        case .others(let result): return answered() ?? body(result)
        case .nothingComputed:
            guard let answer = answered() else { throw UseFailure.overloaded }
            return answer
        }
        var outcome: Result<SlowHashPlaces.Turn, any Error> = .success(.nothingComputed)
        defer { self.leave(work, asker, outcome) }
        if let answer = answered() { return answer }
        let computed: Result<[UInt8]?, any Error> = await withCheckedContinuation { continuation in
            self.threads.async { [hasher = self.hasher] in
                continuation.resume(returning: Result { try hasher.hash(bytes, hash) })
            }
        }
        outcome = computed.map { .others($0) }
        return body(try computed.get())
    }

    private func turn(_ work: Work, _ asker: SlowHashAsker) async throws -> SlowHashPlaces.Turn {
        try await withCheckedThrowingContinuation { continuation in
            let answer = self.places.withLock { $0.admit(work, asker, continuation) }
            if let answer { continuation.resume(with: answer) }
        }
    }

    /// Tells those who wait for the same, and hands the turn to whoever has waited longest.
    private func leave(_ work: Work, _ asker: SlowHashAsker, _ outcome: Result<SlowHashPlaces.Turn, any Error>) {
        let (followers, next) = self.places.withLock { $0.leave(work, asker) }
        for follower in followers { follower.resume(with: outcome) }
        next?.resume(returning: .own)
    }
}
