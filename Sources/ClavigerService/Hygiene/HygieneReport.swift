public import ClavigerCore

/// A key with what should be better about it.
public struct HygieneItem: Sendable {
    /// The key.
    public let key: KeyFacts
    /// What should be better; never empty.
    public let findings: [HygieneFinding]

    /// The fields for answers.
    public var publicFields: JSON {
        [
            "keyId": .string(self.key.id.text),
            "name": .string(self.key.name),
            "apiId": .string(self.key.apiID.text),
            "environment": .string(self.key.environment.text),
            "consumerId": .string(self.key.consumerID.text),
            "points": .integer(Int64(HygieneScore.points(self.findings))),
            "lastUsedAt": self.key.isUseRecorded ? self.key.lastUsedAt.map { .string($0.text) } : nil,
            "networks": self.key.isUseRecorded ? .integer(Int64(self.key.networks)) : nil,
            "findings": .array(
                self.findings.map {
                    [
                        "finding": .string($0.rawValue), "severity": .string($0.severity.rawValue),
                        "fix": .string($0.fix(for: self.key)),
                    ]
                }
            ),
        ]
    }
}

/// How well the keys are kept that somebody may see.
public struct HygieneReport: Sendable {
    /// The score of each api.
    public internal(set) var scores: [(api: API, score: HygieneScore)] = []
    /// The keys with the fewest points, those first.
    public internal(set) var worst: [HygieneItem] = []

    /// The fields for answers.
    public var publicFields: JSON {
        let scores = self.scores.map { api, score -> JSON in
            let counts = HygieneFinding.allCases.compactMap { finding in
                score.counts[finding].map { (finding.rawValue, JSON.integer(Int64($0))) }
            }
            return [
                "apiId": .string(api.id.text),
                "name": .string(api.name.text),
                "score": .integer(Int64(score.value)),
                "keys": .integer(Int64(score.keys)),
                "keysWithFindings": .integer(Int64(score.keysWithFindings)),
                "findings": .object(JSONObject(counts)),
            ]
        }
        return ["apis": .array(scores), "items": .array(self.worst.map(\.publicFields))]
    }
}
