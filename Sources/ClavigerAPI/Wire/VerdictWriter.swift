import ClavigerCore
import ClavigerHTTP
import ClavigerService

/// Writes the answer of a verification, the most frequent of all, without building a tree first.
enum VerdictWriter {
    /// The answer's body.
    ///
    /// `steps` are there for an explanation.
    static func body(
        of verdict: Verdict,
        requestID: String,
        at now: Timestamp,
        steps: [VerificationTraceEntry]? = nil
    ) -> [UInt8] {
        var json = JSONWriter(reserving: 512)
        json.raw("{\"valid\":")
        json.bool(verdict.isValid)
        json.raw(",\"code\":")
        json.string(verdict.code.rawValue)
        if let key = verdict.key { Self.write(key, &json) }
        if !verdict.missingScopes.isEmpty {
            json.raw(",\"missingScopes\":")
            Self.write(verdict.missingScopes, &json)
        }
        if let rule = verdict.rule {
            json.raw(",\"rule\":")
            json.string(rule.description)
        }
        if let limits = verdict.limits {
            json.raw(",\"limits\":")
            json.value(limits.publicFields(at: now))
        }
        if let credits = verdict.credits {
            json.raw(",\"credits\":")
            json.value([
                "remaining": .integer(credits.remaining), "refillsAt": credits.refillsAt.map { .string($0.text) },
            ])
        }
        if let wait = verdict.retryAfter {
            json.raw(",\"retryAfter\":")
            json.value(.integer(max(1, RateLimitFields.seconds(wait))))
        }
        json.raw(",\"requestId\":")
        json.string(requestID)
        if let steps {
            json.raw(",\"steps\":")
            json.value(
                .array(
                    steps.map {
                        [
                            "step": .string($0.step.rawValue), "outcome": .string($0.outcome.rawValue),
                            "detail": .string($0.detail),
                        ]
                    }
                )
            )
        }
        json.raw("}")
        return json.bytes
    }

    private static func write(_ key: KeySnapshot, _ json: inout JSONWriter) {
        json.raw(",\"key\":{\"id\":")
        json.string(key.keyID.text)
        json.raw(",\"name\":")
        json.string(key.name)
        json.raw(",\"apiId\":")
        json.string(key.api.reference.id.text)
        json.raw(",\"environment\":")
        json.string(key.environment.text)
        if key.kind == .publishable { json.raw(",\"kind\":\"publishable\"") }
        json.raw(",\"scopes\":")
        Self.write(key.scopes.scopes, &json)
        if let expiresAt = key.expiresAt {
            json.raw(",\"expiresAt\":")
            json.string(expiresAt.text)
        }
        json.raw(",\"metadata\":")
        json.raw(key.metadata)
        json.raw("},\"consumer\":{\"id\":")
        json.string(key.consumer.id.text)
        json.raw(",\"externalId\":")
        json.string(key.consumer.externalID)
        json.raw(",\"metadata\":")
        json.raw(key.consumer.metadata)
        json.raw("}")
    }

    private static func write(_ scopes: [Scope], _ json: inout JSONWriter) {
        json.raw("[")
        for (index, scope) in scopes.enumerated() {
            if index > 0 { json.raw(",") }
            json.string(scope.text)
        }
        json.raw("]")
    }
}
