public import ClavigerCore
import Synchronization

/// Gives out one object for equal apis, consumers and scopes, so that a million snapshots stay small.
///
/// Apis and consumers are told apart by id and version: a changed one is a new object, and snapshots that hold the old
/// one have been removed by then.
public final class SnapshotSharing: Sendable {
    private struct State {
        var apis: [API.ID: (version: Int, api: KeySnapshot.API)] = [:]
        var consumers: [Consumer.ID: (version: Int, consumer: KeySnapshot.Consumer)] = [:]
        var scopes: [ScopeSet: ScopeSet] = [:]
    }

    /// Only the methods below touch it; nothing is called while it is held.
    private let state = Mutex(State())
    private let capacity: Int

    /// Remembers at most `capacity` objects of each kind, and starts anew beyond that.
    public init(capacity: Int = 100_000) {
        self.capacity = capacity
    }

    /// The shared snapshot of an api.
    public func api(_ reference: API.Reference, version: Int, isManagement: Bool) -> KeySnapshot.API {
        self.state.withLock { state in
            if let known = state.apis[reference.id], known.version == version { return known.api }
            let api = KeySnapshot.API(reference: reference, isManagement: isManagement)
            if state.apis.count >= self.capacity { state.apis.removeAll() }
            state.apis[reference.id] = (version, api)
            return api
        }
    }

    /// The shared snapshot of a consumer.
    public func consumer(
        _ id: Consumer.ID,
        version: Int,
        externalID: String,
        metadata: String
    ) -> KeySnapshot.Consumer {
        self.state.withLock { state in
            if let known = state.consumers[id], known.version == version { return known.consumer }
            let consumer = KeySnapshot.Consumer(id: id, externalID: externalID, metadata: Array(metadata.utf8))
            if state.consumers.count >= self.capacity { state.consumers.removeAll() }
            state.consumers[id] = (version, consumer)
            return consumer
        }
    }

    /// The shared copy of a set of scopes.
    public func scopes(_ scopes: ScopeSet) -> ScopeSet {
        self.state.withLock { state in
            if let known = state.scopes[scopes] { return known }
            if state.scopes.count >= self.capacity { state.scopes.removeAll() }
            state.scopes[scopes] = scopes
            return scopes
        }
    }
}
