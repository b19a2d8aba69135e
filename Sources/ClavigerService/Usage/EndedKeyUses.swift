import ClavigerCore
import ClavigerVerifier

/// Puts on record that a key was used which somebody had revoked, or marked as compromised.
///
/// The first such use of a key in each hour has a record of its own in the audit log; how many there were is in the
/// access log, which is anchored there.
actor EndedKeyUses {
    private static let action = "key.use_refused"
    static let codes: [UInt8: VerificationCode] = [
        VerificationCode.revoked.number: .revoked, VerificationCode.compromised.number: .compromised,
    ]
    /// The most that is remembered; the log itself is asked about the rest.
    private static let mostKnown = 10_000

    /// What has one record.
    private struct Hour: Hashable {
        let key: UInt128
        let code: UInt8
        let number: Int64

        init(_ key: UInt128, _ code: UInt8, at time: Timestamp) {
            self.key = key
            self.code = code
            self.number = time.milliseconds / 3_600_000
        }

        var start: Timestamp { Timestamp(milliseconds: self.number * 3_600_000) }
    }

    private let store: any AuthorityStore
    private let random: any RandomSource
    /// What is on record.
    private var known: Set<Hour> = []

    init(_ store: any AuthorityStore, random: any RandomSource) {
        self.store = store
        self.random = random
    }

    /// Records what is not on record; to be done before the uses are taken out of the journal's reach.
    ///
    /// It may be done twice for the same uses.
    func record(_ uses: [(sequence: UInt64, record: UsageRecord)]) async throws {
        var new: [(hour: Hour, record: AuditRecord)] = []
        var seen: Set<Hour> = []
        for (_, use) in uses {
            guard let code = Self.codes[use.code], let key = use.keyID else { continue }
            let hour = Hour(key, use.code, at: use.time)
            guard !self.known.contains(hour), seen.insert(hour).inserted,
                let record = self.record(of: use, code, key)
            else { continue }
            new.append((hour, record))
        }
        guard !new.isEmpty else { return }
        try await self.store.write { [new] tx in
            let missing = try new.filter { try tx.isKnown($0.record.workspaceID) && !Self.isOnRecord($0, tx) }
            if !missing.isEmpty { try tx.append(missing.map(\.record)) }
        } afterCommit: { _ in
        }
        if self.known.count + new.count > Self.mostKnown { self.known = [] }
        self.known.formUnion(seen)
    }

    private static func isOnRecord(
        _ use: (hour: Hour, record: AuditRecord),
        _ tx: any AuditReading
    ) throws -> Bool {
        let (hour, record) = use
        var filter = AuditFilter()
        (filter.action, filter.targetID) = (Self.action, record.target.id)
        (filter.from, filter.to) = (hour.start, hour.start + .seconds(3600))
        // One for each code.
        let page = PageRequest(limit: Self.codes.count)
        return try tx.auditEvents(filter, in: record.workspaceID, page: page).contains {
            $0.fields["reason"]?.string == record.reason
        }
    }

    private func record(of use: UsageRecord, _ code: VerificationCode, _ key: UInt128) -> AuditRecord? {
        guard let workspace = use.workspaceID else { return nil }
        let entry = AccessLogEntry(use, sequence: 0)
        var record = AuditRecord.bySystem(
            Self.action,
            APIKey.ID(bits: key).text,
            after: [
                "consumerId": entry.consumerID.map { .string($0.text) }, "apiId": entry.apiID.map { .string($0.text) },
                "environment": entry.environment.map(JSON.string),
                "credentialId": entry.credentialID.map { .string($0.text) }, "source": .string(entry.source.name),
                "network": entry.clientAddress.map { .string($0.description) },
                "userAgent": entry.userAgent.map(JSON.string),
            ],
            in: Workspace.ID(bits: workspace),
            at: use.time,
            from: self.random
        )
        record.outcome = .denied
        record.reason = code.rawValue
        record.requestID = use.requestID
        return record
    }
}

extension AuthorityReading {
    /// Whether a workspace is one of this database: a journal may outlive the database that it was made beside.
    fileprivate func isKnown(_ id: Workspace.ID) throws -> Bool {
        try self.workspace(named: Workspace.defaultName)?.id == id
    }
}
