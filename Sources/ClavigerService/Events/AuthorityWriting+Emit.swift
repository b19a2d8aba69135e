import ClavigerCore

extension AuthorityWriting {
    /// Writes an event about a key, and what is to be delivered of it, in this transaction; tells whether anybody is.
    ///
    /// - Parameter more: what the data has besides the key.
    @discardableResult
    func emit(
        _ type: EventType,
        about key: APIKey,
        _ more: [(String, JSON)] = [],
        at now: Timestamp,
        from random: any RandomSource
    ) throws -> Bool {
        let endpoints = try self.enabledWebhookEndpoints(in: key.workspaceID).filter { $0.wanted.contains(type) }
        return try self.emit(type, about: key, more, at: now, from: random, to: endpoints)
    }

    /// The same for endpoints that want it.
    func emit(
        _ type: EventType,
        about key: APIKey,
        _ more: [(String, JSON)],
        at now: Timestamp,
        from random: any RandomSource,
        to endpoints: [WebhookEndpoint]
    ) throws -> Bool {
        guard !endpoints.isEmpty else { return false }
        let event = OutgoingEvent(
            id: Identifier(at: now, from: random),
            workspaceID: key.workspaceID,
            type: type,
            at: now,
            subject: key.id.text,
            data: .object(JSONObject([("key", key.eventFields(at: now))] + more))
        )
        try self.insert(event, for: endpoints.map(\.id), at: now, from: random)
        return true
    }

    /// Writes an event with a delivery to each endpoint.
    @discardableResult
    func insert(
        _ event: OutgoingEvent,
        for endpoints: [WebhookEndpoint.ID],
        at now: Timestamp,
        from random: any RandomSource
    ) throws -> [Delivery] {
        let deliveries = try endpoints.map { endpoint in
            Delivery(
                id: Identifier(at: now, from: random),
                endpointID: endpoint,
                eventID: event.id,
                type: event.type,
                subject: event.subject,
                eventAt: event.at,
                state: .pending,
                isBlocked: try self.hasPending(about: event.subject, to: endpoint),
                attempts: 0,
                nextAt: now,
                last: nil,
                createdAt: now,
                finishedAt: nil
            )
        }
        try self.insert(event, deliveries)
        return deliveries
    }
}

extension APIKey {
    /// What events say of a key.
    ///
    /// Less than ``publicFields(at:)``: no metadata, no note and no restrictions, which may be personal or long. Who may
    /// know more asks for the key.
    func eventFields(at now: Timestamp) -> JSON {
        [
            "id": .string(self.id.text),
            "apiId": .string(self.apiID.text),
            "environment": .string(self.environment.text),
            "consumerId": .string(self.consumerID.text),
            "kind": .string(self.kind.rawValue),
            "name": .string(self.attributes.name.text),
            "start": .string(self.start),
            "state": .string(self.state(at: now).rawValue),
            "reason": self.state.transition.map { .string($0.reason.rawValue) },
            "expiresAt": self.endsAt.map { .string($0.text) },
        ]
    }
}
