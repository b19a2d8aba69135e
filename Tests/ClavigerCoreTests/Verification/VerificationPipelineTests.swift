import ClavigerTestSupport
import Crypto
import Testing

@testable import ClavigerCore

@Suite("The decision about a token")
struct VerificationPipelineTests {
    private static let now = SnapshotFixtures.now
    private static let earlier = Self.now - .seconds(1)
    private static let later = Self.now + .seconds(1)

    private let fixtures: SnapshotFixtures

    init() throws {
        self.fixtures = try SnapshotFixtures()
    }

    private func decide(
        _ snapshot: KeySnapshot?,
        _ query: VerificationQuery = VerificationQuery(),
        token: KeyToken? = nil,
        isVisible: Bool = true
    ) -> (verdict: Verdict, steps: [VerificationTraceEntry]) {
        var trace = RecordedTrace()
        var meter = NoMeter()
        let verdict = VerificationPipeline(hasher: self.fixtures.hasher).decide(
            token ?? self.fixtures.token,
            snapshot,
            query,
            at: Self.now,
            isVisible: { _ in isVisible },
            meter: &meter,
            trace: &trace
        )
        return (verdict, trace.complete())
    }

    /// A query that the fixture's key fails in the given conditions and fulfils in the others.
    private func query(failing: Set<VerificationStep> = []) throws -> VerificationQuery {
        VerificationQuery(
            api: .id(failing.contains(.api) ? self.fixtures.otherAPI.id : self.fixtures.api.id),
            environment: failing.contains(.environment) ? .staging : .production,
            scopes: try ScopeQuery(parsing: failing.contains(.scopes) ? "invoices.write" : "invoices.read")
        )
    }

