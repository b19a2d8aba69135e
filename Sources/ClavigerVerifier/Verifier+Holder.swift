public import ClavigerCore

/// What is known of somebody who has shown a token.
public enum ShownToken: Sendable {
    /// It is a token of this key, whatever the key's state.
    case ofKey(KeySnapshot)
    /// It is no token of a key.
    case ofNone
    /// It was not looked at: so long has the network to wait that it came from.
    case tooManyAttempts(Duration)
}

extension Verifier {
    /// The key whose token somebody holds.
    ///
    /// Uses nothing up and puts nothing on record. The work is that of any verification, so that the time tells as
    /// little as there.
    ///
    /// - Parameter network: where whoever shows it is; wrong tokens count against it where they cost much.
    public func key(of token: PresentedToken, from network: IPAddress?) async throws -> ShownToken {
        let query = VerificationQuery(context: ClientContext(ip: network))
        let verdict = try await self.authenticate(token, query, isVisible: { _ in true })
        if verdict.code == .tooManyAttempts { return .tooManyAttempts(verdict.retryAfter ?? .seconds(1)) }
        return verdict.key.map { .ofKey($0) } ?? .ofNone
    }

    /// The key whose token was found somewhere, as somebody tells who may; nil for what is no token of a key.
    ///
    /// However many of them are wrong: a report is not left out because of the others in it.
    public func key(ofReported token: PresentedToken) async throws -> KeySnapshot? {
        try await self.authenticate(token, VerificationQuery(), countsSlow: false, isVisible: { _ in true }).key
    }
}
