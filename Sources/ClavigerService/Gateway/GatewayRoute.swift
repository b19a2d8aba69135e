public import ClavigerCore
import Synchronization

/// Where a gateway's requests go: an api and one of its environments, as the operator named them.
public struct GatewayRoute: Hashable, Sendable {
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The api that the requests are for.
    public let api: API.Reference
    /// The environment that the requests are for.
    public let environment: EnvironmentName
}

/// The routes that were asked for, read once and forgotten when an api changes.
///
/// Only routes that exist are kept, so that there are never more than two for each environment of an api.
final class RouteCache: Sendable {
    struct Place: Hashable {
        let workspace: Workspace.ID
        let api: String
        let environment: String
    }

    private struct State {
        var known: [Place: GatewayRoute] = [:]
        /// Counts changes: what was read before one is not kept.
        var epoch = 0
    }

    /// Nothing is called while it is held.
    private let state = Mutex(State())

    /// The route, if it is known, and what to give back with one that is read.
    func route(at place: Place) -> (known: GatewayRoute?, epoch: Int) {
        self.state.withLock { ($0.known[place], $0.epoch) }
    }

    func keep(_ route: GatewayRoute, at place: Place, readAt epoch: Int) {
        self.state.withLock { state in
            if state.epoch == epoch { state.known[place] = route }
        }
    }

    func forget() {
        self.state.withLock { state in
            state.known.removeAll()
            state.epoch += 1
        }
    }
}
