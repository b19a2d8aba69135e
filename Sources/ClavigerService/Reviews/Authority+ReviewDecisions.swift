public import ClavigerCore
import ClavigerVerifier

/// What a reviewer says of a key.
public struct ReviewDecision: Sendable {
    /// What is to become of it.
    public var decision: ReviewItem.Decision
    /// The scopes that it keeps, where it is reduced.
    public var scopes: [Scope]?
    /// The roles that it keeps, where it is reduced; nil for all.
    public var roles: [ResourceName]?
    /// Why.
    public var comment: String

    /// Makes a decision.
    public init(
        _ decision: ReviewItem.Decision,
        scopes: [Scope]? = nil,
        roles: [ResourceName]? = nil,
        comment: String = ""
    ) {
        self.decision = decision
        self.scopes = scopes
        self.roles = roles
        self.comment = comment
    }
}

extension Authority {
    /// Decides about one key of a campaign, with effect at once.
    public func decideReviewItem(
        _ itemID: ReviewItem.ID,
        of id: Review.ID,
        _ decision: ReviewDecision,
        by caller: Caller,
        once: Once<ReviewItemReading>? = nil
    ) async throws -> Outcome<ReviewItemReading> {
        let action = AuditAction(.review, "decide")
        return try await self.change(action, itemID.text, by: caller, once: once) { change in
            let review = try change.tx.existingReview(id, in: change.workspaceID)
            guard var item = try change.tx.reviewItem(itemID, of: id) else { throw Problem.notFound("review item") }
            try change.requireReviewer(of: item, review)
            guard review.state == .open, review.dueAt > change.now else {
                throw Problem(.stateConflict, "The deadline of the review is over.")
            }
            guard item.state == .open, var key = try change.tx.key(item.keyID, in: change.workspaceID),
                let api = try change.tx.api(key.apiID, in: change.workspaceID)
            else { throw Problem(.stateConflict, "The key was decided before.") }
            try change.requireOtherThanOwn(key, api)
            try change.carryOut(decision, on: &key, api, review)
            item.state = .decided
            item.decision = decision.decision
            item.decidedAt = change.now
            item.decidedBy = change.caller.keyID
            item.comment = decision.comment
            try change.tx.update(item)
            let reading = try change.tx.reading(of: item, review, at: change.now)
            try change.record(action, item.id.text, before: ["state": "open"], after: reading.publicFields)
            return reading
        }
    }
}

extension Change {
    /// Refuses whoever neither manages reviews nor is meant to look at the key.
    fileprivate func requireReviewer(of item: ReviewItem, _ review: Review) throws {
        if review.reviewers.keys.contains(self.caller.keyID) { return }
        // Whoever has the key now: it may have been given away since the campaign began.
        let owner = try self.tx.key(item.keyID, in: self.workspaceID)?.consumerID ?? item.consumerID
        if review.reviewers.areOwners, owner == self.caller.consumerID { return }
        try self.caller.require(.manageReviews)
    }

    /// Nobody looks at their own management key.
    fileprivate func requireOtherThanOwn(_ key: APIKey, _ api: API) throws(Problem) {
        guard api.isManagement, key.consumerID == self.caller.consumerID else { return }
        throw Problem(.forbidden, "Nobody reviews their own management key.")
    }

    fileprivate mutating func carryOut(
        _ decision: ReviewDecision,
        on key: inout APIKey,
        _ api: API,
        _ review: Review
    ) throws {
        switch decision.decision {
        case .keep, .suspend, .none: return
        case .revoke:
            try self.requireReach(over: key, api, review, own: self.caller.scopes)
            switch key.state {
            case .pending, .active, .suspended:
                _ = try self.carryOut(.revoke, on: &key, reason: .privilegeWithdrawn, note: decision.comment.nonEmpty)
            case .revoked, .compromised, .destroyed: break
            }
        case .reduce:
            try key.requireChangeable()
            try self.requireReach(over: key, api, review, own: self.caller.scopes)
            var reduced = key.attributes
            reduced.scopes = decision.scopes ?? []
            reduced.roles = decision.roles ?? key.attributes.roles
            var check = GrantCheck(api: api, kind: key.kind, pointer: "")
            try self.checkIsLess(&check, reduced, than: key)
            try check.check(&reduced, from: nil, self.tx)
            // What was wrong before may stay: less is less.
            var wanted = key
            wanted.attributes = reduced
            check.refuse(try self.policyViolations(of: wanted, from: key, api, touching: []))
            guard check.violations.isEmpty else { throw Problem.validation(check.violations) }
            try self.set(reduced, of: &key, api, AuditAction(.key, "update"), reason: review.id.text)
        }
    }
}

extension Change {
    /// Refuses what is not less than a key has, or would last where what it has does not.
    fileprivate func checkIsLess(_ check: inout GrantCheck, _ reduced: APIKey.Attributes, than key: APIKey) throws {
        for (index, role) in reduced.roles.enumerated() where !key.attributes.roles.contains(role) {
            check.refuse("roles/\(index)", "is not among the roles of the key")
        }
        let granted = try self.tx.granted(to: key)
        let own = ScopeSet(key.attributes.scopes)
        // A scope of a role goes when the role changes. It becomes the key's own only where the role is taken away.
        var dropping = key
        dropping.attributes.roles = key.attributes.roles.filter { !reduced.roles.contains($0) }
        let offered = try self.tx.granted(to: dropping)
        for (index, scope) in reduced.scopes.enumerated() where !offered.covers(scope) {
            check.refuse(
                "scopes/\(index)",
                granted.covers(scope)
                    ? "is given by a role that the key keeps, and is none of its own"
                    : "is not among the scopes of the key"
            )
        }
        guard check.violations.isEmpty else { return }
        var after = key
        after.attributes = reduced
        let takesPower = try !self.tx.granted(to: after).missing(from: granted.scopes).isEmpty
        let dropsSome =
            !dropping.attributes.roles.isEmpty
            || !ScopeSet(reduced.scopes).missing(from: key.attributes.scopes).isEmpty
        // Without a loss of power, a scope of a role would only be made to last.
        let makesNoneItsOwn = own.missing(from: reduced.scopes).isEmpty
        guard !takesPower, !(dropsSome && makesNoneItsOwn) else { return }
        check.refuse("scopes", "must be less than the key has")
    }
}

extension ChangeBy {
    /// Refuses to take power from a management key by a campaign of somebody who has less, and by somebody who has less.
    ///
    /// - Parameter own: what the author has; nil for Claviger itself, which acts for whoever began the campaign.
    func requireReach(over key: APIKey, _ api: API, _ review: Review, own: ScopeSet?) throws {
        guard api.isManagement else { return }
        let granted = try self.tx.granted(to: key).scopes
        guard let missing = (own ?? .none).missing(from: granted).first else { return }
        if let maker = try self.tx.key(review.createdBy, in: self.workspaceID), maker.state(at: self.now) == .active,
            try self.tx.granted(to: maker).missing(from: granted).isEmpty
        {
            return
        }
        throw Problem.forbidden(needed: missing)
    }
}

extension String {
    fileprivate var nonEmpty: String? { self.isEmpty ? nil : self }
}
