public import ClavigerCore

/// Where uses of keys go on record.
public protocol UsageSink: Sendable {
    /// Writes a record and tells its number, which is larger than all before it; from then on it outlives the process.
    ///
    /// It may be called with a lock held, and must be short.
    func append(_ record: UsageRecord) throws(JournalFull) -> UInt64

    /// Waits until a record outlives a power cut.
    func waitUntilDurable(_ sequence: UInt64) async throws
}

extension UsageJournal: UsageSink {}

/// Names a record of a decision.
public struct RecordedUse: Hashable, Sendable {
    /// The number of the record.
    public let number: UInt64
    /// The time that the record has.
    public let time: Timestamp
}

/// Writes what becomes of credits as records of their own; spends are part of the record of their verification.
public struct CreditRecords: CreditJournal {
    private let sink: any UsageSink
    private let time: any TimeSource

    /// Writes to `sink`.
    public init(sink: any UsageSink, time: any TimeSource) {
        self.sink = sink
        self.time = time
    }

    /// Writes an entry and answers its number.
    public func append(_ entry: CreditEntry) throws(JournalFull) -> UInt64 {
        var record = UsageRecord(time: self.time.now(), code: VerificationCode.valid.number, source: .credits)
        record.credits = entry.recorded
        return try self.sink.append(record)
    }
}
