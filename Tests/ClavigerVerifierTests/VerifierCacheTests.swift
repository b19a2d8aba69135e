import ClavigerCore
import ClavigerTestSupport
import ClavigerVerifier
import Testing

@Suite("What the verifier remembers")
struct VerifierCacheTests {
    @Test("a key is read once")
    func hit() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.committedTokens(1)[0]
        for _ in 0..<5 { #expect(try await fixture.code(token) == .valid) }
        #expect(fixture.source.reads == [token.lookupID])
        #expect(fixture.verifier.counts == (credentials: 1, unknown: 0))
    }

    @Test("a refused key is remembered like any other")
    func refused() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.token()
        fixture.commit(token, .revoked)
        for _ in 0..<5 { #expect(try await fixture.code(token) == .revoked) }
        #expect(fixture.source.reads.count == 1)
    }

    @Test("an unknown id is asked for again when its time is over")
    func negative() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.token()
        for _ in 0..<5 { #expect(try await fixture.code(token) == .notFound) }
        #expect(fixture.source.reads.count == 1)
        fixture.time.advance(by: .milliseconds(4999))
        #expect(try await fixture.code(token) == .notFound)
        #expect(fixture.source.reads.count == 1)
        fixture.time.advance(by: .milliseconds(1))
        #expect(try await fixture.code(token) == .notFound)
        #expect(fixture.source.reads.count == 2)
        #expect(fixture.verifier.counts == (credentials: 0, unknown: 1))
        // Another node has made the key: it is seen when the entry has run out.
        fixture.commit(token)
        #expect(try await fixture.code(token) == .notFound)
        fixture.time.advance(by: .seconds(5))
        #expect(try await fixture.code(token) == .valid)
        #expect(fixture.verifier.counts == (credentials: 1, unknown: 0))
    }

