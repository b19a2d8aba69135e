public import ClavigerCore

/// Where the verifier reads what it does not have in memory.
public protocol CredentialSource: Sendable {
    /// The credential with this lookup id and its key, as committed; nil if there is none.
    ///
    /// - Parameter sharing: gives out one object for equal apis, consumers and scopes.
    func credential(for lookupID: LookupID, sharing: SnapshotSharing) async throws -> LoadedCredential?

    /// Calls `body` with every lookup id that has been committed, in any order.
    func forEachLookupID(_ body: @escaping @Sendable (LookupID) -> Void) async throws
}

/// A credential as the store has it.
public struct LoadedCredential: Sendable {
    /// What verification needs to know.
    public var snapshot: KeySnapshot
    /// The credit accounts that uses of the key take from.
    public var accounts: [AccountState]

    /// Makes a loaded credential.
    public init(snapshot: KeySnapshot, accounts: [AccountState]) {
        self.snapshot = snapshot
        self.accounts = accounts
    }
}

/// Takes digests that were made anew with the current pepper, to be stored at leisure.
public protocol RehashSink: Sendable {
    /// A credential was used whose digest has an older pepper, or was made of another system's hash.
    ///
    /// It may be dropped, as its next use brings it again; the answer tells whether it was kept.
    @discardableResult
    func rehashed(_ credentialID: Credential.ID, _ lookupID: LookupID, _ digest: KeyDigest) -> Bool
}
