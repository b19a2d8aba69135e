public import ClavigerCore
public import ClavigerVerifier
import Crypto

/// What somebody wants set aside of a key's credits.
public struct ReservationDraft: Sendable {
    /// The longest lease.
    public static let longestLease = Duration.seconds(24 * 3600)

    /// How the key is named.
    public enum Owner: Sendable {
        case token(PresentedToken)
        case key(APIKey.ID)
    }

    /// The key.
    public var owner: Owner
    /// How many credits.
    public var amount: Int64
    /// How long they stay set aside.
    public var lease: Duration
    /// The request that a token came with.
    public var context: ClientContext

    /// Makes a draft.
    public init(owner: Owner, amount: Int64, lease: Duration, context: ClientContext = ClientContext()) {
        self.owner = owner
        self.amount = amount
        self.lease = lease
        self.context = context
    }
}

extension Authority {
    /// Sets credits of a key aside, for work whose cost is known only afterwards.
    ///
    /// - Parameter idempotencyKey: what the caller repeats the request with if it gets no answer. The reservation's id
    ///   is made from it, so that the ledger, which knows each id once, cannot make two.
    /// - Returns: the reservation, and whether it was there already.
    /// - Throws: a ``Problem`` when the key cannot be used, has no credits, or too few.
    public func reserve(
        _ draft: ReservationDraft,
        by caller: Caller,
        idempotencyKey: String? = nil
    ) async throws -> (reservation: Reservation, isReplayed: Bool) {
        let key = try await self.keyForReservation(draft.owner, draft.context, by: caller)
        let now = self.time.now()
        let id = idempotencyKey.map { Self.reservationID($0, caller) } ?? Identifier(at: now, from: self.random)
        let accounts = try await self.store.read { tx in
            let ids = [AccountID(.key, key.id.bits), AccountID(.consumer, key.consumerID.bits)]
            return try ids.compactMap { try tx.creditAccount($0) }
        }
        guard !accounts.isEmpty else {
            throw Problem(
                .stateConflict,
                "The key has no credits, and neither has its consumer: nothing limits its use."
            )
        }
        let ledger = self.verifier.ledger
        for account in accounts { ledger.load(account) }
        if idempotencyKey != nil, let known = ledger.reservation(id) {
            return (try Self.replay(known, draft, accounts), true)
        }
        return try await Problem.ofReservation {
            let decision = try ledger.reserve(
                id,
                from: accounts.map(\.id),
                amount: draft.amount,
                lease: draft.lease,
                at: now
            )
            switch decision {
            case .granted(let reservation, _):
                do {
                    // It may have been revoked since it was looked at, and that may have been acknowledged (promise P4).
                    _ = try await self.keyForReservation(.key(key.id), draft.context, by: caller)
                } catch {
                    _ = try? ledger.release(reservation.id, at: self.time.now())
                    throw error
                }
                try await self.waitForDisk(reservation.sequence)
                return (reservation, false)
            case .refused(let decision):
                throw Problem(
                    .creditsExhausted,
                    "The key has \(decision.remaining ?? 0) credits left; \(draft.amount) were to be reserved."
                )
            }
        }
    }

    /// The first 128 bits of a SHA-256 over what tells one caller's request from another's.
    private static func reservationID(_ idempotencyKey: String, _ caller: Caller) -> Reservation.ID {
        var hash = SHA256()
        for part in ["reservation", caller.workspaceID.text, caller.keyID.text, idempotencyKey] {
            let bytes = Array(part.utf8)
            hash.update(data: Array("\(bytes.count):".utf8) + bytes)
        }
        return Identifier(bits: hash.finalize().prefix(16).reduce(0) { $0 << 8 | UInt128($1) })
    }

    private static func replay(
        _ known: Reservation,
        _ draft: ReservationDraft,
        _ accounts: [AccountState]
    ) throws(Problem) -> Reservation {
        guard known.amount == draft.amount, Set(known.accounts) == Set(accounts.map(\.id)) else {
            throw .idempotencyKeyReused
        }
        return known
    }

    /// Uses what was set aside, or a part; the rest goes back.
    public func commit(_ id: Reservation.ID, amount: Int64, by caller: Caller) async throws -> Reservation {
        try await self.settle(id, by: caller) { ledger, now in try ledger.commit(id, amount: amount, at: now) }
    }

