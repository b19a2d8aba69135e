public import ClavigerCore
public import ClavigerVerifier

/// Where recorded use goes from the journal, and where it is asked for.
///
/// A fold is, in this order: ``append(_:)`` what the journal has, ``rollUp(through:)`` to the last of it, and, now and
/// then, ``sync()`` before the journal drops what has been folded. Each step may be done again, and the server may die
/// between any two: nothing is lost or counted twice. One task folds; queries run beside it.
///
/// The errors are ``StoreFailure``s; one of a day of the access log names its file.
public protocol UsageStore: Sendable {
    /// Adds records to the access log, each to the day of its time; those that are there already are left alone.
    func append(_ batch: [(sequence: UInt64, record: UsageRecord)]) async throws

    /// Counts the records up to this one that are not counted yet.
    ///
    /// All records up to `sequence` have to be appended: one that comes later is not counted any more.
    func rollUp(through sequence: UInt64) async throws

    /// Waits until everything that was appended is on the disk.
    ///
    /// Before this has returned, the journal must keep what was appended: a power cut takes it away.
    func sync() async throws

    /// The number of the last record that is counted; 0 when there is none.
    func rolledUpSequence() async throws -> UInt64

    /// The largest number of a record that the store knows of; the numbers of a new journal begin above it.
    func newestSequence() async throws -> UInt64

    /// A part of the access log, the newest entries first.
    ///
    /// Following ``AccessLogPage/next`` gives every entry once that was there at the first page.
    func entries(
        _ filter: AccessLogFilter,
        in workspace: Workspace.ID,
        after position: AccessLogPosition?,
        limit: Int
    ) async throws -> AccessLogPage

    /// Walks through the access log, the oldest entries first, in parts of at most 1,000.
    ///
    /// It reads the next part when `body` has returned, so that a slow reader takes no memory.
    func forEachEntry(
        _ filter: AccessLogFilter,
        in workspace: Workspace.ID,
        _ body: ([AccessLogEntry]) async throws -> Void
    ) async throws

    /// Counts use in steps of time, the oldest step first, then by code.
    func usage(_ filter: UsageFilter, in workspace: Workspace.ID) async throws -> [UsagePoint]

    /// The largest users, by the number of their verifications.
    ///
    /// Keys, consumers and codes are counted in whole hours of UTC, in which `from` and `to` lie; the hour of `to` only
    /// when it began before. Networks and paths are counted from the access log to the millisecond; that takes about a
    /// second for each million entries.
    func top(
        _ dimension: UsageDimension,
        from: Timestamp,
        to: Timestamp,
        limit: Int,
        in workspace: Workspace.ID
    ) async throws -> [TopUsage]

    /// The last time that each of these keys was used with success; those that never were are missing.
    func lastUses(of keys: [APIKey.ID], in workspace: Workspace.ID) async throws -> [APIKey.ID: LastUse]

    /// Since when uses are on record; `now` if nothing was ever recorded and nobody has asked.
    ///
    /// Where the records were lost and begun anew, that is the moment at which this was asked first after that.
    func recordedSince(now: Timestamp) async throws -> Timestamp

    /// Who used a credential of a key at or after a moment, with success or not; counted from the access log.
    func uses(
        of credential: Credential.ID,
        of key: APIKey.ID,
        since: Timestamp,
        in workspace: Workspace.ID
    ) async throws -> CredentialUse

    /// The last time, at or after a moment, that a credential of a key was used, with success or not.
    func lastUse(
        of credential: Credential.ID,
        of key: APIKey.ID,
        since: Timestamp,
        in workspace: Workspace.ID
    ) async throws -> Timestamp?

    /// The keys whose last success came from a client in this network, and at or after this moment.
    func keysLastUsed(
        from network: CIDR?,
        since moment: Timestamp?,
        in workspace: Workspace.ID
    ) async throws -> Set<APIKey.ID>

    /// How the keys with ids from one to another were used of late; those that never were are missing.
    ///
    /// The networks are those of whole weeks, of which the first has `moment` in it.
    func uses(
        ofKeysFrom first: APIKey.ID,
        through last: APIKey.ID,
        networksSince moment: Timestamp,
        in workspace: Workspace.ID
    ) async throws -> [APIKey.ID: KeyUse]

    /// For what the keys of an api were used with success, each method and path at least once for each key.
    ///
    /// That takes about a second for each million entries of the access log.
    func forEachPath(
        ofKeysOf api: API.ID,
        since moment: Timestamp,
        in workspace: Workspace.ID,
        _ body: @escaping @Sendable (_ key: APIKey.ID, _ method: String?, _ path: String?) -> Void
    ) async throws

    /// How often clients were refused, by network and code, in whole hours of UTC; the most refused first.
    func refusals(
        from: Timestamp,
        to: Timestamp,
        limit: Int,
        in workspace: Workspace.ID
    ) async throws -> [RefusalCount]

    /// Removes what is older than it may be; a day of the access log only as a whole, and never before it is counted.
    @discardableResult
    func enforceRetention(_ retention: UsageRetention, at now: Timestamp) async throws -> RemovedUsage
}

extension UsageStore {
    /// Walks through the recorded uses of a key, the oldest first, to see what another rule would have done to them.
    public func forEachUse(
        of key: APIKey.ID,
        since: Timestamp,
        in workspace: Workspace.ID,
        _ body: ([AccessLogEntry]) async throws -> Void
    ) async throws {
        var filter = AccessLogFilter()
        filter.keyID = key
        filter.from = since
        try await self.forEachEntry(filter, in: workspace, body)
    }
}
