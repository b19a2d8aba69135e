public import ClavigerCore
import Synchronization

/// A clock that moves when it is told to.
public final class ManualTime: TimeSource {
    private struct State {
        var now: Timestamp
        var uptime = Uptime(nanoseconds: 1_000_000_000)
    }

    private let state: Mutex<State>

    /// Starts at 2026-11-21T06:40:00.000Z unless told otherwise.
    public init(_ start: Timestamp = Timestamp(milliseconds: 1_795_243_200_000)) {
        self.state = Mutex(State(now: start))
    }

    /// The current moment.
    public func now() -> Timestamp {
        self.state.withLock { $0.now }
    }

    /// Time that does not jump.
    public func uptime() -> Uptime {
        self.state.withLock { $0.uptime }
    }

    /// Moves the clock; a negative duration sets it back, and the uptime stands still meanwhile.
    public func advance(by duration: Duration) {
        self.state.withLock {
            $0.now = $0.now + duration
            if duration > .zero { $0.uptime = $0.uptime + duration }
        }
    }

    /// Sets the clock on the wall without time going by.
    public func jump(to now: Timestamp) {
        self.state.withLock { $0.now = now }
    }
}
