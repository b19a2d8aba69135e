public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// Deliveries to an endpoint, the newest first, each with the number that pages are cut by.
    public func deliveries(
        to id: WebhookEndpoint.ID,
        state: Delivery.State?,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [(number: Int64, delivery: Delivery)] {
        try await self.read(AuditAction(.webhook, "read"), id.text, by: caller) { tx, caller in
            try caller.require(.readWebhooks)
            let endpoint = try tx.existingWebhook(id, in: caller.workspaceID)
            return try tx.deliveries(of: endpoint.id, state: state, page: page)
        }
    }

    /// One delivery.
    public func delivery(
        _ id: Delivery.ID,
        to endpoint: WebhookEndpoint.ID,
        by caller: Caller
    ) async throws -> Delivery {
        try await self.read(AuditAction(.webhook, "read"), endpoint.text, by: caller) { tx, caller in
            try caller.require(.readWebhooks)
            return try tx.existingDelivery(id, to: endpoint, in: caller.workspaceID)
        }
    }

    /// Sends a test event to one endpoint, once and beside all others.
    public func testWebhook(_ id: WebhookEndpoint.ID, by caller: Caller) async throws -> Delivery {
        let action = AuditAction(.webhook, "test")
        return try await self.change(action, id.text, by: caller, once: nil) { change in
            try change.caller.requireWebhookManagement()
            let endpoint = try change.tx.existingWebhook(id, in: change.workspaceID)
            guard endpoint.attributes.state == .enabled else {
                throw Problem(.stateConflict, "The endpoint is disabled. Enable it first.")
            }
            let eventID: OutgoingEvent.ID = change.newID()
            let event = OutgoingEvent(
                id: eventID,
                workspaceID: change.workspaceID,
                type: .webhookTest,
                at: change.now,
                // A subject of its own: it waits for nothing.
                subject: eventID.text,
                data: ["webhookId": .string(id.text)]
            )
            let deliveries = try change.tx.insert(event, for: [id], at: change.now, from: change.random)
            guard let delivery = deliveries.first else { throw Problem.notFound("delivery") }
            try change.record(action, id.text)
            change.news.hasEvents = true
            return delivery
        }.value
    }

    /// Delivers a delivery that is finished once more.
    public func replay(
        _ id: Delivery.ID,
        to endpoint: WebhookEndpoint.ID,
        by caller: Caller
    ) async throws -> Delivery {
        let action = AuditAction(.webhook, "replay")
        return try await self.change(action, endpoint.text, by: caller, once: nil) { change in
            try change.caller.requireWebhookManagement()
            let delivery = try change.tx.existingDelivery(id, to: endpoint, in: change.workspaceID)
            guard delivery.state != .pending else {
                throw Problem(.stateConflict, "The delivery is still pending: it is tried again by itself.")
            }
            try change.tx.replay(delivery, at: change.now)
            try change.record(action, endpoint.text, after: ["deliveryId": .string(id.text)])
            change.news.hasEvents = true
            return try change.tx.existingDelivery(id, to: endpoint, in: change.workspaceID)
        }.value
    }

    /// Delivers everything that was given up once more; tells how many.
    public func replayDead(to endpoint: WebhookEndpoint.ID, by caller: Caller) async throws -> Int {
        let action = AuditAction(.webhook, "replay")
        return try await self.change(action, endpoint.text, by: caller, once: nil) { change in
            try change.caller.requireWebhookManagement()
            let known = try change.tx.existingWebhook(endpoint, in: change.workspaceID)
            let count = try change.tx.replayDead(of: known.id, at: change.now)
            try change.record(action, endpoint.text, after: ["replayed": .integer(Int64(count))])
            change.news.hasEvents = true
            return count
        }.value
    }
}

extension EventReading {
    func existingDelivery(
        _ id: Delivery.ID,
        to endpoint: WebhookEndpoint.ID,
        in workspace: Workspace.ID
    ) throws -> Delivery {
        let endpoint = try self.existingWebhook(endpoint, in: workspace)
        guard let delivery = try self.delivery(id, of: endpoint.id) else { throw Problem.notFound("delivery") }
        return delivery
    }
}
