public import ClavigerCore

/// Which keys a filter takes by their use, which is recorded elsewhere.
public struct KeysByUse: Sendable {
    /// Only these; nil for all.
    public var only: Set<APIKey.ID>?
    /// Not these.
    public var except: Set<APIKey.ID> = []

    /// Takes every key.
    public init() {}

    /// Whether a key is taken.
    public func accepts(_ id: APIKey.ID) -> Bool {
        (self.only?.contains(id) ?? true) && !self.except.contains(id)
    }
}

/// What bulk changes read in a transaction.
public protocol BulkReading {
    /// Walks through the keys that a filter takes, by id; what depends on time is as of `moment`.
    ///
    /// What the filter says of use is left to the caller.
    func forEachOutline(
        _ filter: BulkFilter,
        in workspace: Workspace.ID,
        at moment: Timestamp,
        _ body: (KeyOutline) throws -> Void
    ) throws
    /// The keys with these ids, by id; those that do not exist are missing.
    func keys(_ ids: [APIKey.ID], in workspace: Workspace.ID) throws -> [APIKey]
    /// The lookup ids of all credentials of these keys.
    func lookupIDs(ofKeys ids: [APIKey.ID], in workspace: Workspace.ID) throws -> [LookupID]

    /// The plans that the live keys of a consumer have by themselves.
    func planIDs(ofLiveKeysOf consumer: Consumer.ID, in workspace: Workspace.ID) throws -> [Plan.ID]

    func bulkPreview(_ id: BulkPreview.ID, in workspace: Workspace.ID) throws -> BulkPreview?
}

/// What a change of many keys changes of each; the rest costs time where an index has it.
public enum KeyPart: Sendable {
    case state, expiry, owner, rotateBy
}

/// What bulk changes write in a transaction.
public protocol BulkWriting {
    /// Stores one part of keys, each of which must be in the version before.
    ///
    /// - Throws: when one is not; then nothing may be committed.
    func update(_ part: KeyPart, of keys: [APIKey]) throws
    /// Erases the digests of destroyed keys.
    func eraseDigests(ofKeys ids: [APIKey.ID], in workspace: Workspace.ID) throws

    func insert(_ preview: BulkPreview) throws
    /// Keeps the answer that was given to whoever confirmed it.
    func store(_ outcome: JSON, of preview: BulkPreview.ID) throws
    /// Forgets previews that were made before a moment.
    func deleteBulkPreviews(before moment: Timestamp) throws
}
