import ClavigerCore

// How changes of credits are part of records in the journal.

extension CreditEntry {
    var recorded: [UsageRecord.CreditChange] {
        self.changes.map { change in
            UsageRecord.CreditChange(
                kind: self.kind,
                accountKind: change.account.kind.rawValue,
                accountID: change.account.bits,
                generation: change.generation,
                amount: change.amount,
                remainingAfter: change.remainingAfter,
                periodAfter: change.periodAfter,
                reservation: self.lease.map {
                    UsageRecord.CreditChange.Reservation(id: $0.reservation.bits, leaseEndsAt: $0.endsAt)
                }
            )
        }
    }
}

extension UsageRecord {
    /// What the record says of credits; nil if nothing.
    public var creditEntry: CreditEntry? {
        guard let first = self.credits.first else { return nil }
        let changes = self.credits.compactMap { change -> ClavigerVerifier.CreditChange? in
            guard let kind = AccountID.Kind(rawValue: change.accountKind) else { return nil }
            return ClavigerVerifier.CreditChange(
                account: AccountID(kind, change.accountID),
                generation: change.generation,
                amount: change.amount,
                remainingAfter: change.remainingAfter,
                periodAfter: change.periodAfter
            )
        }
        let lease = first.reservation.map {
            CreditEntry.Lease(reservation: Identifier(bits: $0.id), endsAt: $0.leaseEndsAt)
        }
        return CreditEntry(first.kind, changes, lease: lease)
    }
}
