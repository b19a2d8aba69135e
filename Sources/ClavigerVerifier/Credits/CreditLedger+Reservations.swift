public import ClavigerCore
import Synchronization

extension CreditLedger {
    /// What somebody wants to become of a reservation.
    private enum Wish {
        case commit(Int64)
        case release
        case expire

        var kind: CreditEntry.Kind {
            switch self {
            case .commit: .commit
            case .release: .release
            case .expire: .expire
            }
        }

        var state: Reservation.State {
            switch self {
            case .commit(let amount): .committed(amount)
            case .release: .released
            case .expire: .expired
            }
        }
    }

    /// Sets credits of all accounts aside until they are committed or released, or the lease ends.
    ///
    /// - Throws: ``ReservationError`` or ``JournalFull``; then nothing is set aside.
    public func reserve(
        _ id: Reservation.ID,
        from ids: [AccountID],
        amount: Int64,
        lease: Duration,
        at now: Timestamp
    ) throws -> ReservationDecision {
        let lease = CreditEntry.Lease(reservation: id, endsAt: now + lease)
        let first = try self.reserve(amount, from: ids, lease, at: now, canWait: true)
        guard !first.ended.isEmpty else { return first.decision }
        for id in first.ended { try? self.expire(id, at: now) }
        return try self.reserve(amount, from: ids, lease, at: now, canWait: false).decision
    }

    /// Uses `amount` of what was set aside and gives the rest back.
    ///
    /// A commit that is repeated with the same amount answers the same.
    ///
    /// - Throws: ``ReservationError`` or ``JournalFull``; then nothing has changed, but a lease that has ended is over.
    public func commit(_ id: Reservation.ID, amount: Int64, at now: Timestamp) throws -> Reservation {
        try self.settle(id, .commit(amount), at: now)
    }

    /// Gives everything back that was set aside.
    ///
    /// A release that is repeated answers the same, and so does one after the lease has ended.
    ///
    /// - Throws: ``ReservationError`` or ``JournalFull``; then nothing has changed.
    public func release(_ id: Reservation.ID, at now: Timestamp) throws -> Reservation {
        try self.settle(id, .release, at: now)
    }

    /// Gives back what was set aside under leases that have ended; answers how many there were.
    ///
    /// - Throws: ``JournalFull``; those that are left are tried again the next time.
    @discardableResult
    public func expireLeases(at now: Timestamp) throws -> Int {
        let ended = self.reservations.withLock { $0.takeEnded(at: now) }
        for (index, id) in ended.enumerated() {
            do {
                try self.expire(id, at: now)
            } catch {
                self.reservations.withLock { reservations in
                    for id in ended[index...] { reservations.putBack(id) }
                }
                throw error
            }
        }
        return ended.count
    }

    /// A reservation, unless it was settled so long ago that it is forgotten.
    public func reservation(_ id: Reservation.ID) -> Reservation? {
        self.reservations.withLock { $0[id] }
    }

    /// Gives back what one lease held, if it is still open.
    func expire(_ id: Reservation.ID, at now: Timestamp) throws {
        do {
            _ = try self.settle(id, .expire, at: now)
        } catch is ReservationError {
            // Somebody else settled it in between.
        }
    }

    private func reserve(
        _ amount: Int64,
        from ids: [AccountID],
        _ lease: CreditEntry.Lease,
        at now: Timestamp,
        canWait: Bool
    ) throws -> (decision: ReservationDecision, ended: [Reservation.ID]) {
        var reservation: Reservation?
        var isFull = false
        let taken = try self.take(
            .reserve,
            amount,
            from: ids,
            lease: lease,
            at: now,
            canWait: canWait,
            look: { isFull = isFull || $0.state.holds.count >= Self.mostHolds },
            record: { changes in
                guard !isFull else { throw ReservationError.tooMany }
                // Under this lock too, so that nobody makes another one with the id, or one too many, in between.
                return try self.reservations.withLock { reservations in
                    guard reservations[lease.reservation] == nil else { throw ReservationError.exists }
                    guard reservations.openCount < self.mostReservations else { throw ReservationError.tooMany }
                    let sequence = try self.journal.append(CreditEntry(.reserve, changes, lease: lease))
                    let made = Reservation(
                        id: lease.reservation,
                        accounts: changes.map(\.account),
                        amount: amount,
                        leaseEndsAt: lease.endsAt,
                        sequence: sequence
                    )
                    reservations.put(made)
                    reservation = made
                    return sequence
                }
            }
        )
        guard let reservation else { return (.refused(taken.decision), taken.ended) }
        return (.granted(reservation, taken.decision), [])
    }

    private func settle(_ id: Reservation.ID, _ wish: Wish, at now: Timestamp) throws -> Reservation {
        guard let known = self.reservation(id) else { throw ReservationError.unknown }
        if case .commit(let amount) = wish, !(0...known.amount).contains(amount) {
            throw ReservationError.notReserved(known.amount)
        }
        if known.state == .open, known.leaseEndsAt <= now, wish.kind != .expire {
            try self.expire(id, at: now)
            return try self.settle(id, wish, at: now)
        }
        if let answer = try Self.answer(known, to: wish) { return answer }
        var missing: [AccountID] = []
        let accounts = self.accounts(known.accounts, missing: &missing)
        let lease = CreditEntry.Lease(reservation: id, endsAt: known.leaseEndsAt)
        var settled = known
        _ = try self.change(
            accounts,
            wish.kind,
            lease,
            prepare: { guarded in Self.settling(&guarded, known, wish, at: now) },
            record: { changes in
                try self.reservations.withLock { reservations in
                    // It may have been settled since it was looked up.
                    guard let current = reservations[id] else { throw ReservationError.unknown }
                    if let answer = try Self.answer(current, to: wish) {
                        settled = answer
                        return nil
                    }
                    settled.sequence = try self.journal.append(CreditEntry(wish.kind, changes, lease: lease))
                    settled.state = wish.state
                    reservations.put(settled)
                    return settled.sequence
                }
            }
        )
        return settled
    }

    /// What becomes of one account when a reservation is settled.
    private static func settling(
        _ guarded: inout CreditAccount.Guarded,
        _ reservation: Reservation,
        _ wish: Wish,
        at now: Timestamp
    ) -> CreditChange {
        var balance = guarded.balance(at: now)
        var used: Int64 = 0
        if case .commit(let amount) = wish { used = amount }
        // Without a hold, an administrator has set the balance since, and nothing goes back.
        let hold = guarded.state.holds.first { $0.reservation == reservation.id }
        if let hold { balance.giveBack(hold.amount - used, takenIn: hold.period, guarded.state.policy) }
        return guarded.change(wish.kind == .commit ? used : hold?.amount ?? 0, to: balance)
    }

    /// The answer if the reservation is settled already, nil if it is open.
    private static func answer(_ reservation: Reservation, to wish: Wish) throws(ReservationError) -> Reservation? {
        switch (reservation.state, wish) {
        case (.open, _): return nil
        case (.committed(let amount), .commit(let wanted)) where amount == wanted: return reservation
        case (.committed(let amount), _): throw .committed(amount)
        case (.released, .release), (.expired, .release), (.expired, .expire): return reservation
        case (.released, _): throw .released
        case (.expired, .commit): throw .expired
        }
    }
}
