public import ClavigerCore

/// Somebody whose management key has been verified, in one request.
public struct Caller: Sendable {
    /// The tenant that the management key belongs to.
    public let workspaceID: Workspace.ID
    /// The management key.
    public let keyID: APIKey.ID
    /// The management key's owner.
    public let consumerID: Consumer.ID
    /// What the management key may do, its roles included.
    public let scopes: ScopeSet
    /// When the management key's time is over.
    public let expiresAt: Timestamp?
    /// Where the request came from.
    public let network: String?
    /// The request.
    public let requestID: String

    /// Only a verified management key makes a caller.
    init(_ key: KeySnapshot, network: String?, requestID: String) {
        self.workspaceID = key.workspaceID
        self.keyID = key.keyID
        self.consumerID = key.consumer.id
        self.scopes = key.scopes
        self.expiresAt = key.expiresAt
        self.network = network
        self.requestID = requestID
    }

    /// Refuses unless one of the caller's scopes grants the permission.
    func require(_ permission: Permission) throws(Problem) {
        guard permission.isGranted(by: self.scopes) else { throw .forbidden(needed: permission) }
    }
}

extension Problem {
    /// The refusal that names the missing permission.
    static func forbidden(needed permission: Permission) -> Problem {
        .forbidden(needed: permission.scopes[0])
    }

    static func forbidden(needed scope: Scope) -> Problem {
        Problem(
            .forbidden,
            "Your management key does not have the scope \(scope.text).",
            neededScope: scope.text
        )
    }
}