    @Test("a key that fulfils everything is valid")
    func valid() throws {
        let snapshot = try self.fixtures.snapshot(notBefore: Self.now, expiresAt: Self.later)
        let verdict = self.decide(snapshot, try self.query()).verdict
        #expect(verdict.code == .valid)
        #expect(verdict.isValid)
        #expect(verdict.key === snapshot)
        #expect(verdict.missingScopes.isEmpty)
        #expect(self.decide(snapshot).verdict.isValid)
        let byName = VerificationQuery(api: .name(self.fixtures.api.name))
        #expect(self.decide(snapshot, byName).verdict.isValid)
        #expect(
            self.decide(snapshot, VerificationQuery(api: .name(self.fixtures.otherAPI.name))).verdict.code == .wrongAPI
        )
    }

    @Test(
        "the state of the key, before time and credential",
        arguments: [
            (.suspended, .suspended), (.revoked, .revoked), (.destroyed, .revoked), (.compromised, .compromised),
            (.expired, .expired), (.pending, .notYetValid),
        ] as [(KeyState.Name, VerificationCode)]
    )
    func states(state: KeyState.Name, code: VerificationCode) throws {
        for expiresAt in [nil, Self.earlier, Self.later] {
            for notBefore in [nil, Self.earlier, Self.later] {
                for credential in [Credential.State.current, .retired, .retiring(endsAt: Self.earlier)] {
                    let snapshot = try self.fixtures.snapshot(
                        state: state,
                        credentialState: credential,
                        notBefore: notBefore,
                        expiresAt: expiresAt
                    )
                    let verdict = self.decide(snapshot, try self.query(failing: [.api, .environment, .scopes])).verdict
                    // `expired` stands before `not_yet_valid`; the other states stand before both.
                    let isOver = state == .pending && expiresAt == Self.earlier
                    #expect(verdict.code == (isOver ? .expired : code))
                    #expect(verdict.key === snapshot)
                }
            }
        }
    }

    @Test("time, to the millisecond")
    func time() throws {
        func code(
            _ notBefore: Timestamp?,
            _ expiresAt: Timestamp?,
            _ credential: Credential.State
        ) throws -> VerificationCode {
            self.decide(
                try self.fixtures.snapshot(credentialState: credential, notBefore: notBefore, expiresAt: expiresAt)
            ).verdict.code
        }
        let tick = Duration.milliseconds(1)
        #expect(try code(nil, Self.now + tick, .current) == .valid)
        #expect(try code(nil, Self.now, .current) == .expired)
        #expect(try code(nil, Self.now - tick, .current) == .expired)
        #expect(try code(Self.now, nil, .current) == .valid)
        #expect(try code(Self.now + tick, nil, .current) == .notYetValid)
        #expect(try code(Self.later, Self.earlier, .current) == .expired)
        #expect(try code(Self.later, nil, .retired) == .notYetValid)
        #expect(try code(nil, Self.earlier, .retired) == .expired)
        #expect(try code(nil, nil, .retired) == .superseded)
        #expect(try code(nil, nil, .retiring(endsAt: Self.now)) == .superseded)
        #expect(try code(nil, nil, .retiring(endsAt: Self.now + tick)) == .valid)
    }

    /// What is wrong with a token that is otherwise right, in the order of the steps.
    enum Fault: CaseIterable, Sendable {
        case unknown, invisible, wrongSecret, suspended, expired, superseded, wrongAPI, wrongEnvironment, wrongNetwork,
            wrongOrigin, closed, wrongCertificate, noRule, missingScope, overLimit, exhausted

        var code: VerificationCode {
            switch self {
            case .unknown, .invisible, .wrongSecret: .notFound
            case .suspended: .suspended
            case .expired: .expired
            case .superseded: .superseded
            case .wrongAPI: .wrongAPI
            case .wrongEnvironment: .wrongEnvironment
            case .wrongNetwork: .ipNotAllowed
            case .wrongOrigin: .originNotAllowed
            case .closed: .outsideTimeWindow
            case .wrongCertificate: .certificateNotAllowed
            case .noRule: .endpointNotAllowed
            case .missingScope: .insufficientScope
            case .overLimit: .rateLimited
            case .exhausted: .creditsExhausted
            }
        }

        var step: VerificationStep {
            switch self {
            case .unknown, .invisible: .lookUp
            case .wrongSecret: .compare
            case .suspended, .expired, .superseded: .state
            case .wrongAPI: .api
            case .wrongEnvironment: .environment
            case .wrongNetwork: .network
            case .wrongOrigin: .origin
            case .closed: .timeWindow
            case .wrongCertificate: .certificate
            case .noRule: .endpoint
            case .missingScope: .scopes
            case .overLimit: .limits
            case .exhausted: .credits
            }
        }
    }

    /// Says what a test wants it to say, and counts what is taken.
    private struct ScriptedMeter: VerificationMeter {
        var isOverLimit = false
        var isExhausted = false
        var taken = 0
        var given = 0
        var spent = 0

        mutating func takeLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision {
            self.taken += self.isOverLimit ? 0 : cost
            return Self.decision(isAllowed: !self.isOverLimit)
        }

        mutating func giveBackLimits(_ uses: [LimitUse], cost: Int) -> LimitDecision {
            self.given += cost
            return Self.decision(isAllowed: true)
        }

        private static func decision(isAllowed: Bool) -> LimitDecision {
            var outcomes = LimitOutcomes(count: 1)
            if let name = try? LimitName(parsing: "burst") {
                outcomes.set(
                    LimitOutcome(name: name, limit: 5, window: .seconds(60), remaining: 5, resetsAfter: .zero),
                    at: 0
                )
            }
            return LimitDecision(isAllowed: isAllowed, outcomes: outcomes)
        }

        mutating func spendCredits(of verdict: Verdict, cost: Int) throws(Never) -> CreditAnswer {
            self.spent += self.isExhausted ? 0 : cost
            return CreditAnswer(
                isAllowed: !self.isExhausted,
                credits: Verdict.Credits(remaining: self.isExhausted ? 0 : 7, refillsAt: nil)
            )
        }
    }

    /// A key with everything that a key can have, and a request that has the faults and no others.
    private func decide(
        _ faults: Set<Fault>
    ) throws -> (verdict: Verdict, steps: [VerificationTraceEntry], meter: ScriptedMeter) {
        var failing: Set<VerificationStep> = []
        if faults.contains(.wrongAPI) { failing.insert(.api) }
        if faults.contains(.wrongEnvironment) { failing.insert(.environment) }
        if faults.contains(.missingScope) { failing.insert(.scopes) }
        var query = try self.query(failing: failing)
        let shown = try CertificateThumbprint(parsing: String(repeating: "ab", count: 32))
        query.context = ClientContext(
            ip: IPAddress(parsing: faults.contains(.wrongNetwork) ? "198.51.100.1" : "203.0.113.1"),
            method: "GET",
            path: faults.contains(.noRule) ? "/v1/others/7" : "/v1/invoices/7",
            origin: faults.contains(.wrongOrigin) ? "https://evil.example" : "https://app.example.com",
            certificateThumbprint: faults.contains(.wrongCertificate) ? nil : shown
        )
        // Now is a Saturday, at 2026-11-21T06:40:00Z.
        let window = try TimeWindow(
            days: [try Weekday(parsing: faults.contains(.closed) ? "mon" : "sat")],
            from: try TimeOfDay(parsing: "06:00"),
            to: try TimeOfDay(parsing: "07:00"),
            zone: try LocalTimeZone(parsing: "UTC")
        )
        let restrictions = try Restrictions(
            networks: NetworkRules(allow: [try CIDR(parsing: "203.0.113.0/24")], deny: []),
            origins: [try OriginPattern(parsing: "https://*.example.com")],
            timeWindows: [window],
            certificateThumbprints: [shown]
        )
        let limit = try RateLimit(name: LimitName(parsing: "burst"), requests: 5, window: .seconds(60))
        let snapshot = try self.fixtures.snapshot(
            state: faults.contains(.suspended) ? .suspended : .active,
            credentialState: faults.contains(.superseded) ? .retired : .current,
            expiresAt: faults.contains(.expired) ? Self.earlier : nil,
            rules: EndpointRules([
                EndpointRule(
                    path: try PathPattern(parsing: "/v1/invoices/{id}"),
                    scopes: try ScopeQuery(parsing: "invoices.read"),
                    cost: 3
                )
            ]),
            restrictions: RestrictionCheck(all: [restrictions]),
            allowance: KeyAllowance(
                limits: [LimitUse(limit, of: .key, ["a key"])],
                accounts: [AccountID(.key, 1)],
                isSuspended: false
            )
        )
        var meter = ScriptedMeter()
        meter.isOverLimit = faults.contains(.overLimit)
        meter.isExhausted = faults.contains(.exhausted)
        var trace = RecordedTrace()
        // These two come before the pipeline.
        trace.add(.parse, .passed) { "a token" }
        trace.add(.attempts, .passed) { "few" }
        let verdict = VerificationPipeline(hasher: self.fixtures.hasher).decide(
            faults.contains(.wrongSecret) ? self.fixtures.forged : self.fixtures.token,
            faults.contains(.unknown) ? nil : snapshot,
            query,
            at: Self.now,
            isVisible: { _ in !faults.contains(.invisible) },
            meter: &meter,
            trace: &trace
        )
        return (verdict, trace.complete(), meter)
    }

    /// No fault, every one, and every two together: the order of the steps is the order of their codes.
    static let combinations: [[Fault]] =
        [[]] + Fault.allCases.map { [$0] }
        + Fault.allCases.indices.flatMap { first in
            Fault.allCases.indices.dropFirst(first + 1).map { [Fault.allCases[first], Fault.allCases[$0]] }
        } + [Fault.allCases]

    @Test("of several faults the first step decides, and the others are not looked at", arguments: Self.combinations)
    func precedence(faults: [Fault]) throws {
        let (verdict, steps, meter) = try self.decide(Set(faults))
        #expect(verdict.code == faults.first?.code ?? .valid)
        #expect((verdict.key == nil) == (verdict.code == .notFound))
        #expect(verdict.missingScopes.map(\.text) == (verdict.code == .insufficientScope ? ["invoices.write"] : []))
        // Every step is there, in the order of the contract.
        #expect(steps.map(\.step) == VerificationStep.allCases)
        let failed = faults.first.flatMap { VerificationStep.allCases.firstIndex(of: $0.step) } ?? .max
        let expected = VerificationStep.allCases.indices.map { index -> VerificationTraceEntry.Outcome in
            index < failed ? .passed : index == failed ? .failed : .skipped
        }
        #expect(steps.map(\.outcome) == expected)
        #expect(steps.allSatisfy { !$0.detail.isEmpty })
        // Only the last two steps use something up, and a refusal uses nothing.
        let isMetered = failed >= VerificationStep.allCases.count - 2
        #expect(meter.taken == (isMetered && !faults.contains(.overLimit) ? 3 : 0))
        #expect(meter.given == (verdict.code == .creditsExhausted ? 3 : 0))
        #expect(meter.spent == (verdict.isValid ? 3 : 0))
        if verdict.isValid { #expect(verdict.cost == 3) }
    }

    @Test("conditions that nobody set are skipped")
    func skipped() throws {
        let steps = self.decide(try self.fixtures.snapshot()).steps
        #expect(steps.map(\.step) == VerificationStep.allCases)
        #expect(steps.filter { $0.outcome == .passed }.map(\.step) == [.lookUp, .compare, .state])
        #expect(!steps.contains { $0.outcome == .failed })
    }

    @Test("a suspended plan suspends its keys, and what has ended stays ended")
    func suspendedPlan() throws {
        let suspended = KeyAllowance(limits: [], accounts: [], isSuspended: true)
        #expect(self.decide(try self.fixtures.snapshot(allowance: suspended)).verdict.code == .suspended)
        #expect(
            self.decide(try self.fixtures.snapshot(state: .revoked, allowance: suspended)).verdict.code == .revoked
        )
    }

    @Test("the rule's scopes and the caller's are both needed, and the caller's cost counts before the rule's")
    func ruleAndQuery() throws {
        let rule = EndpointRule(
            path: try PathPattern(parsing: "/a"),
            scopes: try ScopeQuery(parsing: "invoices.read"),
            cost: 5
        )
        let key = try self.fixtures.snapshot(rules: EndpointRules([rule]))
        func verdict(_ scopes: String?, cost: Int? = nil, path: String = "/a") throws -> Verdict {
            let context = ClientContext(method: "GET", path: path)
            let scopes = try scopes.map(ScopeQuery.init(parsing:))
            return self.decide(key, VerificationQuery(scopes: scopes, cost: cost, context: context)).verdict
        }
        #expect(try verdict(nil).isValid)
        #expect(try verdict(nil).cost == 5)
        #expect(try verdict(nil, cost: 2).cost == 2)
        #expect(try verdict("invoices.write").code == .insufficientScope)
        #expect(try verdict("invoices.read", path: "/b").code == .endpointNotAllowed)
        #expect(try verdict("invoices.read", path: "/a/../b%2f").code == .endpointNotAllowed)
        // Without method and path there is nothing for a rule to decide.
        #expect(self.decide(key).verdict.cost == 1)
    }

    @Test("no step tells more of the token than its lookup id")
    func quiet() throws {
        for fault in Fault.allCases {
            for step in try self.decide([fault]).steps {
                #expect(!step.detail.contains("00000000"))
                #expect(!step.detail.contains("RQ2JI"))
            }
        }
    }

    @Test("only what has to be said of a malformed token is said")
    func malformed() {
        #expect(Verdict.malformed.code == .malformed)
        #expect(Verdict.malformed.key == nil)
        #expect(KeyTokenError.malformed.explanation != KeyTokenError.wrongChecksum.explanation)
    }

    @Test("an old digest is made anew, a new one is not")
    func rehash() throws {
        let old = SymmetricKey(data: [UInt8](repeating: 1, count: 32))
        let new = SymmetricKey(data: [UInt8](repeating: 2, count: 32))
        let hasher = TokenHasher(peppers: [1: old, 2: new], current: 2)
        let pipeline = VerificationPipeline(hasher: hasher)
        let digest = try #require(pipeline.rehashed(self.fixtures.token, try self.fixtures.snapshot()))
        #expect(digest.pepperVersion == 2)
        #expect(hasher.matches(self.fixtures.token, digest))
        #expect(pipeline.rehashed(self.fixtures.token, try self.fixtures.snapshot(digest: digest)) == nil)
    }

    @Test("the codes are the contract's")
    func codes() {
        #expect(
            VerificationCode.allCases.map(\.rawValue) == [
                "valid", "malformed", "too_many_attempts", "not_found", "suspended", "revoked", "compromised",
                "expired",
                "not_yet_valid", "superseded", "wrong_api", "wrong_environment", "ip_not_allowed",
                "origin_not_allowed", "outside_time_window", "certificate_not_allowed", "endpoint_not_allowed",
                "insufficient_scope", "rate_limited", "credits_exhausted",
            ]
        )
        // Records carry the numbers.
        #expect(VerificationCode.allCases.map(\.number) == Array(0...19))
        #expect(VerificationCode.allCases.allSatisfy { VerificationCode(number: $0.number) == $0 })
        #expect(VerificationCode(number: 20) == nil)
    }
}
