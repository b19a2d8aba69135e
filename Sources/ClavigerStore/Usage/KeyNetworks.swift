public import ClavigerCore
public import ClavigerService

/// From about how many networks each key was used, week by week.
///
/// A network is 24 bits of an IPv4 address, or 48 of an IPv6 address: a client that is moved about in one network is
/// still one client.
enum KeyNetworks {
    /// A week of a key, counted from the epoch.
    struct Week: Hashable, Sendable {
        var workspaceID: UInt128?
        var keyID: UInt128
        var number: Int64

        static let milliseconds: Int64 = 7 * 86_400_000
    }

    /// Reads what a part of a day of the access log has.
    static func read(
        _ connection: any DatabaseConnection,
        _ range: SQL,
        into networks: inout [Week: NetworkSpread]
    ) throws {
        try connection.forEach(
            """
            SELECT DISTINCT key_id, workspace_id, at / \(Week.milliseconds) AS week,
                substr(client_address, 1, CASE length(client_address) WHEN 4 THEN 3 ELSE 6 END) AS network
            FROM entries
            WHERE \(sql: range) AND code = \(Int64(VerificationCode.valid.number)) AND key_id IS NOT NULL
                AND client_address IS NOT NULL
            """
        ) { row in
            let week = Week(
                workspaceID: try row.value("workspace_id", as: IDBytes?.self)?.bits,
                keyID: try row.value("key_id", as: IDBytes.self).bits,
                number: try row.value("week")
            )
            networks[week, default: NetworkSpread()].add(try row.value("network"))
        }
    }

    /// Adds them to the roll-ups.
    static func write(_ networks: [Week: NetworkSpread], _ connection: any DatabaseConnection) throws {
        try connection.execute(
            """
            INSERT INTO key_networks (workspace_id, key_id, week, networks) VALUES \(parameters: 4)
            ON CONFLICT (workspace_id, key_id, week) DO UPDATE SET
                networks = key_networks.networks | excluded.networks
            """,
            rows: networks.map { week, spread in
                [
                    week.workspaceID.map { IDBytes($0).sqlValue } ?? .blob([]), IDBytes(week.keyID).sqlValue,
                    .integer(week.number), .integer(Int64(bitPattern: spread.bits)),
                ]
            }
        )
    }
}

extension SQLUsageStore {
    /// Forgets the networks of weeks that ended before a moment.
    func forgetNetworks(before limit: Timestamp) async throws {
        let week = limit.milliseconds / KeyNetworks.Week.milliseconds
        try await self.databases.usage.write { try $0.execute("DELETE FROM key_networks WHERE week < \(week)") }
    }

    /// How the keys of a range of ids were used of late.
    public func uses(
        ofKeysFrom first: APIKey.ID,
        through last: APIKey.ID,
        networksSince moment: Timestamp,
        in workspace: Workspace.ID
    ) async throws -> [APIKey.ID: KeyUse] {
        let range: SQL = """
            workspace_id = \(IDBytes(workspace)) AND key_id >= \(IDBytes(first)) AND key_id <= \(IDBytes(last))
            """
        return try await SQLAuthorityStore.translating {
            try await self.databases.usage.read { connection in
                var uses: [APIKey.ID: KeyUse] = [:]
                try connection.forEach("SELECT key_id, at, client_address FROM last_uses WHERE \(sql: range)") { row in
                    uses[try row.value("key_id", as: IDBytes.self).id()] = KeyUse(
                        lastUsedAt: try row.value("at"),
                        lastAddress: try row.value("client_address", as: AddressBytes?.self)?.address
                    )
                }
                let week = moment.milliseconds / KeyNetworks.Week.milliseconds
                try connection.forEach(
                    "SELECT key_id, networks FROM key_networks WHERE \(sql: range) AND week >= \(week)"
                ) { row in
                    let bits = UInt64(bitPattern: try row.value("networks", as: Int64.self))
                    uses[try row.value("key_id", as: IDBytes.self).id()]?.networks.formUnion(NetworkSpread(bits: bits))
                }
                return uses
            }
        }
    }
}
