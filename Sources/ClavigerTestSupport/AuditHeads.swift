public import ClavigerService
import Synchronization

/// Keeps the newest signed head of an audit log in memory, as a file beside a database would.
public final class AuditHeads: AuditHeadStore {
    private struct Unwritable: Error {}

    private let state = Mutex<(head: [UInt8]?, saved: [[UInt8]], isBroken: Bool)>((nil, [], false))

    /// Makes a place without a head.
    public init() {}

    /// All heads that were saved, the oldest first.
    public var saved: [[UInt8]] { self.state.withLock { $0.saved } }

    /// Replaces the head, or takes it away.
    public func set(_ head: [UInt8]?) {
        self.state.withLock { $0.head = head }
    }

    /// Makes saving fail, or work again.
    public func setBroken(_ isBroken: Bool) {
        self.state.withLock { $0.isBroken = isBroken }
    }

    /// The newest head.
    public func load() throws -> [UInt8]? { self.state.withLock { $0.head } }

    /// Keeps a head.
    public func save(_ checkpoint: [UInt8]) throws {
        try self.state.withLock { state in
            guard !state.isBroken else { throw Unwritable() }
            state.head = checkpoint
            state.saved.append(checkpoint)
        }
    }
}
