public import ClavigerCore

/// What to put on record of a verification besides its outcome.
public struct UseRecording: Sendable {
    /// The tenant that asks.
    public var workspaceID: Workspace.ID
    /// Who asks.
    public var source: UsageRecord.Source
    /// The request that asks.
    public var requestID: String

    /// Makes a recording.
    public init(workspaceID: Workspace.ID, source: UsageRecord.Source, requestID: String) {
        self.workspaceID = workspaceID
        self.source = source
        self.requestID = requestID
    }

    /// The record of a verification.
    func record(
        _ verdict: Verdict,
        _ query: VerificationQuery,
        _ lookupID: LookupID?,
        at now: Timestamp,
        took: Duration
    ) -> UsageRecord {
        var record = UsageRecord(
            time: now,
            code: verdict.code.number,
            source: self.source,
            // A refused use takes nothing.
            cost: verdict.isValid ? UInt32(clamping: verdict.cost) : 0,
            requestID: self.requestID
        )
        record.workspaceID = self.workspaceID.bits
        if let key = verdict.key {
            record.apiID = key.api.reference.id.bits
            record.environment = key.environment.text
            record.consumerID = key.consumer.id.bits
            record.keyID = key.keyID.bits
            record.credentialID = key.credentialID.bits
            record.lookupID = lookupID
        }
        let context = query.context
        record.clientAddress = context.ip
        record.method = context.method
        // Never the query: secrets end up there.
        record.path = context.path.map { path in String(path.prefix { $0 != "?" && $0 != "#" }) }
        record.origin = context.origin
        record.userAgent = context.userAgent
        record.latencyMicros = UInt32(clamping: took.components.attoseconds / 1_000_000_000_000)
        return record
    }
}
