import ClavigerCore
import Testing

/// Each finding for yes and for no.
@Suite struct HygieneRulesTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private static let day = Duration.seconds(86_400)

    private static func ago(_ days: Int) -> Timestamp { Self.now - Self.day * days }

    /// A key about which there is nothing to say.
    private static let good = KeyFacts(
        id: APIKey.ID(bits: 1),
        apiID: API.ID(bits: 2),
        environment: .production,
        consumerID: Consumer.ID(bits: 3),
        kind: .secret,
        name: "good",
        createdAt: ago(60),
        expiresAt: now + day * 30,
        isRestricted: true,
        hasContact: true,
        credentialCreatedAt: ago(60),
        hasLegacyHash: false,
        lastUsedAt: ago(1),
        networks: 20,
        unusedScopes: []
    )

    private static func findings(_ change: (inout KeyFacts) -> Void) -> [HygieneFinding] {
        var key = Self.good
        change(&key)
        return HygieneRules().findings(key, at: Self.now)
    }

    @Test func aGoodKeyHasNone() {
        #expect(Self.findings { _ in } == [])
    }

    @Test func neverExpires() {
        #expect(Self.findings { $0.expiresAt = nil } == [.neverExpires])
        #expect(Self.findings { ($0.expiresAt, $0.kind) = (nil, .publishable) } == [])
    }

    @Test func unrestrictedInProduction() throws {
        #expect(Self.findings { $0.isRestricted = false } == [.unrestricted])
        #expect(Self.findings { ($0.isRestricted, $0.environment) = (false, .staging) } == [])
        #expect(Self.findings { ($0.isRestricted, $0.kind) = (false, .publishable) } == [])
    }

    @Test func idle() {
        #expect(Self.findings { $0.lastUsedAt = Self.ago(90) - .milliseconds(1) } == [.idle])
        #expect(Self.findings { $0.lastUsedAt = Self.ago(90) } == [])
    }

    @Test func neverUsed() {
        #expect(Self.findings { $0.lastUsedAt = nil } == [.neverUsed])
        #expect(Self.findings { ($0.lastUsedAt, $0.createdAt) = (nil, Self.ago(30)) } == [])
        #expect(Self.findings { ($0.lastUsedAt, $0.notBefore) = (nil, Self.ago(30)) } == [])
        #expect(Self.findings { ($0.lastUsedAt, $0.notBefore) = (nil, Self.ago(31)) } == [.neverUsed])
    }

    @Test func unusedScopes() throws {
        let scope = try Scope(parsing: "invoices.write")
        #expect(Self.findings { $0.unusedScopes = [scope] } == [.unusedScopes])
        #expect(Self.findings { $0.unusedScopes = nil } == [])
    }

    @Test func shared() {
        #expect(Self.findings { $0.networks = 21 } == [.shared])
        #expect(Self.findings { ($0.networks, $0.kind) = (300, .publishable) } == [])
    }

    @Test func noContact() {
        #expect(Self.findings { $0.hasContact = false } == [.noContact])
    }

    @Test func rotationOverdue() {
        #expect(Self.findings { $0.credentialCreatedAt = Self.ago(90) - .milliseconds(1) } == [.rotationOverdue])
        #expect(Self.findings { $0.credentialCreatedAt = Self.ago(90) } == [])
        #expect(Self.findings { ($0.credentialCreatedAt, $0.kind) = (Self.ago(900), .publishable) } == [])
    }

    @Test func legacyHash() {
        #expect(Self.findings { $0.hasLegacyHash = true } == [.legacyHash])
    }

    @Test func ofWhatIsNotRecordedNothingIsSaid() {
        #expect(Self.findings { ($0.isUseRecorded, $0.lastUsedAt, $0.createdAt) = (false, nil, Self.ago(80)) } == [])
        #expect(Self.findings { ($0.isUseRecorded, $0.lastUsedAt) = (false, Self.ago(900)) } == [])
        #expect(Self.findings { ($0.isUseRecorded, $0.networks) = (false, 300) } == [])
    }

    @Test func whatIsSuspendedCannotBeSuspendedOrRotated() {
        #expect(Self.findings { ($0.isSuspended, $0.networks) = (true, 300) } == [])
        #expect(Self.findings { ($0.isSuspended, $0.credentialCreatedAt) = (true, Self.ago(900)) } == [])
        var key = Self.good
        key.isSuspended = true
        for finding in [HygieneFinding.idle, .neverUsed, .legacyHash] {
            #expect(finding.fix(for: key) == "claviger key revoke \(key.id.text) --reason unused")
        }
    }

    @Test func aDeadKeyDoesNoHarm() {
        #expect(Self.findings { ($0.expiresAt, $0.hasContact) = (Self.now, false) } == [])
        #expect(Self.findings { ($0.expiresAt, $0.hasContact) = (Self.now + .milliseconds(1), false) } == [.noContact])
    }

    @Test func theRulesCanBeOthers() {
        var key = Self.good
        key.lastUsedAt = Self.ago(8)
        let strict = HygieneRules(idleAfter: Self.day * 7, rotateAfter: Self.day * 59, mostNetworks: 19)
        #expect(strict.findings(key, at: Self.now) == [.idle, .shared, .rotationOverdue])
    }

    @Test func everyFindingHasACommandThatNamesWhatItIsAbout() throws {
        var key = Self.good
        key.scopes = try ["a.read", "b.*"].map { try Scope(parsing: $0) }
        key.unusedScopes = try [Scope(parsing: "b.*")]
        key.lastAddress = IPAddress(parsing: "203.0.113.9")
        for finding in HygieneFinding.allCases {
            let fix = finding.fix(for: key)
            #expect(fix.hasPrefix("claviger "))
            #expect(fix.contains(key.id.text) || fix.contains(key.consumerID.text))
        }
        #expect(HygieneFinding.unusedScopes.fix(for: key).hasSuffix("--scope 'a.read'"))
        #expect(HygieneFinding.unrestricted.fix(for: key).hasSuffix("--allow-network 203.0.113.9"))
        key.unusedScopes = key.scopes
        #expect(HygieneFinding.unusedScopes.fix(for: key).hasSuffix("--no-scopes"))
    }

    @Test func theScoreIsTheMeanOfWhatIsLeft() {
        var score = HygieneScore()
        #expect(score.value == 100)
        score.add([])
        score.add([.shared, .idle])
        #expect(score.value == 72)
        score.add([.noContact])
        // (100 + 45 + 95) / 3.
        #expect(score.value == 80)
        score.add(HygieneFinding.allCases)
        // Nothing is below 0.
        #expect(score.value == 60)
        #expect(score.keys == 4)
        #expect(score.keysWithFindings == 3)
        #expect(score.counts[.noContact] == 2)
    }

    @Test(arguments: [0, 1, 2, 5, 10, 15, 20, 30, 60])
    func networksAreCountedWithoutKnowingThem(count: Int) {
        var spread = NetworkSpread()
        for number in 0..<count {
            for _ in 0..<3 { spread.add([203, 0, UInt8(number)]) }
        }
        #expect(abs(spread.estimate - count) <= max(1, count / 4), "\(count) was taken for \(spread.estimate)")
        var again = spread
        again.formUnion(spread)
        #expect(again == spread)
    }

    @Test(
        arguments: [
            (["contact": "a@example.com"], true), (["email": "a@example.com"], true), (["contact": ""], false),
            (["contact": 7], false), ([:], false), (["team": "blue"], false),
        ] as [(JSON, Bool)]
    )
    func somebodyHasToBeNamed(metadata: JSON, expected: Bool) throws {
        #expect(Consumer.hasContact(try Metadata(try #require(metadata.object))) == expected)
    }
}
