public import ClavigerCore

// What may be shown of policies and of what they find.

extension Policy {
    /// The fields of a policy for answers.
    public var publicFields: JSON {
        [
            "name": .string(self.name.text),
            "version": .integer(Int64(self.version)),
            "document": self.document.json,
            "createdAt": .string(self.createdAt.text),
            "updatedAt": .string(self.updatedAt.text),
            "updatedBy": self.updatedBy.map { .string($0.text) },
        ]
    }
}

extension PolicyVersion {
    /// The fields of a version for answers; one without a document is where the policy was deleted.
    public var publicFields: JSON {
        [
            "version": .integer(Int64(self.number)),
            "document": self.document?.json,
            "deleted": self.document == nil ? true : nil,
            "createdAt": .string(self.createdAt.text),
            "createdBy": self.createdBy.map { .string($0.text) },
        ]
    }
}

extension Violation {
    /// The fields of a violation for answers.
    public var publicFields: JSON {
        [
            "pointer": .string(self.pointer), "message": .string(self.message),
            "rule": self.rule.map(JSON.string), "policy": self.policy.map(JSON.string),
        ]
    }
}

extension PolicyImpact {
    /// The numbers for answers.
    public var publicFields: JSON {
        [
            "keys": .integer(Int64(self.keys)),
            "met": .integer(Int64(self.met)),
            "breaches": [
                "before": .integer(Int64(self.before)), "after": .integer(Int64(self.after)),
                "new": .integer(Int64(self.newlyInBreach)), "released": .integer(Int64(self.released)),
                "byRule": .array(
                    self.rules.sorted { $0.key < $1.key }.map { rule, count in
                        [
                            "rule": .string(rule), "before": .integer(Int64(count.before)),
                            "after": .integer(Int64(count.after)),
                        ]
                    }
                ),
            ],
            "ends": [
                "now": .integer(Int64(self.endsNow)), "sooner": .integer(Int64(self.endsSooner)),
                "later": .integer(Int64(self.endsLater)), "again": .integer(Int64(self.livesAgain)),
            ],
            "examples": .array(
                self.examples.map { example in
                    [
                        "keyId": .string(example.keyID.text), "name": .string(example.name),
                        "change": .string(example.change.rawValue),
                        "violations": .array(example.violations.map(\.publicFields)),
                    ]
                }
            ),
        ]
    }
}

extension PolicyBreach {
    /// The fields of a breach for answers.
    public var publicFields: JSON {
        [
            "key": [
                "id": .string(self.keyID.text), "name": .string(self.name), "apiId": .string(self.api.id.text),
                "api": .string(self.api.name.text), "environment": .string(self.environment.text),
                "consumerId": .string(self.consumerID.text), "state": .string(self.state.rawValue),
            ],
            "violations": .array(self.violations.map(\.publicFields)),
        ]
    }
}
