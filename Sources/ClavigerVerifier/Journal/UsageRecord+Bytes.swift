import ClavigerCore

/// The form of a record in the journal: what is there is told by bits, then come the fields in a fixed order.
///
/// A change of this form needs a new ``SegmentHeader/version``.
extension UsageRecord {
    /// Which of the fields that can be missing are there.
    private struct Presence: OptionSet {
        var rawValue: UInt16

        static let workspaceID = Self(rawValue: 1 << 0)
        static let apiID = Self(rawValue: 1 << 1)
        static let consumerID = Self(rawValue: 1 << 2)
        static let keyID = Self(rawValue: 1 << 3)
        static let credentialID = Self(rawValue: 1 << 4)
        static let lookupID = Self(rawValue: 1 << 5)
        static let environment = Self(rawValue: 1 << 6)
        static let v4 = Self(rawValue: 1 << 7)
        static let v6 = Self(rawValue: 1 << 8)
        static let method = Self(rawValue: 1 << 9)
        static let path = Self(rawValue: 1 << 10)
        static let origin = Self(rawValue: 1 << 11)
        static let userAgent = Self(rawValue: 1 << 12)
        static let upstreamStatus = Self(rawValue: 1 << 13)
        static let about = Self(rawValue: 1 << 14)
    }

    /// What is written whatever is there, and all fields of fixed size, rounded up.
    private static let fixedBytes = 160
    /// The largest size of a credit change.
    private static let creditBytes = 72
    /// Set beside the kind of a credit change that belongs to a reservation.
    private static let reservationBit: UInt8 = 0x80

    /// The largest number of bytes of any record.
    static let mostBytes =
        fixedBytes + 3 * longestName + longestOrigin + 2 * longestText + 6 * 2 + mostCredits * creditBytes

    /// No less than the number of bytes that this record needs.
    var roomForBytes: Int {
        precondition(self.credits.count <= Self.mostCredits, "a record has at most \(Self.mostCredits) credit changes")
        var room = Self.fixedBytes + 6 * 2 + self.credits.count * Self.creditBytes
        room += min(self.requestID.utf8.count, Self.longestName)
        if let environment { room += min(environment.utf8.count, Self.longestName) }
        if let method { room += min(method.utf8.count, Self.longestName) }
        if let path { room += min(path.utf8.count, Self.longestText) }
        if let origin { room += min(origin.utf8.count, Self.longestOrigin) }
        if let userAgent { room += min(userAgent.utf8.count, Self.longestText) }
        return room
    }

    /// Writes the record; the writer has ``roomForBytes``.
    func write(to writer: inout ByteWriter) {
        writer.write(self.presence.rawValue)
        writer.write(self.code)
        writer.write(self.source.rawValue)
        writer.write(UInt8(self.credits.count))
        writer.write(self.time.milliseconds)
        writer.write(self.cost)
        writer.write(self.latencyMicros)
        if let workspaceID { writer.write(workspaceID) }
        if let apiID { writer.write(apiID) }
        if let consumerID { writer.write(consumerID) }
        if let keyID { writer.write(keyID) }
        if let credentialID { writer.write(credentialID) }
        if let lookupID {
            writer.write(UInt64(truncatingIfNeeded: lookupID.bits >> 32))
            writer.write(UInt32(truncatingIfNeeded: lookupID.bits))
        }
        switch self.clientAddress {
        case .v4(let address): writer.write(address)
        case .v6(let address): writer.write(address)
        case nil: break
        }
        if let upstreamStatus { writer.write(upstreamStatus) }
        if let about { writer.write(about) }
        if let environment { writer.write(environment, atMost: Self.longestName) }
        if let method { writer.write(method, atMost: Self.longestName) }
        if let path { writer.write(path, atMost: Self.longestText) }
        if let origin { writer.write(origin, atMost: Self.longestOrigin) }
        if let userAgent { writer.write(userAgent, atMost: Self.longestText) }
        writer.write(self.requestID, atMost: Self.longestName)
        for change in self.credits { Self.write(change, to: &writer) }
    }

    private var presence: Presence {
        var presence: Presence = []
        if self.workspaceID != nil { presence.insert(.workspaceID) }
        if self.apiID != nil { presence.insert(.apiID) }
        if self.consumerID != nil { presence.insert(.consumerID) }
        if self.keyID != nil { presence.insert(.keyID) }
        if self.credentialID != nil { presence.insert(.credentialID) }
        if self.lookupID != nil { presence.insert(.lookupID) }
        if self.environment != nil { presence.insert(.environment) }
        switch self.clientAddress {
        case .v4: presence.insert(.v4)
        case .v6: presence.insert(.v6)
        case nil: break
        }
        if self.method != nil { presence.insert(.method) }
        if self.path != nil { presence.insert(.path) }
        if self.origin != nil { presence.insert(.origin) }
        if self.userAgent != nil { presence.insert(.userAgent) }
        if self.upstreamStatus != nil { presence.insert(.upstreamStatus) }
        if self.about != nil { presence.insert(.about) }
        return presence
    }

