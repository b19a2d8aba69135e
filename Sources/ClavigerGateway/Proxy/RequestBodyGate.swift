import Hummingbird
import NIOCore
import Synchronization

/// Lets one reader at a time at a request's body.
///
/// The client reads the body on a task of its own, which may still be waiting for the next part when the upstream has
/// answered already; the web server then reads what is left. Two who wait at once would end the process.
final class RequestBodyGate: Sendable {
    private struct State {
        var isReading = false
        var isStopped = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    // Touched by the reader and by whoever stops it; nothing is called while it is held.
    private let state = Mutex(State())

    fileprivate func begin() -> Bool {
        self.state.withLock { state in
            guard !state.isStopped else { return false }
            state.isReading = true
            return true
        }
    }

    fileprivate func end() {
        let waiter = self.state.withLock { state in
            state.isReading = false
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Stops the reader, and returns when it does not wait any more.
    func stop() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isReading = self.state.withLock { state in
                state.isStopped = true
                if state.isReading { state.waiter = continuation }
                return state.isReading
            }
            if !isReading { continuation.resume() }
        }
    }
}

/// The body of a request on its way to the upstream.
struct ForwardedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    let gate: RequestBodyGate
    /// Tells a client that waits for `100 Continue` to go on; called when the body is asked for.
    let invite: (@Sendable () -> Void)?

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var base: RequestBody.AsyncIterator
        fileprivate let gate: RequestBodyGate
        fileprivate var invite: (@Sendable () -> Void)?

        mutating func next() async throws -> ByteBuffer? {
            guard self.gate.begin() else { return nil }
            defer { self.gate.end() }
            self.invite?()
            self.invite = nil
            return try await self.base.next()
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: self.body.makeAsyncIterator(), gate: self.gate, invite: self.invite)
    }
}
