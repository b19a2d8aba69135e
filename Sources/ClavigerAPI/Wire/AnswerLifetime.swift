import ClavigerCore

/// How long whoever asked may keep a verdict and go by it without asking again.
///
/// A use that goes by a kept verdict is counted nowhere. So only what counts nothing may be kept, and only while nothing
/// that is known now is going to change the verdict.
enum AnswerLifetime {
    /// Whole seconds, rounded down; nil if the verdict may not be kept.
    static func seconds(of verdict: Verdict, at now: Timestamp, atMost longest: Duration) -> Int64? {
        guard longest > .zero, verdict.isValid, verdict.limits == nil, verdict.credits == nil, let key = verdict.key,
            key.restrictions?.restricts(.outsideTimeWindow) != true
        else { return nil }
        var lifetime = longest
        if let expiresAt = key.expiresAt { lifetime = min(lifetime, expiresAt - now) }
        if case .retiring(let endsAt) = key.credentialState { lifetime = min(lifetime, endsAt - now) }
        let seconds = lifetime.components.seconds
        return seconds > 0 ? seconds : nil
    }
}
