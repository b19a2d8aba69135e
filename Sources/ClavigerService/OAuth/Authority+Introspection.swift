public import ClavigerCore
public import ClavigerVerifier

extension Authority {
    /// The key behind a token that is active now and that the caller may verify; nil for everything else (RFC 7662).
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
    ) async throws -> KeySnapshot? {
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
        return verdict.isValid ? verdict.key : nil
    }
}
