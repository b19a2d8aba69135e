import ClavigerCore
import ClavigerService

extension SQLTransaction {
    private static var reviewColumns: SQL {
        """
        id, workspace_id, name, filter, reviewers, on_deadline, due_at, repeat_every, repeats_at, remind_at, state,
        follows, created_at, created_by, signed_at, signed_by, sign_comment
        """
    }

    private static var itemColumns: SQL {
        "id, review_id, key_id, consumer_id, state, decision, decided_at, decided_by, comment"
    }

    func review(_ id: Review.ID, in workspace: Workspace.ID) throws -> Review? {
        try self.connection.row(
            "SELECT \(sql: Self.reviewColumns) FROM reviews WHERE workspace_id = \(workspace) AND id = \(id)"
        ).map(Self.review)
    }

    func reviews(_ filter: ReviewFilter, in workspace: Workspace.ID, page: PageRequest) throws -> [Review] {
        var conditions: [SQL] = ["workspace_id = \(workspace)"]
        if let after = page.after { conditions.append("id < \(after)") }
        if let state = filter.state { conditions.append("state = \(state.rawValue)") }
        if let reviewer = filter.reviewer {
            // The list of reviewers is JSON of this program: ids between quotes.
            let named = "%\"\(reviewer.keyID.text)\"%"
            conditions.append(
                """
                (reviewers LIKE \(named) OR reviewers LIKE '%"owner":true%' AND EXISTS (
                    SELECT 1 FROM keys JOIN review_items ON review_items.key_id = keys.id
                    WHERE review_items.review_id = reviews.id AND keys.consumer_id = \(reviewer.consumerID)))
                """
            )
        }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.reviewColumns) FROM reviews
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map(Self.review)
    }

    func reviewItem(_ id: ReviewItem.ID, of review: Review.ID) throws -> ReviewItem? {
        try self.connection.row(
            "SELECT \(sql: Self.itemColumns) FROM review_items WHERE review_id = \(review) AND id = \(id)"
        ).map(Self.item)
    }

    func reviewItems(of review: Review.ID, _ filter: ReviewItemFilter, page: PageRequest) throws -> [ReviewItem] {
        var conditions: [SQL] = ["review_id = \(review)"]
        if let after = page.after { conditions.append("id > \(after)") }
        if let state = filter.state { conditions.append("state = \(state.rawValue)") }
        if let consumer = filter.consumer {
            // As it is now: a key can have been given away since the campaign began.
            conditions.append(
                """
                EXISTS (SELECT 1 FROM keys WHERE keys.id = review_items.key_id AND keys.consumer_id = \(consumer))
                """
            )
        }
        return try self.connection.rows(
            """
            SELECT \(sql: Self.itemColumns) FROM review_items
            WHERE \(sql: .joined(conditions, separator: " AND ")) ORDER BY id LIMIT \(page.limit)
            """
        ).map(Self.item)
    }

    func reviewItemCounts(of review: Review.ID) throws -> [ReviewItem.State: Int] {
        var counts: [ReviewItem.State: Int] = [:]
        let rows = try self.connection.rows(
            "SELECT state, count(*) AS count FROM review_items WHERE review_id = \(review) GROUP BY state"
        )
        for row in rows {
            let state: ReviewItem.State = try row.name("state")
            counts[state] = try row.value("count", as: Int.self)
        }
        return counts
    }

    func reviews(dueAt now: Timestamp, in workspace: Workspace.ID) throws -> [Review] {
        try self.reviews("state = 'open' AND due_at <= \(now)", in: workspace)
    }

    func reviews(toRemindAt now: Timestamp, in workspace: Workspace.ID) throws -> [Review] {
        try self.reviews("remind_at IS NOT NULL AND remind_at <= \(now)", in: workspace)
    }

    func reviews(toRepeatAt now: Timestamp, in workspace: Workspace.ID) throws -> [Review] {
        try self.reviews("repeats_at IS NOT NULL AND repeats_at <= \(now)", in: workspace)
    }

    private func reviews(_ condition: SQL, in workspace: Workspace.ID) throws -> [Review] {
        try self.connection.rows(
            """
            SELECT \(sql: Self.reviewColumns) FROM reviews
            WHERE \(sql: condition) AND workspace_id = \(workspace) ORDER BY id
            """
        ).map(Self.review)
    }

    func insert(_ review: Review, _ items: [ReviewItem]) throws {
        try self.connection.execute(
            """
            INSERT INTO reviews (id, workspace_id, name, filter, reviewers, on_deadline, due_at, repeat_every, repeats_at,
                remind_at, state, follows, created_at, created_by)
            VALUES (\(review.id), \(review.workspaceID), \(review.name), \(review.filter.json),
                \(review.reviewers.json), \(review.atDeadline.rawValue), \(review.dueAt),
                \(review.every?.wholeMilliseconds), \(review.repeatsAt), \(review.remindAt), \(review.state.rawValue),
                \(review.follows), \(review.createdAt), \(review.createdBy))
            """
        )
        try self.connection.execute(
            "INSERT INTO review_items (id, review_id, key_id, consumer_id, state) VALUES \(parameters: 5)",
            rows: items.map {
                [
                    $0.id.sqlValue, $0.reviewID.sqlValue, $0.keyID.sqlValue, $0.consumerID.sqlValue,
                    $0.state.rawValue.sqlValue,
                ]
            }
        )
    }

    func update(_ review: Review) throws {
        try self.connection.execute(
            """
            UPDATE reviews SET repeats_at = \(review.repeatsAt), remind_at = \(review.remindAt),
                state = \(review.state.rawValue), signed_at = \(review.signOff?.at), signed_by = \(review.signOff?.by),
                sign_comment = \(review.signOff?.comment)
            WHERE workspace_id = \(review.workspaceID) AND id = \(review.id)
            """
        )
    }

    func update(_ item: ReviewItem) throws {
        try self.connection.execute(
            """
            UPDATE review_items SET state = \(item.state.rawValue), decision = \(item.decision?.rawValue),
                decided_at = \(item.decidedAt), decided_by = \(item.decidedBy), comment = \(item.comment)
            WHERE id = \(item.id)
            """
        )
    }

    private static func review(_ row: Row) throws -> Review {
        var review = Review(
            id: try row.value("id"),
            workspaceID: try row.value("workspace_id"),
            name: try row.value("name"),
            filter: try row.object("filter") { Review.Filter(reading: &$0) },
            reviewers: try row.object("reviewers") { Review.Reviewers(reading: &$0) },
            atDeadline: try row.name("on_deadline"),
            dueAt: try row.value("due_at"),
            every: try row.value("repeat_every", as: Int64?.self).map { .milliseconds($0) },
            repeatsAt: try row.value("repeats_at"),
            remindAt: try row.value("remind_at"),
            state: try row.name("state"),
            follows: try row.value("follows"),
            createdAt: try row.value("created_at"),
            createdBy: try row.value("created_by")
        )
        if let at = try row.value("signed_at", as: Timestamp?.self) {
            review.signOff = Review.SignOff(
                by: try row.value("signed_by"),
                at: at,
                comment: try row.value("sign_comment")
            )
        }
        return review
    }

    private static func item(_ row: Row) throws -> ReviewItem {
        let decision: String? = try row.value("decision")
        return ReviewItem(
            id: try row.value("id"),
            reviewID: try row.value("review_id"),
            keyID: try row.value("key_id"),
            consumerID: try row.value("consumer_id"),
            state: try row.name("state"),
            decision: try decision.map { _ in try row.name("decision") },
            decidedAt: try row.value("decided_at"),
            decidedBy: try row.value("decided_by"),
            comment: try row.value("comment")
        )
    }
}
