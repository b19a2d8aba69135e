import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import ClavigerVerifier

@Suite("The filter of known ids")
struct LookupFilterTests {
    @Test("every known id is let through, few others are", arguments: [1, 2] as [UInt64])
    func sharpness(seed: UInt64) throws {
        let fixture = try VerifierFixture(seed: seed)
        var filter = LookupFilter(capacity: 2000)
        // Ids of one shard, as in use: their hashes begin alike.
        func ids(_ count: Int) -> [LookupID] {
            var ids: [LookupID] = []
            while ids.count < count {
                let characters = fixture.random.bytes(12).map { Base62.character($0 % 62) }
                if let id = LookupID(characters), id.mixed >> 58 == 5 { ids.append(id) }
            }
            return ids
        }
        let known = ids(2000)
        for id in known { filter.insert(id) }
        #expect(known.allSatisfy { filter.mayContain($0) })
        #expect(!filter.isOverfull)
        let mistaken = ids(5000).filter { filter.mayContain($0) }.count
        // 0.3 % are expected: 15 of 5,000, and hardly ever 40.
        #expect(mistaken < 40, "seed \(seed)")
        for id in ids(2001) { filter.insert(id) }
        #expect(filter.isOverfull)
        #expect(known.allSatisfy { filter.mayContain($0) })
    }

    @Test("an empty filter knows nothing")
    func empty() throws {
        let fixture = try VerifierFixture()
        #expect(!LookupFilter(capacity: 0).mayContain(fixture.token().lookupID))
        #expect(!LookupFilter(capacity: 0).isOverfull)
    }

    @Test("once it is loaded, unknown ids do not reach the store, and known ones do", arguments: [6] as [UInt64])
    func loaded(seed: UInt64) async throws {
        let fixture = try VerifierFixture(seed: seed)
        let tokens = fixture.committedTokens(3000)
        try await fixture.verifier.loadFilter(expecting: tokens.count)
        #expect(fixture.source.reads.isEmpty)
        for _ in 0..<5000 { #expect(try await fixture.code(fixture.token()) == .notFound) }
        // A few are taken for known; none of the others is even remembered.
        let reached = fixture.source.reads.count
        #expect(reached < 50, "seed \(seed)")
        #expect(fixture.verifier.counts.unknown == reached)
        for token in tokens { #expect(try await fixture.code(token) == .valid) }
        #expect(fixture.source.reads.count == reached + 3000)
    }

    @Test("before it is loaded, every id reaches the store")
    func notLoaded() async throws {
        let fixture = try VerifierFixture()
        #expect(try await fixture.code(fixture.token()) == .notFound)
        #expect(fixture.source.reads.count == 1)
    }

    @Test("ids that are added after it was loaded are known")
    func addedLater() async throws {
        let fixture = try VerifierFixture()
        try await fixture.verifier.loadFilter(expecting: 0)
        for _ in 0..<500 {
            let token = fixture.token()
            fixture.add(token)
            #expect(try await fixture.code(token) == .valid)
        }
    }

    @Test("ids that are added while it is loaded are not lost")
    func addedMeanwhile() async throws {
        let fixture = try VerifierFixture()
        let before = fixture.committedTokens(300)
        let gate = Gate()
        fixture.source.stopNextWalk(at: gate)
        async let load: Void = fixture.verifier.loadFilter(expecting: 300)
        await gate.waitForArrival()
        // The store has listed its ids already.
        let meanwhile = (0..<300).map { _ in fixture.token() }
        for token in meanwhile { fixture.add(token) }
        #expect(try await fixture.code(meanwhile[0]) == .valid)
        gate.open()
        try await load
        for token in before + meanwhile { #expect(try await fixture.code(token) == .valid) }
        let reads = fixture.source.reads.count
        #expect(try await fixture.code(fixture.token()) == .notFound)
        #expect(fixture.source.reads.count == reads)
    }

    @Test("a load that a later one overtakes does not declare the later one complete")
    func overlappingLoads() async throws {
        let fixture = try VerifierFixture()
        let tokens = fixture.committedTokens(300)
        let first = Gate()
        fixture.source.stopNextWalk(at: first)
        async let firstLoad: Void = fixture.verifier.loadFilter(expecting: 300)
        await first.waitForArrival()
        let meanwhile = (0..<300).map { _ in fixture.token() }
        for token in meanwhile { fixture.add(token) }
        let second = Gate()
        fixture.source.stopNextWalk(at: second)
        async let secondLoad: Void = fixture.verifier.loadFilter(expecting: 300)
        await second.waitForArrival()
        // The second load has begun anew; the first has never heard of the ids that were added between.
        first.open()
        try await firstLoad
        for token in tokens + meanwhile { #expect(try await fixture.code(token) == .valid) }
        second.open()
        try await secondLoad
        for token in tokens + meanwhile { fixture.change(token, to: .revoked) }
        for token in tokens + meanwhile { #expect(try await fixture.code(token) == .revoked) }
    }

    @Test("a load that fails leaves every id to the store")
    func failedLoad() async throws {
        let fixture = try VerifierFixture()
        let tokens = fixture.committedTokens(50)
        try await fixture.verifier.loadFilter(expecting: 50)
        fixture.source.setBroken(true)
        await #expect(throws: MemorySource.Broken.self) { try await fixture.verifier.loadFilter(expecting: 50) }
        fixture.source.setBroken(false)
        for token in tokens { #expect(try await fixture.code(token) == .valid) }
        try await fixture.verifier.loadFilter(expecting: 50)
        let reads = fixture.source.reads.count
        #expect(try await fixture.code(fixture.token()) == .notFound)
        #expect(fixture.source.reads.count == reads)
    }

    @Test("it says when it should be loaded again")
    func overfull() async throws {
        let fixture = try VerifierFixture(seed: 7)
        try await fixture.verifier.loadFilter(expecting: 0)
        #expect(!fixture.verifier.isFilterOverfull)
        var effects = Verifier.Effects()
        // 65,536 places in 64 shards: each is overfull beyond 2,048.
        effects.added = (0..<150_000).compactMap { _ in
            LookupID(fixture.random.bytes(12).map { Base62.character($0 % 62) })
        }
        fixture.verifier.apply(effects)
        #expect(fixture.verifier.isFilterOverfull)
        try await fixture.verifier.loadFilter(expecting: 150_000)
        #expect(!fixture.verifier.isFilterOverfull)
    }
}
