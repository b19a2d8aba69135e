import ClavigerCore

/// What is known of a token that another system made.
private enum ForeignProof {
    /// It is the credential's token.
    ///
    /// With `hasWaited`, others could change the key while its hash was waited for.
    case proved(hasWaited: Bool)
    /// It is not; with `hasWaited`, time has gone by meanwhile.
    case refuted(hasWaited: Bool)
    case tooManyAttempts(Duration)
}

extension Verifier {
    /// The way of a token that has not our form, where keys were imported: each rule says which credential it would be.
    ///
    /// The attempts have been counted before. A token that is not known is `not_found`, as one of ours would be.
    func decideForeign<Meter: VerificationMeter, Trace: VerificationTrace>(
        _ token: ForeignToken,
        _ rules: ForeignRules,
        _ query: VerificationQuery,
        at now: Timestamp,
        for asker: SlowHashAsker,
        isVisible: (KeySnapshot) -> Bool,
        meter: inout Meter,
        trace: inout Trace
    ) async throws -> Verdict {
        var refuted = false
        // As late as the last wait: a key that ended meanwhile lets nobody in (promise P4), whichever rule finds it.
        var moment = now
        for rule in rules.rules {
            guard let lookupID = rule.lookupID(of: token, rules.finder) else { continue }
            let (found, pipeline) = try await self.lookUp(lookupID, at: moment)
            // Before anything is computed: what the caller may not see costs nothing.
            guard let key = found, isVisible(key) else { continue }
            let proof = try await self.prove(token, rule, key, lookupID, pipeline.hasher, asker) {
                // As before the wait: a network may have sent too many bad tokens meanwhile.
                guard Meter.self != NoMeter.self, let ip = query.context.ip else { return nil }
                return self.throttle.shouldRefuse(ip, reporter: asker.reporter, at: self.time.uptime())
            }
            switch proof {
            case .refuted(let hasWaited):
                refuted = true
                if hasWaited { moment = self.time.now() }
            case .tooManyAttempts(let wait):
                trace.add(.compare, .failed) { "too many bad tokens for a key whose hash is slow" }
                return .tooManyAttempts(retryAfter: wait)
            case .proved(let hasWaited):
                var (decided, decider) = (key, pipeline)
                if hasWaited {
                    // Whoever revoked the key meanwhile has been told that nobody is let in any more (promise P4).
                    moment = self.time.now()
                    let (fresh, current) = try await self.lookUp(lookupID, at: moment)
                    guard let fresh, fresh.credentialID == key.credentialID, isVisible(fresh) else {
                        refuted = true
                        continue
                    }
                    (decided, decider) = (fresh, current)
                }
                trace.add(.lookUp, .passed) {
                    "imported credential \(key.credentialID) of key \(key.keyID), by the rule \(rule.rule.text)"
                }
                meter.found(lookupID)
                return try decider.decideProved(decided, query, at: moment, meter: &meter, trace: &trace)
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
        _ asker: SlowHashAsker,
        atTurn refusal: () -> Duration?
    ) async throws -> ForeignProof {
        guard let foreign = key.foreign else {
            guard hasher.matches(token, key.digest) else { return .refuted(hasWaited: false) }
            if hasher.isOutdated(key.digest) { self.keepDigest(of: token, key, lookupID, hasher) }
            return .proved(hasWaited: false)
        }
        if let known = Self.compare(token, foreign, hasher) {
            return known ? .proved(hasWaited: false) : .refuted(hasWaited: false)
        }
        let part = rule.hashedPart(of: token)
        switch foreign.scheme {
        case .fast(let hash):
            guard let result = rule.hash(part, hash), hasher.matches(foreign.scheme, result, key.digest) else {
                return .refuted(hasWaited: false)
            }
            self.keepDigest(of: token, key, lookupID, hasher)
            return .proved(hasWaited: false)
        case .slow(let hash):
            guard let slowHashes = self.slowHashes else { throw UseFailure.overloaded }
            if let wait = slowHashes.wait(for: asker, at: self.time.uptime()) { return .tooManyAttempts(wait) }
            // Before it waits, or as many as there are places could be under way before the first one counts. Those of
            // whom it is not known where they are can be many, and right: they are counted when they are wrong.
            var isCounted = asker.isKnown
            if isCounted { slowHashes.count(asker, at: self.time.uptime()) }
            var isGuess = false
            defer { if isCounted, !isGuess { slowHashes.takeBack(asker, at: self.time.uptime()) } }
            let work = SlowHashQueue.Work(credential: key.credentialID, token: hasher.digest(of: token).bytes)
            let proof = try await slowHashes.hash(part, hash, work, for: asker) { () -> ForeignProof? in
                // Somebody else may have shown the token while this one waited.
                if let known = Self.compare(token, foreign, hasher) {
                    return known ? .proved(hasWaited: true) : .refuted(hasWaited: true)
                }
                return refusal().map { .tooManyAttempts($0) }
            } then: { result -> ForeignProof in
                guard let result, hasher.matches(foreign.scheme, result, key.digest) else {
                    isGuess = true
                    return .refuted(hasWaited: true)
                }
                self.keepDigest(of: token, key, lookupID, hasher)
                return .proved(hasWaited: true)
            }
            if isGuess, !isCounted {
                isCounted = true
                slowHashes.count(asker, at: self.time.uptime())
            }
            return proof
        }
    }

    /// Has the digest of a token stored that was just shown, and remembers it until it is.
    private func keepDigest(of token: ForeignToken, _ key: KeySnapshot, _ lookupID: LookupID, _ hasher: TokenHasher) {
        let digest = hasher.digest(of: token)
        if self.rehashSink?.rehashed(key.credentialID, lookupID, digest) == true { key.foreign?.proved = digest }
    }

    /// Whether the token is the one that an earlier use brought; nil where there was none.
    private static func compare(
        _ token: ForeignToken,
        _ foreign: ForeignCredential,
        _ hasher: TokenHasher
    ) -> Bool? {
        foreign.proved.map { hasher.matches(token, $0) }
    }
}
