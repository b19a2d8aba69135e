import ClavigerCore

extension Maintenance {
    /// How long before a key's end it is said that it comes.
    static let noticePeriods: [Duration] = [.seconds(30 * 86_400), .seconds(7 * 86_400), .seconds(86_400)]
    /// How long deliveries that arrived are shown.
    static let deliveredLifetime = Duration.seconds(7 * 86_400)
    /// How long deliveries that were given up can be replayed.
    static let deadLifetime = Duration.seconds(30 * 86_400)
    /// The most of the past that one transaction looks at.
    private static let watchedSlice = Duration.seconds(3600)

    /// Tells of keys whose time ends soon or has ended.
    ///
    /// Each moment is looked at once: up to where it was looked is stored in the transaction that writes the events.
    func tellEnds() async throws {
        let now = self.authority.time.now()
        let (workspace, random) = (self.workspaceID, self.authority.random)
        while true {
            let start = try await self.authority.store.read { try $0.keysWatchedUntil() ?? now }
            guard start < now else {
                if start == now { try await self.beginWatching(at: now) }
                return
            }
            let end = min(start + Self.watchedSlice, now)
            let told = try await self.authority.store.write { tx in
                var told = false
                // What has ended first: a key does not expire soon once it has.
                for period in [.zero] + Self.noticePeriods.reversed() {
                    for key in try tx.keys(endingAfter: start + period, until: end + period, in: workspace) {
                        guard let event = Self.event(of: key, period, at: now) else { continue }
                        told = try tx.emit(event.type, about: key, event.more, at: now, from: random) || told
                    }
                }
                try tx.setKeysWatched(until: end)
                return told
            } afterCommit: { _ in
            }
            if told { self.authority.events.wake() }
        }
    }

    private func beginWatching(at now: Timestamp) async throws {
        try await self.authority.store.write { tx in
            if try tx.keysWatchedUntil() == nil { try tx.setKeysWatched(until: now) }
        } afterCommit: {
        }
    }

    private static func event(
        of key: APIKey,
        _ period: Duration,
        at now: Timestamp
    ) -> (type: EventType, more: [(String, JSON)])? {
        if period == .zero { return (.keyExpired, []) }
        // After a stop of days, what has ended meanwhile is said to have ended, and nothing else.
        guard !key.isExpired(at: now) else { return nil }
        return (.keyExpiring, [("daysLeft", .integer(period.wholeMilliseconds / 86_400_000))])
    }

    /// Forgets deliveries that were finished long ago.
    func forgetDeliveries() async throws {
        let now = self.authority.time.now()
        for (state, lifetime) in [
            (Delivery.State.delivered, Self.deliveredLifetime), (.dead, Self.deadLifetime),
        ] {
            let limit = Self.batch
            repeat {
            } while try await self.authority.store.write(
                { try $0.deleteDeliveries(state, finishedBefore: now - lifetime, limit: limit) },
                afterCommit: { _ in }
            ) == limit
        }
    }

    /// Seals secrets of endpoints under the current key that were sealed under an older one.
    func rewrapWebhookSecrets() async throws -> Int {
        try await self.authority.store.write { tx in
            let keyring = self.authority.keyring.keyring
            let sealer = Sealer(keyring: keyring, random: self.authority.random)
            let old = try tx.webhookSecrets(sealedOtherThan: keyring.currentVersion(of: .seal), limit: Self.batch)
            for (id, sealed) in old {
                guard let again = try sealer.rewrap(sealed, for: id.sealingContext) else { continue }
                try tx.replace(again, for: id)
            }
            if !old.isEmpty {
                try tx.append(self.record("keyring.rewrap", ["webhookSecrets": .integer(Int64(old.count))]))
            }
            return old.count
        } afterCommit: { _ in
        }
    }
}
