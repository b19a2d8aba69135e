public import ClavigerCore
public import ClavigerVerifier

/// What there is to say of a token that somebody asks about (RFC 7662).
public enum Introspection: Sendable {
    /// It may be used now, and is this key's.
    case active(KeySnapshot)
    /// It may not be used now, for whatever reason.
    case inactive
    /// It was not looked at: so long has to be waited, as too many were wrong whose hashes are slow.
    case wait(Duration)
}

extension Authority {
    /// What there is to say of a token: its key, if it is active now and the caller may verify it.
    ///
    /// Uses nothing up and puts nothing on record: it tells of a token, and lets nobody in. Limits that are used up do
    /// not make a token inactive.
    ///
    /// - Parameter context: what is known of the request that the token came with; a restriction that needs what is
    ///   not known makes the token inactive, as it would refuse its use.
    public func introspect(
        _ token: PresentedToken,
        _ context: ClientContext,
        by caller: Caller
    ) async throws -> Introspection {
        let query = VerificationQuery(context: context)
        try await self.checkMayAsk(.verify, query, caller)
        let verdict = try await Problem.ofUse {
            try await self.verifier.authenticate(
                token,
                query,
                reporter: UInt64(truncatingIfNeeded: caller.keyID.bits),
                isVisible: Self.visibility(for: .verify, caller)
            )
        }
        // It was not looked at: to call it inactive would turn away whoever is right.
        if verdict.code == .tooManyAttempts { return .wait(verdict.retryAfter ?? .seconds(1)) }
        guard verdict.isValid, let key = verdict.key else { return .inactive }
        return .active(key)
    }
}
