/// What endpoint rules say of a request.
public enum EndpointDecision: Hashable, Sendable {
    /// The rule decides: its scopes are needed, its cost is taken.
    case rule(EndpointRule)
    /// No rule is for the request, and the api allows that.
    case allowed
    /// No rule is for the request, and the api denies that.
    case denied
    /// The request cannot be read in one way only; the text says why, for a person.
    case unreadable(String)
}
