import ClavigerCore

extension Delivery {
    /// Takes in what became of an attempt; answers how long the receiver asked to wait.
    mutating func take(
        _ result: SendResult,
        at now: Timestamp,
        _ retries: RetrySchedule,
        _ random: any RandomSource
    ) -> Duration? {
        var asked: Duration?
        let failure: Failure?
        var status: Int?
        switch result {
        case .failed(let reason): failure = reason
        case .answered(let code, let retryAfter):
            status = code
            switch code {
            case 200..<300: failure = nil
            case 300..<400: failure = .redirected
            default:
                failure = .refused
                asked = retryAfter.flatMap { RetryAfter.parse($0, at: now) }
                    .map { min($0, RetrySchedule.longestWait) }
            }
        }
        self.attempts += 1
        self.last = Attempt(at: now, status: status, failure: failure)
        if failure == nil {
            self.state = .delivered
            self.finishedAt = now
        } else if self.type != .webhookTest,
            let pause = retries.pause(afterAttempts: self.attempts, asked: asked, from: random)
        {
            self.nextAt = now + pause
        } else {
            // A test is for somebody who waits for its result; it is made once.
            self.state = .dead
            self.finishedAt = now
        }
        return asked
    }
}

/// What several attempts say of one endpoint.
struct EndpointNote {
    private var hasSucceeded = false
    private var failedAt: Timestamp?
    private var heldUntil: Timestamp?

    mutating func add(_ isSuccess: Bool, _ asked: Duration?, at now: Timestamp) {
        if isSuccess { self.hasSucceeded = true } else { self.failedAt = self.failedAt ?? now }
        if let asked { self.heldUntil = max(self.heldUntil ?? now, now + asked) }
    }

    func write(_ id: WebhookEndpoint.ID, _ tx: any AuthorityWriting) throws {
        let former = try tx.enabledWebhookEndpoints(in: nil).first { $0.id == id }?.failingSince
        let failingSince = self.hasSucceeded ? nil : former ?? self.failedAt
        guard failingSince != former || self.heldUntil != nil else { return }
        try tx.note(id, failingSince: failingSince, heldUntil: self.heldUntil)
    }
}

extension AuthorityWriting {
    /// Writes the event of a notice, unless the key is gone.
    ///
    /// While an endpoint fails, of each type one about a key waits for it: use goes on, and would fill the outbox with
    /// what says the same.
    func emit(_ notice: UseNotice, from random: any RandomSource) throws {
        guard let key = try self.key(notice.keyID, in: notice.workspaceID) else { return }
        let endpoints = try self.enabledWebhookEndpoints(in: key.workspaceID).filter { endpoint in
            guard endpoint.wanted.contains(notice.type) else { return false }
            guard endpoint.failingSince != nil else { return true }
            return try !self.hasPending(notice.type, about: key.id.text, to: endpoint.id)
        }
        _ = try self.emit(notice.type, about: key, [notice.details], at: notice.at, from: random, to: endpoints)
    }
}

extension EventReading {
    /// The secrets that an endpoint's deliveries are signed with, the current one first.
    func signingSecrets(of endpoint: WebhookEndpoint, at now: Timestamp, _ sealer: Sealer) throws -> [WebhookSecret] {
        try self.webhookSecrets(of: endpoint.id).filter { $0.endsAt.map { now < $0 } ?? true }.map { stored in
            let id = WebhookSecretID(
                workspaceID: endpoint.workspaceID,
                endpointID: endpoint.id,
                number: stored.number
            )
            return try WebhookSecret(opening: stored.sealed, for: id.sealingContext, with: sealer)
        }
    }
}

extension EventTypes {
    /// The types that any of the endpoints is told of.
    static func wanted(by endpoints: [WebhookEndpoint]) -> EventTypes {
        endpoints.reduce([]) { $0.union($1.wanted) }
    }
}
