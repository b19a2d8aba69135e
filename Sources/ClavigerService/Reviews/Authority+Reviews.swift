public import ClavigerCore
import ClavigerVerifier

/// What somebody wants a campaign to be.
public struct ReviewDraft: Sendable {
    /// A name for people.
    public var name: Label
    /// The api whose keys are looked at; nil for all.
    public var api: Reference<API>?
    /// Environments with this name; nil for all.
    public var environment: EnvironmentName?
    /// Management keys only, or none of them; nil for both.
    public var isManagement: Bool?
    /// Who looks at them.
    public var reviewers: Review.Reviewers
    /// What becomes of keys that nobody has looked at in time.
    public var atDeadline: Review.AtDeadline
    /// The deadline.
    public var dueAt: Timestamp
    /// How often there is such a campaign; nil for once.
    public var every: Duration?

    /// Makes a draft.
    public init(
        name: Label,
        api: Reference<API>? = nil,
        environment: EnvironmentName? = nil,
        isManagement: Bool? = nil,
        reviewers: Review.Reviewers = Review.Reviewers(),
        atDeadline: Review.AtDeadline = .nothing,
        dueAt: Timestamp,
        every: Duration? = nil
    ) {
        self.name = name
        self.api = api
        self.environment = environment
        self.isManagement = isManagement
        self.reviewers = reviewers
        self.atDeadline = atDeadline
        self.dueAt = dueAt
        self.every = every
    }
}

/// A campaign with how far it has come.
public struct ReviewReading: Sendable {
    /// The campaign.
    public let value: Review
    /// How many keys stand where.
    public let counts: [ReviewItem.State: Int]

    /// The fields of a campaign for answers and the audit log.
    public var publicFields: JSON {
        let review = self.value
        func count(_ state: ReviewItem.State) -> JSON { .integer(Int64(self.counts[state] ?? 0)) }
        return [
            "id": .string(review.id.text),
            "name": .string(review.name.text),
            "state": .string(review.state.rawValue),
            "filter": review.filter.json,
            "reviewers": review.reviewers.json,
            "onDeadline": .string(review.atDeadline.rawValue),
            "dueAt": .string(review.dueAt.text),
            "every": review.every.map { .string(DurationText.text(for: $0)) },
            "repeatsAt": review.repeatsAt.map { .string($0.text) },
            "follows": review.follows.map { .string($0.text) },
            "items": ["open": count(.open), "decided": count(.decided), "lapsed": count(.lapsed)],
            "signOff": review.signOff.map {
                ["by": .string($0.by.text), "at": .string($0.at.text), "comment": .string($0.comment)]
            },
            "createdAt": .string(review.createdAt.text),
            "createdBy": .string(review.createdBy.text),
        ]
    }
}

extension Authority {
    /// Begins a campaign over the keys that pass the filter and live now.
    public func createReview(
        _ draft: ReviewDraft,
        by caller: Caller,
        once: Once<ReviewReading>? = nil
    ) async throws -> Outcome<ReviewReading> {
        let action = AuditAction(.review, "create")
        return try await self.change(action, nil, by: caller, once: once) { change in
            try change.caller.require(.manageReviews)
            let review = try change.makeReview(draft)
            return try change.open(review)
        }
    }

    /// One campaign, for whoever reads reviews or has keys of it to look at.
    public func review(_ id: Review.ID, by caller: Caller) async throws -> ReviewReading {
        try await self.read(AuditAction(.review, "read"), id.text, by: caller) { tx, caller in
            let review = try tx.existingReview(id, in: caller.workspaceID)
            _ = try tx.visibleItems(of: review, to: caller)
            return try tx.reading(of: review)
        }
    }

    /// Campaigns, the newest first; whoever does not read all sees those with keys to look at.
    public func reviews(state: Review.State?, page: PageRequest, by caller: Caller) async throws -> [ReviewReading] {
        try await self.read(AuditAction(.review, "list"), nil, by: caller) { tx, caller in
            var filter = ReviewFilter()
            filter.state = state
            if !caller.readsReviews {
                filter.reviewer = ReviewFilter.Reviewer(keyID: caller.keyID, consumerID: caller.consumerID)
            }
            let reviews = try tx.reviews(filter, in: caller.workspaceID, page: page)
            if reviews.isEmpty, page.after == nil, !caller.readsReviews { try caller.require(.readReviews) }
            return try reviews.map { try tx.reading(of: $0) }
        }
    }

