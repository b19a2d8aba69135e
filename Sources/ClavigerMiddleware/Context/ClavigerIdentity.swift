public import ClavigerClient
public import ClavigerCore

/// Who a client is, after its key has been verified.
///
/// Holds no token.
public struct ClavigerIdentity: Sendable, Hashable {
    /// The key's id.
    public let keyID: String
    /// The key's name.
    public let keyName: String
    /// The id of the api that the key is for.
    public let apiID: String
    /// The key's environment.
    public let environment: String
    /// What the key may do, wildcards included.
    public let scopes: [String]
    /// When the key ends.
    public let expiresAt: Timestamp?
    /// What was noted with the key.
    public let metadata: JSON
    /// The id of the key's owner.
    public let consumerID: String
    /// The owner's name in your own systems.
    public let consumerExternalID: String
    /// What was noted with the owner.
    public let consumerMetadata: JSON
    /// What each rate limit has left.
    public let limits: [LimitState]
    /// How many credits are left, if there are any to count.
    public let creditsRemaining: Int64?
    /// The id under which the authority logged the verification.
    public let requestID: String
    /// Whether the authority was asked for this very request, or an answer was used that it gave before.
    public let isFresh: Bool

    private let scopeSet: ScopeSet

    /// The identity in a verdict; nil if it is not valid, or does not tell whose key it is.
    init?(_ verification: Verification, isFresh: Bool) {
        guard verification.isValid, let keyID = verification.keyID, let environment = verification.environment,
            let consumerID = verification.consumerID, let externalID = verification.externalID,
            let apiID = verification.apiID
        else { return nil }
        self.keyID = keyID
        self.keyName = verification.keyName ?? ""
        self.apiID = apiID
        self.environment = environment
        self.scopes = verification.scopes
        self.expiresAt = verification.expiresAt
        self.metadata = verification.json["key"]?["metadata"] ?? [:]
        self.consumerID = consumerID
        self.consumerExternalID = externalID
        self.consumerMetadata = verification.json["consumer"]?["metadata"] ?? [:]
        self.limits = verification.limits
        self.creditsRemaining = verification.creditsRemaining
        self.requestID = verification.requestID
        self.isFresh = isFresh
        self.scopeSet = ScopeSet(verification.scopes.compactMap { try? Scope(parsing: $0) })
    }

    /// Whether the key's scopes fulfil a requirement, decided here and now.
    ///
    ///     guard context.claviger.fulfils("invoices.write") else { throw HTTPError(.forbidden) }
    public func fulfils(_ requirement: ClavigerScopes) -> Bool {
        requirement.query.isFulfilled(by: self.scopeSet)
    }

    /// The scopes that the key would also need.
    func missing(for requirement: ClavigerScopes) -> [Scope] {
        requirement.query.missing(from: self.scopeSet)
    }
}
