/// The decision about a token: one function over data in memory.
///
/// The order of the steps is the contract (`design.md` section 5). Cheap refusals come first and use nothing up; only the
/// last two steps, limits and credits, do, through a ``VerificationMeter``.
public struct VerificationPipeline: Sendable {
    /// Made once: `allCases` makes a list each time.
    private static let restrictionKinds = RestrictionRefusal.Kind.allCases

    /// What tokens are compared with.
    public let hasher: TokenHasher

    /// Makes a pipeline that compares with `hasher`.
    public init(hasher: TokenHasher) {
        self.hasher = hasher
    }

    /// Decides about a token that could be parsed.
    ///
    /// `snapshot` is what the look-up found, and `isVisible` whether the caller may know of that key.
    ///
    /// - Throws: what the meter throws: nothing was decided then, and nothing is used up.
    public func decide<Meter: VerificationMeter>(
        _ token: KeyToken,
        _ snapshot: KeySnapshot?,
        _ query: VerificationQuery,
        at now: Timestamp,
        isVisible: (KeySnapshot) -> Bool,
        meter: inout Meter,
        trace: inout some VerificationTrace
    ) throws(Meter.Failure) -> Verdict {
        guard let key = snapshot, isVisible(key) else {
            self.hasher.spendTheSameTime(on: token)
            trace.failed(.lookUp) { "no credential has this lookup id, or you may not verify it" }
            return Verdict(.notFound)
        }
        trace.passed(.lookUp) { "credential \(key.credentialID) of key \(key.keyID)" }

        guard self.hasher.matches(token, key.digest) else {
            trace.failed(.compare) { "the lookup id is right, the secret is not" }
            return Verdict(.notFound)
        }
        return try self.decideProved(key, query, at: now, meter: &meter, trace: &trace)
    }

    /// Decides about a key whose token has been shown: the steps behind the comparison.
    ///
    /// - Throws: what the meter throws: nothing was decided then, and nothing is used up.
    public func decideProved<Meter: VerificationMeter>(
        _ key: KeySnapshot,
        _ query: VerificationQuery,
        at now: Timestamp,
        meter: inout Meter,
        trace: inout some VerificationTrace
    ) throws(Meter.Failure) -> Verdict {
        trace.passed(.compare) { "the stored hash matches" }

        if let code = Self.refusal(of: key, at: now) {
            trace.failed(.state) { Self.explanation(of: code, key) }
            return Verdict(code, key)
        }
        trace.passed(.state) { "the key is active" }

        if let api = query.api {
            guard api.matches(key.api.reference) else {
                trace.failed(.api) { "the key is for the api \(key.api.reference.name.text)" }
                return Verdict(.wrongAPI, key)
            }
            trace.passed(.api) { "the key is for this api" }
        } else {
            trace.skipped(.api) { "no api was asked for" }
        }

        if let environment = query.environment {
            guard environment == key.environment else {
                trace.failed(.environment) { "the key is for \(key.environment.text)" }
                return Verdict(.wrongEnvironment, key)
            }
            trace.passed(.environment) { "the key is for this environment" }
        } else {
            trace.skipped(.environment) { "no environment was asked for" }
        }

        if let restrictions = key.restrictions {
            for kind in Self.restrictionKinds where restrictions.restricts(kind) {
                if let refusal = restrictions.refusal(kind, of: query.context, at: now) {
                    trace.failed(VerificationStep(kind)) { refusal.detail }
                    return Verdict(VerificationCode(kind), key)
                }
                trace.passed(VerificationStep(kind)) { "the request is within the key's restrictions" }
            }
        }

        var verdict = Verdict(.valid, key)
        let (method, path) = (query.context.method, query.context.path)
        if let rules = key.api.rules, method != nil || path != nil {
            guard let method, let path else {
                trace.failed(.endpoint) { "a rule needs both the method and the path" }
                return Verdict(.endpointNotAllowed, key)
            }
            switch rules.decide(method: method, path: path) {
            case .rule(let rule):
                verdict.rule = rule
                trace.passed(.endpoint) { "the rule \(rule) decides" }
            case .allowed:
                trace.passed(.endpoint) { "no rule is for this request, which the api allows" }
            case .denied:
                trace.failed(.endpoint) { "no rule is for this request, which the api denies" }
                return Verdict(.endpointNotAllowed, key)
            case .unreadable(let flaw):
                trace.failed(.endpoint) { flaw }
                return Verdict(.endpointNotAllowed, key)
            }
        } else {
            trace.skipped(.endpoint) { "the api has no rules, or no method and path were given" }
        }

        if query.scopes == nil, verdict.rule?.scopes == nil {
            trace.skipped(.scopes) { "no scopes were asked for" }
        } else {
            // Both have to be fulfilled: a rule does not widen what the caller asks for, nor the other way round.
            for scopes in [verdict.rule?.scopes, query.scopes] {
                guard let scopes, !scopes.isFulfilled(by: key.scopes) else { continue }
                let missing = scopes.missing(from: key.scopes)
                trace.failed(.scopes) { "missing: \(missing.map(\.text).joined(separator: ", "))" }
                var refusal = Verdict(.insufficientScope, key)
                refusal.missingScopes = missing
                refusal.rule = verdict.rule
                return refusal
            }
            trace.passed(.scopes) { "the key has the scopes" }
        }

        verdict.cost = query.cost ?? verdict.rule?.cost ?? 1
        try self.meter(&verdict, key, query, &meter, &trace)
        return verdict
    }

