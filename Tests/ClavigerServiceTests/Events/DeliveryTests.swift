import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// How events reach their endpoints.
@Suite struct DeliveryTests {
    /// 30 % fail, over several seeds: all arrive, each once, those about one key in their order and never two at a time.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func orderHoldsAndNothingIsLost(seed: UInt64) async throws {
        let fixture = try await EventFixture(answer: EventFixture.failing(30, seed: seed))
        let issued = try await fixture.endpoint()
        let keys = try await (0..<20).asyncMap { try await fixture.key("k\($0)").key.id }
        let random = SeededRandom(seed: seed)
        for _ in 0..<100 {
            let key = keys[Int(random.word() % 20)]
            try await fixture.transition(key, .suspend)
            try await fixture.transition(key, .resume)
            if random.word() % 4 == 0 {
                try await fixture.dispatcher.runUntilIdle()
                fixture.test.time.advance(by: .seconds(Int64(random.word() % 10)))
            }
        }
        try await fixture.settle(issued.endpoint.id)
        #expect(try await fixture.deliveries(issued.endpoint.id, .pending).isEmpty)
        #expect(try await fixture.deliveries(issued.endpoint.id, .dead).isEmpty)
        #expect(fixture.receiver.overlaps == 0)
        let delivered = fixture.receiver.delivered
        #expect(delivered.count == 220)
        #expect(Set(delivered.map { $0.header("webhook-id") }).count == 220)
        #expect(fixture.receiver.requests.allSatisfy { $0.isSigned(with: issued.secret) })
        for key in keys {
            let types = delivered.filter { $0.key == key.text }.map(\.type)
            #expect(types.first == "key.created")
            for (place, type) in types.dropFirst().enumerated() {
                #expect(type == (place % 2 == 0 ? "key.suspended" : "key.resumed"))
            }
        }
    }

    @Test func oneThatHangsBackHoldsUpNobodyElse() async throws {
        let fixture = try await EventFixture { event, _ in
            event.url.host == "bad.example.com" || event.body.contains(#""name":"bad""#)
                ? .failed(.timedOut) : .answered(status: 200, retryAfter: nil)
        }
        let good = try await fixture.endpoint().endpoint.id
        let bad = try await fixture.endpoint(url: "https://bad.example.com/").endpoint.id
        let badKey = try await fixture.key("bad").key.id
        try await fixture.transition(badKey, .suspend)
        let goodKey = try await fixture.key("good").key.id
        try await fixture.transition(goodKey, .suspend)
        try await fixture.dispatcher.runUntilIdle()
        #expect(try await fixture.deliveries(good, .delivered).map(\.subject) == [goodKey.text, goodKey.text])
        #expect(try await fixture.deliveries(bad, .delivered).isEmpty)
        // The second event about a key waits for the first.
        #expect(try await fixture.deliveries(good, .pending).map(\.attempts).sorted() == [0, 1])
        let failing = try await fixture.test.authority.webhook(bad, by: fixture.owner)
        #expect(failing.failingSince == fixture.test.time.now())
        #expect(try await fixture.test.authority.webhook(good, by: fixture.owner).failingSince == nil)
    }

    @Test func whatAlwaysFailsIsGivenUpAndCanBeReplayed() async throws {
        let isBroken = Switch(true)
        let fixture = try await EventFixture { _, _ in
            isBroken.isOn ? .answered(status: 500, retryAfter: nil) : .answered(status: 200, retryAfter: nil)
        }
        let endpoint = try await fixture.endpoint().endpoint.id
        let key = try await fixture.key().key.id
        try await fixture.transition(key, .suspend)
        let began = fixture.test.time.now()
        try await fixture.settle(endpoint)
        let dead = try await fixture.deliveries(endpoint, .dead)
        #expect(dead.count == 2)
        #expect(dead.allSatisfy { $0.attempts == 21 && $0.last?.status == 500 && $0.last?.failure == .refused })
        #expect(fixture.test.time.now() - began > .seconds(5 * 86_400), "two, one after the other, over days each")
        #expect(fixture.test.log.lines.contains { $0.contains("given up") })
        isBroken.isOn = false
        #expect(try await fixture.test.authority.replayDead(to: endpoint, by: fixture.owner) == 2)
        try await fixture.dispatcher.runUntilIdle()
        #expect(fixture.receiver.delivered.map(\.type) == ["key.created", "key.suspended"])
        #expect(try await fixture.deliveries(endpoint, .dead).isEmpty)
        #expect(try await fixture.test.authority.webhook(endpoint, by: fixture.owner).failingSince == nil)
        // One that arrived can be sent once more, with the same id.
        let one = try #require(try await fixture.deliveries(endpoint).last)
        let again = try await fixture.test.authority.replay(one.id, to: endpoint, by: fixture.owner)
        #expect(again.state == .pending && again.attempts == 0)
        await #expect(throws: Problem.self) {
            try await fixture.test.authority.replay(one.id, to: endpoint, by: fixture.owner)
        }
        try await fixture.dispatcher.runUntilIdle()
        #expect(fixture.receiver.delivered.filter { $0.header("webhook-id") == one.eventID.text }.count == 2)
    }

    @Test func retryAfterHoldsTheWholeEndpoint() async throws {
        let fixture = try await EventFixture { _, number in
            number == 0 ? .answered(status: 429, retryAfter: "600") : .answered(status: 200, retryAfter: nil)
        }
        try await fixture.endpoint()
        try await fixture.key("one")
        #expect(try await fixture.dispatcher.runUntilIdle() == 1)
        try await fixture.key("two")
        #expect(try await fixture.dispatcher.runUntilIdle() == 0)
        fixture.test.time.advance(by: .seconds(599))
        #expect(try await fixture.dispatcher.runUntilIdle() == 0)
        fixture.test.time.advance(by: .seconds(2))
        #expect(try await fixture.dispatcher.runUntilIdle() == 2)
    }

    @Test(arguments: [(301, Delivery.Failure.redirected), (307, .redirected), (404, .refused), (500, .refused)])
    func otherAnswersAreFailures(status: Int, failure: Delivery.Failure) async throws {
        let fixture = try await EventFixture { _, _ in .answered(status: status, retryAfter: nil) }
        let endpoint = try await fixture.endpoint().endpoint.id
        try await fixture.key()
        try await fixture.dispatcher.runUntilIdle()
        let delivery = try #require(try await fixture.deliveries(endpoint).first)
        #expect(delivery.state == .pending)
        #expect(delivery.last == Delivery.Attempt(at: fixture.test.time.now(), status: status, failure: failure))
    }

    @Test func aRotatedSecretSignsUntilItsGraceIsOver() async throws {
        let fixture = try await EventFixture()
        let former = try await fixture.endpoint()
        let id = former.endpoint.id
        let next = try await fixture.test.authority.rotateWebhookSecret(id, grace: .seconds(3600), by: fixture.owner)
            .value
        #expect(next.formerEndsAt == fixture.test.time.now() + .seconds(3600))
        func send() async throws -> Receiver.Request {
            try await fixture.key()
            try await fixture.dispatcher.runUntilIdle()
            return try #require(fixture.receiver.requests.last)
        }
        let during = try await send()
        #expect(during.header("webhook-signature").split(separator: " ").count == 2)
        #expect(during.isSigned(with: former.secret) && during.isSigned(with: next.secret))
        fixture.test.time.advance(by: .seconds(3600))
        let after = try await send()
        #expect(!after.isSigned(with: former.secret) && after.isSigned(with: next.secret))
        let last = try await fixture.test.authority.rotateWebhookSecret(id, grace: .zero, by: fixture.owner).value
        let atOnce = try await send()
        #expect(!atOnce.isSigned(with: next.secret) && atOnce.isSigned(with: last.secret))
        #expect(atOnce.header("webhook-signature").split(separator: " ").count == 1)
    }

    @Test func onlySoManySecretsSign() async throws {
        let fixture = try await EventFixture()
        let id = try await fixture.endpoint().endpoint.id
        func rotate(_ grace: Duration) async throws {
            _ = try await fixture.test.authority.rotateWebhookSecret(id, grace: grace, by: fixture.owner)
        }
        for _ in 0..<4 { try await rotate(.seconds(3600)) }
        let refused = await #expect(throws: Problem.self) { try await rotate(.seconds(7200)) }
        #expect(refused?.kind == .stateConflict)
        try await fixture.key()
        try await fixture.dispatcher.runUntilIdle()
        let signatures = try #require(fixture.receiver.requests.last).header("webhook-signature")
        #expect(signatures.split(separator: " ").count == 5)
        // A leaked one can be ended at any time, and time makes room too.
        try await rotate(.zero)
        for _ in 0..<4 { try await rotate(.seconds(3600)) }
        fixture.test.time.advance(by: .seconds(3600))
        try await rotate(.seconds(3600))
    }

    @Test func aTestIsSentOnceAndWaitsForNothing() async throws {
        let fixture = try await EventFixture { event, _ in
            event.body.contains("webhook.test") ? .answered(status: 503, retryAfter: nil) : .failed(.timedOut)
        }
        let endpoint = try await fixture.endpoint([.keyRevoked]).endpoint.id
        let delivery = try await fixture.test.authority.testWebhook(endpoint, by: fixture.owner)
        try await fixture.dispatcher.runUntilIdle()
        let tested = try await fixture.test.authority.delivery(delivery.id, to: endpoint, by: fixture.owner)
        #expect(tested.state == .dead && tested.attempts == 1 && tested.last?.status == 503)
    }

    /// A server that was killed in the middle: what it had begun is sent by the next one, and what it had leased is not
    /// sent by another before that.
    @Test func leasesAreTakenOver() async throws {
        let fixture = try await EventFixture()
        let endpoint = try await fixture.endpoint().endpoint.id
        try await fixture.key()
        try await fixture.test.database.write {
            try $0.execute("UPDATE deliveries SET leased_until = \(fixture.test.time.now() + .seconds(60))")
        }
        #expect(try await fixture.dispatcher.runUntilIdle() == 0)
        try await fixture.dispatcher.start()
        #expect(try await fixture.dispatcher.runUntilIdle() == 1)
        #expect(try await fixture.deliveries(endpoint, .delivered).count == 1)
    }

    @Test func whatCannotBeStoredIsStoredLater() async throws {
        let fixture = try await EventFixture()
        let endpoint = try await fixture.endpoint().endpoint.id
        try await fixture.key()
        try await fixture.test.database.write {
            try $0.execute(
                "CREATE TRIGGER full BEFORE UPDATE OF finished_at ON deliveries BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        }
        await #expect(throws: (any Error).self) { try await fixture.dispatcher.runUntilIdle() }
        try await fixture.test.database.write { try $0.execute("DROP TRIGGER full") }
        #expect(try await fixture.dispatcher.runUntilIdle() == 0, "it was sent and is only noted")
        #expect(try await fixture.deliveries(endpoint, .delivered).count == 1)
        #expect(fixture.receiver.requests.count == 1)
    }
}

extension Sequence {
    func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var results: [T] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
