public import ClavigerCore

extension ReviewItemReading {
    /// The fields of an item for the audit log, and those that answers begin with.
    public var publicFields: JSON {
        let item = self.value
        let key = self.key
        return [
            "id": .string(item.id.text),
            "reviewId": .string(item.reviewID.text),
            "state": .string(item.state.rawValue),
            "keyId": .string(item.keyID.text),
            "consumerId": .string(item.consumerID.text),
            "apiId": key.map { .string($0.apiID.text) },
            "environment": key.map { .string($0.environment.text) },
            "name": key.map { .string($0.attributes.name.text) },
            "keyState": key.map { .string($0.state(at: self.readAt).rawValue) },
            "scopes": key.map { .array($0.attributes.scopes.map { .string($0.text) }) },
            "roles": key.map { .array($0.attributes.roles.map { .string($0.text) }) },
            "expiresAt": key?.attributes.expiresAt.map { .string($0.text) },
            "keyCreatedAt": key.map { .string($0.createdAt.text) },
            "reviewers": .array(self.reviewers.map { .string($0.text) }),
            "missingReviewers": self.missing.isEmpty ? nil : .array(self.missing.map { .string($0.text) }),
            "fallback": self.fallsBack ? true : nil,
            "decision": item.decision.map { .string($0.rawValue) },
            "decidedAt": item.decidedAt.map { .string($0.text) },
            "decidedBy": item.decidedBy.map { .string($0.text) },
            "comment": item.comment.isEmpty ? nil : .string(item.comment),
        ]
    }
}
