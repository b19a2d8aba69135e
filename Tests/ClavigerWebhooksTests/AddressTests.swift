import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerWebhooks
import Hummingbird
import Synchronization
import Testing

/// Answers as a test says; each question gets the next answer, the last one for good.
final class ScriptedResolver: NameResolver {
    private let answers: Mutex<[[IPAddress]]>

    init(_ answers: [String]...) {
        self.answers = Mutex(answers.map { $0.compactMap { IPAddress(parsing: $0) } })
    }

    func addresses(of name: String) async -> [IPAddress] {
        self.answers.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? [] }
    }
}

/// Where events may not go, over real connections.
@Suite struct AddressTests {
    /// Lets events go to this machine.
    private let loopback: AddressGuard

    init() throws {
        self.loopback = AddressGuard(allowed: [try CIDR(parsing: "127.0.0.0/8")])
    }

    private func send(
        _ url: String,
        _ resolver: any NameResolver = SystemResolver(),
        policy: EventPolicy? = nil,
        timeout: Duration = .seconds(10)
    ) async throws -> SendResult {
        let policy = policy ?? EventPolicy(allowsPlaintext: true, addresses: self.loopback)
        let sender = WebhookSender(WebhookSender.Configuration(policy: policy, timeout: timeout), resolver: resolver)
        let result = await sender.send(try .test(to: url))
        await sender.close()
        return result
    }

    private func withReceiver(
        host: String = "127.0.0.1",
        _ answer: @escaping @Sendable (HookServer.Hook, Int) async throws -> Response = { _, _ in Response(status: .ok)
        },
        _ body: (Int, HookServer.Inbox) async throws -> Void
    ) async throws {
        let inbox = HookServer.Inbox()
        let server = try await HookServer.start(host: host, inbox: inbox, answer: answer)
        do {
            try await body(server.port, inbox)
        } catch {
            try? await server.stop()
            throw error
        }
        try await server.stop()
    }

    @Test func theNameIsInHostAndTheConnectionGoesToTheAddressThatWasChecked() async throws {
        try await self.withReceiver { port, inbox in
            let url = "http://hooks.example.com:\(port)/a/b?c=d"
            let result = try await self.send(url, ScriptedResolver(["127.0.0.1"]))
            #expect(result == .answered(status: 200, retryAfter: nil))
            let hook = try #require(inbox.all.first)
            #expect(hook.headers["host"] == "hooks.example.com:\(port)")
            #expect(hook.path == "/a/b")
            #expect(hook.headers["webhook-id"]?.hasPrefix("msg_") == true)
        }
    }

    @Test(arguments: [
        ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["fd00::1"], ["8.8.8.8", "127.0.0.1"],
        ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"],
    ])
    func namesThatLeadInsideAreRefused(addresses: [String]) async throws {
        try await self.withReceiver { port, inbox in
            let resolver = AnyResolver(addresses)
            let policy = EventPolicy(allowsPlaintext: true)
            let result = try await self.send("http://hooks.example.com:\(port)/", resolver, policy: policy)
            #expect(result == .failed(.addressNotAllowed))
            #expect(inbox.all.isEmpty)
        }
    }

