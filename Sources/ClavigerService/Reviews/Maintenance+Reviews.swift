import ClavigerCore

extension Maintenance {
    /// Ends campaigns whose deadline is over, reminds of those that come to it, and begins the next ones of series.
    func runReviews() async throws {
        try await self.authority.endReviews(in: self.workspaceID)
        try await self.remindOfReviews()
        try await self.repeatReviews()
    }

    private func remindOfReviews() async throws {
        let (workspace, now) = (self.workspaceID, self.authority.time.now())
        guard try await self.authority.store.read({ try !$0.reviews(toRemindAt: now, in: workspace).isEmpty }) else {
            return
        }
        try await self.authority.change(AuditAction(.review, "remind"), as: OwnAccord(workspaceID: workspace)) {
            change in
            for review in try change.tx.reviews(toRemindAt: now, in: workspace) {
                var review = review
                // After a stop, what was missed is one reminder; after the deadline there is none.
                review.remindAt = review.state == .open ? Review.reminder(after: now, dueAt: review.dueAt) : nil
                try change.tx.update(review)
                let reading = try change.tx.reading(of: review)
                guard review.state == .open, review.dueAt > now, reading.counts[.open] ?? 0 > 0 else { continue }
                try change.record(AuditAction(.review, "remind"), review.id.text, after: reading.publicFields)
                try change.emit(.reviewReminder, about: reading)
            }
            change.nothingToDo()
        }
    }

    private func repeatReviews() async throws {
        let (workspace, now) = (self.workspaceID, self.authority.time.now())
        for due in try await self.authority.store.read({ try $0.reviews(toRepeatAt: now, in: workspace) }) {
            try await self.authority.change(AuditAction(.review, "create"), as: OwnAccord(workspaceID: workspace)) {
                change in
                change.nothingToDo()
                guard var former = try change.tx.review(due.id, in: workspace), let start = former.repeatsAt,
                    let every = former.every
                else { return }
                former.repeatsAt = nil
                try change.tx.update(former)
                // A series ends with whoever began it: nobody would answer for what it does.
                guard let maker = try change.tx.key(former.createdBy, in: workspace), maker.state(at: now) == .active
                else {
                    return try change.recordEnd(of: former, "Whoever began the series cannot be asked any more.")
                }
                // After a long stop there is one campaign and not one for each that was missed.
                let dueAt = now + (former.dueAt - former.createdAt)
                let next = Review(
                    id: change.newID(),
                    workspaceID: workspace,
                    name: former.name,
                    filter: former.filter,
                    reviewers: former.reviewers,
                    atDeadline: former.atDeadline,
                    dueAt: dueAt,
                    every: every,
                    repeatsAt: Review.nextRepetition(of: start, every: every, after: now),
                    remindAt: Review.reminder(after: now, dueAt: dueAt),
                    state: .open,
                    follows: former.id,
                    createdAt: now,
                    createdBy: former.createdBy
                )
                do {
                    _ = try change.open(next)
                } catch let problem as Problem {
                    try change.recordEnd(of: former, problem.violations.first?.message ?? problem.detail)
                }
            }
        }
    }
}

extension Authority {
    private static let batch = 200

    /// Does at the deadline of campaigns what they say, to each key once, however late it is.
    func endReviews(in workspace: Workspace.ID) async throws {
        let now = self.time.now()
        let due = try await self.store.read { try $0.reviews(dueAt: now, in: workspace) }
        for review in due { try await self.end(review) }
    }

    /// Does what a campaign says of its keys that nobody has decided about.
    func end(_ review: Review) async throws {
        while try await self.endBatch(of: review, at: self.time.now()) {}
    }

    /// Ends some items, or the campaign when there are no more; tells whether there is more to do.
    private func endBatch(of review: Review, at now: Timestamp) async throws -> Bool {
        let author = OwnAccord(workspaceID: review.workspaceID)
        return try await self.change(AuditAction(.review, "lapse"), as: author) { change in
            change.nothingToDo()
            // Another may have come first.
            guard var review = try change.tx.review(review.id, in: review.workspaceID), review.state == .open else {
                return false
            }
            var filter = ReviewItemFilter()
            filter.state = .open
            let items = try change.tx.reviewItems(of: review.id, filter, page: PageRequest(limit: Self.batch))
            for item in items { try change.lapse(item, review) }
            guard items.isEmpty else { return true }
            review.state = .due
            review.remindAt = nil
            try change.tx.update(review)
            let reading = try change.tx.reading(of: review)
            try change.record(AuditAction(.review, "due"), review.id.text, after: reading.publicFields)
            try change.emit(.reviewDue, about: reading)
            return false
        }
    }
}

extension ChangeBy<OwnAccord> {
    /// Says that a series goes no further.
    fileprivate mutating func recordEnd(of review: Review, _ reason: String) throws {
        try self.record(AuditAction(.review, "series_ended"), review.id.text, reason: reason)
    }

    /// Does to a key that nobody has decided about what the campaign says.
    fileprivate mutating func lapse(_ item: ReviewItem, _ review: Review) throws {
        var item = item
        item.state = .lapsed
        item.decision = ReviewItem.Decision.none
        item.decidedAt = self.now
        if review.atDeadline == .suspend, var key = try self.tx.key(item.keyID, in: self.workspaceID),
            let api = try self.tx.api(key.apiID, in: self.workspaceID), case .active = key.state
        {
            if let obstacle = try self.obstacle(to: key, api, review) {
                item.comment = obstacle
            } else {
                let note = "Not reviewed before the deadline of the review \(review.id.text)."
                _ = try self.carryOut(.suspend, on: &key, reason: .other, note: note)
                item.decision = .suspend
            }
        }
        try self.tx.update(item)
        let after: JSON = [
            "keyId": .string(item.keyID.text), "state": .string(item.state.rawValue),
            "decision": item.decision.map { .string($0.rawValue) },
            "comment": item.comment.isEmpty ? nil : .string(item.comment),
        ]
        try self.record(AuditAction(.review, "lapse"), item.id.text, before: ["state": "open"], after: after)
    }

    /// Why a key that nobody has reviewed is not suspended all the same.
    private func obstacle(to key: APIKey, _ api: API, _ review: Review) throws -> String? {
        guard let maker = try self.tx.key(review.createdBy, in: self.workspaceID), maker.state(at: self.now) == .active,
            Permission.keys(.suspend, api.reference, key.environment).isGranted(by: try self.tx.granted(to: maker))
        else { return "Whoever began the review cannot suspend it." }
        guard api.isManagement else { return nil }
        do {
            try self.requireReach(over: key, api, review, own: nil)
        } catch is Problem {
            return "It has more power than whoever began the review."
        }
        // Claviger does not lock everybody out.
        return try self.isLastOwner(key) ? "It is the last management key that may do everything." : nil
    }
}
