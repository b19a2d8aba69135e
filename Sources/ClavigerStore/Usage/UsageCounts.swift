import ClavigerCore
import ClavigerService

/// What a part of the access log adds to the roll-ups.
struct UsageCounts: Sendable {
    /// What is counted together.
    struct Group: Hashable, Comparable, Sendable {
        var start: Timestamp
        var workspaceID: UInt128?
        var keyID: UInt128?
        var consumerID: UInt128?
        var apiID: UInt128?
        var code: Int64

        static func < (left: Self, right: Self) -> Bool {
            (left.start, left.workspaceID ?? 0, left.keyID ?? 0) < (
                right.start, right.workspaceID ?? 0, right.keyID ?? 0
            )
        }
    }

    /// Of whom the last use is known.
    struct Holder: Hashable, Sendable {
        var workspaceID: UInt128?
        var keyID: UInt128
    }

    /// Who was refused for what.
    struct Refused: Hashable, Sendable {
        var start: Timestamp
        var workspaceID: UInt128?
        var network: [UInt8]
        var code: Int64
    }

    struct Sum: Sendable {
        var count: Int64
        var cost: Int64

        static func += (left: inout Self, right: Self) {
            left.count += right.count
            left.cost += right.cost
        }
    }

    private(set) var minutes: [Group: Sum] = [:]
    private(set) var lastUses: [Holder: LastUse] = [:]
    private(set) var refusals: [Refused: Int64] = [:]
    private(set) var networks: [KeyNetworks.Week: NetworkSpread] = [:]

    /// Counts nothing.
    init() {}

    /// Counts what a day has between two numbers.
    init(_ connection: any DatabaseConnection, after position: UInt64, through end: UInt64) throws {
        let range: SQL = "sequence > \(Sequence64(position)) AND sequence <= \(Sequence64(end))"
        try self.readLastUses(connection, self.readMinutes(connection, range))
        try self.readRefusals(connection, range)
        try KeyNetworks.read(connection, range, into: &self.networks)
    }

    /// Adds what another day has.
    mutating func add(_ other: UsageCounts) {
        for (group, sum) in other.minutes { self.minutes[group, default: Sum(count: 0, cost: 0)] += sum }
        for (holder, use) in other.lastUses { self.note(use, of: holder) }
        for (refused, count) in other.refusals { self.refusals[refused, default: 0] += count }
        for (week, spread) in other.networks { self.networks[week, default: NetworkSpread()].formUnion(spread) }
    }

    private mutating func note(_ use: LastUse, of holder: Holder) {
        if let known = self.lastUses[holder], known.time > use.time { return }
        self.lastUses[holder] = use
    }

    // MARK: Reading

    /// Counts by the minute, and tells the last success of each key.
    private mutating func readMinutes(_ connection: any DatabaseConnection, _ range: SQL) throws -> [Holder: Int64] {
        var successes: [Holder: Int64] = [:]
        let minute = UsageResolution.minute.milliseconds
        // The key comes first: that is where entries differ, and the sorting compares from the left.
        try connection.forEach(
            """
            SELECT workspace_id, key_id, consumer_id, api_id, code, at / \(minute) AS minute,
                CAST(sum(CASE WHEN \(sql: AccessLogConditions.requests) THEN 1 ELSE 0 END) AS BIGINT) AS count,
                CAST(sum(cost) AS BIGINT) AS cost, max(sequence) AS last
            FROM entries WHERE \(sql: range)
            GROUP BY key_id, code, at / \(minute), workspace_id, consumer_id, api_id
            """
        ) { row in
            let group = Group(
                start: Timestamp(milliseconds: try row.value("minute", as: Int64.self) * minute),
                workspaceID: try Self.id(row, "workspace_id"),
                keyID: try Self.id(row, "key_id"),
                consumerID: try Self.id(row, "consumer_id"),
                apiID: try Self.id(row, "api_id"),
                code: try row.value("code")
            )
            let sum = Sum(count: try row.value("count"), cost: try row.value("cost"))
            // Where nothing but introspection was, there is a last use and nothing to count.
            if sum.count > 0 { self.minutes[group, default: Sum(count: 0, cost: 0)] += sum }
            guard let keyID = group.keyID, group.code == Self.valid else { return }
            let holder = Holder(workspaceID: group.workspaceID, keyID: keyID)
            successes[holder] = max(successes[holder] ?? 0, try row.value("last"))
        }
        return successes
    }

