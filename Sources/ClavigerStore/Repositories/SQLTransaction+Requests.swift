import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var requestColumns: SQL {
        """
        id, workspace_id, api_id, environment, consumer_id, kind, key_id, base_version, wanted, wanted_life, changes,
        widening, about, requested_by, requester_consumer_id, state, state_at, state_by, ends_at, glass_reason,
        glass_until, glass_reviewed_at, glass_reviewed_by, glass_justified, glass_comment, created_at, updated_at, version
        """
    }

    func keyRequest(_ id: KeyRequest.ID, in workspace: Workspace.ID) throws -> KeyRequest? {
        try self.connection.row(
            "SELECT \(sql: Self.requestColumns) FROM key_requests WHERE workspace_id = \(workspace) AND id = \(id)"
        ).map(Self.request)
    }

    func keyRequests(
        _ filter: KeyRequestFilter,
        in workspace: Workspace.ID,
        page: PageRequest,
        at now: Timestamp
    ) throws -> [KeyRequest] {
        var conditions: [SQL] = ["workspace_id = \(workspace)"]
        if let after = page.after { conditions.append("id < \(after)") }
        if let state = filter.state { conditions.append(Self.condition(state, at: now)) }
        if let api = filter.api { conditions.append("api_id = \(api)") }
        if let environment = filter.environment { conditions.append("environment = \(environment)") }
        if let key = filter.key { conditions.append("key_id = \(key)") }
        if let requester = filter.requester { conditions.append("requested_by = \(requester)") }
        switch filter.isReviewOpen {
        case true?: conditions.append("glass_reason IS NOT NULL AND glass_reviewed_at IS NULL")
        case false?: conditions.append("glass_reviewed_at IS NOT NULL")
        case nil: break
        }
        if let places = filter.places {
            var alternatives: [SQL] = places.map { place in
                "(api_id = \(place.apiID) AND environment = \(place.environment))"
            }
            if let reader = filter.reader { alternatives.append("requested_by = \(reader)") }
            conditions.append(alternatives.isEmpty ? "1 = 0" : "(\(sql: .joined(alternatives, separator: " OR ")))")
        }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.requestColumns) FROM key_requests
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map(Self.request)
    }

    /// A state with time taken into account, as ``KeyRequest/state(at:)`` does.
    private static func condition(_ state: KeyRequest.State, at now: Timestamp) -> SQL {
        switch state {
        case .expired: "(state = 'expired' OR (state IN ('pending', 'approved') AND ends_at <= \(now)))"
        case .pending, .approved: "state = \(state.rawValue) AND ends_at > \(now)"
        case .collected, .applied, .denied, .withdrawn: "state = \(state.rawValue)"
        }
    }

    func notes(of request: KeyRequest.ID) throws -> [KeyRequestNote] {
        try self.connection.rows(
            """
            SELECT request_id, version, kind, by_key, by_consumer, at, text FROM key_request_notes
            WHERE request_id = \(request) ORDER BY number
            """
        ).map { row in
            KeyRequestNote(
                requestID: try row.value("request_id"),
                version: try row.value("version"),
                kind: try row.name("kind"),
                by: try row.value("by_key"),
                consumerID: try row.value("by_consumer"),
                at: try row.value("at"),
                text: try row.value("text")
            )
        }
    }

    func wasMadeByBreakGlass(_ key: APIKey.ID) throws -> Bool {
        try self.exists(
            """
            SELECT 1 FROM key_requests
            WHERE key_id = \(key) AND glass_reason IS NOT NULL AND base_version IS NULL
            """
        )
    }

    func keyRequests(endedAt now: Timestamp, in workspace: Workspace.ID, limit: Int) throws -> [KeyRequest] {
        try self.connection.rows(
            """
            SELECT \(sql: Self.requestColumns) FROM key_requests
            WHERE ends_at <= \(now) AND state IN ('pending', 'approved') AND workspace_id = \(workspace)
            ORDER BY ends_at LIMIT \(limit)
            """
        ).map(Self.request)
    }

    func insert(_ request: KeyRequest) throws {
        let glass = request.breakGlass
        try self.connection.execute(
            """
            INSERT INTO key_requests (id, workspace_id, api_id, environment, consumer_id, kind, key_id, base_version,
                wanted, wanted_life, changes, widening, about, requested_by, requester_consumer_id, state, state_at,
                state_by, ends_at, glass_reason, glass_until, glass_reviewed_at, glass_reviewed_by, glass_justified,
                glass_comment, created_at, updated_at, version)
            VALUES (\(request.id), \(request.workspaceID), \(request.apiID), \(request.environment),
                \(request.consumerID), \(request.kind.rawValue), \(request.keyID), \(request.baseVersion),
                \(request.wanted.json), \(request.wantedLife?.wholeMilliseconds), \(JSON.object(request.changes)),
                \(Self.widening(request)), \(request.about.json), \(request.requestedBy),
                \(request.requesterConsumerID), \(request.state.rawValue), \(request.stateAt), \(request.stateBy),
                \(request.endsAt), \(glass?.reason), \(glass?.until), \(glass?.review?.at), \(glass?.review?.by),
                \(glass?.review?.isJustified), \(glass?.review?.comment), \(request.createdAt), \(request.updatedAt),
                \(request.version))
            """
        )
    }

    func update(_ request: KeyRequest) throws {
        let glass = request.breakGlass
        try self.connection.execute(
            """
            UPDATE key_requests SET key_id = \(request.keyID), base_version = \(request.baseVersion),
                wanted = \(request.wanted.json), wanted_life = \(request.wantedLife?.wholeMilliseconds),
                changes = \(JSON.object(request.changes)), widening = \(Self.widening(request)),
                about = \(request.about.json), state = \(request.state.rawValue), state_at = \(request.stateAt),
                state_by = \(request.stateBy), ends_at = \(request.endsAt), glass_reason = \(glass?.reason),
                glass_until = \(glass?.until), glass_reviewed_at = \(glass?.review?.at),
                glass_reviewed_by = \(glass?.review?.by), glass_justified = \(glass?.review?.isJustified),
                glass_comment = \(glass?.review?.comment), updated_at = \(request.updatedAt),
                version = \(request.version)
            WHERE workspace_id = \(request.workspaceID) AND id = \(request.id)
            """
        )
    }

    func insert(_ note: KeyRequestNote) throws {
        try self.connection.execute(
            """
            INSERT INTO key_request_notes (request_id, version, kind, by_key, by_consumer, at, text)
            VALUES (\(note.requestID), \(note.version), \(note.kind.rawValue), \(note.by), \(note.consumerID),
                \(note.at), \(note.text))
            """
        )
    }

    private static func widening(_ request: KeyRequest) -> JSON {
        .array(request.widening.map { .string($0.rawValue) })
    }

    private static func request(_ row: Row) throws -> KeyRequest {
        let keyID: APIKey.ID? = try row.value("key_id")
        let base: Int? = try row.value("base_version")
        let subject: KeyRequest.Subject =
            if let keyID, let base { .change(of: keyID, version: base) } else { .newKey }
        let widening = try row.value("widening", as: JSON.self).array ?? []
        return KeyRequest(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            subject: subject,
            apiID: try row.value("api_id"),
            environment: try row.value("environment"),
            consumerID: try row.value("consumer_id"),
            kind: try row.name("kind"),
            wanted: try row.object("wanted") { APIKey.Attributes(reading: &$0) },
            wantedLife: try row.value("wanted_life", as: Int64?.self).map { .milliseconds($0) },
            changes: try row.value("changes", as: JSON.self).object ?? JSONObject(),
            widening: widening.compactMap { $0.string.flatMap(KeyWidening.init(rawValue:)) },
            about: try row.object("about") { KeyRequest.About(reading: &$0) },
            requestedBy: try row.value("requested_by"),
            requesterConsumerID: try row.value("requester_consumer_id"),
            state: try row.name("state"),
            stateAt: try row.value("state_at"),
            stateBy: try row.value("state_by"),
            endsAt: try row.value("ends_at"),
            keyID: keyID,
            breakGlass: try Self.breakGlass(row),
            createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"),
            version: try row.value("version")
        )
    }

    private static func breakGlass(_ row: Row) throws -> BreakGlass? {
        guard let reason = try row.value("glass_reason", as: String?.self),
            let until = try row.value("glass_until", as: Timestamp?.self)
        else { return nil }
        var glass = BreakGlass(reason: reason, until: until)
        if let at = try row.value("glass_reviewed_at", as: Timestamp?.self) {
            glass.review = BreakGlass.Review(
                by: try row.value("glass_reviewed_by"),
                at: at,
                isJustified: try row.value("glass_justified"),
                comment: try row.value("glass_comment")
            )
        }
        return glass
    }
}

extension KeyRequest {
    /// The version of the key that a change is for.
    fileprivate var baseVersion: Int? {
        if case .change(_, let version) = self.subject { version } else { nil }
    }
}
