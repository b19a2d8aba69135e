public import ClavigerCore

/// What to put on record of a verification besides its outcome.
public struct UseRecording: Sendable {
    /// The tenant that asks.
    public var workspaceID: Workspace.ID
    /// Who asks.
    public var source: UsageRecord.Source
    /// The request that asks.
    public var requestID: String
    /// The management key that asks, in as many bits as tell it from others.
    public var reporter: UInt64

    /// Makes a recording.
    public init(
        workspaceID: Workspace.ID,
        source: UsageRecord.Source,
        requestID: String,
        reporter: APIKey.ID? = nil
    ) {
        self.workspaceID = workspaceID
        self.source = source
        self.requestID = requestID
        self.reporter = UInt64(truncatingIfNeeded: reporter?.bits ?? 0)
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
        record.path = context.path.map { TokenRedaction.redacting(Self.withoutQuery($0)) }
        // Nothing but an origin, which has no place for a secret; the one that restrictions look at.
        record.origin = context.pageOrigin?.description
        record.userAgent = context.userAgent.map(TokenRedaction.redacting)
        let (seconds, attoseconds) = took.components
        record.latencyMicros = UInt32(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        return record
    }

    /// The path alone: secrets end up in queries.
    ///
    /// Byte by byte, as a combining mark behind the `?` makes another character of it.
    private static func withoutQuery(_ path: String) -> String {
        let bytes = path.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
