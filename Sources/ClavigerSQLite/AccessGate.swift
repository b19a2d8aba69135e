import ClavigerStore
import Synchronization

/// Counts what is under way in a database, so that closing can wait for it and refuse what comes later.
final class AccessGate: Sendable {
    private struct State {
        var isClosed = false
        var underWay = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Called before work is handed to the engine; each success needs a `leave`.
    func enter() throws {
        try self.state.withLock { state in
            guard !state.isClosed else {
                throw StoreError.unavailable("The database is closed: the server is stopping.")
            }
            state.underWay += 1
        }
    }

    /// Called when the work is done.
    func leave() {
        let waiting = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.underWay -= 1
            guard state.isClosed, state.underWay == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting {
            continuation.resume()
        }
    }

    /// Refuses new work and waits for what is under way.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = self.state.withLock { state in
                state.isClosed = true
                guard state.underWay > 0 else { return true }
                state.waiting.append(continuation)
                return false
            }
            if isIdle {
                continuation.resume()
            }
        }
    }
}

/// Whether a queued transaction begins or is cancelled: one of the two, and finally.
final class TransactionTicket: Sendable {
    private enum State {
        case queued, begun, cancelled
    }

    private let state = Mutex(State.queued)

    /// True when the transaction may run.
    func begin() -> Bool {
        self.state.withLock { state in
            guard state == .queued else { return false }
            state = .begun
            return true
        }
    }

    /// Has no effect on a transaction that has begun.
    func cancel() {
        self.state.withLock { state in
            if state == .queued { state = .cancelled }
        }
    }
}
