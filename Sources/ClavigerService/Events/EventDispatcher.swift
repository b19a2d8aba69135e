public import ClavigerCore
public import Logging

/// Brings events from the outbox to their endpoints.
///
/// What is about one subject goes to an endpoint one after another, in order; what is about others goes beside it. A
/// delivery is leased before it is sent and settled afterwards, so it is sent at least once, and by nobody else meanwhile.
public actor EventDispatcher {
    /// How much is done at once, and how patiently.
    public struct Configuration: Sendable {
        /// The most requests at one time.
        public var parallel: Int
        /// The most requests to one endpoint at one time: one that hangs must not hold up the others.
        public var parallelPerEndpoint: Int
        /// How long a delivery is nobody else's; longer than sending can take.
        public var lease: Duration
        /// When something that failed is tried again.
        public var retries: RetrySchedule
        /// How often the outbox is looked at when nothing says that it should be.
        public var pause: Duration

        /// Makes a configuration.
        public init(
            parallel: Int = 64,
            parallelPerEndpoint: Int = 16,
            lease: Duration = .seconds(180),
            retries: RetrySchedule = RetrySchedule(),
            pause: Duration = .seconds(1)
        ) {
            self.parallel = parallel
            self.parallelPerEndpoint = parallelPerEndpoint
            self.lease = lease
            self.retries = retries
            self.pause = pause
        }
    }

    /// A delivery that this dispatcher has leased.
    private struct Claimed: Sendable {
        let delivery: Delivery
        let body: String
        let url: WebhookURL
        /// Nil when one cannot be opened.
        let secrets: [WebhookSecret]?
    }

    private struct Finished: Sendable {
        let delivery: Delivery
        let result: SendResult
        let at: Timestamp
    }

    private let authority: Authority
    private let sender: any EventSender
    private let configuration: Configuration
    private let logger: Logger
    /// What is being sent, and what was sent and is not settled yet.
    private var inFlight: [Delivery.ID: WebhookEndpoint.ID] = [:]
    /// What is to be settled.
    private var finished: [Finished] = []

    /// Makes a dispatcher; there must be one for a database.
    public init(
        authority: Authority,
        sender: any EventSender,
        configuration: Configuration = Configuration(),
        logger: Logger
    ) {
        self.authority = authority
        self.sender = sender
        self.configuration = configuration
        self.logger = logger
    }

    /// Takes over from a server that is gone: what it had leased may be sent now.
    public func start() async throws {
        let wanted = try await self.authority.store.write { tx in
            try tx.releaseLeases()
            return EventTypes.wanted(by: try tx.enabledWebhookEndpoints(in: nil))
        } afterCommit: { _ in
        }
        self.authority.events.announce(EventHub.News(hasEvents: true, wanted: wanted))
    }

    /// Delivers until the task is cancelled.
    public func run() async {
        let hub = self.authority.events
        await withDiscardingTaskGroup { group in
            let pause = self.configuration.pause
            group.addTask {
                while !Task.isCancelled {
                    hub.wake()
                    try? await Task.sleep(for: pause)
                }
            }
            var hasFailed = false
            for await _ in hub.signals {
                if Task.isCancelled { break }
                do {
                    for claimed in try await self.turn() { group.addTask { await self.deliver(claimed) } }
                    hasFailed = false
                } catch is CancellationError {
                    break
                } catch {
                    if !hasFailed {
                        self.logger.error(
                            "events cannot be delivered now; it is tried again",
                            metadata: ["type": "\(type(of: error))"]
                        )
                    }
                    hasFailed = true
                }
            }
            group.cancelAll()
        }
    }

    /// Delivers everything whose time has come, and answers how many attempts were made.
    @discardableResult
    public func runUntilIdle() async throws -> Int {
        var attempts = 0
        while true {
            let claimed = try await self.turn()
            attempts += claimed.count
            if claimed.isEmpty { return attempts }
            await withDiscardingTaskGroup { group in
                for delivery in claimed { group.addTask { await self.deliver(delivery) } }
            }
        }
    }

    /// Stores what became of deliveries and what was noticed of use, for a server that stops.
    public func flush() async {
        guard !self.finished.isEmpty || self.authority.events.hasNotices else { return }
        do {
            _ = try await self.settle(claiming: false)
        } catch {
            self.logger.error(
                "what became of events could not be stored at the end: they are sent again, and notices of use are lost",
                metadata: [
                    "type": "\(type(of: error))", "deliveries": "\(self.finished.count)",
                ]
            )
        }
    }

    /// Settles what is finished and leases what is due.
    private func turn() async throws -> [Claimed] {
        if self.finished.isEmpty, try await self.isIdle() { return [] }
        return try await self.settle(claiming: true)
    }

    /// Whether there is nothing to write: looking for it must not keep the one writing thread busy.
    private func isIdle() async throws -> Bool {
        guard !self.authority.events.hasNotices else { return false }
        let now = self.authority.time.now()
        let busy = self.inFlight
        let most = self.configuration.parallelPerEndpoint
        guard busy.count < self.configuration.parallel else { return true }
        return try await self.authority.store.read { tx in
            for endpoint in try tx.enabledWebhookEndpoints(in: nil) {
                let room = most - busy.values.count { $0 == endpoint.id }
                guard room > 0 else { continue }
                let due = try tx.dueDeliveries(to: endpoint.id, at: now, limit: 1 + busy.count)
                if due.contains(where: { busy[$0.delivery.id] == nil }) { return false }
            }
            return true
        }
    }

    private func settle(claiming: Bool) async throws -> [Claimed] {
        let finished = self.finished
        self.finished = []
        let notices = self.authority.events.takeNotices()
        let now = self.authority.time.now()
        let (busy, configuration, authority) = (self.inFlight, self.configuration, self.authority)
        let done = Set(finished.map(\.delivery.id))
        do {
            let (claimed, dead) = try await authority.store.write { tx in
                let dead = try Self.settle(finished, tx, configuration.retries, authority.random)
                for notice in notices { try tx.emit(notice, from: authority.random) }
                guard claiming else { return ([Claimed](), dead) }
                let claimed = try Self.claim(
                    tx,
                    busy: busy.filter { !done.contains($0.key) },
                    configuration,
                    Sealer(keyring: authority.keyring.keyring, random: authority.random),
                    at: now
                )
                return (claimed, dead)
            } afterCommit: { _ in
            }
            for id in done { self.inFlight[id] = nil }
            for claim in claimed { self.inFlight[claim.delivery.id] = claim.delivery.endpointID }
            for delivery in dead { self.report(delivery) }
            return claimed
        } catch {
            // Nothing of it is stored: it is settled in a later turn.
            self.finished = finished + self.finished
            authority.events.putBack(notices)
            throw error
        }
    }

    private static func claim(
        _ tx: any AuthorityWriting,
        busy: [Delivery.ID: WebhookEndpoint.ID],
        _ configuration: Configuration,
        _ sealer: Sealer,
        at now: Timestamp
    ) throws -> [Claimed] {
        var claimed: [Claimed] = []
        var busy = busy
        // Those with the fewest on their way come first: what endpoints that hang give back goes to the others.
        let endpoints = try tx.enabledWebhookEndpoints(in: nil)
            .map { endpoint in (endpoint, own: busy.values.count { $0 == endpoint.id }) }
            .sorted { ($0.own, $0.0.id.text) < ($1.own, $1.0.id.text) }
        for (endpoint, own) in endpoints {
            let room = min(configuration.parallel - busy.count, configuration.parallelPerEndpoint - own)
            guard room > 0 else { continue }
            let due = try tx.dueDeliveries(to: endpoint.id, at: now, limit: room + own)
                .filter { busy[$0.delivery.id] == nil }.prefix(room)
            guard !due.isEmpty else { continue }
            let secrets = try? tx.signingSecrets(of: endpoint, at: now, sealer)
            for found in due {
                try tx.lease(found.delivery.id, until: now + configuration.lease)
                busy[found.delivery.id] = endpoint.id
                claimed.append(
                    Claimed(
                        delivery: found.delivery,
                        body: found.body,
                        url: endpoint.attributes.url,
                        secrets: secrets
                    )
                )
            }
        }
        return claimed
    }

    private func deliver(_ claimed: Claimed) async {
        let result: SendResult
        if let secrets = claimed.secrets, !secrets.isEmpty {
            let event = SignedEvent(
                claimed.delivery.eventID,
                claimed.body,
                to: claimed.url,
                secrets: secrets,
                at: self.authority.time.now()
            )
            result = await self.sender.send(event)
        } else {
            result = .failed(.cannotSign)
        }
        // A server that stops says nothing about the endpoint: the next one sends it again.
        if Task.isCancelled, case .failed = result { return }
        self.finished.append(Finished(delivery: claimed.delivery, result: result, at: self.authority.time.now()))
        self.authority.events.wake()
    }

    /// Stores what became of deliveries; tells which were given up.
    private static func settle(
        _ finished: [Finished],
        _ tx: any AuthorityWriting,
        _ retries: RetrySchedule,
        _ random: any RandomSource
    ) throws -> [Delivery] {
        var dead: [Delivery] = []
        var notes: [WebhookEndpoint.ID: EndpointNote] = [:]
        for item in finished {
            var delivery = item.delivery
            let asked = delivery.take(item.result, at: item.at, retries, random)
            try tx.settle(delivery)
            if delivery.state == .dead { dead.append(delivery) }
            notes[delivery.endpointID, default: EndpointNote()].add(delivery.state == .delivered, asked, at: item.at)
        }
        for (id, note) in notes { try note.write(id, tx) }
        return dead
    }

    private func report(_ delivery: Delivery) {
        self.logger.warning(
            "an event was given up; it can be replayed",
            metadata: [
                "delivery": "\(delivery.id)", "endpoint": "\(delivery.endpointID)",
                "event": "\(delivery.type.rawValue)",
                "failure": "\(delivery.last?.failure?.rawValue ?? "")",
            ]
        )
    }
}
