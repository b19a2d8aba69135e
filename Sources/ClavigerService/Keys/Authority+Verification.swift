public import ClavigerCore
public import ClavigerVerifier

extension Authority {
    /// Whose management key this is; nil when it cannot be used, for whatever reason.
    public func authenticate(
        _ token: PresentedToken,
        network: IPAddress?,
        requestID: String
    ) async throws -> Caller? {
        let query = VerificationQuery(api: .name(API.managementName), context: ClientContext(ip: network))
        // No imported key is a management key, so that no slow hash is ever computed here.
        let verdict = try await self.verifier.authenticate(token, query, isVisible: { $0.api.isManagement })
        guard let key = verdict.key else { return nil }
        guard verdict.isValid else {
            let recording = UseRecording(workspaceID: key.workspaceID, source: .management, requestID: requestID)
            self.noteEnded(verdict, of: token, query, recording)
            return nil
        }
        return Caller(key, network: network, requestID: requestID)
    }

    /// Puts on record that a key was presented which somebody had revoked or marked as compromised, where nothing else
    /// records what is presented; once an hour for each credential and code.
    func noteEnded(_ verdict: Verdict, of token: PresentedToken, _ query: VerificationQuery, _ recording: UseRecording)
    {
        guard EndedKeyUses.codes[verdict.code.number] != nil, let key = verdict.key,
            self.endedKeyMarks.mark(key, verdict.code, at: self.time.uptime())
        else { return }
        do throws(JournalFull) {
            try self.verifier.noteIntrospection(verdict, of: token, query, recording: recording)
        } catch {
            // The journal counts the gap, and the next one tries again.
            self.endedKeyMarks.forget(key, verdict.code)
        }
    }

    func recording(_ source: UsageRecord.Source, _ caller: Caller) -> UseRecording {
        UseRecording(
            workspaceID: caller.workspaceID,
            source: source,
            requestID: caller.requestID,
            reporter: caller.keyID
        )
    }

    /// Verifies a token on behalf of a caller, who sees only keys that its scopes let it verify.
    public func verify(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        by caller: Caller
    ) async throws -> Verdict {
        try await self.checkMayAsk(.verify, query, caller)
        let recording = self.recording(.verify, caller)
        let verdict = try await Problem.ofUse {
            try await self.verifier.verify(
                token,
                query,
                recording: recording,
                isVisible: Self.visibility(for: .verify, caller)
            )
        }
        self.events.observe(verdict, token.redacted(query), self.time)
        return verdict
    }

    /// The same decision with its steps.
    public func explain(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        by caller: Caller
    ) async throws -> (verdict: Verdict, steps: [VerificationTraceEntry]) {
        try await self.checkMayAsk(.explain, query, caller)
        return try await Problem.ofUse {
            try await self.verifier.explain(
                token,
                query,
                reporter: UInt64(truncatingIfNeeded: caller.keyID.bits),
                isVisible: Self.visibility(for: .explain, caller)
            )
        }
    }

    static func visibility(
        for action: Permission.KeyAction,
        _ caller: Caller
    ) -> (KeySnapshot) -> Bool {
        { key in
            key.workspaceID == caller.workspaceID
                && Permission.keys(action, key.api.reference, key.environment).isGranted(by: caller.scopes)
        }
    }

    /// Refuses a caller who names an api and environment that it may not ask about, and one who may ask about nothing.
    ///
    /// Who names none sees what it may see.
    func checkMayAsk(
        _ action: Permission.KeyAction,
        _ query: VerificationQuery,
        _ caller: Caller
    ) async throws {
        // Which keys are seen is decided key by key; here it is enough that there may be some. No look-up is needed
        // for that, unless the scopes name the api by its id and the query by its name, or the other way round.
        let asked = Self.scope(of: action, query)
        if caller.scopes.scopes.contains(where: { $0.overlaps(asked) }) { return }
        let apis = try await self.store.read { tx in try tx.apis(in: caller.workspaceID) }
        var refused: Permission?
        for api in apis {
            switch query.api {
            case .id(let id) where id != api.id: continue
            case .name(let name) where name != api.name: continue
            default: break
            }
            for environment in api.attributes.environments
            where query.environment == nil || query.environment == environment.name {
                let permission = Permission.keys(action, api.reference, environment.name)
                if permission.isGranted(by: caller.scopes) { return }
                refused = permission
            }
        }
        // Not in the audit log: this is no administrative call, and a misconfigured service repeats it endlessly.
        throw Problem.forbidden(needed: refused?.scopes.first ?? asked)
    }

    /// All permissions that could be needed to answer the query, as one scope.
    private static func scope(of action: Permission.KeyAction, _ query: VerificationQuery) -> Scope {
        let api =
            switch query.api {
            case .id(let id): id.text
            case .name(let name): name.text
            case nil: "*"
            }
        return Permission.anyKey(action, api: api, environment: query.environment)
    }
}

extension Problem {
    /// Turns the failure to count a use into the answer for a client.
    static func ofUse<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch UseFailure.journalFull(let full) {
            throw StoreFailure.unavailable(full.description)
        } catch let full as JournalFull {
            throw StoreFailure.unavailable(full.description)
        } catch UseFailure.overloaded {
            throw StoreFailure.unavailable("too many slow hashes of imported keys are to be computed")
        } catch UseFailure.accountMissing {
            throw StoreFailure.broken("a credit account of a key is not in memory")
        }
    }
}
