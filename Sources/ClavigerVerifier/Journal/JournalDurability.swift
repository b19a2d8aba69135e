import Dispatch
import Synchronization

/// Lets all who wait for the disk share one flush (group commit).
final class JournalDurability: Sendable {
    /// Brings everything to the disk that is there when it begins; tells how far, and what failed.
    typealias Flush = @Sendable () -> (end: UInt64, failure: JournalError?)

    private struct Waiter {
        let end: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// What a disk failed to take.
    ///
    /// A later flush that succeeds says nothing of it: the system forgets what it could not write.
    private struct Loss {
        var range: Range<UInt64>
        var failure: JournalError
    }

    private struct State {
        /// Everything before it is on the disk, or lost.
        var end: UInt64
        var loss: Loss?
        var waiters: [Waiter] = []
        /// Whether a flush will begin that sees all that was appended until now.
        var isScheduled = false
    }

    /// Nothing is called while it is held.
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "claviger.journal.flushing")

    /// Starts at a place in the stream before which there is nothing to wait for.
    init(end: UInt64) {
        self.state = Mutex(State(end: end))
    }

    /// The place in the stream up to which there is nothing to flush.
    var end: UInt64 { self.state.withLock { $0.end } }

    /// Waits until everything before a place in the stream is on the disk.
    func wait(until end: UInt64, flush: @escaping Flush) async throws {
        enum Step {
            case done(Result<Void, any Error>)
            case wait(schedule: Bool)
        }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let step: Step = self.state.withLock { state in
                guard state.end < end else { return .done(Self.result(end, state.loss)) }
                state.waiters.append(Waiter(end: end, continuation: continuation))
                defer { state.isScheduled = true }
                return .wait(schedule: !state.isScheduled)
            }
            switch step {
            case .done(let result): continuation.resume(with: result)
            case .wait(let schedule):
                if schedule { self.queue.async { self.run(flush) } }
            }
        }
    }

    private func run(_ flush: Flush) {
        // From here on, who comes may be too late for this flush and needs another one.
        self.state.withLock { $0.isScheduled = false }
        let (end, failure) = flush()
        let (reached, loss) = self.state.withLock { state in
            if let failure, state.end < end {
                let first = min(state.loss?.range.lowerBound ?? state.end, state.end)
                state.loss = Loss(range: first..<end, failure: failure)
            }
            state.end = max(state.end, end)
            let reached = state.waiters.filter { $0.end <= state.end }
            state.waiters.removeAll { $0.end <= state.end }
            return (reached, state.loss)
        }
        for waiter in reached {
            waiter.continuation.resume(with: Self.result(waiter.end, loss))
        }
    }

    /// What who waited for a place is told.
    ///
    /// After several failures all between them counts as lost.
    private static func result(_ end: UInt64, _ loss: Loss?) -> Result<Void, any Error> {
        guard let loss, end > loss.range.lowerBound, end <= loss.range.upperBound else { return .success(()) }
        return .failure(loss.failure)
    }
}