    /// Reads when, and from where, each key was used last.
    ///
    /// The last in the journal's order is the last in time but for milliseconds.
    private mutating func readLastUses(
        _ connection: any DatabaseConnection,
        _ sequences: [Holder: Int64]
    ) throws {
        for (holder, sequence) in sequences {
            let row = try connection.row(
                "SELECT at, client_address, user_agent FROM entries WHERE sequence = \(sequence)"
            )
            guard let row else { continue }
            self.note(
                LastUse(
                    time: try row.value("at"),
                    clientAddress: try row.value("client_address", as: AddressBytes?.self)?.address,
                    userAgent: try row.value("user_agent")
                ),
                of: holder
            )
        }
    }

    private mutating func readRefusals(_ connection: any DatabaseConnection, _ range: SQL) throws {
        let hour = UsageResolution.hour.milliseconds
        try connection.forEach(
            """
            SELECT workspace_id, network, code, hour, count(*) AS count FROM (
                SELECT workspace_id, \(sql: NetworkBytes.ofClientAddress) AS network, code, at / \(hour) AS hour
                FROM entries WHERE \(sql: range) AND code <> \(Self.valid) AND \(sql: AccessLogConditions.requests)
            ) AS refused
            GROUP BY workspace_id, network, code, hour
            """
        ) { row in
            let refused = Refused(
                start: Timestamp(milliseconds: try row.value("hour", as: Int64.self) * hour),
                workspaceID: try Self.id(row, "workspace_id"),
                network: try row.value("network"),
                code: try row.value("code")
            )
            self.refusals[refused, default: 0] += try row.value("count", as: Int64.self)
        }
    }

    private static var valid: Int64 { Int64(VerificationCode.valid.number) }

    private static func id(_ row: Row, _ column: String) throws -> UInt128? {
        try row.value(column, as: IDBytes?.self)?.bits
    }

    /// The bytes of an id; none when there is none, because a part of a primary key cannot be null.
    private static func value(_ id: UInt128?) -> SQLValue {
        id.map { IDBytes($0).sqlValue } ?? .blob([])
    }

    // MARK: Writing

    /// Adds everything to the roll-ups.
    func write(to connection: any DatabaseConnection) throws {
        for resolution in UsageResolution.allCases {
            var sums: [Group: Sum] = [:]
            for (minute, sum) in self.minutes {
                var group = minute
                group.start = resolution.start(of: minute.start)
                sums[group, default: Sum(count: 0, cost: 0)] += sum
            }
            let table = resolution.table
            try connection.execute(
                """
                INSERT INTO \(sql: table) (start, workspace_id, key_id, consumer_id, api_id, code, count, cost)
                VALUES \(parameters: 8)
                ON CONFLICT (start, workspace_id, key_id, consumer_id, api_id, code) DO UPDATE SET
                    count = \(sql: table).count + excluded.count, cost = \(sql: table).cost + excluded.cost
                """,
                // In the order of the table, so that neighbours are found on the same page.
                rows: sums.sorted { $0.key < $1.key }.map { group, sum in
                    [
                        group.start.sqlValue, Self.value(group.workspaceID), Self.value(group.keyID),
                        Self.value(group.consumerID),
                        Self.value(group.apiID), .integer(group.code), .integer(sum.count), .integer(sum.cost),
                    ]
                }
            )
        }
        try self.writeLastUses(connection)
        try self.writeRefusals(connection)
        try KeyNetworks.write(self.networks, connection)
    }

    private func writeLastUses(_ connection: any DatabaseConnection) throws {
        try connection.execute(
            """
            INSERT INTO last_uses (workspace_id, key_id, at, client_address, user_agent) VALUES \(parameters: 5)
            ON CONFLICT (workspace_id, key_id) DO UPDATE SET
                at = excluded.at, client_address = excluded.client_address, user_agent = excluded.user_agent
            WHERE excluded.at >= last_uses.at
            """,
            rows: self.lastUses.map { holder, use in
                [
                    Self.value(holder.workspaceID), Self.value(holder.keyID), use.time.sqlValue,
                    use.clientAddress.map { AddressBytes($0).sqlValue } ?? .null, use.userAgent.sqlValue,
                ]
            }
        )
    }

    private func writeRefusals(_ connection: any DatabaseConnection) throws {
        try connection.execute(
            """
            INSERT INTO refusals (start, workspace_id, network, code, count) VALUES \(parameters: 5)
            ON CONFLICT (start, workspace_id, network, code) DO UPDATE SET count = refusals.count + excluded.count
            """,
            rows: self.refusals.map { refused, count in
                [
                    refused.start.sqlValue, Self.value(refused.workspaceID), .blob(refused.network),
                    .integer(refused.code), .integer(count),
                ]
            }
        )
    }
}

extension UsageResolution {
    /// The table with the counts.
    var table: SQL {
        switch self {
        case .minute: "usage_minutes"
        case .hour: "usage_hours"
        case .day: "usage_days"
        }
    }
}
