import ClavigerCore
import ClavigerTestSupport
import ClavigerVerifier
import Testing

@Suite("A change is seen before it is acknowledged (P4)")
struct VerifierChangeTests {
    @Test("what is revoked is refused from then on", arguments: [KeyState.Name.suspended, .revoked, .compromised])
    func changed(state: KeyState.Name) async throws {
        let fixture = try VerifierFixture()
        let token = fixture.committedTokens(1)[0]
        #expect(try await fixture.code(token) == .valid)
        fixture.change(token, to: state)
        #expect(try await fixture.code(token).rawValue == state.rawValue)
        fixture.change(token, to: .active)
        #expect(try await fixture.code(token) == .valid)
        #expect(fixture.source.reads.count == 3)
    }

    @Test("a change of everything is a change of each")
    func changedEverything() async throws {
        let fixture = try VerifierFixture()
        let tokens = fixture.committedTokens(200)
        for token in tokens { #expect(try await fixture.code(token) == .valid) }
        for token in tokens { fixture.commit(token, .suspended) }
        var effects = Verifier.Effects()
        effects.changedEverything = true
        fixture.verifier.apply(effects)
        for token in tokens { #expect(try await fixture.code(token) == .suspended) }
    }

    /// Begins to verify, lets the store read, changes something, and only then lets the store answer.
    private func race(
        _ fixture: VerifierFixture,
        _ token: KeyToken,
        change: () -> Void
    ) async throws -> VerificationCode {
        let gate = Gate()
        fixture.source.stopNextRead(at: gate)
        async let late = fixture.code(token)
        await gate.waitForArrival()
        change()
        gate.open()
        return try await late
    }

    @Test("what was read before a change is not kept after it")
    func raceWithChange() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.committedTokens(1)[0]
        // This verification began before the change, and may see the old state; the next may not.
        _ = try await self.race(fixture, token) { fixture.change(token, to: .revoked) }
        #expect(fixture.verifier.counts.credentials == 0)
        #expect(try await fixture.code(token) == .revoked)
        #expect(fixture.source.reads.count == 2)
    }

    @Test("what was read before a change of everything is not kept after it")
    func raceWithEverything() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.committedTokens(1)[0]
        _ = try await self.race(fixture, token) {
            fixture.commit(token, .revoked)
            var effects = Verifier.Effects()
            effects.changedEverything = true
            fixture.verifier.apply(effects)
        }
        #expect(try await fixture.code(token) == .revoked)
    }

    @Test("an id that was not there when it was read is found once it has been added")
    func raceWithAddition() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.token()
        let late = try await self.race(fixture, token) { fixture.add(token) }
        #expect(late == .notFound)
        #expect(fixture.verifier.counts.unknown == 0)
        #expect(try await fixture.code(token) == .valid)
    }

    @Test("of two reads the one before the change does not replace the one after it")
    func raceOfTwoReads() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.committedTokens(1)[0]
        let gate = Gate()
        fixture.source.stopNextRead(at: gate)
        async let late = fixture.code(token)
        await gate.waitForArrival()
        fixture.change(token, to: .revoked)
        #expect(try await fixture.code(token) == .revoked)
        gate.open()
        _ = try await late
        #expect(try await fixture.code(token) == .revoked)
        #expect(fixture.source.reads.count == 2)
    }

    @Test("a new pepper is taken in; old digests stay good and are handed over to be made anew")
    func hasherSwap() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.committedTokens(1)[0]
        #expect(try await fixture.code(token) == .valid)
        #expect(fixture.rehashes.all.isEmpty)
        var effects = Verifier.Effects()
        effects.makeHasher = { VerifierFixture.hasher(current: 2) }
        fixture.verifier.apply(effects)
        #expect(try await fixture.code(token) == .valid)
        let (_, lookupID, digest) = try #require(fixture.rehashes.all.first)
        #expect(lookupID == token.lookupID)
        #expect(digest.pepperVersion == 2)
        #expect(digest.bytes == VerifierFixture.hasher(current: 2).digest(of: token).bytes)
        // The new digest is stored; nothing is left to do.
        fixture.source.set(fixture.snapshot(token, pepper: 2), for: token.lookupID)
        var stored = Verifier.Effects()
        stored.changed = [token.lookupID]
        fixture.verifier.apply(stored)
        #expect(try await fixture.code(token) == .valid)
        #expect(fixture.rehashes.all.count == 1)
    }

    @Test("a refused key hands over no digest")
    func noRehashOfRefused() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.token()
        fixture.commit(token, .revoked)
        var effects = Verifier.Effects()
        effects.makeHasher = { VerifierFixture.hasher(current: 2) }
        fixture.verifier.apply(effects)
        #expect(try await fixture.code(token) == .revoked)
        #expect(fixture.rehashes.all.isEmpty)
    }

    @Test("a digest of a pepper that came while the store was reading is understood")
    func raceWithHasherSwap() async throws {
        let fixture = try VerifierFixture()
        let token = fixture.token()
        fixture.source.set(fixture.snapshot(token, pepper: 2), for: token.lookupID)
        let late = try await self.race(fixture, token) {
            var effects = Verifier.Effects()
            effects.makeHasher = { VerifierFixture.hasher(current: 2) }
            fixture.verifier.apply(effects)
        }
        #expect(late == .valid)
    }

    @Test(
        "many tasks at once: whoever has changed a key sees the change",
        .timeLimit(.minutes(2)),
        arguments: [1, 2, 3] as [UInt64]
    )
    func stress(seed: UInt64) async throws {
        let fixture = try VerifierFixture(seed: seed, capacity: 640, negativeCapacity: 64, isSlow: true)
        let tokens = fixture.committedTokens(64)
        let states: [KeyState.Name] = [.active, .suspended, .revoked, .compromised]
        try await withThrowingTaskGroup(of: [String].self) { group in
            // Eight owners change keys of their own and look at once; eight readers pull old states into memory.
            for owner in 0..<8 {
                group.addTask {
                    var generator = SeededGenerator(seed: seed &* 1000 &+ UInt64(owner))
                    var wrong: [String] = []
                    for round in 0..<400 {
                        let token = tokens[owner * 8 + Int.random(in: 0..<8, using: &generator)]
                        let state = states[Int.random(in: 0..<4, using: &generator)]
                        fixture.change(token, to: state)
                        // Reads that began before the change end now.
                        for _ in 0..<Int.random(in: 0...6, using: &generator) { await Task.yield() }
                        let expected = state == .active ? "valid" : state.rawValue
                        let seen = try await fixture.code(token).rawValue
                        if seen != expected {
                            wrong.append("seed \(seed), owner \(owner), round \(round): \(seen), not \(expected)")
                        }
                    }
                    return wrong
                }
                group.addTask {
                    var generator = SeededGenerator(seed: seed &* 2000 &+ UInt64(owner))
                    var wrong: [String] = []
                    for _ in 0..<800 {
                        let code = try await fixture.code(tokens[Int.random(in: 0..<64, using: &generator)])
                        if code == .notFound {
                            wrong.append("seed \(seed), reader \(owner): a known key was not found")
                        }
                        _ = try await fixture.code(fixture.token())
                        let counts = fixture.verifier.counts
                        if counts.credentials > 640 || counts.unknown > 64 { wrong.append("seed \(seed): \(counts)") }
                    }
                    return wrong
                }
            }
            for try await wrong in group { #expect(wrong.prefix(5).isEmpty) }
        }
    }
}
