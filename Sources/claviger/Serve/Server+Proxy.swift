import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import ClavigerService
import Logging
import ServiceLifecycle
import Synchronization

extension ServerConfiguration {
    /// How many clients each listener may have: all together take no more files than there are.
    ///
    /// Each client of the proxy has a connection to an upstream behind it.
    var connections: Int {
        FileDescriptors.connections(sharedBy: 1 + (self.gateway.address == nil ? 0 : 1) + (self.proxy == nil ? 0 : 2))
    }
}

extension Server {
    /// The reverse proxy, ready to run; nil without one.
    func proxy(
        _ authority: Authority,
        _ workspace: Workspace,
        _ tls: TLSCertificates?,
        _ onListening: @escaping @Sendable (String) -> Void
    ) async throws -> (any Service)? {
        guard let proxy = self.configuration.proxy else { return nil }
        let requestIDs = RequestIDs(random: SystemRandom())
        let decider = GatewayDecider(
            authority: authority,
            workspaceID: workspace.id,
            requestIDs: requestIDs,
            logger: self.logger
        )
        return ProxyService(
            proxy: try await ReverseProxy(
                routes: proxy.routes,
                checksUpstreams: proxy.checksUpstreams,
                decider: decider,
                requestIDs: requestIDs,
                trustedProxies: self.configuration.listen.trustedProxies,
                isSecure: tls != nil,
                logger: self.logger,
                onFinish: { decider.finished($0, upstreamStatus: $1) }
            ),
            address: proxy.address,
            tls: try tls?.configuration(),
            limits: RequestLimits(
                arrival: self.configuration.http.requestTimeout,
                idle: self.configuration.http.idleTimeout
            ),
            connections: self.configuration.connections,
            logger: self.logger,
            onListening: onListening
        )
    }
}

/// Tells of the proxy after the server: both begin at once, and who starts them waits for the server's line.
final class ReadyOrder: Sendable {
    // Touched when one of the two is ready; nothing is called while it is held.
    private let state = Mutex<(isFirstDone: Bool, waiting: (@Sendable () -> Void)?)>((false, nil))

    func firstIsDone() {
        let waiting = self.state.withLock { state in
            state.isFirstDone = true
            return state.waiting.take()
        }
        waiting?()
    }

    /// What is called with the proxy's address, at once or when the server is ready.
    func second(_ tell: @escaping @Sendable (String) -> Void) -> @Sendable (String) -> Void {
        { url in
            let isTime = self.state.withLock { state in
                if !state.isFirstDone { state.waiting = { tell(url) } }
                return state.isFirstDone
            }
            if isTime { tell(url) }
        }
    }
}
