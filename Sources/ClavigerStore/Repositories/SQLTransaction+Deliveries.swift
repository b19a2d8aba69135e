import ClavigerCore
import ClavigerService

// The outbox: events and their deliveries.

extension SQLTransaction {
    private static var deliveryColumns: SQL {
        """
        deliveries.sequence, deliveries.id, deliveries.endpoint_id, deliveries.event_id, outgoing_events.type,
        deliveries.subject, outgoing_events.at AS event_at, deliveries.state, deliveries.blocked, deliveries.attempts,
        deliveries.next_at, deliveries.last_at, deliveries.last_status, deliveries.last_failure,
        deliveries.created_at, deliveries.finished_at
        """
    }

    private static var deliveriesWithEvents: SQL {
        "deliveries JOIN outgoing_events ON outgoing_events.id = deliveries.event_id"
    }

    func delivery(_ id: Delivery.ID, of endpoint: WebhookEndpoint.ID) throws -> Delivery? {
        try self.connection.row(
            """
            SELECT \(sql: Self.deliveryColumns) FROM \(sql: Self.deliveriesWithEvents)
            WHERE deliveries.id = \(id) AND deliveries.endpoint_id = \(endpoint)
            """
        ).map(Self.delivery)
    }

    func deliveries(
        of endpoint: WebhookEndpoint.ID,
        state: Delivery.State?,
        page: PageRequest
    ) throws -> [(number: Int64, delivery: Delivery)] {
        var conditions: [SQL] = ["deliveries.endpoint_id = \(endpoint)"]
        if let state { conditions.append("deliveries.state = \(state.rawValue)") }
        if let after = page.after.flatMap({ Int64($0) }) { conditions.append("deliveries.sequence < \(after)") }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.deliveryColumns) FROM \(sql: Self.deliveriesWithEvents)
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY deliveries.sequence DESC LIMIT \(page.limit)
            """
        ).map { (try $0.value("sequence"), try Self.delivery($0)) }
    }

    func dueDeliveries(to endpoint: WebhookEndpoint.ID, at now: Timestamp, limit: Int) throws -> [DueDelivery] {
        guard try self.exists("SELECT 1 FROM webhook_endpoints WHERE id = \(endpoint) AND held_until <= \(now)") else {
            return []
        }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.deliveryColumns), outgoing_events.body FROM \(sql: Self.deliveriesWithEvents)
            WHERE deliveries.endpoint_id = \(endpoint) AND deliveries.state = 'pending' AND deliveries.blocked = 0
                AND deliveries.next_at <= \(now) AND deliveries.leased_until <= \(now)
            ORDER BY deliveries.next_at, deliveries.sequence LIMIT \(limit)
            """
        ).map { DueDelivery(delivery: try Self.delivery($0), body: try $0.value("body")) }
    }

    func insert(_ event: OutgoingEvent, _ deliveries: [Delivery]) throws {
        try self.connection.execute(
            """
            INSERT INTO outgoing_events (id, workspace_id, type, at, subject, body)
            VALUES (\(event.id), \(event.workspaceID), \(event.type.rawValue), \(event.at), \(event.subject),
                \(event.body))
            """
        )
        for delivery in deliveries {
            try self.connection.execute(
                """
                INSERT INTO deliveries (id, endpoint_id, event_id, subject, state, blocked, next_at, created_at)
                VALUES (\(delivery.id), \(delivery.endpointID), \(delivery.eventID), \(delivery.subject),
                    \(delivery.state.rawValue), \(delivery.isBlocked), \(delivery.nextAt), \(delivery.createdAt))
                """
            )
        }
    }

    func hasPending(about subject: String, to endpoint: WebhookEndpoint.ID) throws -> Bool {
        try self.exists(
            "SELECT 1 FROM deliveries WHERE endpoint_id = \(endpoint) AND subject = \(subject) AND state = 'pending'"
        )
    }

    func hasPending(_ type: EventType, about subject: String, to endpoint: WebhookEndpoint.ID) throws -> Bool {
        try self.exists(
            """
            SELECT 1 FROM \(sql: Self.deliveriesWithEvents)
            WHERE deliveries.endpoint_id = \(endpoint) AND deliveries.subject = \(subject)
                AND deliveries.state = 'pending' AND outgoing_events.type = \(type.rawValue)
            """
        )
    }

    func lease(_ delivery: Delivery.ID, until end: Timestamp) throws {
        try self.connection.execute("UPDATE deliveries SET leased_until = \(end) WHERE id = \(delivery)")
    }

    func releaseLeases() throws {
        try self.connection.execute(
            "UPDATE deliveries SET leased_until = 0 WHERE state = 'pending' AND blocked = 0 AND leased_until <> 0"
        )
    }

    func settle(_ delivery: Delivery) throws {
        try self.connection.execute(
            """
            UPDATE deliveries SET state = \(delivery.state.rawValue), attempts = \(delivery.attempts),
                next_at = \(delivery.nextAt), leased_until = 0, last_at = \(delivery.last?.at),
                last_status = \(delivery.last?.status), last_failure = \(delivery.last?.failure?.rawValue),
                finished_at = \(delivery.finishedAt)
            WHERE id = \(delivery.id)
            """
        )
        guard delivery.state != .pending else { return }
        try self.unblock(delivery.endpointID, about: delivery.subject)
    }

    func replay(_ delivery: Delivery, at now: Timestamp) throws {
        try self.restart(delivery.endpointID, "id = \(delivery.id) AND state <> 'pending'", at: now)
        try self.unblock(delivery.endpointID, about: delivery.subject)
    }

    func replayDead(of endpoint: WebhookEndpoint.ID, at now: Timestamp) throws -> Int {
        let count = try self.restart(endpoint, "state = 'dead'", at: now)
        try self.unblock(endpoint, about: nil)
        return count
    }

    @discardableResult
    private func restart(_ endpoint: WebhookEndpoint.ID, _ condition: SQL, at now: Timestamp) throws -> Int {
        try self.connection.execute(
            """
            UPDATE deliveries SET state = 'pending', blocked = 1, attempts = 0, next_at = \(now), leased_until = 0,
                finished_at = NULL
            WHERE endpoint_id = \(endpoint) AND \(sql: condition)
            """
        )
    }

    /// Gives the first of those that wait about a subject, or about each one, its turn, where none has it.
    private func unblock(_ endpoint: WebhookEndpoint.ID, about subject: String?) throws {
        let which: SQL = if let subject { "AND subject = \(subject)" } else { "" }
        try self.connection.execute(
            """
            UPDATE deliveries SET blocked = 0
            WHERE endpoint_id = \(endpoint) AND state = 'pending' AND blocked = 1 \(sql: which) AND NOT EXISTS
                (SELECT 1 FROM deliveries AS earlier WHERE earlier.endpoint_id = deliveries.endpoint_id
                    AND earlier.subject = deliveries.subject AND earlier.state = 'pending'
                    AND (earlier.blocked = 0 OR earlier.sequence < deliveries.sequence))
            """
        )
    }

    func deleteDeliveries(_ state: Delivery.State, finishedBefore moment: Timestamp, limit: Int) throws -> Int {
        let events = try self.connection.rows(
            """
            SELECT sequence, event_id FROM deliveries WHERE state = \(state.rawValue) AND finished_at < \(moment)
            ORDER BY finished_at LIMIT \(limit)
            """
        )
        for row in events {
            let sequence: Int64 = try row.value("sequence")
            let event: OutgoingEvent.ID = try row.value("event_id")
            try self.connection.execute("DELETE FROM deliveries WHERE sequence = \(sequence)")
            try self.connection.execute(
                """
                DELETE FROM outgoing_events
                WHERE id = \(event) AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_id = \(event))
                """
            )
        }
        return events.count
    }

    /// The keys that may end in between, as a table of `id` and `ends`: what they say themselves, or what a policy says if
    /// that is earlier.
    private func ending(after start: Timestamp, until end: Timestamp, in workspace: Workspace.ID) throws -> SQL {
        let lifetimes = try self.placeLifetimes(in: workspace)
        guard !lifetimes.isEmpty else {
            return """
                (SELECT id, expires_at AS ends FROM keys
                WHERE workspace_id = \(workspace) AND expires_at > \(start) AND expires_at <= \(end)
                    AND state IN ('pending', 'active', 'suspended'))
                """
        }
        // Made so long ago, a place at a time: each by its index.
        let places: [SQL] = lifetimes.map { lifetime in
            """
            OR (api_id = \(lifetime.place.apiID) AND environment = \(lifetime.place.environment)
                AND created_at > \(start - lifetime.maximum) AND created_at <= \(end - lifetime.maximum))
            """
        }
        return """
            (SELECT id, min(coalesce(expires_at, longest_end), coalesce(longest_end, expires_at)) AS ends FROM
                (SELECT id, expires_at, created_at + \(sql: Self.longestLife) AS longest_end FROM keys
                WHERE workspace_id = \(workspace) AND state IN ('pending', 'active', 'suspended')
                    AND (expires_at > \(start) AND expires_at <= \(end) \(sql: .joined(places, separator: " ")))))
            """
    }

    func keys(
        endingAfter start: Timestamp,
        until end: Timestamp,
        after place: KeysWatch.Place?,
        in workspace: Workspace.ID,
        limit: Int
    ) throws -> [APIKey] {
        let rest: SQL = if let place { "AND (ends, id) > (\(place.end), \(place.keyID))" } else { "" }
        return try self.connection.rows(
            """
            SELECT id FROM \(sql: self.ending(after: start, until: end, in: workspace))
            WHERE ends > \(start) AND ends <= \(end) \(sql: rest)
            ORDER BY ends, id LIMIT \(limit)
            """
        ).compactMap { try self.key(try $0.value("id"), in: workspace) }
    }

    func keysWatch() throws -> KeysWatch? {
        guard let until = try self.meta("keys_watched_until") else { return nil }
        guard let milliseconds = Int64(until) else { throw Row.unreadable("value") }
        var watch = KeysWatch(until: Timestamp(milliseconds: milliseconds))
        if let part = try self.meta("keys_watched_part") { watch.part = try Self.part(part) }
        return watch
    }

    func setKeysWatch(_ watch: KeysWatch) throws {
        try self.setMeta("keys_watched_until", String(watch.until.milliseconds))
        try self.setMeta("keys_watched_part", watch.part.map(Self.text))
    }

    private static func text(_ part: KeysWatch.Part) -> String {
        var words = [String(part.end.milliseconds), String(part.step)]
        if let place = part.after { words += [String(place.end.milliseconds), place.keyID.text] }
        return words.joined(separator: " ")
    }

    private static func part(_ text: String) throws -> KeysWatch.Part {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 2 || words.count == 4, let end = Int64(words[0]), let step = Int(words[1]) else {
            throw Row.unreadable("value")
        }
        var part = KeysWatch.Part(end: Timestamp(milliseconds: end), step: step)
        if words.count == 4 {
            guard let moment = Int64(words[2]), let id = try? APIKey.ID(parsing: words[3]) else {
                throw Row.unreadable("value")
            }
            part.after = KeysWatch.Place(Timestamp(milliseconds: moment), id)
        }
        return part
    }

    private func meta(_ name: String) throws -> String? {
        try self.connection.row("SELECT value FROM meta WHERE name = \(name)")?.value("value", as: String.self)
    }

    private func setMeta(_ name: String, _ value: String?) throws {
        guard let value else {
            try self.connection.execute("DELETE FROM meta WHERE name = \(name)")
            return
        }
        try self.connection.execute(
            """
            INSERT INTO meta (name, value) VALUES (\(name), \(value))
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """
        )
    }

    private static func delivery(_ row: Row) throws -> Delivery {
        let failure = try row.value("last_failure", as: String?.self)
        let last: Delivery.Attempt? = try row.value("last_at", as: Timestamp?.self).map { at in
            Delivery.Attempt(
                at: at,
                status: try row.value("last_status"),
                failure: try failure.map { text in
                    guard let failure = Delivery.Failure(rawValue: text) else { throw Row.unreadable("last_failure") }
                    return failure
                }
            )
        }
        return Delivery(
            id: try row.value("id"),
            endpointID: try row.value("endpoint_id"),
            eventID: try row.value("event_id"),
            type: try row.name("type"),
            subject: try row.value("subject"),
            eventAt: try row.value("event_at"),
            state: try row.name("state"),
            isBlocked: try row.value("blocked"),
            attempts: try row.value("attempts"),
            nextAt: try row.value("next_at"),
            last: last,
            createdAt: try row.value("created_at"),
            finishedAt: try row.value("finished_at")
        )
    }
}
