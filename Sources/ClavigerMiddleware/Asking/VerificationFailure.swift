import ClavigerClient

/// Why there is no verdict; the text is for the app's log.
enum VerificationFailure: Error, Hashable {
    /// The authority cannot be reached, does not answer in time, or something else answers in its place.
    case unreachable(String)
    /// The authority says that it cannot decide now.
    case undecided(String)
    /// The authority refuses the app itself: its management key, or what it asks.
    case misconfigured(String)

    init(_ error: ClientError) {
        switch error {
        case .unreachable, .interrupted, .unexpected:
            self = .unreachable(error.description)
        case .refused(let problem) where problem.status >= 500 || problem.status == 429 || problem.status == 408:
            self = .undecided("The authority answered with the problem \(problem.slug).")
        case .refused(let problem):
            let scope = problem.neededScope.map { "; its management key needs the scope \($0)" } ?? ""
            self = .misconfigured("The authority refuses this app with the problem \(problem.slug)\(scope).")
        case .invalidSettings, .insecure:
            self = .misconfigured(error.description)
        }
    }
}