    @Test(arguments: ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "169.254.169.254", "0.0.0.0"])
    func addressesInsideAreRefused(host: String) async throws {
        try await self.withReceiver { port, inbox in
            let result = try await self.send("http://\(host):\(port)/", policy: EventPolicy(allowsPlaintext: true))
            #expect(result == .failed(.addressNotAllowed))
            #expect(inbox.all.isEmpty)
        }
    }

    /// DNS rebinding: the name is looked up once for each attempt, and what it leads to after the check does not matter.
    @Test func aNameThatLeadsElsewhereAMomentLaterGainsNothing() async throws {
        // The receiver is on an address that is not allowed; the first answer is an allowed one where nobody listens.
        try await self.withReceiver(host: "127.0.0.2") { port, inbox in
            let policy = EventPolicy(
                allowsPlaintext: true,
                addresses: AddressGuard(allowed: [try CIDR(parsing: "127.0.0.1/32")])
            )
            let sender = WebhookSender(
                WebhookSender.Configuration(policy: policy, timeout: .seconds(5)),
                resolver: ScriptedResolver(["127.0.0.1"], ["127.0.0.2"])
            )
            let event = try SignedEvent.test(to: "http://rebind.example.com:\(port)/")
            #expect(await sender.send(event) == .failed(.connectionFailed), "it went to the address that was checked")
            #expect(await sender.send(event) == .failed(.addressNotAllowed))
            await sender.close()
            #expect(inbox.all.isEmpty)
        }
    }

    /// A connection that is kept does not outlive the check: the name is looked up again for the next event.
    @Test func aKeptConnectionIsNotUsedOnceTheNameLeadsInside() async throws {
        try await self.withReceiver { port, inbox in
            let sender = WebhookSender(
                WebhookSender.Configuration(
                    policy: EventPolicy(allowsPlaintext: true, addresses: self.loopback),
                    timeout: .seconds(5)
                ),
                resolver: ScriptedResolver(["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"])
            )
            let event = try SignedEvent.test(to: "http://hooks.example.com:\(port)/")
            var results: [SendResult] = []
            for _ in 0..<3 { results.append(await sender.send(event)) }
            await sender.close()
            let ok = SendResult.answered(status: 200, retryAfter: nil)
            #expect(results == [ok, ok, .failed(.addressNotAllowed)])
            #expect(inbox.all.count == 2)
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        let redirect: @Sendable (HookServer.Hook, Int) async throws -> Response = { hook, _ in
            guard hook.path == "/" else { return Response(status: .ok) }
            return Response(status: .temporaryRedirect, headers: [.location: "/elsewhere"])
        }
        try await self.withReceiver(redirect) { port, inbox in
            let result = try await self.send("http://127.0.0.1:\(port)/")
            #expect(result == .answered(status: 307, retryAfter: nil))
            #expect(inbox.all.map(\.path) == ["/"])
        }
    }

    @Test func clearTextNeedsToBeAllowed() async throws {
        try await self.withReceiver { port, inbox in
            let policy = EventPolicy(addresses: self.loopback)
            let result = try await self.send("http://127.0.0.1:\(port)/", policy: policy)
            #expect(result == .failed(.plaintextNotAllowed))
            #expect(inbox.all.isEmpty)
        }
    }

    @Test func everyFailureHasAName() async throws {
        #expect(try await self.send("http://nowhere.invalid/", AnyResolver([])) == .failed(.nameNotFound))
        #expect(try await self.send("http://nowhere.invalid/") == .failed(.nameNotFound))
        #expect(try await self.send("http://127.0.0.1:1/") == .failed(.connectionFailed))
        // The second address is tried when the first cannot be reached.
        try await self.withReceiver { port, _ in
            let resolver = AnyResolver(["127.0.0.9", "127.0.0.1"])
            let result = try await self.send("http://hooks.example.com:\(port)/", resolver)
            #expect(result == .answered(status: 200, retryAfter: nil))
            #expect(try await self.send("https://127.0.0.1:\(port)/") == .failed(.encryptionFailed))
        }
        let slow: @Sendable (HookServer.Hook, Int) async throws -> Response = { _, _ in
            try await Task.sleep(for: .seconds(5))
            return Response(status: .ok)
        }
        try await self.withReceiver(slow) { port, _ in
            let result = try await self.send("http://127.0.0.1:\(port)/", timeout: .milliseconds(200))
            #expect(result == .failed(.timedOut))
        }
    }

    @Test func anEndlessAnswerIsCutOff() async throws {
        let endless: @Sendable (HookServer.Hook, Int) async throws -> Response = { _, _ in
            Response(
                status: .tooManyRequests,
                headers: [.retryAfter: "17"],
                body: ResponseBody { writer in
                    for _ in 0..<100_000 { try await writer.write(ByteBuffer(repeating: 65, count: 10_000)) }
                    try await writer.finish(nil)
                }
            )
        }
        try await self.withReceiver(endless) { port, _ in
            let result = try await self.send("http://127.0.0.1:\(port)/")
            #expect(result == .answered(status: 429, retryAfter: "17"))
        }
    }
}

/// The same answer to every question.
struct AnyResolver: NameResolver {
    let found: [IPAddress]

    init(_ addresses: [String]) {
        self.found = addresses.compactMap { IPAddress(parsing: $0) }
    }

    func addresses(of name: String) async -> [IPAddress] { self.found }
}
