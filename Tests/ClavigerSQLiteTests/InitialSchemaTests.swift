import ClavigerSQLite
import ClavigerStore
import Testing

@Suite("The first schema")
struct InitialSchemaTests {
    private let database: SQLiteDatabase

    init() async throws {
        self.database = try await SQLiteDatabase.open(.memory)
        try await self.database.write { connection in
            try connection.execute("INSERT INTO workspaces (id, name, created_at) VALUES ('ws_1', 'default', 0)")
            try connection.execute("INSERT INTO workspaces (id, name, created_at) VALUES ('ws_2', 'other', 0)")
            try connection.execute(
                """
                INSERT INTO apis (id, workspace_id, name, prefix, environments, scopes, defaults, created_at, updated_at)
                VALUES ('api_1', 'ws_1', 'payments', 'pay', '[]', '[]', '{}', 0, 0)
                """
            )
            try connection.execute(
                """
                INSERT INTO consumers (id, workspace_id, external_id, kind, created_at, updated_at)
                VALUES ('con_1', 'ws_1', 'acme', 'customer', 0, 0)
                """
            )
            try connection.execute(
                """
                INSERT INTO keys
                (id, workspace_id, api_id, environment, consumer_id, start, name, scopes, state, created_at, updated_at)
                VALUES ('key_1', 'ws_1', 'api_1', 'production', 'con_1', 'pay_live_abcdefghijkl', 'k', '[]', 'active', 0, 0)
                """
            )
            try connection.execute(
                """
                INSERT INTO credentials (id, workspace_id, key_id, lookup_id, digest, pepper_version, state, created_at)
                VALUES ('cred_1', 'ws_1', 'key_1', 'abcdefghijkl', \([UInt8](repeating: 1, count: 32)), 1, 'current', 0)
                """
            )
            try connection.execute(Self.event(1))
        }
    }

    private static func event(_ index: Int) -> SQL {
        """
        INSERT INTO audit_events (event_index, workspace_id, at, action, outcome, leaf)
        VALUES (\(index), 'ws_1', 0, 'keys.create', 'done', \(Array("{}".utf8)))
        """
    }

    static let appendOnly: [SQL] = [
        "UPDATE audit_events SET action = 'x'",
        "DELETE FROM audit_events",
        "REPLACE INTO audit_events SELECT * FROM audit_events",
        """
        INSERT OR REPLACE INTO audit_events (event_index, workspace_id, at, action, outcome, leaf)
        VALUES (1, 'ws_1', 0, 'a', 'done', x'7b7d')
        """,
    ]

    @Test("The audit log refuses to change what it has", arguments: appendOnly.indices)
    func auditIsAppendOnly(index: Int) async throws {
        let error = await #expect(throws: DatabaseError.self) {
            try await self.database.write { try $0.execute(Self.appendOnly[index]) }
        }
        #expect(error == .constraint(.refused("The audit log is append-only.")))
        let rows = try await self.database.read { try $0.rows("SELECT action FROM audit_events") }
        #expect(rows.count == 1)
        #expect(try rows.first?.value("action", as: String.self) == "keys.create")
        try await self.database.write { try $0.execute(Self.event(2)) }
    }

    @Test("Unique rules name their columns")
    func unique() async throws {
        let repeated: [(SQL, [String])] = [
            ("INSERT INTO workspaces (id, name, created_at) VALUES ('ws_3', 'default', 0)", ["workspaces.name"]),
            (
                """
                INSERT INTO consumers (id, workspace_id, external_id, kind, created_at, updated_at)
                VALUES ('con_2', 'ws_1', 'acme', 'user', 0, 0)
                """,
                ["consumers.workspace_id", "consumers.external_id"]
            ),
            (
                """
                INSERT INTO credentials (id, workspace_id, key_id, lookup_id, pepper_version, state, created_at)
                VALUES ('cred_2', 'ws_1', 'key_1', 'abcdefghijkm', 1, 'current', 0)
                """,
                ["credentials.key_id"]
            ),
            (
                """
                INSERT INTO credentials (id, workspace_id, key_id, lookup_id, pepper_version, state, created_at)
                VALUES ('cred_2', 'ws_1', 'key_1', 'abcdefghijkl', 1, 'retired', 0)
                """,
                ["credentials.lookup_id"]
            ),
        ]
        for (sql, columns) in repeated {
            let error = await #expect(throws: DatabaseError.self) {
                try await self.database.write { try $0.execute(sql) }
            }
            #expect(error == .constraint(.unique(columns: columns)))
        }
    }

    @Test("The external id of a deleted consumer is free again")
    func deletedConsumer() async throws {
        try await self.database.write { connection in
            try connection.execute("UPDATE consumers SET deleted_at = 1")
            try connection.execute(
                """
                INSERT INTO consumers (id, workspace_id, external_id, kind, created_at, updated_at)
                VALUES ('con_2', 'ws_1', 'acme', 'user', 0, 0)
                """
            )
        }
    }

    static let broken: [SQL] = [
        "UPDATE keys SET state = 'unknown'",
        "UPDATE keys SET state_reason = 'because'",
        "UPDATE keys SET scopes = 'not json'",
        "UPDATE keys SET name = ''",
        "UPDATE keys SET workspace_id = 'ws_2'",
        "UPDATE keys SET consumer_id = 'con_9'",
        "UPDATE keys SET expires_at = 'tomorrow'",
        "UPDATE credentials SET lookup_id = 'short'",
        "UPDATE credentials SET digest = \([1, 2, 3] as [UInt8])",
        "UPDATE consumers SET kind = 'robot'",
        "UPDATE apis SET prefix = NULL",
        "DELETE FROM apis",
        "INSERT INTO key_roles (key_id, role_id) VALUES ('key_1', 'role_9')",
    ]

    @Test("Values that cannot be are refused", arguments: broken.indices)
    func invariants(index: Int) async throws {
        let error = await #expect(throws: DatabaseError.self) {
            try await self.database.write { try $0.execute(Self.broken[index]) }
        }
        guard case .constraint = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
