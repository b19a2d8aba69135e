import ClavigerCore
import Logging

extension Maintenance {
    /// How long before a key's end it is said that it comes.
    static let noticePeriods: [Duration] = [.seconds(30 * 86_400), .seconds(7 * 86_400), .seconds(86_400)]
    /// How long deliveries that arrived are shown.
    static let deliveredLifetime = Duration.seconds(7 * 86_400)
    /// How long deliveries that were given up can be replayed.
    static let deadLifetime = Duration.seconds(30 * 86_400)
    private static let typesOfEnds = EventTypes([.keyExpiring, .keyExpired])
    /// The most of the past that one transaction looks at.
    private static let watchedSlice = Duration.seconds(3600)

    /// How far the store may be ahead of this clock: another process may have looked last.
    private static let clockTolerance = Duration.seconds(300)

    /// Tells of keys whose time ends soon or has ended.
    ///
    /// Each moment is looked at once: how far it was looked is stored in the transaction that writes the events. A
    /// transaction tells of a bounded number of keys, however many end in one moment.
    func tellEnds() async throws {
        let now = self.authority.time.now()
        let workspace = self.workspaceID
        while true {
            let (watch, isWanted) = try await self.authority.store.read { tx in
                let watch = try tx.keysWatch() ?? KeysWatch(until: now)
                let wanted = EventTypes.wanted(by: try tx.enabledWebhookEndpoints(in: workspace))
                return (watch, !wanted.isDisjoint(with: Self.typesOfEnds))
            }
            // How far it was looked is noted also where nothing was found: what ends a key tells of it only behind that.
            guard watch.until < now else {
                if watch.until == now { try await self.beginWatching(at: now) }
                if watch.until > now + Self.clockTolerance { try await self.watchAnew(watch, at: now) }
                return
            }
            guard isWanted else {
                // Whoever asks later is told of what comes later.
                return try await self.watchAnew(watch, at: now)
            }
            let told = try await self.authority.store.write { tx in
                // Another process may have told of it since it was read.
                guard try tx.keysWatch() ?? watch == watch else { return false }
                return try self.tellPart(of: watch, tx, at: now)
            } afterCommit: { _ in
            }
            if told { self.authority.events.wake() }
        }
    }

    /// Tells of the next keys; answers whether anybody was told.
    private func tellPart(of watch: KeysWatch, _ tx: any AuthorityWriting, at now: Timestamp) throws -> Bool {
        // What has ended first: a key does not expire soon once it has.
        let periods = [.zero] + Self.noticePeriods.reversed()
        let endpoints = try tx.enabledWebhookEndpoints(in: self.workspaceID)
        var part = watch.part ?? KeysWatch.Part(end: min(watch.until + Self.watchedSlice, now))
        var (room, told) = (Self.batch, false)
        while part.step < periods.count, room > 0 {
            let period = periods[part.step]
            let keys = try tx.keys(
                endingAfter: watch.until + period,
                until: part.end + period,
                after: part.after,
                in: self.workspaceID,
                limit: room
            )
            for key in keys {
                guard let event = Self.event(of: key, period, at: now) else { continue }
                let isTold = try tx.emit(
                    event.type,
                    about: key,
                    event.more,
                    at: now,
                    from: self.authority.random,
                    to: endpoints.filter { $0.wanted.contains(event.type) }
                )
                told = isTold || told
            }
            if keys.count == room, let last = keys.last, let end = last.endsAt {
                part.after = KeysWatch.Place(end, last.id)
            } else {
                (part.step, part.after) = (part.step + 1, nil)
            }
            room -= keys.count
        }
        let isDone = part.step == periods.count
        try tx.setKeysWatch(isDone ? KeysWatch(until: part.end) : KeysWatch(until: watch.until, part: part))
        return told
    }

    /// Looks at what comes after now, if nobody has looked since: what lies between is not told of, or was told of by a
    /// clock that was ahead, and is told of again when its time comes.
    private func watchAnew(_ seen: KeysWatch, at now: Timestamp) async throws {
        try await self.authority.store.write { tx in
            guard try tx.keysWatch() ?? seen == seen else { return }
            try tx.setKeysWatch(KeysWatch(until: now))
        } afterCommit: {
        }
    }

    private func beginWatching(at now: Timestamp) async throws {
        try await self.authority.store.write { tx in
            if try tx.keysWatch() == nil { try tx.setKeysWatch(KeysWatch(until: now)) }
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
    ///
    /// One that cannot be opened is logged and stays as it is; its endpoint's deliveries say `cannot_sign`.
    func rewrapWebhookSecrets() async throws {
        var last: WebhookSecretID?
        repeat { last = try await self.rewrapWebhookSecrets(after: last) } while last != nil
    }

    /// Answers the last one that was looked at, if there may be more.
    private func rewrapWebhookSecrets(after place: WebhookSecretID?) async throws -> WebhookSecretID? {
        let (last, broken) = try await self.authority.store.write { tx in
            let keyring = self.authority.keyring.keyring
            let sealer = Sealer(keyring: keyring, random: self.authority.random)
            let old = try tx.webhookSecrets(
                sealedOtherThan: keyring.currentVersion(of: .seal),
                after: place,
                limit: Self.batch
            )
            var rewrapped: [(WebhookSecretID, SealedValue)] = []
            var broken: [WebhookSecretID] = []
            for (id, sealed) in old {
                do throws(SealingError) {
                    guard let sealed else { throw .malformed }
                    guard let again = try sealer.rewrap(sealed, for: id.sealingContext) else { continue }
                    rewrapped.append((id, again))
                } catch {
                    broken.append(id)
                }
            }
            for (id, sealed) in rewrapped { try tx.replace(sealed, for: id) }
            if !rewrapped.isEmpty {
                try tx.append(self.record("keyring.rewrap", ["webhookSecrets": .integer(Int64(rewrapped.count))]))
            }
            return (old.count == Self.batch ? old.last?.id : nil, broken)
        } afterCommit: { _ in
        }
        for id in broken where self.brokenSecrets.isNew(id) {
            self.logger.error(
                "the secret of a webhook endpoint cannot be opened; rotate it",
                metadata: ["endpoint": "\(id.endpointID)", "number": "\(id.number)"]
            )
        }
        return last
    }
}
