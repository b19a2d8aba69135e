public import ClavigerCore
public import ClavigerLog

// Reading the audit log, which is on record itself: once an hour for each reader and each thing that is looked for.
extension Authority {
    /// Audit events, the newest first.
    public func auditEvents(
        _ filter: AuditFilter,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [AuditEvent] {
        try await self.readAudit("list", nil, filter.recordFields, by: caller) { tx, caller in
            try tx.auditEvents(filter, in: caller.workspaceID, page: page)
        }
    }

    /// The audit event at an index.
    public func auditEvent(at index: Int, by caller: Caller) async throws -> AuditEvent {
        try await self.readAudit("read", String(index), nil, by: caller) { tx, caller in
            guard let event = try tx.auditEvent(at: index, in: caller.workspaceID) else {
                throw Problem.notFound("audit event")
            }
            return event
        }
    }

    /// What happened to a key, and to the requests that it came from: the newest first.
    public func keyHistory(_ id: APIKey.ID, page: PageRequest, by caller: Caller) async throws -> [AuditEvent] {
        var filter = AuditFilter()
        filter.keyID = id
        return try await self.auditEvents(filter, page: page, by: caller)
    }

    /// The proof that an event is in the log.
    public func auditProof(of index: Int, by caller: Caller) async throws -> LogProof {
        try await self.readAudit("prove", String(index), nil, by: caller) { tx, _ in
            // Before it goes on record that it was asked for.
            guard index < (try tx.auditSize()) else { throw Problem.notFound("audit event") }
        }
        return try await self.auditLog.proof(of: index)
    }

    /// The name of the log, and what its heads are signed with.
    public func auditKey(by caller: Caller) async throws -> AuditKey {
        let firstIndex = try await self.readAudit("read_key", nil, nil, by: caller) { tx, _ in
            try tx.auditLog()?.prunedBelow ?? 0
        }
        return AuditKey(self.keyring.keyring, origin: self.auditLog.origin, firstIndex: firstIndex)
    }

    /// A checkpoint, tile or entry bundle; nil if there is no such.
    ///
    /// - Parameter resource: nil for something that is none of these, which is said to those alone who may read.
    public func auditResource(_ resource: LogResource?, by caller: Caller) async throws -> [UInt8]? {
        try await self.readAudit("follow", nil, nil, by: caller) { _, _ in }
        guard let resource else { return nil }
        return try await self.auditLog.bytes(of: resource)
    }

    /// Under which commitments a value appears in the log.
    public func auditCommitments(to value: JSON, by caller: Caller) async throws -> [KnownCommitment] {
        // Not what was asked for: it is personal.
        try await self.readAudit("hash", nil, nil, by: caller) { tx, _ in try tx.commitments(to: value) }
    }

    private func readAudit<T: Sendable>(
        _ verb: String,
        _ target: String?,
        _ details: JSON?,
        by caller: Caller,
        _ body: @escaping @Sendable (any AuthorityReading, Caller) throws -> T
    ) async throws -> T {
        let action = AuditAction(.audit, verb)
        // Who may not read is told so before anything is looked at.
        let answer = try await self.read(action, target, by: caller) { tx, caller in
            try caller.require(.readAudit)
            return try body(tx, caller)
        }
        let reading = AuditReadings.Reading(
            reader: caller.keyID,
            action: action.text,
            details: Array((target ?? "").utf8) + (details?.canonical() ?? [])
        )
        guard self.auditReadings.mark(reading, at: self.time.uptime()) else { return answer }
        do {
            // Not as a change: also a log that is not what was signed can be read.
            let (now, random) = (self.time.now(), self.random)
            try await self.store.write { tx in
                let change = Change(tx, by: caller, at: now, random: random)
                try tx.append(change.auditRecord(action, target, after: details))
            } afterCommit: {
            }
        } catch {
            self.auditReadings.forget(reading)
            throw error
        }
        return answer
    }
}

extension AuditFilter {
    /// What was looked for, as it goes on record.
    ///
    /// Of a text that is no id and no action, only that there was one: somebody may look for a token or a name.
    fileprivate var recordFields: JSON {
        [
            "action": self.action.map { Self.shown($0) { Self.isAction($0) } },
            "actorId": self.actorID.map { Self.shown($0, if: Self.isID) },
            "targetId": self.targetID.map { Self.shown($0, if: Self.isID) },
            "keyId": self.keyID.map { .string($0.text) },
            "outcome": self.outcome.map { .string($0.rawValue) }, "network": self.network == nil ? nil : true,
            "requestId": self.requestID.map { Self.shown($0, if: Self.isID) },
            "from": self.from.map { .string($0.text) },
            "to": self.to.map { .string($0.text) },
        ]
    }

    private static func shown(_ text: String, if isHarmless: (String) -> Bool) -> JSON {
        isHarmless(text) ? .string(text) : true
    }

    /// Words of small letters with dots between them.
    private static func isAction(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == 0x2E || $0 == 0x5F }
    }

    /// A short prefix, one underscore, and at most 22 letters and digits: shorter than the secret of a token is.
    private static func isID(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        return parts.count == 2 && (1...8).contains(parts[0].count) && (1...22).contains(parts[1].count)
            && parts.allSatisfy { $0.allSatisfy { Base62.value(of: $0) != nil } }
    }
}
