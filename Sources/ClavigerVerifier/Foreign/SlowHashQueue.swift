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
/// left for everybody else. What does not fit is refused as overload, which is no word about the token.
public final class SlowHashQueue: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, any Error>] = []
    }

    private let hasher: any SlowHasher
    private let atOnce: Int
    private let mostWaiting: Int
    private let threads = DispatchQueue(label: "claviger.slow-hash", attributes: .concurrent)
    /// Only the methods below touch it; nothing is called while it is held.
    private let state = Mutex(State())

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - atOnce: how many run at once.
    ///   - mostWaiting: how many may wait.
    public init(_ hasher: any SlowHasher, atOnce: Int = 2, mostWaiting: Int = 64) {
        self.hasher = hasher
        self.atOnce = max(1, atOnce)
        self.mostWaiting = max(0, mostWaiting)
    }

    /// Waits for its turn, asks whether the hash is still needed, and computes it.
    ///
    /// - Parameters:
    ///   - isKnown: whether the answer is known by now, so that nothing has to be computed.
    ///   - body: takes the hash, before the next one has its turn; nil when it is not needed any more, or is of bytes that
    ///     the hash does not take.
    /// - Throws: ``UseFailure/overloaded`` when too many wait already.
    func hash<T>(
        _ bytes: [UInt8],
        _ hash: SlowHash,
        unless isKnown: () -> Bool,
        then body: ([UInt8]?) -> T
    ) async throws -> T {
        try await self.enter()
        defer { self.leave() }
        guard !isKnown() else { return body(nil) }
        let result: [UInt8]? = try await withCheckedThrowingContinuation { continuation in
            self.threads.async { [hasher = self.hasher] in
                continuation.resume(with: Result { try hasher.hash(bytes, hash) })
            }
        }
        return body(result)
    }

    private func enter() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let answer: Result<Void, any Error>? = self.state.withLock { state in
                if state.running < self.atOnce {
                    state.running += 1
                    return .success(())
                }
                guard state.waiting.count < self.mostWaiting else { return .failure(UseFailure.overloaded) }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    /// Hands the turn to whoever has waited longest.
    private func leave() {
        let next = self.state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.running -= 1
            return nil
        }
        next?.resume()
    }
}