    private static func write(_ change: CreditChange, to writer: inout ByteWriter) {
        writer.write(change.kind.rawValue | (change.reservation == nil ? 0 : Self.reservationBit))
        writer.write(change.accountKind)
        writer.write(change.accountID)
        writer.write(change.generation)
        writer.write(change.amount)
        writer.write(change.remainingAfter)
        writer.write(change.periodAfter)
        guard let reservation = change.reservation else { return }
        writer.write(reservation.id)
        writer.write(reservation.leaseEndsAt.milliseconds)
    }
}

extension UsageRecord {
    /// Reads a record; `nil` when the bytes are not one and nothing else.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard
            let presence = reader.read(UInt16.self).map(Presence.init(rawValue:)),
            let code = reader.read(UInt8.self),
            let source = reader.read(UInt8.self).flatMap(Source.init(rawValue:)),
            let creditCount = reader.read(UInt8.self),
            let time = reader.read(Int64.self),
            let cost = reader.read(UInt32.self),
            let latencyMicros = reader.read(UInt32.self)
        else { return nil }
        self.init(time: Timestamp(milliseconds: time), code: code, source: source, cost: cost)
        self.latencyMicros = latencyMicros
        guard
            self.readIDs(presence, from: &reader),
            self.readTexts(presence, from: &reader),
            let requestID = reader.readText()
        else { return nil }
        self.requestID = requestID
        self.credits.reserveCapacity(Int(creditCount))
        for _ in 0..<creditCount {
            guard let change = Self.readCredit(from: &reader) else { return nil }
            self.credits.append(change)
        }
        guard reader.isAtEnd else { return nil }
    }

    private mutating func readIDs(_ presence: Presence, from reader: inout ByteReader) -> Bool {
        func read<Number: FixedWidthInteger & BitwiseCopyable>(
            _ field: Presence,
            into target: inout Number?
        ) -> Bool {
            guard presence.contains(field) else { return true }
            target = reader.read(Number.self)
            return target != nil
        }
        guard
            read(.workspaceID, into: &self.workspaceID), read(.apiID, into: &self.apiID),
            read(.consumerID, into: &self.consumerID), read(.keyID, into: &self.keyID),
            read(.credentialID, into: &self.credentialID)
        else { return false }
        if presence.contains(.lookupID) {
            guard let head = reader.read(UInt64.self), let tail = reader.read(UInt32.self) else { return false }
            self.lookupID = LookupID(bits: UInt128(head) << 32 | UInt128(tail))
            guard self.lookupID != nil else { return false }
        }
        if presence.contains(.v4) {
            guard let address = reader.read(UInt32.self) else { return false }
            self.clientAddress = .v4(address)
        } else if presence.contains(.v6) {
            guard let address = reader.read(UInt128.self) else { return false }
            self.clientAddress = .v6(address)
        }
        return read(.upstreamStatus, into: &self.upstreamStatus) && read(.about, into: &self.about)
    }

    private mutating func readTexts(_ presence: Presence, from reader: inout ByteReader) -> Bool {
        func read(_ field: Presence, into target: inout String?) -> Bool {
            guard presence.contains(field) else { return true }
            target = reader.readText()
            return target != nil
        }
        return read(.environment, into: &self.environment) && read(.method, into: &self.method)
            && read(.path, into: &self.path) && read(.origin, into: &self.origin)
            && read(.userAgent, into: &self.userAgent)
    }

    private static func readCredit(from reader: inout ByteReader) -> CreditChange? {
        guard
            let kindAndBit = reader.read(UInt8.self),
            let kind = CreditEntry.Kind(rawValue: kindAndBit & ~Self.reservationBit),
            let accountKind = reader.read(UInt8.self),
            let accountID = reader.read(UInt128.self),
            let generation = reader.read(UInt32.self),
            let amount = reader.read(Int64.self),
            let remainingAfter = reader.read(Int64.self),
            let periodAfter = reader.read(Int64.self)
        else { return nil }
        var change = CreditChange(
            kind: kind,
            accountKind: accountKind,
            accountID: accountID,
            generation: generation,
            amount: amount,
            remainingAfter: remainingAfter,
            periodAfter: periodAfter
        )
        guard kindAndBit & Self.reservationBit != 0 else { return change }
        guard let id = reader.read(UInt128.self), let end = reader.read(Int64.self) else { return nil }
        change.reservation = CreditChange.Reservation(id: id, leaseEndsAt: Timestamp(milliseconds: end))
        return change
    }
}
