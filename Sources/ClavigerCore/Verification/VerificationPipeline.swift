/// The decision about a token: one pure function over data in memory.
///
/// The order of the steps is the contract (`design.md` section 5). Cheap refusals come first; nothing here consumes
/// anything. Restrictions, limits and credits have their places between `environment` and `scopes` and after `scopes`.
public struct VerificationPipeline: Sendable {
    private let hasher: TokenHasher

    /// Makes a pipeline that compares with `hasher`.
    public init(hasher: TokenHasher) {
        self.hasher = hasher
    }

    /// Decides about a token that could be parsed.
    ///
    /// `snapshot` is what the look-up found, and `isVisible` whether the caller may know of that key.
    public func decide(
        _ token: KeyToken,
        _ snapshot: KeySnapshot?,
        _ query: VerificationQuery,
        at now: Timestamp,
        isVisible: (KeySnapshot) -> Bool,
        trace: inout some VerificationTrace
    ) -> Verdict {
        trace.passed(.parse) { "a token with the lookup id \(token.lookupID)" }

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

        if let scopes = query.scopes {
            guard scopes.isFulfilled(by: key.scopes) else {
                let missing = scopes.missing(from: key.scopes)
                trace.failed(.scopes) { "missing: \(missing.map(\.text).joined(separator: ", "))" }
                return Verdict(.insufficientScope, key, missingScopes: missing)
            }
            trace.passed(.scopes) { "the key has the scopes" }
        } else {
            trace.skipped(.scopes) { "no scopes were asked for" }
        }
        return Verdict(.valid, key)
    }

    /// The digest under the current pepper, if the key's is older.
    public func rehashed(_ token: KeyToken, _ key: KeySnapshot) -> KeyDigest? {
        self.hasher.isOutdated(key.digest) ? self.hasher.digest(of: token) : nil
    }

    /// Why the key or the credential cannot be used at `now`; nil if it can.
    ///
    /// The key's reasons come first.
    private static func refusal(of key: KeySnapshot, at now: Timestamp) -> VerificationCode? {
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
    /// The steps so far; those that were not reached come as skipped in ``complete()``.
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

    /// Every step of the pipeline; those after the deciding one are skipped.
    public func complete() -> [VerificationTraceEntry] {
        let reached = self.entries.map(\.step)
        return self.entries
            + VerificationStep.allCases.filter { !reached.contains($0) }.map {
                VerificationTraceEntry(step: $0, outcome: .skipped, detail: "not reached")
            }
    }
}
