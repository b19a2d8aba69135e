import ClavigerCore

/// What is known of a token that another system made.
private enum ForeignProof {
    /// It is the credential's token.
    case proved
    case refuted
    case tooManyAttempts(Duration)
}

extension Verifier {
    /// Tells one count of attempts from the other: those at slow hashes are counted for themselves too, also where the
    /// others are not.
    private static let slowAttempts: UInt64 = 0x5105_5105_5105_5105

    /// The way of a token that has not our form, where keys were imported: each rule says which credential it would be.
    ///
    /// The attempts have been counted before. A token that is not known is `not_found`, as one of ours would be.
    func decideForeign<Meter: VerificationMeter, Trace: VerificationTrace>(
        _ token: ForeignToken,
        _ rules: ForeignRules,
        _ query: VerificationQuery,
        at now: Timestamp,
        _ uptime: Uptime,
        reporter: UInt64,
        isVisible: (KeySnapshot) -> Bool,
        meter: inout Meter,
        trace: inout Trace
    ) async throws -> Verdict {
        var refuted = false
        for rule in rules.rules {
            guard let lookupID = rule.lookupID(of: token, rules.finder) else { continue }
            let (found, pipeline) = try await self.lookUp(lookupID, at: now)
            // Before anything is computed: what the caller may not see costs nothing.
            guard let key = found, isVisible(key) else { continue }
            let source = query.context.ip ?? .v6(0)
            switch try await self.prove(token, rule, key, lookupID, pipeline.hasher, source, reporter, uptime) {
            case .refuted: refuted = true
            case .tooManyAttempts(let wait):
                trace.add(.compare, .failed) { "too many bad tokens for a key whose hash is slow" }
                return .tooManyAttempts(retryAfter: wait)
            case .proved:
                trace.add(.lookUp, .passed) {
                    "imported credential \(key.credentialID) of key \(key.keyID), by the rule \(rule.rule.text)"
                }
                meter.found(lookupID)
                return try pipeline.decideProved(key, query, at: now, meter: &meter, trace: &trace)
            }
        }
        self.anyHasher.spendTheSameTime(on: token)
        if refuted {
            trace.add(.compare, .failed) { "a rule of an import finds a credential, but the token is not its token" }
        } else {
            trace.add(.lookUp, .failed) { "no rule of an import finds it, or you may not verify it" }
        }
        return .notFound
    }

    private func prove(
        _ token: ForeignToken,
        _ rule: ActiveForeignRule,
        _ key: KeySnapshot,
        _ lookupID: LookupID,
        _ hasher: TokenHasher,
        _ source: IPAddress,
        _ reporter: UInt64,
        _ uptime: Uptime
    ) async throws -> ForeignProof {
        guard let foreign = key.foreign else {
            guard hasher.matches(token, key.digest) else { return .refuted }
            if hasher.isOutdated(key.digest) { self.keepDigest(of: token, key, lookupID, hasher) }
            return .proved
        }
        if let known = Self.compare(token, foreign, hasher) { return known }
        let part = rule.hashedPart(of: token)
        switch foreign.scheme {
        case .fast(let hash):
            guard let result = rule.hash(part, hash), hasher.matches(foreign.scheme, result, key.digest) else {
                return .refuted
            }
            self.keepDigest(of: token, key, lookupID, hasher)
            return .proved
        case .slow(let hash):
            let reporter = reporter ^ Self.slowAttempts
            if let wait = self.throttle.shouldRefuse(source, reporter: reporter, at: uptime) {
                return .tooManyAttempts(wait)
            }
            guard let slowHashes = self.slowHashes else { throw UseFailure.overloaded }
            let proof = try await slowHashes.hash(part, hash) {
                foreign.proved != nil
            } then: { result -> ForeignProof in
                // Somebody else may have shown the token while this one waited.
                if let known = Self.compare(token, foreign, hasher) { return known }
                guard let result, hasher.matches(foreign.scheme, result, key.digest) else { return .refuted }
                self.keepDigest(of: token, key, lookupID, hasher)
                return .proved
            }
            switch proof {
            case .proved: self.throttle.recordGood(source, reporter: reporter, at: uptime)
            case .refuted, .tooManyAttempts: self.throttle.recordBad(source, reporter: reporter, at: uptime)
            }
            return proof
        }
    }

    /// Has the digest of a token stored that was just shown, and remembers it until it is.
    private func keepDigest(of token: ForeignToken, _ key: KeySnapshot, _ lookupID: LookupID, _ hasher: TokenHasher) {
        let digest = hasher.digest(of: token)
        if self.rehashSink?.rehashed(key.credentialID, lookupID, digest) == true { key.foreign?.proved = digest }
    }

    /// What the digest says that an earlier use brought; nil where there is none.
    private static func compare(
        _ token: ForeignToken,
        _ foreign: ForeignCredential,
        _ hasher: TokenHasher
    ) -> ForeignProof? {
        guard let proved = foreign.proved else { return nil }
        return hasher.matches(token, proved) ? .proved : .refuted
    }
}
