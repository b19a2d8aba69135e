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
        let verdict = VerificationPipeline(hasher: self.fixtures.hasher).decide(
            token ?? self.fixtures.token,
            snapshot,
            query,
            at: Self.now,
            isVisible: { _ in isVisible },
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

    /// What is wrong with a token that is otherwise right, and what comes of it.
    enum Fault: CaseIterable, Sendable {
        case unknown, invisible, wrongSecret, suspended, expired, superseded, wrongAPI, wrongEnvironment, missingScope

        var code: VerificationCode {
            switch self {
            case .unknown, .invisible, .wrongSecret: .notFound
            case .suspended: .suspended
            case .expired: .expired
            case .superseded: .superseded
            case .wrongAPI: .wrongAPI
            case .wrongEnvironment: .wrongEnvironment
            case .missingScope: .insufficientScope
            }
        }

        var step: VerificationStep {
            switch self {
            case .unknown, .invisible: .lookUp
            case .wrongSecret: .compare
            case .suspended, .expired, .superseded: .state
            case .wrongAPI: .api
            case .wrongEnvironment: .environment
            case .missingScope: .scopes
            }
        }
    }

    private func decide(_ faults: Set<Fault>) throws -> (verdict: Verdict, steps: [VerificationTraceEntry]) {
        var failing: Set<VerificationStep> = []
        if faults.contains(.wrongAPI) { failing.insert(.api) }
        if faults.contains(.wrongEnvironment) { failing.insert(.environment) }
        if faults.contains(.missingScope) { failing.insert(.scopes) }
        let snapshot = try self.fixtures.snapshot(
            state: faults.contains(.suspended) ? .suspended : .active,
            credentialState: faults.contains(.superseded) ? .retired : .current,
            expiresAt: faults.contains(.expired) ? Self.earlier : nil
        )
        return self.decide(
            faults.contains(.unknown) ? nil : snapshot,
            try self.query(failing: failing),
            token: faults.contains(.wrongSecret) ? self.fixtures.forged : self.fixtures.token,
            isVisible: !faults.contains(.invisible)
        )
    }

    @Test("of several faults the first step decides, and the others are not looked at")
    func precedence() throws {
        // All 512 combinations.
        for mask in 0..<1 << Fault.allCases.count {
            let faults = Fault.allCases.indices.filter { mask >> $0 & 1 == 1 }.map { Fault.allCases[$0] }
            let (verdict, steps) = try self.decide(Set(faults))
            #expect(verdict.code == faults.first?.code ?? .valid, "\(faults)")
            #expect((verdict.key == nil) == (verdict.code == .notFound), "\(faults)")
            #expect(verdict.missingScopes.map(\.text) == (verdict.code == .insufficientScope ? ["invoices.write"] : []))
            // Every step is there, in the order of the contract.
            #expect(steps.map(\.step) == VerificationStep.allCases, "\(faults)")
            let failed = faults.first.flatMap { VerificationStep.allCases.firstIndex(of: $0.step) }
            for (index, step) in steps.enumerated() {
                let expected: VerificationTraceEntry.Outcome =
                    index < failed ?? .max ? .passed : index == failed ? .failed : .skipped
                #expect(step.outcome == expected, "\(faults), \(step.step)")
                #expect(!step.detail.isEmpty)
                #expect((step.detail == "not reached") == (expected == .skipped))
            }
        }
    }

    @Test("conditions that nobody set are skipped")
    func skipped() throws {
        let steps = self.decide(try self.fixtures.snapshot()).steps
        #expect(steps.map(\.step) == [.parse, .lookUp, .compare, .state, .api, .environment, .scopes])
        #expect(steps.map(\.outcome) == [.passed, .passed, .passed, .passed, .skipped, .skipped, .skipped])
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
                "valid", "malformed", "not_found", "suspended", "revoked", "compromised", "expired", "not_yet_valid",
                "superseded", "wrong_api", "wrong_environment", "insufficient_scope",
            ]
        )
    }
}