    /// The steps that use something up.
    private func meter<Meter: VerificationMeter>(
        _ verdict: inout Verdict,
        _ key: KeySnapshot,
        _ query: VerificationQuery,
        _ meter: inout Meter,
        _ trace: inout some VerificationTrace
    ) throws(Meter.Failure) {
        let cost = verdict.cost
        var uses = key.allowance?.limits ?? []
        for limit in query.limits.limits { uses.append(LimitUse(limit, of: .adHoc, ["key", key.keyID.text])) }
        if uses.isEmpty {
            trace.skipped(.limits) { "nothing limits how often the key is used" }
        } else {
            let decision = meter.takeLimits(uses, cost: cost)
            verdict.limits = decision
            guard decision.isAllowed else {
                trace.failed(.limits) { decision.explanation }
                verdict.code = .rateLimited
                verdict.retryAfter = decision.retryAfter
                return
            }
            trace.passed(.limits) { decision.explanation }
        }

        guard let accounts = key.allowance?.accounts, !accounts.isEmpty else {
            trace.skipped(.credits) { "the key needs no credits" }
            return
        }
        let answer: CreditAnswer
        do {
            answer = try meter.spendCredits(of: verdict, cost: cost)
        } catch {
            if !uses.isEmpty { _ = meter.giveBackLimits(uses, cost: cost) }
            throw error
        }
        verdict.credits = answer.credits
        guard answer.isAllowed else {
            if !uses.isEmpty { verdict.limits = meter.giveBackLimits(uses, cost: cost) }
            trace.failed(.credits) { "\(cost) are needed, \(answer.credits.remaining) are left" }
            verdict.code = .creditsExhausted
            verdict.retryAfter = answer.retryAfter
            return
        }
        trace.passed(.credits) { "\(cost) are needed, \(answer.credits.remaining) are left afterwards" }
    }

    /// The digest under the current pepper, if the key's is older.
    public func rehashed(_ token: KeyToken, _ key: KeySnapshot) -> KeyDigest? {
        self.hasher.isOutdated(key.digest) ? self.hasher.digest(of: token) : nil
    }

    /// Why the key or the credential cannot be used at `now`; nil if it can.
    ///
    /// The key's reasons come first.
    private static func refusal(of key: KeySnapshot, at now: Timestamp) -> VerificationCode? {
        if key.allowance?.isSuspended == true, key.state == .active { return .suspended }
        switch key.state {
        case .suspended: return .suspended
        case .revoked, .destroyed: return .revoked
        case .compromised: return .compromised
        case .expired: return .expired
        case .pending, .active: break
        }
        if let expiresAt = key.expiresAt, expiresAt <= now { return .expired }
        if key.state == .pending { return .notYetValid }
        if let notBefore = key.notBefore, now < notBefore { return .notYetValid }
        switch key.credentialState {
        case .current: return nil
        case .retiring(let endsAt): return endsAt <= now ? .superseded : nil
        case .retired: return .superseded
        }
    }

    private static func explanation(of code: VerificationCode, _ key: KeySnapshot) -> String {
        switch code {
        case .expired: "the key expired at \(key.expiresAt?.text ?? "an unknown time")"
        case .notYetValid where key.state == .pending: "the key awaits approval"
        case .notYetValid: "the key is not valid before \(key.notBefore?.text ?? "an unknown time")"
        case .suspended where key.state == .active: "a plan of the key or of its consumer is suspended"
        case .superseded: "the credential has been replaced and its grace is over"
        default: "the key is \(code.rawValue)"
        }
    }
}

/// Hears of each step.
///
/// Details are closures, so that they cost nothing where nobody listens.
public protocol VerificationTrace {
    /// Takes what became of a step.
    mutating func add(
        _ step: VerificationStep,
        _ outcome: VerificationTraceEntry.Outcome,
        _ detail: () -> String
    )
}

extension VerificationTrace {
    fileprivate mutating func passed(_ step: VerificationStep, _ detail: () -> String) {
        self.add(step, .passed, detail)
    }

    fileprivate mutating func failed(_ step: VerificationStep, _ detail: () -> String) {
        self.add(step, .failed, detail)
    }

    fileprivate mutating func skipped(_ step: VerificationStep, _ detail: () -> String) {
        self.add(step, .skipped, detail)
    }
}

/// Listens to nothing.
public struct NoTrace: VerificationTrace {
    /// Makes a trace.
    public init() {}

    /// Does nothing.
    public mutating func add(
        _ step: VerificationStep,
        _ outcome: VerificationTraceEntry.Outcome,
        _ detail: () -> String
    ) {}
}

/// Keeps every step, for `explain`.
public struct RecordedTrace: VerificationTrace {
    /// The steps so far; ``complete()`` adds those that nothing was said of.
    private var entries: [VerificationTraceEntry] = []

    /// Makes an empty trace.
    public init() {}

    /// Keeps a step.
    public mutating func add(
        _ step: VerificationStep,
        _ outcome: VerificationTraceEntry.Outcome,
        _ detail: () -> String
    ) {
        self.entries.append(VerificationTraceEntry(step: step, outcome: outcome, detail: detail()))
    }

    /// Every step in its order; those that nothing was said of are skipped.
    public func complete() -> [VerificationTraceEntry] {
        let steps = VerificationStep.allCases
        let last = self.entries.compactMap { steps.firstIndex(of: $0.step) }.max() ?? 0
        return steps.enumerated().map { index, step in
            self.entries.first { $0.step == step }
                ?? VerificationTraceEntry(
                    step: step,
                    outcome: .skipped,
                    detail: index > last ? "not reached" : "nothing to check"
                )
        }
    }
}
