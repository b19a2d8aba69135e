/// What becomes of a key whose token was found where it does not belong.
public enum LeakPolicy: String, CaseIterable, Sendable {
    /// The key is compromised at once, for good.
    case compromise
    /// The key is suspended: whoever looks into it resumes or ends it.
    case suspend
    /// Nothing; the report is kept.
    case report
}

extension API {
    /// What becomes of leaked keys of an environment.
    public func leakPolicy(in environment: EnvironmentName) -> LeakPolicy {
        self.environment(named: environment)?.leakPolicy ?? self.attributes.leakPolicy
    }
}
