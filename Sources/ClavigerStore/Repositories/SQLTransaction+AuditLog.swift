import ClavigerCore
import ClavigerLog
import ClavigerService

// The tree over the leaves of the audit log: its full tiles. The others are made of what is at hand.
extension SQLTransaction {
    func auditLog() throws -> AuditLogIdentity? {
        try self.connection.row("SELECT base, origin, generation, has_signed, pruned_below FROM audit_log WHERE id = 1")
            .map {
                guard let base = NoteKeyName(try $0.value("base", as: String.self)),
                    let origin = NoteKeyName(try $0.value("origin", as: String.self))
                else { throw Row.unreadable("origin") }
                return AuditLogIdentity(
                    base: base,
                    origin: origin,
                    generation: try $0.value("generation"),
                    hasSigned: try $0.value("has_signed"),
                    prunedBelow: try $0.value("pruned_below")
                )
            }
    }

    func begin(_ log: AuditLogIdentity) throws {
        try self.connection.execute(
            """
            INSERT INTO audit_log (id, base, origin, generation, has_signed, pruned_below)
            VALUES (1, \(log.base.text), \(log.origin.text), \(log.generation), \(log.hasSigned), \(log.prunedBelow))
            """
        )
    }

    func beginAgain(origin: NoteKeyName, generation: Int) throws {
        guard let below = try self.auditLog()?.prunedBelow else { throw DatabaseError.corrupt("there is no audit log") }
        try self.connection.execute(
            "UPDATE audit_log SET origin = \(origin.text), generation = \(generation), has_signed = 0 WHERE id = 1"
        )
        for level in 0...7 {
            // Those that are over pruned leaves alone cannot be made again.
            let first = level == 7 ? 0 : below >> (8 * (level + 1))
            try self.connection.execute(
                "DELETE FROM audit_tiles WHERE level = \(level) AND tile_index >= \(first)"
            )
        }
    }

    func noteSigned() throws {
        try self.connection.execute("UPDATE audit_log SET has_signed = 1 WHERE id = 1")
    }

    func prune(below index: Int) throws {
        try self.connection.execute("UPDATE audit_log SET pruned_below = \(index) WHERE id = 1")
    }

    func leaves(from index: Int, limit: Int) throws -> [[UInt8]] {
        let rows = try self.connection.rows(
            """
            SELECT event_index, leaf FROM audit_events WHERE event_index >= \(index)
            ORDER BY event_index LIMIT \(limit)
            """
        )
        return try rows.enumerated().map { offset, row in
            guard try row.value("event_index", as: Int.self) == index + offset else {
                throw DatabaseError.corrupt("leaves of the audit log are missing")
            }
            return try row.value("leaf")
        }
    }

    func tile(level: Int, index: UInt64) throws -> Tile? {
        guard let place = TileIndex(level: level, index: index), let number = Int64(exactly: index) else { return nil }
        return try self.connection.row(
            "SELECT hashes FROM audit_tiles WHERE level = \(level) AND tile_index = \(number)"
        ).map {
            guard let tile = Tile(place, bytes: try $0.value("hashes", as: [UInt8].self)) else {
                throw Row.unreadable("hashes")
            }
            return tile
        }
    }

    func insert(_ tiles: [Tile]) throws {
        for tile in tiles {
            guard let index = Int64(exactly: tile.index.index) else { throw Row.unreadable("tile_index") }
            // A server that died after this has stored them, and not signed the head.
            if let stored = try self.tile(level: tile.index.level, index: tile.index.index) {
                guard stored.hashes == tile.hashes else {
                    throw DatabaseError.corrupt("a tile of the audit log is not that of its leaves")
                }
                continue
            }
            try self.connection.execute(
                """
                INSERT INTO audit_tiles (level, tile_index, hashes)
                VALUES (\(tile.index.level), \(index), \(tile.bytes))
                """
            )
        }
    }

    func newestAuditTime() throws -> Timestamp? {
        try self.connection.row("SELECT at FROM audit_events ORDER BY event_index DESC LIMIT 1")?.value("at")
    }

    func auditIndex(notBefore moment: Timestamp) throws -> Int {
        // The moments rise with the index but where a clock was set back; what comes after a later one waits for it.
        // Without an index: few of the old ones are still there, so the first that is new enough is near the beginning.
        let row = try self.connection.row(
            "SELECT event_index FROM audit_events NOT INDEXED WHERE at >= \(moment) ORDER BY event_index LIMIT 1"
        )
        return try row?.value("event_index") ?? self.auditSize()
    }

    func removePruned(limit: Int) throws -> Int {
        guard let below = try self.auditLog()?.prunedBelow else { return 0 }
        return try self.connection.execute(
            """
            DELETE FROM audit_events WHERE event_index IN
            (SELECT event_index FROM audit_events WHERE event_index < \(below) ORDER BY event_index LIMIT \(limit))
            """
        )
    }

    func takeOverEarlierAuditEvents(limit: Int) throws -> Int {
        let rows = try self.connection.rows(
            """
            SELECT event_index, id, workspace_id, at, actor_id, actor_consumer_id, actor_network, action, target_type,
                target_id, outcome, reason, before_state, after_state, request_id
            FROM audit_events_before_log WHERE event_index >= \(self.auditSize()) ORDER BY event_index LIMIT \(limit)
            """
        )
        guard !rows.isEmpty else {
            // They name people, and nobody could erase that here.
            return try self.connection.execute("DELETE FROM audit_events_before_log")
        }
        try self.append(rows.map(Self.earlierRecord))
        return rows.count
    }

    private static func earlierRecord(_ row: Row) throws -> AuditRecord {
        let actor: AuditRecord.Actor =
            if let key = try row.value("actor_id", as: APIKey.ID?.self),
                let consumer = try row.value("actor_consumer_id", as: Consumer.ID?.self)
            {
                .key(key, consumer: consumer, network: try row.value("actor_network"))
            } else {
                .system
            }
        return AuditRecord(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            at: try row.value("at"),
            actor: actor,
            action: try row.value("action"),
            target: AuditRecord.Target(kind: try row.value("target_type"), id: try row.value("target_id")),
            outcome: try row.name("outcome"),
            reason: try row.value("reason"),
            before: try row.value("before_state"),
            after: try row.value("after_state"),
            requestID: try row.value("request_id")
        )
    }
}