    @Test("a new key is found at once where it was asked for before it existed")
    func addedAfterNegative() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.token()
        #expect(try await fixture.code(token) == .notFound)
        fixture.add(token)
        #expect(try await fixture.code(token) == .valid)
    }

    @Test("noise is refused without a look-up", arguments: ["", "Bearer", "pay_live_", "💥", "a\0b"])
    func malformed(text: String) async throws {
        let fixture = try VerifierFixture()
        let token = PresentedToken(text)
        let (verdict, steps) = try await fixture.verifier.explain(token, VerificationQuery(), isVisible: { _ in true })
        #expect(verdict.code == .malformed)
        #expect(steps.map(\.step) == VerificationStep.allCases)
        #expect(steps.first?.outcome == .failed)
        #expect(steps.dropFirst().allSatisfy { $0.outcome == .skipped })
        #expect(fixture.source.reads.isEmpty)
        #expect(fixture.verifier.counts == (credentials: 0, unknown: 0))
    }

    @Test("a key that the caller may not know of is not found, and stays remembered for those who may")
    func invisible() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.committedTokens(1)[0]
        let verdict = try await fixture.verifier.verify(
            PresentedToken(token),
            VerificationQuery(),
            isVisible: { _ in false }
        )
        #expect(verdict.code == .notFound)
        #expect(verdict.key == nil)
        #expect(try await fixture.code(token) == .valid)
        #expect(fixture.source.reads.count == 1)
    }

    @Test("a broken store is an error, not a verdict, and is not remembered")
    func broken() async throws {
        let fixture = try VerifierFixture()
        let tokens = fixture.committedTokens(2)
        #expect(try await fixture.code(tokens[0]) == .valid)
        fixture.source.setBroken(true)
        await #expect(throws: MemorySource.Broken.self) { try await fixture.code(tokens[1]) }
        #expect(try await fixture.code(tokens[0]) == .valid)
        fixture.source.setBroken(false)
        #expect(try await fixture.code(tokens[1]) == .valid)
    }

    @Test("never more than its capacity", arguments: [640, 1280])
    func bounded(capacity: Int) async throws {
        let fixture = try VerifierFixture(seed: 2, capacity: capacity)
        let tokens = fixture.committedTokens(capacity * 4)
        for token in tokens {
            #expect(try await fixture.code(token) == .valid)
            #expect(fixture.verifier.counts.credentials <= capacity)
        }
        // Ids fall unevenly on the shards, but four times as many fill each.
        #expect(fixture.verifier.counts.credentials == capacity)
        for token in tokens.shuffled() { #expect(try await fixture.code(token) == .valid) }
        #expect(fixture.verifier.counts.credentials == capacity)
    }

    @Test("forgotten and changed keys do not use up room")
    func roomIsReused() async throws {
        let fixture = try VerifierFixture(seed: 3, capacity: 640)
        let tokens = fixture.committedTokens(2000)
        for round in 0..<3 {
            for (index, token) in tokens.enumerated() {
                #expect(try await fixture.code(token) == .valid)
                if index % 3 == round { fixture.change(token, to: .active) }
                #expect(fixture.verifier.counts.credentials <= 640)
            }
        }
        for token in tokens {
            #expect(try await fixture.code(token) == .valid)
            let full = fixture.verifier.counts.credentials
            fixture.change(token, to: .active)
            #expect(try await fixture.code(token) == .valid)
            // It has taken the place that it left, and not another's.
            #expect(fixture.verifier.counts.credentials == full)
        }
        for token in tokens { fixture.change(token, to: .revoked) }
        #expect(fixture.verifier.counts.credentials == 0)
        for token in tokens { #expect(try await fixture.code(token) == .revoked) }
        #expect(fixture.verifier.counts.credentials == 640)
        #expect(try await fixture.code(fixture.token()) == .notFound)
        #expect(fixture.verifier.counts.unknown == 1)
        var effects = Verifier.Effects()
        effects.changedEverything = true
        fixture.verifier.apply(effects)
        #expect(fixture.verifier.counts == (credentials: 0, unknown: 0))
        for token in tokens { #expect(try await fixture.code(token) == .revoked) }
    }

    @Test("a key in use outlives a stream of others that are used once")
    func secondChance() async throws {
        let fixture = try VerifierFixture(seed: 4, capacity: 640)
        let favourite = fixture.committedTokens(1)[0]
        #expect(try await fixture.code(favourite) == .valid)
        for token in fixture.committedTokens(5000) {
            #expect(try await fixture.code(token) == .valid)
            #expect(try await fixture.code(favourite) == .valid)
        }
        #expect(fixture.source.reads.filter { $0 == favourite.lookupID }.count == 1)
    }

    @Test("a flood of unknown ids evicts no key and stays bounded")
    func flood() async throws {
        let fixture = try VerifierFixture(seed: 5, capacity: 6400, negativeCapacity: 640)
        let tokens = fixture.committedTokens(1000)
        for token in tokens { #expect(try await fixture.code(token) == .valid) }
        let known = fixture.verifier.counts.credentials
        #expect(known == 1000)
        for _ in 0..<10_000 {
            #expect(try await fixture.code(fixture.token()) == .notFound)
            #expect(fixture.verifier.counts.unknown <= 640)
        }
        #expect(fixture.verifier.counts.credentials == known)
        let reads = fixture.source.reads.count
        for token in tokens { #expect(try await fixture.code(token) == .valid) }
        #expect(fixture.source.reads.count == reads)
    }

    @Test("apis, consumers and scopes are shared, and told apart by version")
    func sharing() throws {
        let sharing = SnapshotSharing(capacity: 2)
        let random = SeededRandom()
        let id = API.ID(at: VerifierFixture.start, from: random)
        let payments = API(
            id: id,
            workspaceID: Workspace.ID(at: VerifierFixture.start, from: random),
            name: try ResourceName(parsing: "payments"),
            prefix: try TokenPrefix(parsing: "pay"),
            attributes: API.Attributes(),
            createdAt: VerifierFixture.start,
            updatedAt: VerifierFixture.start,
            version: 1
        )
        func shared(_ version: Int, _ overrides: String) -> SharedAPI {
            sharing.api(id, version: version, overrides: overrides) { SharedAPI(payments, overrides: []) }
        }
        let api = shared(1, "")
        #expect(shared(1, "") === api)
        #expect(shared(1, "another state") !== api)
        #expect(shared(2, "") !== api)
        let consumerID = Consumer.ID(at: VerifierFixture.start, from: random)
        let consumer = sharing.consumer(consumerID, version: 1, externalID: "a", metadata: "{}")
        #expect(sharing.consumer(consumerID, version: 1, externalID: "a", metadata: "{}") === consumer)
        #expect(sharing.consumer(consumerID, version: 2, externalID: "b", metadata: "{}").externalID == "b")
        for _ in 0..<10 {
            _ = sharing.consumer(
                Consumer.ID(at: VerifierFixture.start, from: random),
                version: 1,
                externalID: "x",
                metadata: "{}"
            )
        }
        #expect(sharing.consumer(consumerID, version: 3, externalID: "c", metadata: "{}").externalID == "c")
    }
}
