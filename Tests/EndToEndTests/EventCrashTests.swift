import ClavigerCore
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// Events of changes that were acknowledged arrive although the server is killed again and again while it delivers.
@Suite struct EventCrashTests {
    private static let rounds = 12
    private static let settings = [
        "CLAVIGER_EVENTS_ALLOW_PLAINTEXT": "true", "CLAVIGER_EVENTS_ALLOW_NETWORKS": "127.0.0.1/32",
    ]

    /// What came in, and how often a receiver that has its moods took it.
    private final class Inbox: Sendable {
        struct Hook: Sendable {
            let id: String
            let timestamp: Int64
            let signature: String
            let body: String
            let isAccepted: Bool
        }

        private let hooks = Mutex<[Hook]>([])

        var all: [Hook] { self.hooks.withLock { $0 } }

        func add(_ hook: Hook) { self.hooks.withLock { $0.append(hook) } }
    }

    @Test(.timeLimit(.minutes(10))) func killedWhileItDelivers() async throws {
        let folder = try Folder()
        let inbox = Inbox()
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let receiver = Task { try await Self.receive(inbox) { continuation.yield($0) } }
        defer { receiver.cancel() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        var secret: WebhookSecret?
        var created: Set<String> = []
        var revoked: Set<String> = []
        for round in 0..<Self.rounds {
            let server = try await ServerProcess.start(folder, environment: Self.settings)
            let caller = Caller(url: server.url, token: try folder.firstKey())
            if round == 0 {
                _ = await caller.send(.POST, "/v1/apis", ["name": "payments", "prefix": "pay"])
                let hook = await caller.send(.POST, "/v1/webhooks", ["url": .string("http://127.0.0.1:\(port)/")])
                secret = hook?.body["secret"]?.string.flatMap(WebhookSecret.init(parsing:))
            }
            async let work = Self.work(caller)
            try await Task.sleep(for: .milliseconds(150 + round * 37 % 200))
            await server.kill()
            let (more, gone) = await work
            created.formUnion(more)
            revoked.formUnion(gone)
        }
        let server = try await ServerProcess.start(folder, environment: Self.settings)
        let caller = Caller(url: server.url, token: try folder.firstKey())
        try await Self.waitUntilNothingIsPending(caller)
        #expect(created.count > Self.rounds)
        try await Self.check(caller, inbox.all.filter(\.isAccepted), created, revoked)
        let known = try #require(secret)
        for hook in inbox.all {
            #expect(
                WebhookSignature.isValid(
                    hook.signature,
                    id: hook.id,
                    timestamp: hook.timestamp,
                    body: hook.body,
                    secret: known
                )
            )
        }
        #expect(await server.stop() == 0)
    }

    private static func receive(_ inbox: Inbox, _ onPort: @escaping @Sendable (Int) -> Void) async throws {
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            var request = request
            let body = String(buffer: try await request.collectBody(upTo: 1 << 20))
            func header(_ name: String) -> String { HTTPField.Name(name).flatMap { request.headers[$0] } ?? "" }
            let isAccepted = inbox.all.count % 10 >= 3
            inbox.add(
                Inbox.Hook(
                    id: header("webhook-id"),
                    timestamp: Int64(header("webhook-timestamp")) ?? 0,
                    signature: header("webhook-signature"),
                    body: body,
                    isAccepted: isAccepted
                )
            )
            return Response(status: isAccepted ? .noContent : .internalServerError)
        }
        var logger = Logger(label: "receiver")
        logger.logLevel = .critical
        try await Application(
            responder: responder,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { onPort($0.localAddress?.port ?? 0) },
            logger: logger
        ).run()
    }

    /// Makes keys and revokes every second one until the server is gone; answers what was acknowledged.
    private static func work(_ caller: Caller) async -> (created: Set<String>, revoked: Set<String>) {
        var created: Set<String> = []
        var revoked: Set<String> = []
        for number in 0..<10_000 {
            let answer = await caller.send(
                .POST,
                "/v1/keys",
                [
                    "apiId": "payments", "environment": "production", "consumerExternalId": "owner",
                    "name": .string("\(number)"),
                ]
            )
            guard answer?.status == 201, let id = answer?.body["key"]?["id"]?.string else { break }
            created.insert(id)
            guard number % 2 == 0 else { continue }
            guard await caller.send(.POST, "/v1/keys/\(id)/revoke", ["reason": "other"])?.status == 200 else { break }
            revoked.insert(id)
        }
        return (created, revoked)
    }

    private static func waitUntilNothingIsPending(_ caller: Caller) async throws {
        let hooks = try await caller.all("/v1/webhooks")
        let id = try #require(hooks.first?["id"]?.string)
        for _ in 0..<1500 {
            let page = await caller.send(.GET, "/v1/webhooks/\(id)/deliveries?state=pending&limit=1")
            if page?.body["items"]?.array?.isEmpty == true { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        Issue.record("deliveries are still pending")
    }

    private static func check(
        _ caller: Caller,
        _ hooks: [Inbox.Hook],
        _ created: Set<String>,
        _ revoked: Set<String>
    ) async throws {
        var order: [String: [String]] = [:]
        var seen: Set<String> = []
        for hook in hooks where seen.insert(hook.id).inserted {
            let json = try JSON.parse(Array(hook.body.utf8))
            order[json["data"]?["key"]?["id"]?.string ?? "", default: []].append(json["type"]?.string ?? "")
        }
        for id in created {
            let expected = ["key.created"] + (revoked.contains(id) ? ["key.revoked"] : [])
            #expect(
                order[id].map { Array($0.prefix(expected.count)) } == expected,
                "an acknowledged change has no event"
            )
        }
        // And the other way round: what was told of is there, and as it was told.
        let keys = try await caller.all("/v1/keys?apiId=payments")
        for key in keys {
            let isRevoked = key["state"] == "revoked"
            #expect(order[key["id"]?.string ?? ""] == ["key.created"] + (isRevoked ? ["key.revoked"] : []))
        }
        #expect(order.count == keys.count, "an event of a change that was never made")
    }
}