    /// Gives back what was set aside.
    public func release(_ id: Reservation.ID, by caller: Caller) async throws -> Reservation {
        try await self.settle(id, by: caller) { ledger, now in try ledger.release(id, at: now) }
    }

    private func settle(
        _ id: Reservation.ID,
        by caller: Caller,
        _ perform: (CreditLedger, Timestamp) throws -> Reservation
    ) async throws -> Reservation {
        guard let known = self.verifier.ledger.reservation(id) else { throw Problem.notFound("reservation") }
        try await self.checkMaySettle(known, by: caller)
        return try await Problem.ofReservation {
            let reservation = try perform(self.verifier.ledger, self.time.now())
            try await self.waitForDisk(reservation.sequence)
            return reservation
        }
    }

    private func waitForDisk(_ sequence: UInt64) async throws {
        try await self.verifier.waitIfDurable(sequence)
    }

    private func keyForReservation(
        _ owner: ReservationDraft.Owner,
        _ context: ClientContext,
        by caller: Caller
    ) async throws -> APIKey {
        let id: APIKey.ID
        switch owner {
        case .key(let key): id = key
        case .token(let token):
            let query = VerificationQuery(context: context)
            let verdict = try await self.verifier.authenticate(
                token,
                query,
                reporter: UInt64(truncatingIfNeeded: caller.keyID.bits),
                isVisible: Self.visibility(for: .reserve, caller)
            )
            guard let key = verdict.key else { throw Problem.notFound("key") }
            guard verdict.isValid else {
                self.noteEnded(verdict, of: token, query, self.recording(.management, caller))
                throw Problem(.stateConflict, "The key cannot be used: \(verdict.code.rawValue).")
            }
            id = key.keyID
        }
        let now = self.time.now()
        return try await self.read(AuditAction(.key, "reserve"), id.text, by: caller) { tx, caller in
            let key = try tx.existingKey(id, for: .reserve, caller).key
            guard key.state(at: now) == .active, key.attributes.notBefore.map({ $0 <= now }) ?? true else {
                throw Problem(.stateConflict, "The key is \(key.state(at: now).rawValue); it cannot reserve credits.")
            }
            let owner = try tx.consumer(key.consumerID, in: caller.workspaceID)
            for plan in [key.attributes.allowance.planID, owner?.attributes.allowance.planID] {
                guard let plan, try tx.plan(plan, in: caller.workspaceID)?.state == .suspended else { continue }
                throw Problem(.stateConflict, "A plan of the key or of its consumer is suspended.")
            }
            return key
        }
    }

    /// Whoever may reserve credits of a key may settle its reservations; one of another workspace is unknown.
    private func checkMaySettle(_ reservation: Reservation, by caller: Caller) async throws {
        try await self.read(AuditAction(.key, "reserve"), reservation.id.text, by: caller) { tx, caller in
            for account in reservation.accounts {
                switch account.kind {
                case .key:
                    _ = try tx.existingKey(APIKey.ID(bits: account.bits), for: .reserve, caller)
                case .consumer:
                    let id = Consumer.ID(bits: account.bits)
                    guard try tx.consumer(id, in: caller.workspaceID) != nil else {
                        throw Problem.notFound("reservation")
                    }
                    // Whoever may reserve on one of its keys shares the account.
                    var filter = KeyFilter()
                    filter.consumer = id
                    let page = PageRequest(limit: 1000)
                    let keys = try tx.keys(filter, in: caller.workspaceID, page: page, at: self.time.now())
                    let mayReserve = try keys.contains { key in
                        guard let api = try tx.api(key.apiID, in: caller.workspaceID) else { return false }
                        return Permission.keys(.reserve, api.reference, key.environment).isGranted(by: caller.scopes)
                    }
                    guard mayReserve else {
                        throw Problem.forbidden(
                            needed: Permission.anyKey(.reserve, api: "*", environment: nil)
                        )
                    }
                }
            }
        }
    }
}

extension Problem {
    fileprivate static func ofReservation<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await Self.ofUse(body)
        } catch let error as ReservationError {
            switch error {
            case .unknown: throw Problem.notFound("reservation")
            case .notReserved: throw Problem.validation([Violation("/amount", error.description)])
            default: throw Problem(.stateConflict, error.description)
            }
        }
    }
}
