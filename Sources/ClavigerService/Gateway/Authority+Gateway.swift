public import ClavigerCore
public import ClavigerVerifier

/// What was decided about a request that came through a gateway.
public struct Admission: Sendable {
    /// The decision.
    public let verdict: Verdict
    /// The record of it; nil where it could not go on record and was answered all the same.
    let record: RecordedUse?
}

extension Authority {
    /// The route with an api's id or name and an environment's name.
    ///
    /// Gateways have no caller: who may ask is decided by where the question comes from, before this.
    ///
    /// - Throws: a ``Problem`` that says which of the two does not exist. Management keys open no gateway.
    public func gatewayRoute(
        api: String,
        environment: String,
        in workspace: Workspace.ID
    ) async throws -> GatewayRoute {
        let place = RouteCache.Place(workspace: workspace, api: api, environment: environment)
        let (known, epoch) = self.routes.route(at: place)
        if let known { return known }
        let route = try await self.store.read { tx -> GatewayRoute in
            let found =
                if let id = try? API.ID(parsing: api) {
                    try tx.api(id, in: workspace)
                } else if let name = try? ResourceName(parsing: api) {
                    try tx.api(named: name, in: workspace)
                } else {
                    API?.none
                }
            guard let found, !found.isManagement else { throw Problem.notFound("api") }
            guard let known = found.attributes.environments.first(where: { $0.name.text == environment }) else {
                throw Problem(.notFound, "The api \(found.name.text) has no such environment.")
            }
            return GatewayRoute(workspaceID: workspace, api: found.reference, environment: known.name)
        }
        self.routes.keep(route, at: place, readAt: epoch)
        return route
    }

    /// Decides about a request that came through a gateway, counts the use and puts it on record.
    ///
    /// - Parameter query: what the operator wants besides the route's api and environment.
    public func admit(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        on route: GatewayRoute,
        requestID: String
    ) async throws -> Admission {
        var query = query
        query.api = .id(route.api.id)
        query.environment = route.environment
        let recording = UseRecording(workspaceID: route.workspaceID, source: .gateway, requestID: requestID)
        let asked = query
        return try await Problem.ofUse {
            let (verdict, record) = try await self.verifier.verifyOnRecord(token, asked, recording: recording) {
                $0.workspaceID == route.workspaceID && !$0.api.isManagement
            }
            self.events.observe(verdict, token.redacted(asked), self.time)
            return Admission(verdict: verdict, record: record)
        }
    }

    /// Puts on record how the protected service answered a request that was let pass.
    ///
    /// Where the journal has no room, the status is missing in the access log, and the gap is counted and reported as
    /// every other one.
    public func noteUpstream(_ status: UInt16, of admission: Admission) {
        guard let record = admission.record else { return }
        try? self.verifier.noteUpstream(status, of: record)
    }
}
