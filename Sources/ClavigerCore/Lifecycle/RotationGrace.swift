/// How long a credential can still be used once another has replaced it.
public enum RotationGrace: Hashable, Sendable {
    /// So long from now; zero for not at all.
    case lasting(Duration)
    /// Until a moment.
    case until(Timestamp)
    /// Until it has not been used for so long, and no longer than the rules allow.
    case untilQuiet(for: Duration)

    /// What holds when nothing is said.
    public static let usual = RotationGrace.lasting(.seconds(86_400))

    /// A grace as of a moment.
    public struct Term: Hashable, Sendable {
        /// When it ends at the latest.
        public let endsAt: Timestamp
        /// Ends it earlier: when the credential has not been used for so long.
        public let quietFor: Duration?
    }

    /// Why a grace cannot be.
    public struct Refusal: Error, Hashable, Sendable {
        /// The field of a request that says it.
        public let field: String
        /// What is allowed, beginning with a verb.
        public let message: String
    }

    /// The same, or a shorter one that ends so long from now.
    public func held(to longest: Duration, at now: Timestamp) -> RotationGrace {
        switch self {
        case .lasting(let duration): .lasting(min(duration, longest))
        case .until(let end): .until(min(end, now + longest))
        case .untilQuiet(let duration): .untilQuiet(for: min(duration, longest))
        }
    }

    /// When this grace ends.
    ///
    /// - Parameters:
    ///   - now: what durations count from.
    ///   - replacedAt: when the credential was replaced; the longest grace counts from there.
    public func term(
        at now: Timestamp,
        replacedAt: Timestamp,
        _ rules: RotationRules
    ) throws(Refusal) -> Term {
        let latest = replacedAt + rules.maximumGrace
        let limit = DurationText.text(for: rules.maximumGrace)
        switch self {
        case .lasting(let duration):
            guard duration >= .zero else { throw Refusal(field: "grace", message: "must not be negative") }
            guard now + duration <= latest else {
                throw Refusal(
                    field: "grace",
                    message: "must not end later than \(limit) after the replacement, the longest grace here"
                )
            }
            return Term(endsAt: now + duration, quietFor: nil)
        case .until(let end):
            guard end > now else {
                throw Refusal(field: "until", message: "must be in the future; a grace of 0 ends it at once")
            }
            guard end <= latest else {
                throw Refusal(
                    field: "until",
                    message: "must not be later than \(limit) after the replacement, the longest grace here"
                )
            }
            return Term(endsAt: end, quietFor: nil)
        case .untilQuiet(let duration):
            guard duration > .zero else { throw Refusal(field: "quietFor", message: "must be longer than 0") }
            guard now + duration <= latest else {
                throw Refusal(
                    field: "quietFor",
                    message: "must not be over later than \(limit) after the replacement, the longest grace here"
                )
            }
            return Term(endsAt: latest, quietFor: duration)
        }
    }
}
