import ClavigerCore
import Synchronization

/// The overrides of limits by namespace, read once and forgotten when one changes.
final class OverrideCache: Sendable {
    private struct Place: Hashable {
        let workspace: Workspace.ID
        let namespace: LimitNamespace
    }

    private struct State {
        var known: [Place: [LimitOverride]] = [:]
        /// Counts changes: what was read before one is not kept.
        var epoch = 0
    }

    private static let capacity = 10_000

    /// Nothing is called while it is held.
    private let state = Mutex(State())
    private let store: any AuthorityStore

    init(_ store: any AuthorityStore) {
        self.store = store
    }

    func of(_ namespace: LimitNamespace, in workspace: Workspace.ID) async throws -> [LimitOverride] {
        let place = Place(workspace: workspace, namespace: namespace)
        let (known, epoch) = self.state.withLock { ($0.known[place], $0.epoch) }
        if let known { return known }
        let read = try await self.store.read { tx in
            let page = PageRequest(limit: Authority.mostLimitOverrides)
            return try tx.limitOverrides(in: workspace, namespace: namespace, page: page)
        }
        self.state.withLock { state in
            guard state.epoch == epoch else { return }
            if state.known.count >= Self.capacity { state.known.removeAll() }
            state.known[place] = read
        }
        return read
    }

    func forget() {
        self.state.withLock { state in
            state.known.removeAll()
            state.epoch += 1
        }
    }
}
