import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerWebhooks
import Hummingbird
import Synchronization
import Testing

/// "10,000 outgoing events through a receiver that fails 30 % of the time and restarts: none lost, none signed wrongly."
@Suite struct ManyEventsTests {
    private static let keys = 500
    private static let events = 10_000

    @Test(.timeLimit(.minutes(10))) func noneIsLostAndNoneIsSignedWrongly() async throws {
        let test = try await TestAuthority(
            eventPolicy: EventPolicy(
                allowsPlaintext: true,
                addresses: AddressGuard(allowed: [try CIDR(parsing: "127.0.0.1/32")])
            )
        )
        let owner = try await test.owner()
        let random = SeededRandom(seed: 30)
        let inbox = HookServer.Inbox()
        let accepted = Accepted()
        let answer: @Sendable (HookServer.Hook, Int) async throws -> Response = { hook, _ in
            if random.word() % 10 < 3 { return Response(status: .internalServerError) }
            accepted.add(hook)
            return Response(status: .noContent)
        }
        var server = try await HookServer.start(inbox: inbox, answer: answer)
        let port = server.port
        let hook = try await test.authority.createWebhook(
            WebhookEndpoint.Attributes(url: try WebhookURL(parsing: "http://127.0.0.1:\(port)/")),
            by: owner
        ).value
        let sender = WebhookSender(WebhookSender.Configuration(policy: test.authority.eventPolicy))
        let dispatcher = EventDispatcher(
            authority: test.authority,
            sender: sender,
            logger: test.log.logger()
        )
        try await dispatcher.start()
        let keys = try await self.makeEvents(test, owner)

        var restarts = 0
        for round in 0..<100 {
            // Now and then the receiver goes away in the middle of it, and comes back.
            if round % 3 == 1, restarts < 5 {
                restarts += 1
                async let attempts = dispatcher.runUntilIdle()
                try await Task.sleep(for: .milliseconds(100))
                try await server.stop()
                _ = try await attempts
                server = try await HookServer.start(port: port, inbox: inbox, answer: answer)
            } else {
                try await dispatcher.runUntilIdle()
            }
            let pending = try await test.authority.deliveries(
                to: hook.endpoint.id,
                state: .pending,
                page: PageRequest(limit: 1),
                by: owner
            )
            if pending.isEmpty { break }
            test.time.advance(by: .seconds(3600))
        }
        try await server.stop()
        await sender.close()
        #expect(restarts == 5)
        try await self.check(test, hook, owner, keys, inbox, accepted.hooks)
    }

    private func makeEvents(_ test: TestAuthority, _ owner: Caller) async throws -> [APIKey.ID] {
        _ = try await test.authority.createAPI(
            APIDraft(
                name: try ResourceName(parsing: "payments"),
                prefix: try TokenPrefix(parsing: "pay"),
                attributes: API.Attributes()
            ),
            by: owner
        )
        let draft = KeyDraft(
            api: .name(try ResourceName(parsing: "payments")),
            environment: .production,
            owner: .externalID(try Label(parsing: "owner")),
            attributes: APIKey.Attributes(name: try Label(parsing: "k"))
        )
        let keys = try await test.authority.issue(Array(repeating: draft, count: Self.keys), by: owner).value
            .map(\.key.id)
        for number in Self.keys..<Self.events {
            let command: KeyCommand = number / Self.keys % 2 == 1 ? .suspend : .resume
            _ = try await test.authority.transition(
                keys[number % Self.keys],
                command,
                TransitionRequest(reason: .other),
                by: owner
            )
        }
        return keys
    }

    private func check(
        _ test: TestAuthority,
        _ hook: IssuedWebhook,
        _ owner: Caller,
        _ keys: [APIKey.ID],
        _ inbox: HookServer.Inbox,
        _ accepted: [HookServer.Hook]
    ) async throws {
        for state in [Delivery.State.pending, .dead] {
            let page = PageRequest(limit: 1)
            let left = try await test.authority.deliveries(to: hook.endpoint.id, state: state, page: page, by: owner)
            #expect(left.isEmpty, "\(state)")
        }
        #expect(inbox.all.count > Self.events * 13 / 10)
        // Every request, the failed ones too.
        #expect(inbox.all.allSatisfy { self.isSigned($0, with: hook.secret) })

        // One whose answer was lost comes again with the same id: the first time counts.
        var seen = Set<String>()
        var types: [String: [String]] = [:]
        for hook in accepted where seen.insert(hook.headers["webhook-id"] ?? "").inserted {
            let json = try JSON.parse(Array(hook.body.utf8))
            types[json["data"]?["key"]?["id"]?.string ?? "", default: []].append(json["type"]?.string ?? "")
        }
        #expect(seen.count == Self.events)
        let each = Self.events / Self.keys
        let expected = ["key.created"] + (1..<each).map { $0 % 2 == 1 ? "key.suspended" : "key.resumed" }
        for key in keys { #expect(types[key.text] == expected) }
    }

    private func isSigned(_ hook: HookServer.Hook, with secret: WebhookSecret) -> Bool {
        guard let timestamp = hook.headers["webhook-timestamp"].flatMap({ Int64($0) }) else { return false }
        return WebhookSignature.isValid(
            hook.headers["webhook-signature"] ?? "",
            id: hook.headers["webhook-id"] ?? "",
            timestamp: timestamp,
            body: hook.body,
            secret: secret
        )
    }
}

/// What the receiver answered with success, in order.
private final class Accepted: Sendable {
    private let state = Mutex<[HookServer.Hook]>([])

    var hooks: [HookServer.Hook] { self.state.withLock { $0 } }

    func add(_ hook: HookServer.Hook) {
        self.state.withLock { $0.append(hook) }
    }
}
