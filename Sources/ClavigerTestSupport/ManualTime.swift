public import ClavigerCore
import Synchronization

/// A clock that moves when it is told to.
public final class ManualTime: TimeSource {
    private let state: Mutex<Timestamp>

    /// Starts at 2026-11-21T06:40:00.000Z unless told otherwise.
    public init(_ start: Timestamp = Timestamp(milliseconds: 1_795_243_200_000)) {
        self.state = Mutex(start)
    }

    /// The current moment.
    public func now() -> Timestamp {
        self.state.withLock { $0 }
    }

    /// Moves the clock; a negative duration sets it back.
    public func advance(by duration: Duration) {
        self.state.withLock { $0 = $0 + duration }
    }
}
