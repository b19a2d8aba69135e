public import ClavigerCore
public import HTTPTypes

/// The header fields that tell clients of limits: `RateLimit-Policy` and `RateLimit`, structured fields of
/// draft-ietf-httpapi-ratelimit-headers-10, and `Retry-After` (RFC 9110 section 10.2.3).
public enum RateLimitFields {
    private static let policy = HTTPField.Name("RateLimit-Policy")
    private static let state = HTTPField.Name("RateLimit")

    /// Adds what each limit says; nothing if there are none.
    public static func add(_ decision: LimitDecision, to headers: inout HTTPFields) {
        guard !decision.outcomes.isEmpty, let policy = Self.policy, let state = Self.state else { return }
        let outcomes = Self.distinct(decision)
        headers[policy] = outcomes.map {
            "\"\($0.name)\";q=\($0.quota);w=\(Self.seconds($0.window))"
        }.joined(separator: ", ")
        headers[state] = outcomes.map {
            "\"\($0.name)\";r=\($0.remaining);t=\(Self.seconds($0.resetsAfter))"
        }.joined(separator: ", ")
        Self.add(retryAfter: decision.retryAfter, to: &headers)
    }

    /// Of limits with one name, as a key and its consumer may have them, the one that has the least left: the draft's
    /// section 3 wants a name once.
    private static func distinct(_ decision: LimitDecision) -> [LimitOutcome] {
        var outcomes: [LimitOutcome] = []
        for outcome in decision.outcomes {
            guard let place = outcomes.firstIndex(where: { $0.name == outcome.name }) else {
                outcomes.append(outcome)
                continue
            }
            if outcome.remaining < outcomes[place].remaining { outcomes[place] = outcome }
        }
        return outcomes
    }

    /// Adds how long to wait, if that is known.
    public static func add(retryAfter: Duration?, to headers: inout HTTPFields) {
        if let retryAfter { headers[.retryAfter] = String(max(1, Self.seconds(retryAfter))) }
    }

    /// Whole seconds, rounded up: who waits that long has waited long enough.
    public static func seconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return attoseconds > 0 ? seconds + 1 : seconds
    }
}
