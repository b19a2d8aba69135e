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
    /// Uses nothing up: it tells of a token, and lets nobody in. Limits that are used up do not make a token inactive.
    /// That it was active is a use of the key, which goes on record now and then: a key that only ever is asked about
    /// must not be taken for an unused one.
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
        guard verdict.isValid, let key = verdict.key else {
            self.noteEnded(verdict, of: token, query, self.recording(.introspection, caller))
            return .inactive
        }
        self.record(verdict, of: key, token, query, caller)
        return .active(key)
    }

    /// Puts on record that a key is in use, unless that was done lately.
    private func record(
        _ verdict: Verdict,
        of key: KeySnapshot,
        _ token: PresentedToken,
        _ query: VerificationQuery,
        _ caller: Caller
    ) {
        guard self.introspections.mark(key, verdict.code, at: self.time.uptime()) else { return }
        do throws(JournalFull) {
            let recording = self.recording(.introspection, caller)
            try self.verifier.noteIntrospection(verdict, of: token, query, recording: recording)
        } catch {
            // Nobody was promised a record of each question; the next one tries again, and the journal counts the gap.
            self.introspections.forget(key, verdict.code)
        }
    }
}
