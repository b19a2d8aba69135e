public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// Asks for a key, or for more for a key that there is.
    public func createKeyRequest(
        _ draft: KeyRequestDraft,
        by caller: Caller,
        once: Once<KeyRequestReading>? = nil
    ) async throws -> Outcome<KeyRequestReading> {
        let action = AuditAction(.request, "create")
        return try await self.change(action, nil, by: caller, once: once) { change in
            let request = try change.makeRequest(draft)
            try change.tx.insert(request)
            let reading = try change.tx.reading(of: request, at: change.now)
            try change.record(action, request.id.text, after: reading.publicFields)
            try change.emit(.requestCreated, about: request)
            return reading
        }
    }

    /// One request with what was said of it: for its requester, and for whoever may approve it or read its key.
    public func keyRequest(_ id: KeyRequest.ID, by caller: Caller) async throws -> KeyRequestReading {
        let now = self.time.now()
        return try await self.read(AuditAction(.request, "read"), id.text, by: caller) { tx, caller in
            let (request, api) = try tx.existingRequest(id, in: caller.workspaceID)
            try caller.requireReading(request, api)
            return try tx.reading(of: request, at: now)
        }
    }

    /// Requests that the caller may read, the newest first, without what was said of them.
    public func keyRequests(
        _ filter: KeyRequestFilter,
        api: Reference<API>?,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [KeyRequestReading] {
        let now = self.time.now()
        return try await self.read(AuditAction(.request, "list"), nil, by: caller) { tx, caller in
            var filter = filter
            var apis = try tx.apis(in: caller.workspaceID)
            if let api {
                guard let known = try tx.api(api, in: caller.workspaceID) else { return [] }
                filter.api = known.id
                apis = [known]
            }
            filter.places = try Self.readableRequestPlaces(apis, filter.environment, caller)
            filter.reader = caller.keyID
            return try tx.keyRequests(filter, in: caller.workspaceID, page: page, at: now).map { request in
                let api = apis.first { $0.id == request.apiID }
                let rules = try api.map { try tx.approvalRules(of: $0, request.environment) } ?? .usual
                return KeyRequestReading(value: request, notes: [], counted: [], quorum: rules.quorum, readAt: now)
            }
        }
    }

    /// Where the caller reads the requests of others; a refusal for whoever can neither read nor ask anywhere.
    private static func readableRequestPlaces(
        _ apis: [API],
        _ environment: EnvironmentName?,
        _ caller: Caller
    ) throws(Problem) -> [KeyFilter.Place] {
        func places(where actions: [Permission.KeyAction]) -> [KeyFilter.Place] {
            apis.places(in: environment) { api, place in
                actions.contains { Permission.keys($0, api.reference, place).isGranted(by: caller.scopes) }
            }
        }
        let readable = places(where: [.approve, .read])
        guard !readable.isEmpty || !places(where: [.request]).isEmpty else {
            throw .forbidden(needed: Permission.anyKey(.request, api: "*", environment: environment))
        }
        return readable
    }

    /// Asks for something else; approvals that were given are void.
    public func updateKeyRequest(
        _ id: KeyRequest.ID,
        _ patch: KeyRequestPatch,
        expecting version: Int?,
        by caller: Caller
    ) async throws -> KeyRequestReading {
        let action = AuditAction(.request, "update")
        return try await self.change(action, id.text, by: caller, once: nil) { change in
            var (request, api) = try change.tx.existingRequest(id, in: change.workspaceID)
            try change.requireRequester(of: request, api)
            try Problem.checkVersion(version, is: request.version)
            try request.require(.pending, at: change.now)
            let before = try change.tx.reading(of: request, at: change.now).recordFields
            try change.apply(patch, to: &request, api)
            try change.tx.update(request)
            let reading = try change.tx.reading(of: request, at: change.now)
            try change.record(action, id.text, before: before, after: reading.recordFields)
            return reading
        }.value
    }

    /// Takes a request back; its requester may as long as it is open.
    public func withdrawKeyRequest(
        _ id: KeyRequest.ID,
        by caller: Caller,
        once: Once<KeyRequestReading>? = nil
    ) async throws -> Outcome<KeyRequestReading> {
        let action = AuditAction(.request, "withdraw")
        return try await self.change(action, id.text, by: caller, once: once) { change in
            var (request, api) = try change.tx.existingRequest(id, in: change.workspaceID)
            try change.requireRequester(of: request, api)
            if request.state == .withdrawn {
                change.nothingToDo()
                return try change.tx.reading(of: request, at: change.now)
            }
            guard request.state(at: change.now).isOpen else { throw request.conflict(at: change.now) }
            return try change.bring(&request, to: .withdrawn, action)
        }
    }

    /// Says something about a request.
    public func commentKeyRequest(
        _ id: KeyRequest.ID,
        _ text: String,
        by caller: Caller,
        once: Once<KeyRequestReading>? = nil
    ) async throws -> Outcome<KeyRequestReading> {
        let action = AuditAction(.request, "comment")
        return try await self.change(action, id.text, by: caller, once: once) { change in
            let (request, api) = try change.tx.existingRequest(id, in: change.workspaceID)
            try change.caller.requireReading(request, api)
            try change.note(.comment, on: request, text)
            try change.record(action, id.text, after: ["comment": .string(text)])
            return try change.tx.reading(of: request, at: change.now)
        }
    }
}

extension Caller {
    /// Refuses whoever neither asked nor may approve or read there.
    func requireReading(_ request: KeyRequest, _ api: API) throws(Problem) {
        let mayRead = Permission.keys(.read, api.reference, request.environment).isGranted(by: self.scopes)
        guard request.requestedBy != self.keyID, !mayRead else { return }
        try self.require(.keys(.approve, api.reference, request.environment))
    }
}

extension AuthorityReading {
    /// A request of a workspace, with its api.
    func existingRequest(_ id: KeyRequest.ID, in workspace: Workspace.ID) throws -> (KeyRequest, API) {
        guard let request = try self.keyRequest(id, in: workspace), let api = try self.api(request.apiID, in: workspace)
        else { throw Problem.notFound("key request") }
        return (request, api)
    }

    /// A request with what was said of it, and who counts.
    func reading(of request: KeyRequest, at now: Timestamp) throws -> KeyRequestReading {
        let notes = try self.notes(of: request.id)
        let api = try self.api(request.apiID, in: request.workspaceID)
        let rules = try api.map { try self.approvalRules(of: $0, request.environment) } ?? .usual
        var counted = notes.filter { $0.kind == .approval && $0.version == request.version }
        // Once it is approved, it stays approved.
        if let api, request.state == .pending {
            counted = try self.countedApprovals(of: request, among: notes, api, rules, at: now)
        }
        return KeyRequestReading(
            value: request,
            notes: notes,
            counted: Set(counted.map(\.by)),
            quorum: rules.quorum,
            readAt: now
        )
    }
}

extension KeyRequest {
    /// Refuses unless the request stands there.
    func require(_ state: State, at now: Timestamp) throws(Problem) {
        guard self.state(at: now) == state else { throw self.conflict(at: now) }
    }

    /// What the state of the request does not allow.
    func conflict(at now: Timestamp) -> Problem {
        Problem(.stateConflict, "The request is \(self.state(at: now).rawValue).")
    }
}
