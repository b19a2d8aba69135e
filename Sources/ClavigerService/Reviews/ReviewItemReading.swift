public import ClavigerCore

/// A key of a campaign with what is to be known of it.
public struct ReviewItemReading: Sendable {
    /// The item.
    public let value: ReviewItem
    /// The key as it is now; nil if it cannot be found.
    public let key: APIKey?
    /// What its scopes are used for; nil where that was not asked for.
    public internal(set) var usage: ScopeUsage?
    /// When it was last used; nil for never, as far as is known.
    public internal(set) var lastUse: LastUse?
    /// The management keys that can look at it now.
    public let reviewers: [APIKey.ID]
    /// Those named for it that cannot any more.
    public let missing: [APIKey.ID]
    /// As of when.
    public let readAt: Timestamp

    /// Whether nobody who was meant can look at it: then those who manage reviews do.
    public var fallsBack: Bool { self.reviewers.isEmpty }
}

extension Authority {
    /// How much of the past is looked at for what scopes are used for.
    static let reviewedDays = 90

    /// Keys of a campaign, by id, with what they are used for.
    public func reviewItems(
        of id: Review.ID,
        state: ReviewItem.State?,
        withUsage: Bool = true,
        page: PageRequest,
        by caller: Caller
    ) async throws -> [ReviewItemReading] {
        let now = self.time.now()
        let (readings, places) = try await self.read(AuditAction(.review, "read"), id.text, by: caller) { tx, caller in
            let review = try tx.existingReview(id, in: caller.workspaceID)
            var filter = try tx.visibleItems(of: review, to: caller)
            filter.state = state
            let readings = try tx.reviewItems(of: id, filter, page: page).map {
                try tx.reading(of: $0, review, at: now)
            }
            let places = try readings.map { reading in
                try reading.key.flatMap { key in
                    try tx.api(key.apiID, in: key.workspaceID).map {
                        ($0.attributes.endpointRules, try tx.granted(to: key))
                    }
                }
            }
            return (readings, places)
        }
        return try await self.addingUse(to: readings, places, withUsage: withUsage, in: caller.workspaceID)
    }

    private func addingUse(
        to readings: [ReviewItemReading],
        _ places: [(EndpointRules, ScopeSet)?],
        withUsage: Bool,
        in workspace: Workspace.ID
    ) async throws -> [ReviewItemReading] {
        guard !readings.isEmpty else { return [] }
        try await self.refreshUsage()
        let lastUses = try await self.usage.lastUses(of: readings.map(\.value.keyID), in: workspace)
        var result: [ReviewItemReading] = []
        for (reading, place) in zip(readings, places) {
            var reading = reading
            reading.lastUse = lastUses[reading.value.keyID]
            if withUsage, let (rules, granted) = place {
                reading.usage = try await self.scopeUsage(
                    of: reading.value.keyID,
                    granted,
                    rules,
                    days: Self.reviewedDays,
                    in: workspace
                )
            }
            result.append(reading)
        }
        return result
    }
}

extension AuthorityReading {
    func reading(of item: ReviewItem, _ review: Review, at now: Timestamp) throws -> ReviewItemReading {
        let key = try self.key(item.keyID, in: review.workspaceID)
        let isManagement =
            try key.map { try self.api($0.apiID, in: review.workspaceID)?.isManagement ?? false } ?? false
        // Whoever has the key now looks at it: it may have been given away since the campaign began.
        let consumer = key?.consumerID ?? item.consumerID
        var reviewers: [APIKey.ID] = []
        var missing: [APIKey.ID] = []
        for id in review.reviewers.keys {
            let owner = try self.key(id, in: review.workspaceID)?.consumerID
            if try !self.isReviewer(id, in: review.workspaceID, at: now) {
                missing.append(id)
            } else if !isManagement || owner != consumer {
                reviewers.append(id)
            }
        }
        // Nobody looks at their own management key, so that those of owners are left to others.
        if review.reviewers.areOwners, !isManagement {
            reviewers += try self.managementKeys(of: consumer, review, now)
        }
        return ReviewItemReading(
            value: item,
            key: key,
            usage: nil,
            lastUse: nil,
            reviewers: reviewers,
            missing: missing,
            readAt: now
        )
    }

    private func managementKeys(of consumer: Consumer.ID, _ review: Review, _ now: Timestamp) throws -> [APIKey.ID] {
        var filter = KeyFilter()
        filter.api = try self.api(named: API.managementName, in: review.workspaceID)?.id
        filter.consumer = consumer
        filter.state = .active
        return try self.keys(filter, in: review.workspaceID, page: PageRequest(limit: 100), at: now).map(\.id)
    }
}