    /// Ends a campaign: somebody vouches for it.
    ///
    /// Before the deadline every key must have been decided.
    public func signOffReview(
        _ id: Review.ID,
        comment: String,
        by caller: Caller,
        once: Once<ReviewReading>? = nil
    ) async throws -> Outcome<ReviewReading> {
        let action = AuditAction(.review, "sign_off")
        try await self.endIfDue(id, action, by: caller)
        return try await self.change(action, id.text, by: caller, once: once) { change in
            try change.caller.require(.manageReviews)
            var review = try change.tx.existingReview(id, in: change.workspaceID)
            switch review.state {
            case .open, .due: break
            case .closed: throw Problem(.stateConflict, "The review was signed off before.")
            case .cancelled: throw Problem(.stateConflict, "The review was cancelled.")
            }
            let open = try change.tx.reviewItemCounts(of: id)[.open] ?? 0
            guard open == 0 else {
                throw Problem(
                    .stateConflict,
                    "\(open) keys are not decided yet, and the deadline is \(review.dueAt.text)."
                )
            }
            let before = try change.tx.reading(of: review).publicFields
            review.state = .closed
            review.remindAt = nil
            review.signOff = Review.SignOff(by: change.caller.keyID, at: change.now, comment: comment)
            try change.tx.update(review)
            let reading = try change.tx.reading(of: review)
            try change.record(action, id.text, before: before, after: reading.publicFields)
            try change.emit(.reviewClosed, about: reading)
            return reading
        }
    }
}

extension Authority {
    /// Does what is due first, also if no maintenance has come by since the deadline of a campaign.
    private func endIfDue(_ id: Review.ID, _ action: AuditAction, by caller: Caller) async throws {
        let now = self.time.now()
        let seen = try await self.read(action, id.text, by: caller) { tx, caller in
            try caller.require(.manageReviews)
            return try tx.existingReview(id, in: caller.workspaceID)
        }
        if seen.state == .open, seen.dueAt <= now { try await self.end(seen) }
    }

    /// Ends a campaign before anything comes of it, and the series that it is of.
    public func cancelReview(
        _ id: Review.ID,
        comment: String,
        by caller: Caller,
        once: Once<ReviewReading>? = nil
    ) async throws -> Outcome<ReviewReading> {
        let action = AuditAction(.review, "cancel")
        try await self.endIfDue(id, action, by: caller)
        return try await self.change(action, id.text, by: caller, once: once) { change in
            try change.caller.require(.manageReviews)
            var review = try change.tx.existingReview(id, in: change.workspaceID)
            let before = try change.tx.reading(of: review).publicFields
            switch review.state {
            case .open, .due: review.state = .cancelled
            // What was signed off stays signed off; only its series ends.
            case .closed where review.repeatsAt != nil: break
            case .closed, .cancelled:
                throw Problem(.stateConflict, "The review is over, and nothing follows it.")
            }
            review.remindAt = nil
            review.repeatsAt = nil
            try change.tx.update(review)
            let reading = try change.tx.reading(of: review)
            let reason = comment.isEmpty ? nil : comment
            try change.record(action, id.text, before: before, after: reading.publicFields, reason: reason)
            try change.emit(.reviewClosed, about: reading)
            return reading
        }
    }
}

extension Caller {
    var readsReviews: Bool {
        Permission.readReviews.isGranted(by: self.scopes) || Permission.manageReviews.isGranted(by: self.scopes)
    }
}

extension AuthorityReading {
    func existingReview(_ id: Review.ID, in workspace: Workspace.ID) throws -> Review {
        guard let review = try self.review(id, in: workspace) else { throw Problem.notFound("review") }
        return review
    }

    func reading(of review: Review) throws -> ReviewReading {
        ReviewReading(value: review, counts: try self.reviewItemCounts(of: review.id))
    }

    /// Which items of a campaign a caller sees; a refusal for whoever has none to look at.
    func visibleItems(of review: Review, to caller: Caller) throws -> ReviewItemFilter {
        var filter = ReviewItemFilter()
        if caller.readsReviews || review.reviewers.keys.contains(caller.keyID) { return filter }
        guard review.reviewers.areOwners else { throw Problem.forbidden(needed: .readReviews) }
        filter.consumer = caller.consumerID
        guard try !self.reviewItems(of: review.id, filter, page: PageRequest(limit: 1)).isEmpty else {
            throw Problem.forbidden(needed: .readReviews)
        }
        return filter
    }
}

