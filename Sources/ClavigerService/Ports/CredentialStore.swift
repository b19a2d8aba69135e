public import ClavigerCore

/// What can be read about rotations in a transaction.
public protocol CredentialReading {
    /// Credentials in grace, in every workspace, of which it is time to look whether they have gone quiet.
    func credentialsDue(at now: Timestamp, limit: Int) throws -> [(workspaceID: Workspace.ID, credential: Credential)]
}

/// What can be changed by rotations in a transaction.
public protocol CredentialWriting: CredentialReading {
    func insert(_ credential: Credential, in workspace: Workspace.ID) throws
    /// Stores the state of a credential and what belongs to it; never its digest.
    ///
    /// - Parameter dueAt: when it is to be looked at whether it has gone quiet.
    func update(_ credential: Credential, dueAt: Timestamp?, in workspace: Workspace.ID) throws
}
