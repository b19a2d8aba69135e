public import ClavigerCore
import ClavigerVerifier

/// Somebody who has shown the token of a key, any key, that can be used now, and may ask about that key alone.
///
/// No ``Caller``: none of the key's scopes means anything here.
public struct KeyHolder: Sendable {
    let author: Holder
    let credentialID: Credential.ID
    /// The key.
    public var keyID: APIKey.ID { self.author.keyID }
    /// What the key may do, by itself and by its roles.
    public let scopes: ScopeSet
    /// What each of its limits says, if it has any.
    public let limits: LimitDecision?
    /// What is left of its credits, if it needs any.
    public let credits: Verdict.Credits?

    init(_ key: KeySnapshot, _ verdict: Verdict, network: IPAddress?, requestID: String) {
        self.author = Holder(of: key, network: network, requestID: requestID)
        self.credentialID = key.credentialID
        self.scopes = key.scopes
        self.limits = verdict.limits
        self.credits = verdict.credits
    }
}

/// What became of a token that somebody showed to ask about its own key.
public enum HolderAdmission: Sendable {
    case holder(KeyHolder)
    /// It cannot be used, for whatever reason.
    case refused
    /// Too many came from this network.
    case wait(Duration)
}

/// A key as its holder is told of it.
public struct HeldKey: Sendable {
    /// The key.
    public let reading: RotationReading
    /// The credential that was shown.
    public let credential: Credential
    /// The api that the key opens.
    public let api: API
    /// The rules of its rotation.
    public let rules: RotationRules
    /// Who asks.
    public let holder: KeyHolder
}
