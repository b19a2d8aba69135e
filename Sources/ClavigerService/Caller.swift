public import ClavigerCore

/// Somebody whose management key has been verified, in one request.
public struct Caller: Sendable {
    /// The tenant that the management key belongs to.
    public let workspaceID: Workspace.ID
    /// The management key.
    public let keyID: APIKey.ID
    /// The credential that was shown.
    let credentialID: Credential.ID
    /// The management key's owner.
    public let consumerID: Consumer.ID
    /// What the management key may do, its roles included.
    public let scopes: ScopeSet
    /// When the management key's time is over.
    public let expiresAt: Timestamp?
    /// From where and when the management key may be used; known in transactions.
    let restrictions: Restrictions
    /// Where the request came from.
    public let network: IPAddress?
    /// The request.
    public let requestID: String

    /// Only a verified management key makes a caller.
    init(_ key: KeySnapshot, network: IPAddress?, requestID: String) {
        self.workspaceID = key.workspaceID
        self.keyID = key.keyID
        self.credentialID = key.credentialID
        self.consumerID = key.consumer.id
        self.scopes = key.scopes
        self.expiresAt = key.expiresAt
        self.restrictions = .none
        self.network = network
        self.requestID = requestID
    }

    private init(_ caller: Caller, scopes: ScopeSet, expiresAt: Timestamp?, restrictions: Restrictions) {
        self.workspaceID = caller.workspaceID
        self.keyID = caller.keyID
        self.credentialID = caller.credentialID
        self.consumerID = caller.consumerID
        self.scopes = scopes
        self.expiresAt = expiresAt
        self.restrictions = restrictions
        self.network = caller.network
        self.requestID = caller.requestID
    }

    /// The caller as the transaction sees it.
    ///
    /// Between authentication and here the body was awaited and other changes were committed: the management key may
    /// have been revoked or narrowed, or the credential replaced and its grace ended, and that change may have been
    /// acknowledged (promise P4).
    func current(_ tx: any AuthorityReading, at now: Timestamp) throws -> Caller {
        guard let key = try tx.key(self.keyID, in: self.workspaceID), key.state(at: now) == .active,
            key.attributes.notBefore.map({ $0 <= now }) ?? true,
            let shown = try tx.credentials(of: key.id, in: key.workspaceID).first(where: { $0.id == self.credentialID }
            ),
            shown.state(at: now) != .retired
        else { throw Problem.callerRefused }
        return Caller(
            self,
            scopes: try tx.granted(to: key),
            expiresAt: key.endsAt,
            restrictions: key.attributes.restrictions
        )
    }

    /// The actor of an audit record.
    var actor: AuditRecord.Actor {
        .key(self.keyID, consumer: self.consumerID, network: self.network?.description)
    }

    /// Refuses where a caller who may come from few places only would give power to a management key that may come
    /// from others, or change what such a key is (promise P8).
    func requireItsRestrictions(on key: APIKey) throws(Problem) {
        guard !self.restrictions.isEmpty, key.attributes.restrictions != self.restrictions else { return }
        throw Problem(
            .forbidden,
            "Your management key has restrictions; it can only do this to management keys with the same ones."
        )
    }

    /// Refuses unless one of the caller's scopes grants the permission.
    func require(_ permission: Permission) throws(Problem) {
        guard permission.isGranted(by: self.scopes) else { throw .forbidden(needed: permission) }
    }
}

/// How far the power of a management key goes, which nobody gives away more of (promise P8).
struct Reach: Sendable {
    /// What it may do.
    var scopes: ScopeSet
    /// When its time is over.
    var expiresAt: Timestamp?
    /// From where and when it may be used.
    var restrictions: Restrictions
}

extension Caller {
    /// How far the caller's power goes; known in transactions.
    var reach: Reach {
        Reach(scopes: self.scopes, expiresAt: self.expiresAt, restrictions: self.restrictions)
    }
}

extension AuthorityReading {
    /// How far the power of a management key goes.
    func reach(of key: APIKey) throws -> Reach {
        Reach(
            scopes: try self.granted(to: key),
            expiresAt: key.endsAt,
            restrictions: key.attributes.restrictions
        )
    }

    /// The scopes of a key, those of its roles included.
    func granted(to key: APIKey) throws -> ScopeSet {
        var scopes = key.attributes.scopes
        for name in key.attributes.roles {
            scopes += try self.role(named: name, in: key.workspaceID)?.attributes.scopes ?? []
        }
        return ScopeSet(scopes)
    }
}

extension Problem {
    /// The one answer to a management key that cannot be used, for whatever reason.
    public static let callerRefused = Problem(
        .unauthorized,
        "The management key cannot be used. It may be mistyped, expired or revoked."
    )

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
