import ClavigerCore

extension AuthorityWriting {
    /// Writes an event about something that is no key to the outbox; tells whether anybody wants it.
    @discardableResult
    func emit(
        _ type: EventType,
        subject: String,
        _ data: JSON,
        in workspace: Workspace.ID,
        at now: Timestamp,
        from random: any RandomSource
    ) throws -> Bool {
        let endpoints = try self.enabledWebhookEndpoints(in: workspace).filter { $0.wanted.contains(type) }
        guard !endpoints.isEmpty else { return false }
        let event = OutgoingEvent(
            id: Identifier(at: now, from: random),
            workspaceID: workspace,
            type: type,
            at: now,
            subject: subject,
            data: data
        )
        try self.insert(event, for: endpoints.map(\.id), at: now, from: random)
        return true
    }
}

extension ChangeBy {
    /// Writes an event about something that is no key to the outbox, for whoever wants to be told.
    mutating func emit(_ type: EventType, subject: String, _ data: JSON) throws {
        let isWanted = try self.tx.emit(
            type,
            subject: subject,
            data,
            in: self.workspaceID,
            at: self.now,
            from: self.random
        )
        self.news.hasEvents = self.news.hasEvents || isWanted
    }

    /// Writes an event about a request to the outbox.
    mutating func emit(_ type: EventType, about request: KeyRequest) throws {
        try self.emit(type, subject: request.id.text, ["request": request.eventFields])
    }
}

extension KeyRequest {
    /// What events say of a request: nothing that its requester wrote.
    var eventFields: JSON {
        [
            "id": .string(self.id.text), "type": .string(self.typeName), "apiId": .string(self.apiID.text),
            "environment": .string(self.environment.text), "consumerId": .string(self.consumerID.text),
            "keyId": self.keyID.map { .string($0.text) }, "state": .string(self.state.rawValue),
            "requestedBy": .string(self.requestedBy.text), "version": .integer(Int64(self.version)),
            "breakGlass": self.breakGlass == nil ? nil : true,
        ]
    }

    /// What the API calls the kind of request.
    var typeName: String { if case .change = self.subject { "change" } else { "key" } }
}