extension Change {
    fileprivate func makeReview(_ draft: ReviewDraft) throws -> Review {
        var violations: [Violation] = []
        var filter = Review.Filter(environment: draft.environment, isManagement: draft.isManagement)
        if let reference = draft.api {
            filter.api = try self.tx.api(reference, in: self.workspaceID)?.id
            if filter.api == nil { violations.append(Violation("/filter/apiId", "is not an api of this workspace")) }
        }
        if draft.dueAt <= self.now { violations.append(Violation("/dueAt", "must be in the future")) }
        if let every = draft.every, self.now + every < draft.dueAt {
            violations.append(Violation("/every", "must not be shorter than the time until dueAt"))
        }
        for (index, id) in draft.reviewers.keys.enumerated() {
            guard try !self.tx.isReviewer(id, in: self.workspaceID, at: self.now) else { continue }
            violations.append(Violation("/reviewers/keys/\(index)", "is not a management key that can be used"))
        }
        guard violations.isEmpty else { throw Problem.validation(violations) }
        if draft.atDeadline == .suspend { try self.requireSuspending(filter) }
        return Review(
            id: self.newID(),
            workspaceID: self.workspaceID,
            name: draft.name,
            filter: filter,
            reviewers: draft.reviewers,
            atDeadline: draft.atDeadline,
            dueAt: draft.dueAt,
            every: draft.every,
            repeatsAt: draft.every.map { self.now + $0 },
            remindAt: Review.reminder(after: self.now, dueAt: draft.dueAt),
            state: .open,
            follows: nil,
            createdAt: self.now,
            createdBy: self.caller.keyID
        )
    }
}

extension Change {
    /// What a campaign does at its deadline is done in the name of whoever begins it.
    private func requireSuspending(_ filter: Review.Filter) throws {
        for api in try self.tx.apis(in: self.workspaceID)
        where (filter.api ?? api.id) == api.id && (filter.isManagement ?? api.isManagement) == api.isManagement {
            for environment in api.attributes.environments
            where (filter.environment ?? environment.name) == environment.name {
                try self.caller.require(.keys(.suspend, api.reference, environment.name))
            }
        }
    }
}

extension ChangeBy {
    /// Begins a campaign: its keys, the record and the event.
    mutating func open(_ review: Review) throws -> ReviewReading {
        let keys = try self.tx.keysToReview(review.filter, in: self.workspaceID, at: self.now)
        guard keys.count <= Review.mostItems else {
            throw Problem.validation([
                Violation("/filter", "must be narrower: a review has at most 10,000 keys")
            ])
        }
        let items = keys.map {
            ReviewItem(id: self.newID(), reviewID: review.id, keyID: $0.id, consumerID: $0.consumerID)
        }
        try self.tx.insert(review, items)
        let reading = try self.tx.reading(of: review)
        try self.record(AuditAction(.review, "create"), review.id.text, after: reading.publicFields)
        try self.emit(.reviewOpened, about: reading)
        return reading
    }

    /// Writes an event about a campaign to the outbox.
    mutating func emit(_ type: EventType, about reading: ReviewReading) throws {
        try self.emit(type, subject: reading.value.id.text, ["review": reading.publicFields])
    }
}

extension AuthorityReading {
    /// The keys that live now and pass a filter, one more than a campaign may have at the most.
    func keysToReview(_ filter: Review.Filter, in workspace: Workspace.ID, at now: Timestamp) throws -> [APIKey] {
        guard let management = try self.api(named: API.managementName, in: workspace) else { return [] }
        var keys: [APIKey] = []
        for state in [KeyState.Name.active, .suspended] {
            var wanted = KeyFilter()
            wanted.api = filter.isManagement == true ? management.id : filter.api
            wanted.environment = filter.environment
            wanted.state = state
            var after: String?
            repeat {
                let page = try self.keys(wanted, in: workspace, page: PageRequest(after: after, limit: 1000), at: now)
                after = page.count == 1000 ? page.last?.id.text : nil
                keys += page.filter { key in
                    let isManagement = key.apiID == management.id
                    return (filter.isManagement ?? isManagement) == isManagement
                        && (filter.api ?? key.apiID) == key.apiID
                }
                if keys.count > Review.mostItems { return keys }
            } while after != nil
        }
        return keys
    }

    /// Whether a management key can look at keys now.
    func isReviewer(_ id: APIKey.ID, in workspace: Workspace.ID, at now: Timestamp) throws -> Bool {
        guard let key = try self.key(id, in: workspace), key.state(at: now) == .active,
            let api = try self.api(key.apiID, in: workspace)
        else { return false }
        return api.isManagement
    }
}
