import ClavigerCore
import ClavigerTestSupport
import Testing

@Suite struct RotationGraceTests {
    private static let now = Timestamp(milliseconds: 1_795_243_200_000)
    private static let day = Duration.seconds(86_400)

    private func term(
        _ grace: RotationGrace,
        replaced ago: Duration = .zero,
        _ rules: RotationRules = RotationRules()
    ) throws(RotationGrace.Refusal) -> RotationGrace.Term {
        try grace.term(at: Self.now, replacedAt: Self.now - ago, rules)
    }

    @Test func eachFormHasItsEnd() throws {
        #expect(try self.term(.lasting(.seconds(60))).endsAt == Self.now + .seconds(60))
        #expect(try self.term(.lasting(.zero)).endsAt == Self.now)
        #expect(try self.term(.until(Self.now + Self.day)).endsAt == Self.now + Self.day)
        let quiet = try self.term(.untilQuiet(for: .seconds(3600)))
        #expect(quiet.quietFor == .seconds(3600))
        #expect(quiet.endsAt == Self.now + Self.day * 30)
    }

    /// A moment more than the rules allow.
    private static let tooLong = Duration.milliseconds(30 * 86_400_000 + 1)
    private static let refused: [(grace: RotationGrace, field: String)] = [
        (RotationGrace.lasting(tooLong), "grace"),
        (RotationGrace.lasting(Duration.seconds(-1)), "grace"),
        (RotationGrace.until(now), "until"),
        (RotationGrace.until(now - day), "until"),
        (RotationGrace.until(now + tooLong), "until"),
        (RotationGrace.untilQuiet(for: Duration.zero), "quietFor"),
        (RotationGrace.untilQuiet(for: tooLong), "quietFor"),
    ]

    @Test(arguments: refused)
    func whatTheRulesDoNotAllowIsRefused(grace: RotationGrace, field: String) {
        let refusal = #expect(throws: RotationGrace.Refusal.self) { try self.term(grace) }
        #expect(refusal?.field == field)
        #expect(refusal?.message.hasPrefix("must ") == true)
    }

    @Test func anExtensionCountsFromTheReplacement() throws {
        #expect(try self.term(.lasting(Self.day), replaced: Self.day * 29).endsAt == Self.now + Self.day)
        #expect(throws: RotationGrace.Refusal.self) { try self.term(.lasting(Self.day * 2), replaced: Self.day * 29) }
        let quiet = try self.term(.untilQuiet(for: .seconds(60)), replaced: Self.day * 29)
        #expect(quiet.endsAt == Self.now + Self.day)
    }

    private func credential() throws -> Credential {
        let random = SeededRandom(seed: 1)
        let token = KeyToken(prefix: try TokenPrefix(parsing: "pay"), tag: try TokenTag(parsing: "live"), from: random)
        return Credential(
            id: Identifier(at: Self.now, from: random),
            keyID: Identifier(at: Self.now, from: random),
            lookupID: token.lookupID,
            digest: nil,
            state: .current,
            createdAt: Self.now
        )
    }

    @Test func timeRetiresACredential() throws {
        var credential = try self.credential()
        #expect(credential.retiredAt(at: .latest) == nil)
        credential.retire(try self.term(.lasting(.seconds(60))), at: Self.now)
        let (last, end) = (Self.now + .milliseconds(59_999), Self.now + .seconds(60))
        #expect(credential.state(at: last) == .retiring(endsAt: end))
        #expect(credential.graceEndsAt(at: last) == end)
        #expect(credential.state(at: end) == .retired)
        #expect(credential.graceEndsAt(at: end) == nil)
        #expect(credential.retiredAt(at: end) == end)
        #expect(credential.replacedAt == Self.now)
    }

    @Test func noGraceRetiresItAtOnce() throws {
        var credential = try self.credential()
        credential.retire(try self.term(.lasting(.zero)), at: Self.now)
        #expect(credential.state == .retired)
        #expect(credential.retiredAt(at: Self.now) == Self.now)
    }

    /// Whoever is stopped before the new token is stored has to be able to ask for it again.
    @Test func aHolderIsLeftTenMinutes() {
        #expect(RotationRules().holderCanRotate)
        #expect(RotationRules(maximumGrace: .seconds(600)).holderCanRotate)
        #expect(!RotationRules(maximumGrace: .seconds(599)).holderCanRotate)
        #expect(!RotationRules(maximumGrace: .zero).holderCanRotate)
        #expect(!RotationRules(holderMayRotate: false).holderCanRotate)
    }

    @Test func aDemandEndsTheGraceOfAHolder() {
        let rules = RotationRules()
        func longest(_ rotateBy: Timestamp?) -> Duration { rules.longestHolderGrace(rotateBy: rotateBy, at: Self.now) }
        #expect(longest(nil) == Self.day * 30)
        #expect(longest(Self.now + Self.day) == Self.day)
        #expect(longest(Self.now + .seconds(60)) == .seconds(600))
        #expect(longest(Self.now - Self.day) == .seconds(600))
        #expect(longest(Self.now + Self.day * 31) == Self.day * 30)
        let end = Self.now + Self.day
        #expect(RotationGrace.lasting(Self.day * 2).held(to: Self.day, at: Self.now) == .lasting(Self.day))
        #expect(RotationGrace.lasting(.seconds(600)).held(to: Self.day, at: Self.now) == .lasting(.seconds(600)))
        #expect(RotationGrace.until(Self.now + Self.day * 2).held(to: Self.day, at: Self.now) == .until(end))
        #expect(
            RotationGrace.untilQuiet(for: Self.day * 2).held(to: Self.day, at: Self.now) == .untilQuiet(for: Self.day)
        )
    }
}
