@_spi(Plaintext) import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Synchronization

/// An authority with endpoints, and a sender that a test answers for.
struct EventFixture {
    let test: TestAuthority
    let receiver: Receiver
    let dispatcher: EventDispatcher
    let owner: Caller
    let api: API
    let consumer: Consumer

    init(
        test: TestAuthority? = nil,
        answer: @escaping @Sendable (SignedEvent, Int) -> SendResult = Self.ok
    ) async throws {
        let authority: TestAuthority
        if let test { authority = test } else { authority = try await TestAuthority() }
        self.test = authority
        self.receiver = Receiver(answer)
        self.dispatcher = EventDispatcher(
            authority: authority.authority,
            sender: self.receiver,
            logger: authority.log.logger()
        )
        try await self.dispatcher.start()
        self.owner = try await authority.owner()
        self.api = try await authority.authority.createAPI(
            APIDraft(
                name: try ResourceName(parsing: "payments"),
                prefix: try TokenPrefix(parsing: "pay"),
                attributes: API.Attributes()
            ),
            by: self.owner
        ).value
        self.consumer = try await authority.authority.createConsumer(
            Consumer.Attributes(externalID: try Label(parsing: "acme"), kind: .customer),
            plan: nil,
            by: self.owner
        ).value
    }

    static func ok(_: SignedEvent, _: Int) -> SendResult { .answered(status: 200, retryAfter: nil) }

    /// The answers of a receiver that fails now and then, as a seed says.
    static func failing(_ percent: UInt64, seed: UInt64) -> @Sendable (SignedEvent, Int) -> SendResult {
        let random = SeededRandom(seed: seed)
        return { _, _ in
            guard random.word() % 100 < percent else { return .answered(status: 204, retryAfter: nil) }
            return [.answered(status: 500, retryAfter: nil), .failed(.timedOut)][Int(random.word() % 2)]
        }
    }

    @discardableResult
    func endpoint(_ types: [EventType] = [], url: String = "https://hooks.example.com/") async throws -> IssuedWebhook {
        try await self.test.authority.createWebhook(
            WebhookEndpoint.Attributes(url: try WebhookURL(parsing: url), types: types),
            by: self.owner
        ).value
    }

    @discardableResult
    func key(
        _ name: String = "k",
        expiresAt: Timestamp? = nil,
        allowance: Allowance = .unlimited
    ) async throws -> IssuedKey {
        let issued = try await self.test.authority.issue(
            [
                KeyDraft(
                    api: .id(self.api.id),
                    environment: .production,
                    owner: .id(self.consumer.id),
                    attributes: APIKey.Attributes(
                        name: try Label(parsing: name),
                        expiresAt: expiresAt,
                        allowance: allowance
                    )
                )
            ],
            by: self.owner
        ).value
        guard let key = issued.first else { throw Missing() }
        return key
    }

    func plaintext(of key: IssuedKey) -> String {
        key.token.withPlaintext { String(decoding: $0, as: UTF8.self) }
    }

    func transition(_ key: APIKey.ID, _ command: KeyCommand) async throws {
        _ = try await self.test.authority.transition(key, command, TransitionRequest(reason: .other), by: self.owner)
    }

    func deliveries(_ id: WebhookEndpoint.ID, _ state: Delivery.State? = nil) async throws -> [Delivery] {
        try await self.test.authority.deliveries(to: id, state: state, page: PageRequest(limit: 10_000), by: self.owner)
            .map(\.delivery)
    }

    /// Lets days go by in steps until nothing is pending any more.
    func settle(_ id: WebhookEndpoint.ID) async throws {
        for _ in 0..<400 {
            try await self.dispatcher.runUntilIdle()
            let pending = try await self.deliveries(id, .pending)
            guard let next = pending.filter({ !$0.isBlocked }).map(\.nextAt).min() else { return }
            self.test.time.advance(by: max(next - self.test.time.now(), .milliseconds(1)))
        }
    }

    struct Missing: Error {}
}

/// Keeps what it is sent, and answers as the test says.
final class Receiver: EventSender {
    struct Request: Sendable {
        let event: SignedEvent
        let result: SendResult

        func header(_ name: String) -> String { self.event.headers.first { $0.name == name }?.value ?? "" }
        var json: JSON { (try? JSON.parse(Array(self.event.body.utf8))) ?? .null }
        var type: String { self.json["type"]?.string ?? "" }
        var key: String { self.json["data"]?["key"]?["id"]?.string ?? "" }
        var isDelivered: Bool { if case .answered(200..<300, _) = self.result { true } else { false } }
    }

    private struct State {
        var requests: [Request] = []
        var open: Set<String> = []
        var overlaps = 0
    }

    private let state = Mutex(State())
    private let answer: @Sendable (SignedEvent, Int) -> SendResult

    init(_ answer: @escaping @Sendable (SignedEvent, Int) -> SendResult) {
        self.answer = answer
    }

    var requests: [Request] { self.state.withLock { $0.requests } }
    var delivered: [Request] { self.requests.filter(\.isDelivered) }
    /// How often two requests about one key to one place were on their way at a time.
    var overlaps: Int { self.state.withLock { $0.overlaps } }

    func send(_ event: SignedEvent) async -> SendResult {
        let number = self.state.withLock { $0.requests.count }
        let result = self.answer(event, number)
        let request = Request(event: event, result: result)
        let place = "\(event.url.text) \(request.key)"
        self.state.withLock { if !request.key.isEmpty, !$0.open.insert(place).inserted { $0.overlaps += 1 } }
        for _ in 0..<5 { await Task.yield() }
        self.state.withLock {
            $0.open.remove(place)
            $0.requests.append(request)
        }
        return result
    }
}
