import ClavigerCore
import ClavigerService

extension ReviewDraft {
    /// Reads the body of `POST /v1/reviews`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let name = body.required("name", Field.label)
        let dueAt = body.required("dueAt", Field.timestamp)
        let reviewers = body.nested("reviewers") { Review.Reviewers(reading: &$0) } ?? Review.Reviewers()
        let atDeadline = body.optional("onDeadline", Field.name(of: Review.AtDeadline.self)) ?? .nothing
        let every = body.optional("every") { text throws(FieldError) in
            let every = try Field.lifetime(text)
            guard every >= .seconds(86_400) else { throw FieldError("must be at least 1d") }
            return every
        }
        var api: Reference<API>?
        var environment: EnvironmentName?
        var isManagement: Bool?
        _ = body.nested("filter") { filter -> Void? in
            api = filter.optional("apiId", Reference<API>.init(parsing:))
            environment = filter.optional("environment", EnvironmentName.init(parsing:))
            if let value = filter.value("management") {
                isManagement = value.bool
                if isManagement == nil { filter.refuse("management", "must be true or false") }
            }
            return ()
        }
        try body.finish()
        guard let name, let dueAt else { throw .validation(body.violations) }
        self.init(
            name: name,
            api: api,
            environment: environment,
            isManagement: isManagement,
            reviewers: reviewers,
            atDeadline: atDeadline,
            dueAt: dueAt,
            every: every
        )
    }
}

extension ReviewDecision {
    /// Reads `{"decision", "scopes"?, "roles"?, "comment"?}`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let decision = body.required("decision") { text throws(FieldError) -> ReviewItem.Decision in
            guard let decision = ReviewItem.Decision(rawValue: text), ReviewItem.Decision.selectable.contains(decision)
            else { throw FieldError("must be one of keep, reduce, revoke") }
            return decision
        }
        let scopes = body.list("scopes", atMost: KeyDraft.mostScopes, Scope.init(parsing:))
        let roles = body.list("roles", atMost: KeyDraft.mostRoles, ResourceName.init(parsing:))
        let comment = body.optional("comment", Field.text) ?? ""
        if decision == .reduce, body.value("scopes") == nil {
            body.refuse("scopes", "is required: what the key keeps")
        }
        if decision == .keep || decision == .revoke {
            for name in ["scopes", "roles"] where body.value(name) != nil {
                body.refuse(name, "is for the decision reduce")
            }
        }
        try body.finish()
        guard let decision else { throw .validation(body.violations) }
        self.init(decision, scopes: scopes?.unique(), roles: roles?.unique(), comment: comment)
    }
}

extension ReviewItemReading {
    /// The item with what its key is used for, for answers.
    var wire: JSON {
        var fields = self.publicFields.object ?? JSONObject()
        fields["lastUsed"] = self.lastUse?.publicFields
        fields["usage"] = self.usage?.publicFields
        return .object(fields)
    }

    /// The columns of an export, in their order.
    private static let columns = [
        "id", "reviewId", "state", "keyId", "name", "apiId", "environment", "consumerId", "keyState", "scopes", "roles",
        "expiresAt", "keyCreatedAt", "lastUsedAt", "decision", "decidedAt", "decidedBy", "comment", "reviewers",
        "missingReviewers",
    ]

    /// The item as one line of an export.
    func line(_ format: AccessLogFormat) -> [UInt8] {
        var fields = self.publicFields.object ?? JSONObject()
        fields["lastUsedAt"] = self.lastUse.map { .string($0.time.text) }
        switch format {
        case .jsonl: return JSON.object(fields).serialized() + [UInt8(ascii: "\n")]
        case .csv:
            let cells = Self.columns.map { name -> String in
                switch fields[name] {
                case .string(let text)?: AccessLogFormat.cell(text)
                case .array(let elements)?: AccessLogFormat.cell(elements.compactMap(\.string).joined(separator: " "))
                default: ""
                }
            }
            return Array((cells.joined(separator: ",") + "\r\n").utf8)
        }
    }

    /// What stands before the lines of an export.
    static func head(_ format: AccessLogFormat) -> [UInt8] {
        format == .csv ? Array((Self.columns.joined(separator: ",") + "\r\n").utf8) : []
    }
}
