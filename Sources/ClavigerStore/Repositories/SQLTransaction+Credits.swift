import ClavigerCore
import ClavigerService
import ClavigerVerifier

extension SQLTransaction {
    private static var accountColumns: SQL { "kind, owner_id, generation, remaining, period, sequence, holds" }

    /// The stored account of an owner; nil if nothing was ever taken from it.
    func creditAccount(_ id: AccountID, _ policy: CreditPolicy) throws -> AccountState? {
        try self.connection.row(
            """
            SELECT \(sql: Self.accountColumns) FROM credit_accounts
            WHERE kind = \(Int(id.kind.rawValue)) AND owner_id = \(Self.owner(id))
            """
        ).map { row in
            AccountState(
                id: id,
                policy: policy,
                balance: CreditBalance(remaining: try row.value("remaining"), period: try row.value("period")),
                generation: UInt32(clamping: try row.value("generation", as: Int.self)),
                sequence: UInt64(clamping: try row.value("sequence", as: Int64.self)),
                holds: try row.list("holds") { CreditHold(reading: &$0) }
            )
        }
    }

    func creditAccount(_ id: AccountID) throws -> AccountState? {
        let owner: SQL =
            switch id.kind {
            case .key: "keys"
            case .consumer: "consumers"
            }
        guard
            let row = try self.connection.row(
                """
                SELECT workspace_id, limits, credits, credit_generation, credits_since, plan_id FROM \(sql: owner)
                WHERE id = \(Self.owner(id))
                """
            )
        else { return nil }
        let allowance = try row.allowance()
        let plan = try allowance.planID.flatMap { try self.plan($0, in: try row.value("workspace_id")) }
        guard let (policy, since) = allowance.credits(with: plan) else { return nil }
        if let stored = try self.creditAccount(id, policy), stored.generation >= allowance.creditGeneration {
            return stored
        }
        return AccountState(opening: id, policy, since: since, generation: allowance.creditGeneration)
    }

    func store(_ snapshot: CreditSnapshot) throws {
        for account in snapshot.accounts {
            try self.connection.execute(
                """
                INSERT INTO credit_accounts (\(sql: Self.accountColumns))
                VALUES (\(Int(account.id.kind.rawValue)), \(Self.owner(account.id)), \(Int(account.generation)),
                    \(account.balance.remaining), \(account.balance.period), \(Int64(clamping: account.sequence)),
                    \(JSON.array(account.holds.map(\.json))))
                ON CONFLICT (kind, owner_id) DO UPDATE SET generation = excluded.generation,
                    remaining = excluded.remaining, period = excluded.period, sequence = excluded.sequence,
                    holds = excluded.holds
                WHERE excluded.generation >= credit_accounts.generation
                """
            )
        }
        for reservation in snapshot.reservations {
            let (state, used) = reservation.state.stored
            try self.connection.execute(
                """
                INSERT INTO credit_reservations (id, accounts, amount, lease_ends_at, state, used, sequence)
                VALUES (\(reservation.id), \(JSON.array(reservation.accounts.map { .string(Self.text($0)) })),
                    \(reservation.amount), \(reservation.leaseEndsAt), \(state), \(used),
                    \(Int64(clamping: reservation.sequence)))
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, used = excluded.used,
                    sequence = excluded.sequence
                """
            )
        }
    }

    func newestCreditSequence() throws -> UInt64 {
        let newest = try self.connection.row(
            """
            SELECT coalesce(max(sequence), 0) AS newest FROM
                (SELECT sequence FROM credit_accounts UNION ALL SELECT sequence FROM credit_reservations) AS known
            """
        )?.value("newest", as: Int64.self)
        return UInt64(clamping: newest ?? 0)
    }

    /// The reservations that are open, and those whose lease ended after `moment`.
    func reservations(openOrEndingAfter moment: Timestamp) throws -> [Reservation] {
        try self.connection.rows(
            """
            SELECT id, accounts, amount, lease_ends_at, state, used, sequence FROM credit_reservations
            WHERE state = 'open' OR lease_ends_at >= \(moment) ORDER BY sequence
            """
        ).map { row in
            let accounts = try (row.value("accounts", as: JSON.self).array ?? []).map { json in
                guard let account = json.string.flatMap(Self.account) else { throw Row.unreadable("accounts") }
                return account
            }
            return Reservation(
                id: try row.value("id"),
                accounts: accounts,
                amount: try row.value("amount"),
                leaseEndsAt: try row.value("lease_ends_at"),
                state: try Reservation.State(row),
                sequence: UInt64(clamping: try row.value("sequence", as: Int64.self))
            )
        }
    }

    func deleteReservations(settledBefore moment: Timestamp) throws -> Int {
        try self.connection.execute(
            "DELETE FROM credit_reservations WHERE state <> 'open' AND lease_ends_at < \(moment)"
        )
    }

    private static func owner(_ id: AccountID) -> String {
        switch id.kind {
        case .key: APIKey.ID(bits: id.bits).text
        case .consumer: Consumer.ID(bits: id.bits).text
        }
    }

    private static func text(_ id: AccountID) -> String { self.owner(id) }

    private static func account(_ text: String) -> AccountID? {
        if let key = try? APIKey.ID(parsing: text) { return AccountID(.key, key.bits) }
        return (try? Consumer.ID(parsing: text)).map { AccountID(.consumer, $0.bits) }
    }
}

extension CreditHold {
    fileprivate var json: JSON {
        [
            "reservation": .string(self.reservation.text), "amount": .integer(self.amount),
            "period": .integer(self.period), "leaseEndsAt": .string(self.leaseEndsAt.text),
        ]
    }

    fileprivate init?(reading reader: inout ObjectReader) {
        guard let text = reader.value("reservation")?.string, let id = try? Reservation.ID(parsing: text),
            let amount = reader.value("amount")?.integer, let period = reader.value("period")?.integer,
            let end = reader.value("leaseEndsAt")?.string, let leaseEndsAt = try? Timestamp(parsing: end)
        else { return nil }
        self.init(reservation: id, amount: amount, period: period, leaseEndsAt: leaseEndsAt)
    }
}

extension Reservation.State {
    fileprivate var stored: (name: String, used: Int64) {
        switch self {
        case .open: ("open", 0)
        case .committed(let used): ("committed", used)
        case .released: ("released", 0)
        case .expired: ("expired", 0)
        }
    }

    fileprivate init(_ row: Row) throws {
        switch try row.value("state", as: String.self) {
        case "open": self = .open
        case "committed": self = .committed(try row.value("used"))
        case "released": self = .released
        case "expired": self = .expired
        default: throw Row.unreadable("state")
        }
    }
}
