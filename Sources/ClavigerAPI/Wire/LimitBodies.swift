import ClavigerCore
import ClavigerService

extension LimitOverrideDraft {
    /// Reads the body of `POST /v1/limits/overrides`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let namespace = body.required("namespace", LimitNamespace.init(parsing:))
        let identifier = body.required("identifier", IdentifierPattern.init(parsing:))
        let limit = body.requiredLimit()
        try body.finish()
        guard let namespace, let identifier, let limit else { throw .validation(body.violations) }
        self.init(namespace: namespace, identifier: identifier, limit: limit)
    }
}

extension RateLimit {
    /// Reads the body of `PATCH /v1/limits/overrides/{id}`.
    init(patching json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let limit = body.requiredLimit()
        try body.finish()
        guard let limit else { throw .validation(body.violations) }
        self = limit
    }
}

extension LimitCheck {
    /// Reads the body of `POST /v1/limits/check`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let namespace = body.required("namespace", LimitNamespace.init(parsing:))
        let identifier = body.required("identifier", Field.filter)
        if body.value("limits")?.array?.isEmpty ?? true { body.refuse("limits", "must have at least one limit") }
        let limits = RateLimits.read("limits", from: &body)
        let cost = body.cost(from: 0) ?? 1
        try body.finish()
        guard let namespace, let identifier, let limits else { throw .validation(body.violations) }
        self.init(namespace: namespace, identifier: identifier, limits: limits, cost: cost)
    }
}

extension ReservationDraft {
    /// Reads the body of `POST /v1/credits/reservations`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let token = body.optional("token", Field.token)
        let key = body.optional("keyId", Field.id(of: APIKey.self))
        switch (body.value("token") != nil, body.value("keyId") != nil) {
        case (true, true): body.refuse("keyId", "must not be given together with token")
        case (false, false): body.refuse("keyId", "is required, or token instead")
        default: break
        }
        let amount = body.credits("amount", from: 1)
        let lease = body.required("lease") { text throws(FieldError) in
            let lease = try Field.lifetime(text)
            guard lease <= ReservationDraft.longestLease else { throw FieldError("must be at most 24h") }
            return lease
        }
        let context = body.nested("context") { VerifyBody.context(&$0) } ?? ClientContext()
        try body.finish()
        guard let amount, let lease, let owner = token.map(Owner.token) ?? key.map(Owner.key) else {
            throw .validation(body.violations)
        }
        self.init(owner: owner, amount: amount, lease: lease, context: context)
    }
}

extension ObjectReader {
    /// A required number of credits.
    mutating func credits(_ name: String, from least: Int64) -> Int64? {
        guard let value = self.value(name) else {
            self.refuse(name, "is required")
            return nil
        }
        guard let number = value.integer, (least...CreditPolicy.most).contains(number) else {
            self.refuse(name, "must be a whole number from \(least) to \(CreditPolicy.most)")
            return nil
        }
        return number
    }

    /// The cost of a use; nil when none is given, or it is refused.
    mutating func cost(from least: Int64) -> Int? {
        guard let value = self.value("cost") else { return nil }
        guard let cost = value.integer, (least...Int64(EndpointRule.highestCost)).contains(cost) else {
            self.refuse("cost", "must be a whole number from \(least) to \(EndpointRule.highestCost)")
            return nil
        }
        return Int(cost)
    }

    fileprivate mutating func requiredLimit() -> RateLimit? {
        if self.value("limit") == nil { self.refuse("limit", "is required") }
        return self.nested("limit") { RateLimit(reading: &$0) }
    }
}
